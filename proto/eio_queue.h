/* SPDX-License-Identifier: ISC */
#ifndef EIO_QUEUE_H
#define EIO_QUEUE_H

/*
 * Outgoing messages, encoded and in order, as records of one growing buffer:
 * a message is written once, straight into the place that it is sent from.
 */
#include "proto/buf.h"

struct eio_queue {
	struct sio_buf buf; /* records: header, data */
	size_t head;	    /* the oldest record */
	size_t open;	    /* the record being written */
	size_t max_bytes;
};

struct eio_message {
	bool binary;
	const char *data; /* text includes the packet type */
	size_t len;
};

/* max_bytes: of all records, 8 bytes of header each included. */
void eio_queue_init(struct eio_queue *q, const struct sio_mem *mem,
		    size_t max_bytes);
void eio_queue_free(struct eio_queue *q);
void eio_queue_clear(struct eio_queue *q);

/*
 * Makes room at the end and returns where the next record will begin, for
 * eio_queue_rollback(). Messages that were looked at move.
 */
size_t eio_queue_mark(struct eio_queue *q);

/* Drops the records behind the mark, a half written one too, and the error. */
void eio_queue_rollback(struct eio_queue *q, size_t mark);

/* Begins a record: append its data to the buffer, then call _end. */
struct sio_buf *eio_queue_begin(struct eio_queue *q);

/*
 * Completes it; *ret_len is its length. SIO_ERR_TOO_BIG above the maximum,
 * SIO_ERR_NOMEM: roll back.
 */
int eio_queue_end(struct eio_queue *q, bool binary, size_t *ret_len);

/* False if empty. */
bool eio_queue_peek(const struct eio_queue *q, struct eio_message *ret_message);
void eio_queue_pop(struct eio_queue *q);

/* Headers included. */
static inline size_t eio_queue_bytes(const struct eio_queue *q)
{
	return q->buf.len - q->head;
}

#endif
