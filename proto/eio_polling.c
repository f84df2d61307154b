/* SPDX-License-Identifier: ISC */
#include "proto/eio_session.h"
#include "proto/json.h"

/* where the server set no maxPayload: every server's default is above it */
#define DEFAULT_BODY_BYTES 100000
#define ERROR_DEPTH	   8
#define QUOTED		   80

/* ---- what is sent ---- */

static bool fits(const struct eio_session *s, bool binary, size_t len)
{
	size_t max = s->max_payload == SIZE_MAX ? DEFAULT_BODY_BYTES
						: s->max_payload;
	size_t used = s->post_body.len ? s->post_body.len + 1 : 0;

	return used + eio_payload_size(binary, len) <= max;
}

/* As many messages as one body may hold, but at least one. */
static void build_body(struct eio_session *s)
{
	struct eio_message m;
	unsigned int n = 0;

	sio_buf_cut(&s->post_body, 0);
	if (s->pong_due) {
		eio_payload_append(&s->post_body, false, "3", 1);
		s->pong_due = false;
		n++;
	}
	while (n < EIO_MAX_PAYLOAD_PACKETS && eio_queue_peek(&s->queue, &m) &&
	       (fits(s, m.binary, m.len) || !n)) {
		eio_payload_append(&s->post_body, m.binary, m.data, m.len);
		eio_queue_pop(&s->queue);
		n++;
	}
	/* CLOSE has a body of its own where this one is full */
	if (s->state == EIO_CLOSING && n < EIO_MAX_PAYLOAD_PACKETS &&
	    !eio_queue_bytes(&s->queue) && (fits(s, false, 1) || !n)) {
		eio_payload_append(&s->post_body, false, "1", 1);
		s->close_sent = true;
	}
}

static void pump_post(struct eio_session *s)
{
	bool due = s->pong_due || eio_queue_bytes(&s->queue) ||
		   s->state == EIO_CLOSING;

	if (s->post.state != EIO_CH_NONE || !due || s->close_sent)
		return;
	build_body(s);
	if (s->post_body.err) {
		eio_session_fail(s, SIO_STAGE_LOCAL, 0,
				 sio_strerror(s->post_body.err));
		return;
	}
	sio_buf_cut(&s->post_in, 0);
	s->post.state = EIO_CH_WANTED;
}

/* One GET and one POST at most: a server ends the session on an overlap. */
void eio_polling_pump(struct eio_session *s)
{
	if (s->transport != SIO_POLLING || s->upgrade == EIO_UP_PAUSING ||
	    (s->state != EIO_OPENED && s->state != EIO_CLOSING))
		return;
	if (s->get.state == EIO_CH_NONE && !s->rest) {
		sio_buf_cut(&s->get_in, 0);
		s->get.state = EIO_CH_WANTED;
	}
	pump_post(s);
}

/* ---- what goes wrong ---- */

/* {"code":n,"message":s}, as the server's abortRequest() writes */
static bool fail_with_object(struct eio_session *s, int status,
			     const struct sio_buf *body)
{
	char message[EIO_TEXT_SIZE];
	struct sio_json j;

	if (sio_json_parse(body->data, body->len, ERROR_DEPTH, &j) != SIO_OK)
		return false;
	j = sio_json_get(j, "message");
	if (!sio_json_is_string(j))
		return false;
	/* its beginning is enough */
	(void)sio_json_copy_string(j, message, sizeof(message));
	eio_session_fail(s, SIO_STAGE_ENGINE, status, message);
	return true;
}

static const char *status_text(int status)
{
	switch (status) {
	case 401:
	case 403:
		return "not allowed";
	case 404:
		return "no Socket.IO server at this path";
	case 407:
		return "the proxy wants a password";
	case 413:
		return "a message was larger than the server accepts";
	case 502:
	case 503:
	case 504:
		return "the server behind the proxy does not answer";
	default:
		return "";
	}
}

static void fail_with_status(struct eio_session *s, int status,
			     const struct sio_buf *body)
{
	int quoted = body->len < QUOTED ? (int)body->len : QUOTED;
	const char *text = status_text(status);

	if (body->len && fail_with_object(s, status, body))
		return;
	if (text[0])
		eio_session_fail(s, SIO_STAGE_HTTP, status, text);
	else if (!quoted || body->data[0] == '<')
		eio_session_failf(s, SIO_STAGE_HTTP, status,
				  "the server answered %d", status);
	else
		eio_session_failf(s, SIO_STAGE_HTTP, status, "%.*s", quoted,
				  body->data);
}

/* ---- what comes back ---- */

static void fail_with_payload(struct eio_session *s, const char *text,
			      size_t len)
{
	if (s->state == EIO_OPENING && eio_payload_is_v3(text, len))
		eio_session_fail(s, SIO_STAGE_VERSION, 0,
				 "the server speaks Engine.IO 3");
	else
		eio_session_failf(s, SIO_STAGE_ENGINE, 0,
				  "not an Engine.IO payload: %.*s",
				  (int)(len < QUOTED ? len : QUOTED), text);
}

/*
 * Packet by packet, as long as there is room for what is in them: one answer
 * may hold more messages than may wait.
 */
static void read_payload(struct eio_session *s, char *text, size_t len)
{
	struct eio_packet p;
	int err;

	s->rest = NULL;
	while (s->state != EIO_IDLE) {
		if (s->handler.is_full(s->handler.user)) {
			s->rest = text;
			s->rest_len = len;
			return;
		}
		err = eio_payload_next(&text, &len, &p);
		if (err == SIO_NONE)
			break;
		if (err) {
			fail_with_payload(s, text, len);
			return;
		}
		eio_session_packet(s, &p);
	}
	eio_upgrade_check_paused(s);
}

void eio_session_resume(struct eio_session *s)
{
	if (s->rest)
		read_payload(s, s->rest, s->rest_len);
}

void eio_polling_end(struct eio_session *s, int status)
{
	char *text = s->get_in.data;
	size_t len = s->get_in.len;

	s->get.state = EIO_CH_NONE;
	if (status != 200)
		fail_with_status(s, status, &s->get_in);
	else if (!len)
		fail_with_payload(s, "", 0);
	else if (s->state == EIO_OPENING && eio_payload_is_v3(text, len))
		fail_with_payload(s, text, len);
	else
		read_payload(s, text, len);
}

void eio_posting_end(struct eio_session *s, int status)
{
	s->post.state = EIO_CH_NONE;
	if (status != 200) {
		fail_with_status(s, status, &s->post_in);
		return;
	}
	if (s->close_sent)
		eio_session_finish(s);
	eio_upgrade_check_paused(s);
}

void eio_session_http_feed(struct eio_session *s, uint32_t channel,
			   const void *data, size_t len)
{
	if (eio_channel_is(&s->get, channel)) {
		sio_buf_append(&s->get_in, data, len);
		if (s->get_in.err == SIO_ERR_TOO_BIG)
			eio_session_failf(s, SIO_STAGE_ENGINE, 0,
					  "a poll's answer above %zu bytes",
					  s->get_in.max);
		else if (s->get_in.err)
			eio_session_fail(s, SIO_STAGE_LOCAL, 0,
					 sio_strerror(s->get_in.err));
	} else if (eio_channel_is(&s->post, channel)) {
		/* "ok", or the beginning of an error page: an error sticks */
		sio_buf_append(&s->post_in, data, len);
	}
}

void eio_session_http_end(struct eio_session *s, uint32_t channel, int status)
{
	if (eio_channel_is(&s->get, channel))
		eio_polling_end(s, status);
	else if (eio_channel_is(&s->post, channel))
		eio_posting_end(s, status);
	else
		eio_channel_forget(s, channel);
}
