/* SPDX-License-Identifier: ISC */
#include "proto/eio_queue.h"

struct header {
	uint32_t len;
	uint32_t binary;
};

void eio_queue_init(struct eio_queue *q, const struct sio_mem *mem,
		    size_t max_bytes)
{
	/* a record's length is kept in 32 bits */
	if (max_bytes > UINT32_MAX / 2)
		max_bytes = UINT32_MAX / 2;
	*q = (struct eio_queue){.max_bytes = max_bytes};
	/* what was taken and not yet moved away is never more than the rest */
	sio_buf_init(&q->buf, mem, max_bytes * 2);
}

void eio_queue_free(struct eio_queue *q)
{
	sio_buf_free(&q->buf);
	q->head = 0;
}

void eio_queue_clear(struct eio_queue *q)
{
	sio_buf_cut(&q->buf, 0);
	q->head = 0;
}

size_t eio_queue_mark(struct eio_queue *q)
{
	struct sio_buf *b = &q->buf;

	/* as much is moved as was taken since the last time, at most */
	if (q->head && q->head >= eio_queue_bytes(q)) {
		memmove(b->data, b->data + q->head, b->len - q->head);
		b->len -= q->head;
		q->head = 0;
	}
	return b->len;
}

void eio_queue_rollback(struct eio_queue *q, size_t mark)
{
	sio_buf_cut(&q->buf, mark);
}

struct sio_buf *eio_queue_begin(struct eio_queue *q)
{
	static const struct header empty;

	q->open = q->buf.len;
	sio_buf_append(&q->buf, &empty, sizeof(empty));
	return &q->buf;
}

int eio_queue_end(struct eio_queue *q, bool binary, size_t *ret_len)
{
	struct header h = {.binary = binary};

	if (!q->buf.err && eio_queue_bytes(q) > q->max_bytes)
		q->buf.err = SIO_ERR_TOO_BIG;
	if (q->buf.err)
		return q->buf.err;
	h.len = (uint32_t)(q->buf.len - q->open - sizeof(h));
	memcpy(q->buf.data + q->open, &h, sizeof(h));
	*ret_len = h.len;
	return SIO_OK;
}

bool eio_queue_peek(const struct eio_queue *q, struct eio_message *ret_message)
{
	const char *p;
	struct header h;

	if (q->head == q->buf.len)
		return false;
	p = q->buf.data + q->head;
	memcpy(&h, p, sizeof(h));
	*ret_message = (struct eio_message){
		.binary = h.binary != 0,
		.data = p + sizeof(h),
		.len = h.len,
	};
	return true;
}

void eio_queue_pop(struct eio_queue *q)
{
	struct eio_message m;

	if (!eio_queue_peek(q, &m))
		return;
	q->head += sizeof(struct header) + m.len;
	if (q->head == q->buf.len)
		eio_queue_clear(q);
}
