/* SPDX-License-Identifier: ISC */
#ifndef OUTBOX_H
#define OUTBOX_H

/*
 * From an event to the message that leaves: limit, fold and queue in one
 * place, with the account that none of them loses a packet.
 *
 *     take -> limit -> queue -> sent -> echoed
 *               |        ^ |      |
 *               v        | v      '-> lost: to be sent again
 *             fold ------' backlog: what a full queue folds
 *
 * Within the rate a packet is a message at once. Beyond it packets fold per
 * flow, and leave when the second is over. A full queue folds its oldest, and
 * these summaries go out before the rest. Pure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/account.h"
#include "agent/event.h"
#include "agent/queue.h"
#include "agent/siphash.h"

struct outbox_config {
	uint64_t rate;	       /* messages a second; 0: no limit */
	bool drop;	       /* beyond the rate drop and say so, no folding */
	size_t queue_messages; /* at least 1 */
	size_t flows;	       /* kept apart while folding, at least 1 */
	uint8_t seed[SIPHASH_KEY_BYTES];
};

struct outbox_counters {
	struct account account; /* packets */
	uint64_t sent;		/* messages */
	uint64_t echoed;
	uint64_t resent; /* sent once more after a connection had ended */
};

struct outbox;

/* -ENOMEM, -EINVAL. All memory is taken here, most of it when first used. */
int outbox_new(const struct outbox_config *config, struct outbox **ret_outbox);
void outbox_free(struct outbox *o);

/* Takes an event in; unix_ns is the time now. */
void outbox_take(struct outbox *o, const struct icmp_event *event,
		 int64_t unix_ns);

/*
 * Ends the second before unix_ns, if it has not been: folds leave. To be called
 * at outbox_deadline(): Unix time in ns, INT64_MAX while nothing is folded.
 */
void outbox_turn(struct outbox *o, int64_t unix_ns);
int64_t outbox_deadline(const struct outbox *o);

/*
 * The `nth` message from now that shall leave, 0 the next; NULL where there is
 * none, or where so many are not confirmed that it has to wait for them. All
 * that are not NULL may leave together. Valid until the next call.
 */
const struct message *outbox_peek(struct outbox *o, size_t nth);

/*
 * The next `n` messages left as one, known by `echo` when it comes back; 0
 * where no echo is to be expected: they count as reported at once.
 */
void outbox_sent(struct outbox *o, size_t n, uint64_t echo);

/* The next message can never leave. */
void outbox_reject(struct outbox *o, enum account_reason reason);

/*
 * An echo came: true if it is of a message that was sent, which is now
 * reported, and so are all that left before it.
 */
bool outbox_echoed(struct outbox *o, uint64_t echo);

/*
 * The first `n` messages that were ever sent count as reported, although no
 * echo came. Returns how many of them had not before.
 */
size_t outbox_confirm(struct outbox *o, uint64_t n);

/* The connection ended: what was sent without an echo shall leave again. */
void outbox_lost(struct outbox *o);

/*
 * Everything that is folded goes to the queue, as at the end of a second: the
 * end is near.
 */
void outbox_flush(struct outbox *o);

/* Messages that wait, were sent without an echo, and packets in all of them. */
size_t outbox_waiting(const struct outbox *o);
size_t outbox_unconfirmed(const struct outbox *o);
uint64_t outbox_pending(const struct outbox *o);

/* Packets in the folds of a full queue, a part of these. */
uint64_t outbox_backlog(const struct outbox *o);

/* Valid as long as `o`. */
const struct outbox_counters *outbox_counters(const struct outbox *o);

#endif
