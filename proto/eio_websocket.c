/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>

#include "proto/eio_session.h"

#define QUOTED 80

/* ---- opening and ending ---- */

void eio_session_ws_open(struct eio_session *s, uint32_t channel)
{
	if (!eio_channel_is(&s->ws, channel) || s->ws.state != EIO_CH_ACTIVE)
		return;
	s->ws.state = EIO_CH_OPEN;
	sio_buf_cut(&s->ws_in, 0);
	if (s->upgrade == EIO_UP_OPENING) {
		s->upgrade = EIO_UP_PROBING;
		s->probe_sent = false;
	}
}

const char *eio_close_code_text(int code)
{
	static const char *const texts[] = {
		[0] = "normal closure",
		[1] = "the server is going away",
		[2] = "protocol error",
		[3] = "unsupported data",
		[5] = "closed without a reason",
		[6] = "the connection was cut",
		[7] = "invalid data",
		[8] = "policy violation",
		[9] = "a message was larger than the server accepts",
		[10] = "an extension is missing",
		[11] = "internal error of the server",
		[12] = "the server restarts",
		[13] = "the server is overloaded, try again later",
		[14] = "bad gateway",
		[15] = "TLS handshake failed",
	};
	int n = sizeof(texts) / sizeof(texts[0]);

	if (code < 1000 || code >= 1000 + n || !texts[code - 1000])
		return "";
	return texts[code - 1000];
}

static void ws_closed(struct eio_session *s, const struct sio_failure *f)
{
	const char *words = f->stage == SIO_STAGE_CLOSED
				    ? eio_close_code_text(f->status)
				    : "";
	const char *text = f->text ? f->text : "";

	eio_session_failf(s, f->stage, f->status, "%s%s%s", words,
			  words[0] && text[0] ? ": " : "", text);
}

/*
 * Refused or swallowed on the way, where plain HTTP may well pass. Without
 * name, route or certificate polling has no better chance.
 */
static bool may_fall_back(const struct eio_session *s,
			  const struct sio_failure *f)
{
	return s->state == EIO_OPENING && s->config.transports & SIO_POLLING &&
	       (f->stage == SIO_STAGE_HTTP || f->stage == SIO_STAGE_CLOSED ||
		f->stage == SIO_STAGE_ENGINE || f->stage == SIO_STAGE_TIMEOUT);
}

static void ws_failed(struct eio_session *s, const struct sio_failure *f)
{
	s->ws.state = EIO_CH_NONE;
	s->peeked = EIO_OUT_NONE;
	if (s->upgrade != EIO_UP_NONE) {
		eio_upgrade_give_up(s, f->text ? f->text : "");
	} else if (may_fall_back(s, f)) {
		eio_session_log(s, "WebSocket refused (%s %d), polling",
				sio_stage_name(f->stage), f->status);
		eio_session_fall_back(s);
	} else {
		ws_closed(s, f);
	}
}

void eio_session_channel_failed(struct eio_session *s, uint32_t channel,
				const struct sio_failure *failure)
{
	struct eio_channel *ch = NULL;

	eio_channel_forget(s, channel);
	if (eio_channel_is(&s->ws, channel)) {
		ws_failed(s, failure);
		return;
	}
	if (eio_channel_is(&s->get, channel))
		ch = &s->get;
	else if (eio_channel_is(&s->post, channel))
		ch = &s->post;
	if (!ch)
		return;
	ch->state = EIO_CH_NONE;
	eio_session_fail(s, failure->stage, failure->status,
			 failure->text ? failure->text : "");
}

/* ---- input ---- */

/* Some servers answer 101 first and then refuse in plain HTTP. */
static void fail_with_garbage(struct eio_session *s, const char *data,
			      size_t len)
{
	char text[QUOTED + 1];
	size_t n = len < QUOTED ? len : QUOTED;
	int status = 0;

	if (n)
		memcpy(text, data, n);
	text[n] = '\0';
	if (strncmp(text, "HTTP/1.", 7) == 0 && strlen(text) > 9)
		status = (int)strtol(text + 9, NULL, 10);
	eio_session_failf(s, SIO_STAGE_ENGINE, status,
			  "not an Engine.IO packet: %s", text);
}

void eio_websocket_message(struct eio_session *s, bool binary, const char *data,
			   size_t len)
{
	struct eio_packet p = {EIO_MESSAGE, binary, data, len};

	if (s->upgrade != EIO_UP_NONE)
		eio_upgrade_message(s, binary, data, len);
	else if (!binary && eio_packet_decode(data, len, &p) != SIO_OK)
		fail_with_garbage(s, data, len);
	else
		eio_session_packet(s, &p);
}

static void fail_input(struct eio_session *s)
{
	if (s->ws_in.err == SIO_ERR_TOO_BIG)
		eio_session_failf(s, SIO_STAGE_ENGINE, 0,
				  "a message above %zu bytes", s->ws_in.max);
	else
		eio_session_fail(s, SIO_STAGE_LOCAL, 0,
				 sio_strerror(s->ws_in.err));
}

void eio_session_ws_feed(struct eio_session *s, uint32_t channel, bool binary,
			 const void *data, size_t len, bool last)
{
	struct sio_buf *in = &s->ws_in;

	if (!eio_channel_is(&s->ws, channel) || s->ws.state != EIO_CH_OPEN)
		return;
	if (last && !in->len && len <= in->max) {
		/* whole: no copy */
		eio_websocket_message(s, binary, data, len);
		return;
	}
	sio_buf_append(in, data, len);
	if (in->err) {
		fail_input(s);
		return;
	}
	if (!last)
		return;
	eio_websocket_message(s, binary, in->data, in->len);
	sio_buf_cut(in, 0);
}

/* ---- output ---- */

static enum eio_output choose(const struct eio_session *s)
{
	if (s->ws.state != EIO_CH_OPEN || s->state == EIO_IDLE)
		return EIO_OUT_NONE;
	if (s->upgrade == EIO_UP_PROBING && !s->probe_sent)
		return EIO_OUT_PROBE;
	if (s->transport != SIO_WEBSOCKET)
		return EIO_OUT_NONE;
	if (s->upgrade_due)
		return EIO_OUT_UPGRADE;
	if (s->pong_due)
		return EIO_OUT_PONG;
	if (eio_queue_bytes(&s->queue))
		return EIO_OUT_QUEUE;
	if (s->state == EIO_CLOSING && !s->close_sent)
		return EIO_OUT_CLOSE;
	return EIO_OUT_NONE;
}

static void show_queue(const struct eio_session *s, struct sio_output *out)
{
	struct eio_message m;

	if (!eio_queue_peek(&s->queue, &m))
		return;
	out->binary = m.binary;
	out->data = m.data;
	out->len = m.len;
}

int eio_session_peek(struct eio_session *s, struct sio_output *ret_output)
{
	static const char *const texts[] = {
		[EIO_OUT_PROBE] = "2probe", [EIO_OUT_UPGRADE] = "5",
		[EIO_OUT_PONG] = "3",	    [EIO_OUT_QUEUE] = "",
		[EIO_OUT_CLOSE] = "1",
	};

	/* the same again until it is committed, whatever came in between */
	if (s->peeked == EIO_OUT_NONE)
		s->peeked = choose(s);
	if (s->peeked == EIO_OUT_NONE)
		return SIO_NONE;
	*ret_output = (struct sio_output){
		.channel = s->ws.id,
		.data = texts[s->peeked],
		.len = strlen(texts[s->peeked]),
	};
	if (s->peeked == EIO_OUT_QUEUE)
		show_queue(s, ret_output);
	return SIO_OK;
}

void eio_session_commit(struct eio_session *s)
{
	enum eio_output what = s->peeked;

	s->peeked = EIO_OUT_NONE;
	switch (what) {
	case EIO_OUT_NONE:
		break;
	case EIO_OUT_PROBE:
		s->probe_sent = true;
		break;
	case EIO_OUT_UPGRADE:
		s->upgrade_due = false;
		break;
	case EIO_OUT_PONG:
		s->pong_due = false;
		break;
	case EIO_OUT_QUEUE:
		eio_queue_pop(&s->queue);
		break;
	case EIO_OUT_CLOSE:
		s->close_sent = true;
		eio_session_finish(s);
		break;
	}
}
