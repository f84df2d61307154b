/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_H
#define QUEUE_H

/*
 * What waits for the backend, oldest first, in a ring of fixed size. It keeps
 * events, not text, so that a later stage can still fold them.
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
	struct icmp_event event; /* MESSAGE_EVENT */
};

struct queue;

/* -ENOMEM, or -EINVAL where max_messages is 0. All memory is taken here. */
int queue_new(size_t max_messages, struct queue **ret_queue);
void queue_free(struct queue *q);

/*
 * Appends a copy. 0, or 1 where the queue was full and the oldest message had
 * to go: it is then moved to *ret_evicted, the caller counts it.
 */
int queue_push(struct queue *q, const struct message *m,
	       struct message *ret_evicted);

/* The oldest, owned by the queue until the next call; NULL when empty. */
const struct message *queue_peek(const struct queue *q);
void queue_pop(struct queue *q);

size_t queue_length(const struct queue *q);

/* Packets in all waiting events: the `pending` of the accounting. */
uint64_t queue_packets(const struct queue *q);

#endif
