/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "proto/eio_session.h"

bool eio_channel_is(const struct eio_channel *ch, uint32_t id)
{
	return ch->state >= EIO_CH_ACTIVE && ch->id == id;
}

void eio_channel_end(struct eio_session *s, struct eio_channel *ch,
		     bool graceful)
{
	if (ch->state >= EIO_CH_ACTIVE) {
		bool close = graceful && ch->state == EIO_CH_OPEN;

		/*
		 * Never full: a channel becomes active when its request is
		 * taken, and those in `ending` are taken first.
		 */
		s->ending[s->n_ending].op =
			close ? SIO_OP_WS_CLOSE : SIO_OP_ABORT;
		s->ending[s->n_ending++].channel = ch->id;
	}
	ch->state = EIO_CH_NONE;
}

void eio_channel_forget(struct eio_session *s, uint32_t id)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < s->n_ending; i++)
		if (s->ending[i].channel != id)
			s->ending[kept++] = s->ending[i];
	s->n_ending = kept;
}

/* ---- targets ---- */

/* RFC 3986 section 2.3; the rest is percent-encoded */
static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
	       c == '~';
}

/* A server chose it: nothing of it may end the header or the parameter. */
static void append_encoded(struct sio_buf *b, const char *text)
{
	for (; *text; text++) {
		char hex[4];

		if (is_unreserved(*text)) {
			sio_buf_putc(b, *text);
			continue;
		}
		snprintf(hex, sizeof(hex), "%%%02X", (unsigned char)*text);
		sio_buf_append(b, hex, 3);
	}
}

/* A parameter that never repeats keeps caches out of the way. */
static void append_cache_buster(struct eio_session *s, uint32_t id)
{
	char text[40];

	snprintf(text, sizeof(text), "&t=%llx.%x",
		 (unsigned long long)(s->config.seed & 0xffffffff), id);
	sio_buf_puts(&s->target, text);
}

/* EIO=4 on every request: newer servers compare it with the session's. */
static const char *target(struct eio_session *s, bool websocket, uint32_t id)
{
	struct sio_buf *b = &s->target;

	sio_buf_cut(b, 0);
	sio_buf_puts(b, s->config.path);
	sio_buf_puts(b, websocket ? "?EIO=4&transport=websocket"
				  : "?EIO=4&transport=polling");
	if (s->sid[0]) {
		sio_buf_puts(b, "&sid=");
		append_encoded(b, s->sid);
	}
	if (!websocket)
		append_cache_buster(s, id);
	if (s->config.query && s->config.query[0]) {
		sio_buf_putc(b, '&');
		sio_buf_puts(b, s->config.query);
	}
	return sio_buf_cstr(b);
}

/* ---- requests ---- */

static int take_ending(struct eio_session *s, struct sio_request *ret_request)
{
	*ret_request = (struct sio_request){
		.op = s->ending[0].op,
		.channel = s->ending[0].channel,
	};
	s->n_ending--;
	memmove(s->ending, s->ending + 1, s->n_ending * sizeof(s->ending[0]));
	return SIO_OK;
}

static int take(struct eio_session *s, struct eio_channel *ch, enum sio_op op,
		struct sio_request *ret_request)
{
	uint32_t id = s->last_channel + 1;
	struct sio_request r = {.op = op, .channel = id};
	int err;

	r.target = target(s, op == SIO_OP_WS_OPEN, id);
	if (s->cookies.len)
		r.cookie = sio_buf_cstr(&s->cookies);
	err = s->target.err ? s->target.err : s->cookies.err;
	if (err) {
		eio_session_fail(s, SIO_STAGE_LOCAL, 0, sio_strerror(err));
		return s->n_ending ? take_ending(s, ret_request) : SIO_NONE;
	}
	if (op == SIO_OP_HTTP_POST) {
		r.body = s->post_body.data;
		r.body_len = s->post_body.len;
	}
	s->last_channel = id;
	ch->id = id;
	ch->state = EIO_CH_ACTIVE;
	*ret_request = r;
	return SIO_OK;
}

int eio_session_next_request(struct eio_session *s,
			     struct sio_request *ret_request)
{
	/* first: only then the body of an aborted POST may be overwritten */
	if (s->n_ending)
		return take_ending(s, ret_request);
	eio_polling_pump(s);
	/* without memory the session has ended in there */
	if (s->n_ending)
		return take_ending(s, ret_request);
	if (s->ws.state == EIO_CH_WANTED)
		return take(s, &s->ws, SIO_OP_WS_OPEN, ret_request);
	if (s->post.state == EIO_CH_WANTED)
		return take(s, &s->post, SIO_OP_HTTP_POST, ret_request);
	if (s->get.state == EIO_CH_WANTED)
		return take(s, &s->get, SIO_OP_HTTP_GET, ret_request);
	return SIO_NONE;
}
