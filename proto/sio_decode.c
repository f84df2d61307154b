/* SPDX-License-Identifier: ISC */
#include <stdalign.h>
#include <string.h>

#include "proto/json.h"
#include "proto/sio_impl.h"
#include "proto/utf8.h"

static void bad_packet(struct sio_client *c, const char *why)
{
	eio_session_fail(&c->eio, SIO_STAGE_SOCKET, 0, why);
}

/* ---- CONNECT and the like ---- */

/* What a packet carries; it was validated. Absent if nothing. */
static struct sio_json json_of(const struct sio_packet *p)
{
	return (struct sio_json){p->json, p->json_len};
}

static void packet_connect(struct sio_client *c, struct sio_nsp *nsp,
			   const struct sio_packet *p)
{
	struct sio_json j = json_of(p);
	char sid[EIO_TEXT_SIZE];
	char pid[EIO_TEXT_SIZE];
	bool has_pid;

	/* Socket.IO 2 joins unasked and names no id */
	if (!sio_json_is_string(sio_json_get(j, "sid"))) {
		eio_session_fail(&c->eio, SIO_STAGE_VERSION, 0,
				 "the server speaks Socket.IO 2");
		return;
	}
	if (!nsp || nsp->state != SIO_NSP_JOINING) {
		sio_client_log(c, "CONNECT that was not asked for: ignored");
		return;
	}
	/* an id is for logs: its beginning is enough */
	(void)sio_json_copy_string(sio_json_get(j, "sid"), sid, sizeof(sid));
	has_pid =
		sio_json_copy_string(sio_json_get(j, "pid"), pid, sizeof(pid));
	sio_nsp_joined(c, nsp, sid, has_pid ? pid : NULL);
}

/* {"message":s,"data":any}, or the string alone; then the data is all of it */
static void packet_connect_error(struct sio_client *c, struct sio_nsp *nsp,
				 const struct sio_packet *p)
{
	char message[EIO_TEXT_SIZE] = "the server gave no reason";
	char text[EIO_TEXT_SIZE];
	const struct sio_failure failure = {SIO_STAGE_REFUSED, 0, text};
	struct sio_json j = json_of(p);

	if (!nsp ||
	    (nsp->state != SIO_NSP_JOINING && nsp->state != SIO_NSP_JOINED))
		return;
	if (sio_json_is_object(j))
		j = sio_json_get(j, "message");
	(void)sio_json_copy_string(j, message, sizeof(message));
	sio_text_clean(text, sizeof(text), message, strlen(message));
	sio_nsp_refused(c, nsp, SIO_EVENT_CONNECT_ERROR, &failure, p->json,
			p->json_len);
}

static void packet_disconnect(struct sio_client *c, struct sio_nsp *nsp)
{
	static const struct sio_failure failure = {
		SIO_STAGE_REFUSED, 0, "the server ended the connection"};

	if (nsp && nsp->state == SIO_NSP_JOINED)
		sio_nsp_refused(c, nsp, SIO_EVENT_DISCONNECT, &failure, NULL,
				0);
}

/* ---- events and acknowledgements ---- */

static size_t attachments_room(const struct sio_partial *a)
{
	if (!a)
		return 0;
	/* each with a NUL behind it, and the table aligned */
	return a->wanted * (sizeof(struct sio_binary) + 1) +
	       alignof(struct sio_binary) + a->bytes.len - a->text_len;
}

static void copy_attachments(struct sio_node *node, const struct sio_partial *a)
{
	size_t size = a->wanted * sizeof(struct sio_binary);
	struct sio_binary *table =
		sio_node_take(node, size, alignof(struct sio_binary));
	size_t begin = a->text_len;

	for (unsigned int i = 0; i < a->wanted; i++) {
		table[i].len = a->ends[i] - begin;
		table[i].data = sio_node_copy(node, a->bytes.data + begin,
					      table[i].len);
		begin = a->ends[i];
	}
	node->event.attachments = table;
	node->event.n_attachments = a->wanted;
}

/* With room for its strings; NULL: the session has ended. */
static struct sio_node *make_node(struct sio_client *c,
				  enum sio_event_kind kind,
				  const struct sio_nsp *nsp, size_t room,
				  const struct sio_partial *a)
{
	struct sio_node *node;

	room += nsp->name_len + 1 + attachments_room(a);
	if (sio_events_full(&c->events, room)) {
		sio_client_overrun(c);
		return NULL;
	}
	node = sio_events_make(&c->events, kind, room);
	if (!node) {
		sio_client_out_of_memory(c);
		return NULL;
	}
	if (a)
		copy_attachments(node, a);
	node->event.nsp = sio_node_copy(node, nsp->name, nsp->name_len);
	return node;
}

static void set_name(struct sio_node *node, const struct sio_packet *p)
{
	char *name = sio_node_copy(node, p->name, p->name_len);
	size_t len = p->name_len;

	if (p->name_escaped)
		len = sio_json_unescape(p->name, p->name_len, name);
	name[len] = '\0';
	node->event.name = name;
	node->event.name_len = len;
}

/* The array without its first element: '[' and the rest as it came. */
static void set_args(struct sio_node *node, const struct sio_packet *p)
{
	char *bracket;

	if (!p->args_len) {
		node->event.json = "[]";
		node->event.json_len = 2;
		return;
	}
	bracket = sio_node_take(node, 1, 1);
	*bracket = '[';
	(void)sio_node_copy(node, p->args, p->args_len);
	node->event.json = bracket;
	node->event.json_len = p->args_len + 1;
}

static void packet_event(struct sio_client *c, struct sio_nsp *nsp,
			 const struct sio_packet *p,
			 const struct sio_partial *a)
{
	bool joined = nsp && nsp->state == SIO_NSP_JOINED;
	struct sio_node *node;

	/* a server that recovers sends what was missed before its CONNECT */
	if (!joined && (!nsp || nsp->state != SIO_NSP_JOINING))
		return;
	node = make_node(c, SIO_EVENT_MESSAGE, nsp,
			 p->name_len + p->args_len + 3, a);
	if (!node)
		return;
	set_name(node, p);
	set_args(node, p);
	if (p->id >= 0)
		node->event.ack_id = nsp->generation << 48 | p->id;
	if (joined)
		sio_events_push(&c->events, node);
	else
		sio_events_hold(&c->events, &nsp->held, node);
	if (p->last && nsp->pid[0])
		sio_nsp_set_offset(nsp, p->last, p->last_len);
}

static void packet_ack(struct sio_client *c, struct sio_nsp *nsp,
		       const struct sio_packet *p, const struct sio_partial *a)
{
	struct sio_ack *ack = nsp ? sio_ack_find(c, nsp, p->id) : NULL;
	struct sio_node *node;

	/* late, or never asked for */
	if (!ack)
		return;
	node = make_node(c, SIO_EVENT_ACK, nsp, p->json_len + 1, a);
	if (node) {
		node->event.ack_id = ack->id;
		node->event.ack_user = ack->timed_out->event.ack_user;
		node->event.json = sio_node_copy(node, p->json, p->json_len);
		node->event.json_len = p->json_len;
		sio_events_push(&c->events, node);
		sio_ack_free(c, ack);
	} else {
		/* the session has ended: an answer was promised, always */
		sio_ack_give_up(c, ack);
	}
}

/* ---- packets ---- */

/* `a` are the attachments of a binary packet, all of them there. */
static void dispatch(struct sio_client *c, const struct sio_packet *p,
		     const struct sio_partial *a)
{
	struct sio_nsp *nsp = sio_nsp_find(c, p->nsp, p->nsp_len);

	switch (p->type) {
	case SIO_PACKET_CONNECT:
		packet_connect(c, nsp, p);
		break;
	case SIO_PACKET_DISCONNECT:
		packet_disconnect(c, nsp);
		break;
	case SIO_PACKET_CONNECT_ERROR:
		packet_connect_error(c, nsp, p);
		break;
	case SIO_PACKET_EVENT:
	case SIO_PACKET_BINARY_EVENT:
		packet_event(c, nsp, p, a);
		break;
	case SIO_PACKET_ACK:
	case SIO_PACKET_BINARY_ACK:
		packet_ack(c, nsp, p, a);
		break;
	}
}

/* ---- attachments ---- */

/* False: the session has ended. */
static bool append_partial(struct sio_client *c, const char *data, size_t len)
{
	struct sio_buf *b = &c->partial.bytes;

	sio_buf_append(b, data, len);
	if (b->err == SIO_ERR_NOMEM)
		sio_client_out_of_memory(c);
	else if (b->err)
		eio_session_failf(&c->eio, SIO_STAGE_SOCKET, 0,
				  "a packet above %zu bytes", b->max);
	return !b->err;
}

/* The text of a binary packet: kept until its attachments are there. */
static void begin_partial(struct sio_client *c, const struct sio_packet *p,
			  const char *text, size_t len)
{
	struct sio_partial *a = &c->partial;

	if (!sio_json_placeholders_valid(json_of(p), p->attachments)) {
		bad_packet(c, "a placeholder without its attachment");
		return;
	}
	sio_buf_cut(&a->bytes, 0);
	if (!append_partial(c, text, len))
		return;
	a->text_len = len;
	a->n = 0;
	a->wanted = p->attachments;
	a->active = true;
}

static void finish_partial(struct sio_client *c)
{
	struct sio_partial *a = &c->partial;
	struct sio_packet p;

	a->active = false;
	/* as when it came: it was valid */
	if (sio_packet_decode(a->bytes.data, a->text_len, &c->limits, &p) ==
	    SIO_OK)
		dispatch(c, &p, a);
}

static void received_binary(struct sio_client *c, const char *data, size_t len)
{
	struct sio_partial *a = &c->partial;

	if (!a->active) {
		bad_packet(c, "an attachment that belongs to no packet");
		return;
	}
	if (!append_partial(c, data, len))
		return;
	a->ends[a->n++] = a->bytes.len;
	if (a->n == a->wanted)
		finish_partial(c);
}

static void received_text(struct sio_client *c, const char *data, size_t len)
{
	struct sio_packet p;

	if (c->partial.active) {
		bad_packet(c, "a packet where an attachment should be");
		return;
	}
	switch (sio_packet_decode(data, len, &c->limits, &p)) {
	case SIO_OK:
		break;
	case SIO_ERR_TOO_BIG:
		bad_packet(c, "a packet with too many attachments or digits");
		return;
	default:
		eio_session_failf(&c->eio, SIO_STAGE_SOCKET, 0,
				  "not a Socket.IO packet: %.*s",
				  (int)(len < 80 ? len : 80), data);
		return;
	}
	if (p.attachments)
		begin_partial(c, &p, data, len);
	else
		dispatch(c, &p, NULL);
}

void sio_client_received(struct sio_client *c, bool binary, const char *data,
			 size_t len)
{
	if (binary)
		received_binary(c, data, len);
	else
		received_text(c, data, len);
}
