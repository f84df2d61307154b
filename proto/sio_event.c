/* SPDX-License-Identifier: ISC */
#include "proto/sio_event.h"

#include <string.h>

/* above it, memory is not kept for the next event */
#define MAX_SPARE_ROOM 4096
/* so that small events fit into one another's memory */
#define MIN_ROOM       512

void sio_events_init(struct sio_events *q, const struct sio_mem *mem,
		     size_t max_count, size_t max_bytes)
{
	*q = (struct sio_events){
		.mem = mem,
		.tail = &q->head,
		.max_count = max_count,
		.max_bytes = max_bytes,
	};
}

static void free_node(struct sio_events *q, struct sio_node *node)
{
	if (node && !node->fixed)
		sio_free(q->mem, node);
}

void sio_events_free(struct sio_events *q)
{
	while (sio_events_pop(q))
		;
	free_node(q, q->spare);
	q->spare = NULL;
}

static void clear(struct sio_node *node, enum sio_event_kind kind)
{
	node->next = NULL;
	node->used = 0;
	node->event = (struct sio_event){
		.kind = kind,
		.nsp = "",
		.sid = "",
		.failure = {.text = ""},
		.name = "",
		.json = "",
		.ack_id = -1,
	};
}

struct sio_node *sio_events_make(struct sio_events *q, enum sio_event_kind kind,
				 size_t room)
{
	struct sio_node *node = q->spare;

	if (room < MIN_ROOM)
		room = MIN_ROOM;
	if (node && node->room >= room) {
		q->spare = NULL;
	} else {
		if (room > SIZE_MAX - sizeof(*node))
			return NULL;
		node = sio_malloc(q->mem, sizeof(*node) + room);
		if (!node)
			return NULL;
		node->room = room;
		node->fixed = false;
	}
	clear(node, kind);
	return node;
}

void sio_events_drop(struct sio_events *q, struct sio_node *node)
{
	if (!node || node->fixed)
		return;
	if (!q->spare && node->room <= MAX_SPARE_ROOM)
		q->spare = node;
	else
		free_node(q, node);
}

void *sio_node_take(struct sio_node *node, size_t len, size_t align)
{
	void *p;

	node->used = (node->used + align - 1) & ~(align - 1);
	p = node->bytes + node->used;
	node->used += len;
	return p;
}

char *sio_node_copy(struct sio_node *node, const char *data, size_t len)
{
	char *copy = sio_node_take(node, len + 1, 1);

	if (len)
		memcpy(copy, data, len);
	copy[len] = '\0';
	return copy;
}

static void account(struct sio_events *q, const struct sio_node *node)
{
	q->count++;
	q->bytes += node->room;
}

static void unaccount(struct sio_events *q, const struct sio_node *node)
{
	q->count--;
	q->bytes -= node->room;
}

void sio_events_push(struct sio_events *q, struct sio_node *node)
{
	node->next = NULL;
	*q->tail = node;
	q->tail = &node->next;
	account(q, node);
}

void sio_events_hold(struct sio_events *q, struct sio_held *held,
		     struct sio_node *node)
{
	node->next = NULL;
	if (held->head)
		*held->tail = node;
	else
		held->head = node;
	held->tail = &node->next;
	account(q, node);
}

/* The first that is held, or NULL. */
static struct sio_node *take_held(struct sio_events *q, struct sio_held *held)
{
	struct sio_node *node = held->head;

	if (node) {
		held->head = node->next;
		unaccount(q, node);
	}
	return node;
}

void sio_events_release(struct sio_events *q, struct sio_held *held)
{
	struct sio_node *node;

	while ((node = take_held(q, held)))
		sio_events_push(q, node);
}

void sio_events_discard(struct sio_events *q, struct sio_held *held)
{
	struct sio_node *node;

	while ((node = take_held(q, held)))
		sio_events_drop(q, node);
}

bool sio_events_full(const struct sio_events *q, size_t room)
{
	return q->count >= q->max_count || room > q->max_bytes ||
	       q->bytes > q->max_bytes - room;
}

bool sio_events_should_wait(const struct sio_events *q)
{
	/* what is held cannot be taken: waiting for that would never end */
	return q->head &&
	       (q->count >= q->max_count || q->bytes > q->max_bytes / 2);
}

const struct sio_event *sio_events_pop(struct sio_events *q)
{
	struct sio_node *node = q->head;

	sio_events_drop(q, q->current);
	q->current = node;
	if (!node)
		return NULL;
	q->head = node->next;
	if (!q->head)
		q->tail = &q->head;
	unaccount(q, node);
	return &node->event;
}
