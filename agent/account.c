/* SPDX-License-Identifier: ISC */
#include "agent/account.h"

#include <stddef.h>

static uint64_t sum(const uint64_t *counters, size_t n)
{
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += counters[i];
	return total;
}

enum account_how account_how_of(const struct icmp_event *event)
{
	if (event->others)
		return ACCOUNT_REMAINDER;
	return event->count > 1 ? ACCOUNT_SUMMARY : ACCOUNT_SINGLE;
}

void account_see(struct account *a, const struct icmp_event *event)
{
	a->seen += event->count;
}

void account_report(struct account *a, const struct icmp_event *event)
{
	a->reported[account_how_of(event)] += event->count;
}

void account_drop(struct account *a, enum account_reason reason,
		  const struct icmp_event *event)
{
	a->dropped[reason] += event->count;
}

const char *account_how_name(enum account_how how)
{
	static const char *const names[ACCOUNT_HOW_COUNT] = {
		[ACCOUNT_SINGLE] = "single",
		[ACCOUNT_SUMMARY] = "summary",
		[ACCOUNT_REMAINDER] = "remainder",
	};

	return names[how];
}

const char *account_reason_name(enum account_reason reason)
{
	static const char *const names[ACCOUNT_REASON_COUNT] = {
		[ACCOUNT_DROP_RATE] = "rate",
		[ACCOUNT_DROP_QUEUE] = "queue",
		[ACCOUNT_DROP_SIZE] = "size",
	};

	return names[reason];
}

uint64_t account_reported(const struct account *a)
{
	return sum(a->reported, ACCOUNT_HOW_COUNT);
}

uint64_t account_dropped(const struct account *a)
{
	return sum(a->dropped, ACCOUNT_REASON_COUNT);
}

uint64_t account_pending(const struct account *a)
{
	return a->seen - account_reported(a) - account_dropped(a);
}

bool account_balanced(const struct account *a, uint64_t held)
{
	return account_pending(a) == held;
}
