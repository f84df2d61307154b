/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "proto/json.h"
#include "proto/sio_impl.h"

/* An EVENT or ACK that is to be written. */
struct outgoing {
	struct sio_nsp *nsp;
	bool event; /* or an ACK */
	int64_t id;
	const char *name; /* EVENT */
	const struct sio_value *args;
	size_t n_args;
	const struct sio_binary *attachments;
	size_t n_attachments;
};

static size_t count_binaries(const struct outgoing *o)
{
	size_t n = o->n_attachments;

	for (size_t i = 0; i < o->n_args; i++)
		n += o->args[i].type == SIO_BINARY;
	return n;
}

static void write_placeholder(struct sio_buf *b, unsigned int num)
{
	sio_buf_puts(b, "{\"_placeholder\":true,\"num\":");
	sio_buf_put_u64(b, num);
	sio_buf_putc(b, '}');
}

/* *num counts the attachments. */
static void write_value(struct sio_buf *b, const struct sio_value *v,
			unsigned int *num)
{
	switch (v->type) {
	case SIO_STRING:
		sio_json_write_string(b, v->data ? v->data : "", v->len);
		break;
	case SIO_JSON:
		sio_buf_append(b, v->data, v->len);
		break;
	case SIO_BINARY:
		write_placeholder(b, (*num)++);
		break;
	case SIO_NULL:
		sio_buf_append(b, "null", 4);
		break;
	case SIO_BOOL:
		sio_buf_puts(b, v->number ? "true" : "false");
		break;
	case SIO_INT:
		sio_json_write_int(b, v->number);
		break;
	}
}

static void write_array(struct sio_buf *b, const struct outgoing *o)
{
	unsigned int num = 0;

	sio_buf_putc(b, '[');
	if (o->event)
		sio_json_write_string(b, o->name, strlen(o->name));
	for (size_t i = 0; i < o->n_args; i++) {
		if (i || o->event)
			sio_buf_putc(b, ',');
		write_value(b, &o->args[i], &num);
	}
	sio_buf_putc(b, ']');
}

static int end_record(struct sio_client *c, bool binary)
{
	size_t len;
	int err = eio_queue_end(&c->eio.queue, binary, &len);

	return err ? err : eio_session_check_size(&c->eio, binary, len);
}

static int write_text(struct sio_client *c, const struct outgoing *o,
		      unsigned int n_binaries)
{
	struct sio_buf *b = eio_queue_begin(&c->eio.queue);
	enum sio_packet_type type = o->event	 ? n_binaries
							   ? SIO_PACKET_BINARY_EVENT
							   : SIO_PACKET_EVENT
				    : n_binaries ? SIO_PACKET_BINARY_ACK
						 : SIO_PACKET_ACK;

	sio_buf_putc(b, EIO_MESSAGE);
	sio_packet_encode_head(b, type, n_binaries, o->nsp->name, o->id);
	write_array(b, o);
	return end_record(c, false);
}

static int write_binary(struct sio_client *c, const void *data, size_t len)
{
	sio_buf_append(eio_queue_begin(&c->eio.queue), data, len);
	return end_record(c, true);
}

/* In the order of the placeholders: arguments first, then the caller's. */
static int write_binaries(struct sio_client *c, const struct outgoing *o)
{
	int err = SIO_OK;

	for (size_t i = 0; !err && i < o->n_args; i++)
		if (o->args[i].type == SIO_BINARY)
			err = write_binary(c, o->args[i].data, o->args[i].len);
	for (size_t i = 0; !err && i < o->n_attachments; i++)
		err = write_binary(c, o->attachments[i].data,
				   o->attachments[i].len);
	return err;
}

static int check_values(const struct sio_client *c, const struct outgoing *o)
{
	/* the array around them is a level, too */
	unsigned int depth = c->limits.max_depth - 1;

	for (size_t i = 0; i < o->n_args; i++) {
		const struct sio_value *v = &o->args[i];

		if (v->type == SIO_JSON &&
		    (!v->len || !sio_json_valid(v->data, v->len, depth)))
			return SIO_ERR_SYNTAX;
	}
	if (count_binaries(o) > c->limits.max_attachments)
		return SIO_ERR_TOO_BIG;
	return SIO_OK;
}

/* All of it or nothing is queued. */
static int write_packet(struct sio_client *c, const struct outgoing *o)
{
	struct eio_queue *q = &c->eio.queue;
	size_t before = eio_queue_bytes(q);
	size_t mark = eio_queue_mark(q);
	int err = check_values(c, o);

	if (err)
		return err;
	err = write_text(c, o, (unsigned int)count_binaries(o));
	if (!err)
		err = write_binaries(c, o);
	/* the buffer's limit is passed by what waits already, or by this */
	if (q->buf.err == SIO_ERR_TOO_BIG && before)
		err = SIO_ERR_FULL;
	if (!err && eio_queue_bytes(q) > c->config.max_output_bytes)
		err = before ? SIO_ERR_FULL : SIO_ERR_TOO_BIG;
	if (err)
		eio_queue_rollback(q, mark);
	return err;
}

/* NULL: not joined, or about to stop. */
static struct sio_nsp *joined(struct sio_client *c, const char *name)
{
	struct sio_nsp *nsp;

	if (!name)
		name = "/";
	nsp = sio_nsp_find(c, name, strlen(name));
	if (!nsp || nsp->state != SIO_NSP_JOINED ||
	    c->state != SIO_STATE_ACTIVE)
		return NULL;
	return nsp;
}

static int write_event(struct sio_client *c, struct outgoing *o,
		       const struct sio_emit *emit)
{
	struct sio_ack *ack = NULL;
	int err;

	if (emit->want_ack) {
		err = sio_ack_add(c, o->nsp, emit->ack_timeout_ns,
				  emit->ack_user, &ack);
		if (err)
			return err;
		o->id = ack->id;
	}
	err = write_packet(c, o);
	if (err && ack) {
		/* as if it had never been asked for */
		sio_ack_free(c, sio_ack_find(c, o->nsp, ack->id));
		o->nsp->next_ack--;
	}
	return err;
}

int sio_client_emit(struct sio_client *c, const struct sio_emit *emit,
		    uint64_t now_ns)
{
	bool is_volatile = emit->flags & SIO_VOLATILE;
	struct outgoing o = {
		.nsp = joined(c, emit->nsp),
		.event = true,
		.id = -1,
		.name = emit->name,
		.args = emit->args,
		.n_args = emit->n_args,
		.attachments = emit->attachments,
		.n_attachments = emit->n_attachments,
	};

	if (!emit->name ||
	    sio_packet_is_reserved(emit->name, strlen(emit->name)))
		return SIO_ERR_INVALID;
	if (is_volatile && (!o.nsp || !eio_session_is_writable(&c->eio)))
		return SIO_NONE;
	if (!o.nsp)
		return SIO_ERR_STATE;
	sio_client_set_time(c, now_ns);
	return write_event(c, &o, emit);
}

int sio_client_ack(struct sio_client *c, const char *nsp, int64_t ack_id,
		   const struct sio_value *args, size_t n_args, uint64_t now_ns)
{
	struct outgoing o = {
		.nsp = joined(c, nsp),
		.id = ack_id & SIO_PACKET_MAX_ID,
		.args = args,
		.n_args = n_args,
	};

	if (ack_id < 0)
		return SIO_ERR_INVALID;
	/* of an earlier session: the server would take it for another's */
	if (!o.nsp || ack_id >> 48 != o.nsp->generation)
		return SIO_OK;
	sio_client_set_time(c, now_ns);
	return write_packet(c, &o);
}
