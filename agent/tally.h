/* SPDX-License-Identifier: ISC */
#ifndef TALLY_H
#define TALLY_H

/* Packets by family, type and code: a table of fixed size. Pure. */
#include <stdint.h>

#include "agent/event.h"

enum {
	TALLY_CODES = 32,	 /* the last is for itself and all above */
	TALLY_ANY = TALLY_CODES, /* of packets whose code is not known */
	TALLY_CELLS = TALLY_CODES + 1,
};

struct tally {
	uint64_t packets[2][256][TALLY_CELLS]; /* [0] is ICMP, [1] ICMPv6 */
};

void tally_add(struct tally *t, const struct icmp_event *event);

#endif
