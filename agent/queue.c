/* SPDX-License-Identifier: ISC */
#include "agent/queue.h"

#include <errno.h>
#include <stdlib.h>

struct queue {
	size_t max;
	size_t head; /* index of the oldest */
	size_t length;
	size_t sent; /* of these, from the oldest on */
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

static size_t at(const struct queue *q, size_t nth)
{
	return (q->head + nth) % q->max;
}

enum queue_pushed queue_push(struct queue *q, const struct message *m,
			     struct message *ret_evicted)
{
	enum queue_pushed result = QUEUE_PUSHED;

	if (q->length == q->max && q->sent > 0) {
		*ret_evicted = *m;
		return QUEUE_EVICTED;
	}
	if (q->length == q->max) {
		result = QUEUE_EVICTED;
		*ret_evicted = q->ring[at(q, 0)];
		queue_pop(q);
	}
	q->ring[at(q, q->length)] = *m;
	q->length++;
	q->packets += packets_of(m);
	return result;
}

const struct message *queue_peek(const struct queue *q, size_t nth)
{
	return nth < q->length - q->sent ? &q->ring[at(q, q->sent + nth)]
					 : NULL;
}

const struct message *queue_peek_sent(const struct queue *q, size_t nth)
{
	return nth < q->sent ? &q->ring[at(q, nth)] : NULL;
}

void queue_sent(struct queue *q, size_t n, uint64_t echo, uint64_t order)
{
	for (size_t i = 0; i < n && q->sent < q->length; i++, q->sent++) {
		q->ring[at(q, q->sent)].echo = i + 1 == n ? echo : 0;
		q->ring[at(q, q->sent)].order = order;
	}
}

size_t queue_rewind(struct queue *q)
{
	size_t sent = q->sent;

	q->sent = 0;
	return sent;
}

/* An empty ring begins anew, so that few messages touch little memory. */
static void drop_head(struct queue *q)
{
	q->length--;
	q->head = q->length ? at(q, 1) : 0;
}

void queue_pop(struct queue *q)
{
	if (q->length == 0)
		return;
	q->packets -= packets_of(&q->ring[q->head]);
	drop_head(q);
	if (q->sent > 0)
		q->sent--;
}

void queue_pop_unsent(struct queue *q)
{
	size_t sent = q->sent;

	if (sent == q->length)
		return;
	q->packets -= packets_of(&q->ring[at(q, sent)]);
	for (size_t i = sent; i > 0; i--)
		q->ring[at(q, i)] = q->ring[at(q, i - 1)];
	drop_head(q);
}

size_t queue_length(const struct queue *q)
{
	return q->length;
}

size_t queue_unsent(const struct queue *q)
{
	return q->length - q->sent;
}

uint64_t queue_packets(const struct queue *q)
{
	return q->packets;
}
