/* SPDX-License-Identifier: ISC */
#include "agent/tally.h"

void tally_add(struct tally *t, const struct icmp_event *event)
{
	const struct icmp_key *k = &event->key;
	unsigned int code = k->code < TALLY_CODES ? k->code : TALLY_CODES - 1;

	if (event->any_code)
		code = TALLY_ANY;
	t->packets[k->family == 6][k->type][code] += event->count;
}
