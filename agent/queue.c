/* SPDX-License-Identifier: ISC */
#include "agent/queue.h"

#include <errno.h>
#include <stdlib.h>

struct queue {
	size_t max;
	size_t head; /* index of the oldest */
	size_t length;
	uint64_t packets;
	struct message ring[];
};

int queue_new(size_t max_messages, struct queue **ret_queue)
{
	struct queue *q;

	if (max_messages == 0)
		return -EINVAL;
	if (max_messages > (SIZE_MAX - sizeof(*q)) / sizeof(q->ring[0]))
		return -ENOMEM;
	q = calloc(1, sizeof(*q) + max_messages * sizeof(q->ring[0]));
	if (!q)
		return -ENOMEM;
	q->max = max_messages;
	*ret_queue = q;
	return 0;
}

void queue_free(struct queue *q)
{
	free(q);
}

static uint64_t packets_of(const struct message *m)
{
	return m->kind == MESSAGE_EVENT ? m->event.count : 0;
}

int queue_push(struct queue *q, const struct message *m,
	       struct message *ret_evicted)
{
	int evicted = 0;

	if (q->length == q->max) {
		*ret_evicted = q->ring[q->head];
		queue_pop(q);
		evicted = 1;
	}
	q->ring[(q->head + q->length) % q->max] = *m;
	q->length++;
	q->packets += packets_of(m);
	return evicted;
}

const struct message *queue_peek(const struct queue *q)
{
	return q->length > 0 ? &q->ring[q->head] : NULL;
}

void queue_pop(struct queue *q)
{
	if (q->length == 0)
		return;
	q->packets -= packets_of(&q->ring[q->head]);
	q->head = (q->head + 1) % q->max;
	q->length--;
}

size_t queue_length(const struct queue *q)
{
	return q->length;
}

uint64_t queue_packets(const struct queue *q)
{
	return q->packets;
}
