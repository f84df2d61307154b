/* SPDX-License-Identifier: ISC */
#include "agent/limit.h"

#define NS_PER_S INT64_C(1000000000)

/* Rounds down before 1970 too, so that every second is equally long. */
static int64_t second_of(int64_t unix_ns)
{
	int64_t second = unix_ns / NS_PER_S;

	return unix_ns % NS_PER_S < 0 ? second - 1 : second;
}

void limit_init(struct limit *l, uint64_t rate)
{
	*l = (struct limit){.rate = rate, .second = INT64_MIN};
}

uint64_t limit_turn(struct limit *l, int64_t unix_ns)
{
	int64_t second = second_of(unix_ns);
	uint64_t dropped = l->dropped;

	/* Any other second is a new one: a clock may also step back. */
	if (second == l->second)
		return 0;
	l->second = second;
	l->used = 0;
	l->dropped = 0;
	l->said = false;
	return dropped;
}

enum limit_verdict limit_take(struct limit *l, uint64_t packets)
{
	if (l->rate == 0 || l->used < l->rate) {
		l->used++;
		return LIMIT_PASS;
	}
	l->dropped += packets;
	if (l->said)
		return LIMIT_DROP;
	l->said = true;
	return LIMIT_DROP_FIRST;
}

int64_t limit_deadline(const struct limit *l)
{
	if (l->dropped == 0 || l->second >= INT64_MAX / NS_PER_S)
		return INT64_MAX;
	return (l->second + 1) * NS_PER_S;
}
