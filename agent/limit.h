/* SPDX-License-Identifier: ISC */
#ifndef LIMIT_H
#define LIMIT_H

/*
 * At most `rate` messages in each second of the wall clock, as the Node.js
 * client counts them. Pure: the time is a parameter.
 */
#include <stdbool.h>
#include <stdint.h>

struct limit {
	uint64_t rate; /* messages a second; 0 is no limit */
	int64_t second;
	uint64_t used;
	uint64_t dropped; /* packets, in this second */
	bool said;	  /* "Rate limit reached" went out in this second */
};

/* What a packet meets, and what must be said to the room before it. */
enum limit_verdict {
	LIMIT_PASS = 0,
	LIMIT_DROP = 1,	      /* counted, silent */
	LIMIT_DROP_FIRST = 2, /* counted, the first of this second: say so */
};

void limit_init(struct limit *l, uint64_t rate);

/*
 * Enters the second of `unix_ns`. Returns how many were dropped in the second
 * that it closes, 0 if none or if the second is the same: what the notice
 * "Rate limit exceeded: N messages dropped in the last second" says.
 */
uint64_t limit_turn(struct limit *l, int64_t unix_ns);

/*
 * Takes one message that stands for `packets`, of which each counts where it is
 * dropped. Call limit_turn() first.
 */
enum limit_verdict limit_take(struct limit *l, uint64_t packets);

/*
 * When limit_turn() must be called although no packet came, so that the
 * notice is not late: Unix time in ns, or INT64_MAX when nothing is owed.
 */
int64_t limit_deadline(const struct limit *l);

#endif
