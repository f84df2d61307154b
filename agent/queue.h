/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_H
#define QUEUE_H

/*
 * What waits for the backend, oldest first, in a ring of fixed size. It keeps
 * events, not text, so that a later stage can still fold them. In front stand
 * the messages that were sent and whose delivery nobody has confirmed yet.
 */
#include <stddef.h>
#include <stdint.h>

#include "agent/event.h"

enum message_kind {
	MESSAGE_EVENT = 0,
	MESSAGE_RATE_REACHED = 1,  /* number: the rate, messages a second */
	MESSAGE_RATE_EXCEEDED = 2, /* number: messages dropped */
};

struct message {
	enum message_kind kind;
	uint64_t number;
	uint64_t echo;		 /* sent: what its echo is known by */
	uint64_t order;		 /* sent: as which one */
	struct icmp_event event; /* MESSAGE_EVENT */
};

struct queue;

/* -ENOMEM, or -EINVAL where max_messages is 0. All memory is taken here. */
int queue_new(size_t max_messages, struct queue **ret_queue);
void queue_free(struct queue *q);

enum queue_pushed {
	QUEUE_PUSHED = 0,
	QUEUE_EVICTED = 1, /* full: one had to go, never sent */
};

/*
 * Appends a copy; what was evicted is moved to *ret_evicted: the oldest, or
 * while messages stand in front whose delivery is not confirmed, `m` itself.
 */
enum queue_pushed queue_push(struct queue *q, const struct message *m,
			     struct message *ret_evicted);

/*
 * The `nth` message that was not sent, 0 the oldest; NULL where there are not
 * so many. Owned by the queue until the next call.
 */
const struct message *queue_peek(const struct queue *q, size_t nth);

/*
 * The oldest `n` that were not sent are now sent, as the `order`th of all;
 * `echo` confirms the last of them and thereby all.
 */
void queue_sent(struct queue *q, size_t n, uint64_t echo, uint64_t order);

/* The `nth` message that was sent, 0 the oldest; NULL likewise. */
const struct message *queue_peek_sent(const struct queue *q, size_t nth);

/* None of the sent is: the connection ended. Returns how many there were. */
size_t queue_rewind(struct queue *q);

/* Removes the oldest, sent or not. */
void queue_pop(struct queue *q);

/* Removes the oldest that was not sent; takes as long as many were. */
void queue_pop_unsent(struct queue *q);

size_t queue_length(const struct queue *q); /* all */
size_t queue_unsent(const struct queue *q);

/* Packets in all events here: a part of `pending` in the accounting. */
uint64_t queue_packets(const struct queue *q);

#endif
