/* SPDX-License-Identifier: ISC */
#ifndef SIO_EVENT_H
#define SIO_EVENT_H

/*
 * Events for the application, in order, each with all that it points to in one
 * piece of memory. The piece last taken is used again for the next event that
 * fits, so that a steady stream allocates nothing.
 */
#include "proto/mem.h"

struct sio_node {
	struct sio_node *next;
	struct sio_event event;
	size_t room; /* of bytes[] */
	size_t used;
	bool fixed; /* not allocated: never freed */
	_Alignas(max_align_t) char bytes[];
};

struct sio_events {
	const struct sio_mem *mem;
	struct sio_node *head;
	struct sio_node **tail;
	struct sio_node *current; /* what the application looks at */
	struct sio_node *spare;
	size_t count;
	size_t bytes;
	size_t max_count;
	size_t max_bytes;
};

void sio_events_init(struct sio_events *q, const struct sio_mem *mem,
		     size_t max_count, size_t max_bytes);
void sio_events_free(struct sio_events *q);

/*
 * An event with empty strings and ack_id -1, and room for `room` bytes. NULL:
 * out of memory. Given to sio_events_push() or sio_events_drop().
 */
struct sio_node *sio_events_make(struct sio_events *q, enum sio_event_kind kind,
				 size_t room);
void sio_events_drop(struct sio_events *q, struct sio_node *node);

/* Copies into the node's room, NUL behind it; there must be len + 1 left. */
char *sio_node_copy(struct sio_node *node, const char *data, size_t len);

/* As copy, aligned for `align`, not filled and without NUL. */
void *sio_node_take(struct sio_node *node, size_t len, size_t align);

/* Events that wait for something else before they may be taken. */
struct sio_held {
	struct sio_node *head;
	struct sio_node **tail;
};

/* Always succeeds; whether it may is asked before, with sio_events_full(). */
void sio_events_push(struct sio_events *q, struct sio_node *node);

/* True if `room` more bytes are above what may wait. */
bool sio_events_full(const struct sio_events *q, size_t room);

/* As push, but aside; counted as waiting all the same. */
void sio_events_hold(struct sio_events *q, struct sio_held *held,
		     struct sio_node *node);
/* They may be taken now, in their order; or never. */
void sio_events_release(struct sio_events *q, struct sio_held *held);
void sio_events_discard(struct sio_events *q, struct sio_held *held);

/*
 * True if some should be taken before more are made: the one limit is reached,
 * or half of the other, as nobody knows how large the next will be.
 */
bool sio_events_should_wait(const struct sio_events *q);

/* Frees the one taken before. NULL if there is none. */
const struct sio_event *sio_events_pop(struct sio_events *q);

#endif
