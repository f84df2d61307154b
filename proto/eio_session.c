/* SPDX-License-Identifier: ISC */
#include "proto/eio_session.h"

#include <stdarg.h>
#include <stdio.h>

#include "proto/json.h"
#include "proto/utf8.h"

#define NS_PER_MS 1000000ull
#define NS_PER_S  1000000000ull

/* how long an orderly end may take before it is given up */
#define CLOSE_TIMEOUT_NS (5 * NS_PER_S)
/* for CONNECT and DISCONNECT packets, which no emit may keep from leaving */
#define QUEUE_SLACK	 131072
/* a poll's answer that is not a payload is only quoted */
#define MAX_POST_ANSWER	 4096
#define MAX_TARGET	 65536
/* a handshake has five members; more nesting is not one */
#define HANDSHAKE_DEPTH	 8
/* so that sums of times never overflow */
#define MAX_INTERVAL_MS	 86400000.0

void eio_session_init(struct eio_session *s, const struct eio_config *config,
		      const struct eio_handler *handler)
{
	const struct sio_mem *mem = config->mem;
	size_t max_queue = config->max_output_bytes;

	if (max_queue <= SIZE_MAX - QUEUE_SLACK)
		max_queue += QUEUE_SLACK;
	*s = (struct eio_session){
		.config = *config,
		.handler = *handler,
		.max_payload = SIZE_MAX,
	};
	sio_buf_init(&s->target, mem, MAX_TARGET);
	sio_buf_init(&s->cookies, mem, EIO_MAX_COOKIES);
	sio_buf_init(&s->ws_in, mem, config->max_message_bytes);
	sio_buf_init(&s->get_in, mem, config->max_message_bytes);
	sio_buf_init(&s->post_in, mem, MAX_POST_ANSWER);
	sio_buf_init(&s->post_body, mem, SIZE_MAX / 2);
	eio_queue_init(&s->queue, mem, max_queue);
}

void eio_session_free(struct eio_session *s)
{
	sio_buf_free(&s->target);
	sio_buf_free(&s->cookies);
	sio_buf_free(&s->ws_in);
	sio_buf_free(&s->get_in);
	sio_buf_free(&s->post_in);
	sio_buf_free(&s->post_body);
	eio_queue_free(&s->queue);
}

void eio_session_log(struct eio_session *s, const char *format, ...)
{
	char text[EIO_TEXT_SIZE];
	char line[EIO_TEXT_SIZE];
	va_list args;

	if (!s->handler.log)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* some of it may be a server's words */
	sio_text_clean(line, sizeof(line), text, strlen(text));
	s->handler.log(s->handler.user, line);
}

/* ---- beginning ---- */

/* What belongs to one session; post_body may still be in use by the carrier */
static void reset(struct eio_session *s)
{
	eio_queue_clear(&s->queue);
	sio_buf_cut(&s->ws_in, 0);
	sio_buf_cut(&s->get_in, 0);
	sio_buf_cut(&s->post_in, 0);
	/* a balancer's choice is of a session: its server may be gone */
	sio_buf_cut(&s->cookies, 0);
	s->rest = NULL;
	s->sid[0] = '\0';
	s->max_payload = SIZE_MAX;
	s->connect_deadline_ns = SIO_NEVER;
	s->ping_deadline_ns = SIO_NEVER;
	s->close_deadline_ns = SIO_NEVER;
	s->upgrade_deadline_ns = SIO_NEVER;
	s->peeked = EIO_OUT_NONE;
	s->upgrade = EIO_UP_NONE;
	s->pong_due = false;
	s->close_sent = false;
	s->upgrade_due = false;
	s->server_upgrades = false;
	s->fell_back = false;
}

static void open_transport(struct eio_session *s, enum sio_transport transport)
{
	s->transport = transport;
	if (transport == SIO_POLLING)
		s->get.state = EIO_CH_WANTED;
	else
		s->ws.state = EIO_CH_WANTED;
	s->connect_deadline_ns =
		eio_after(s->now_ns, s->config.connect_timeout_ns);
}

void eio_session_fall_back(struct eio_session *s)
{
	s->fell_back = true;
	open_transport(s, SIO_POLLING);
}

static bool begins_by_polling(const struct eio_session *s)
{
	if (s->config.transports == SIO_WEBSOCKET)
		return false;
	return s->config.transports == SIO_POLLING || s->config.polling_first ||
	       s->now_ns < s->ws_avoid_until_ns;
}

void eio_session_connect(struct eio_session *s, uint64_t now_ns)
{
	s->now_ns = now_ns;
	reset(s);
	s->state = EIO_OPENING;
	open_transport(s, begins_by_polling(s) ? SIO_POLLING : SIO_WEBSOCKET);
}

/* ---- ending ---- */

static void end(struct eio_session *s, const struct sio_failure *failure)
{
	bool dead = failure && (failure->stage == SIO_STAGE_HEARTBEAT ||
				failure->stage == SIO_STAGE_TIMEOUT);
	bool wanted = s->state == EIO_CLOSING;

	eio_channel_end(s, &s->ws, !dead);
	eio_channel_end(s, &s->get, false);
	eio_channel_end(s, &s->post, false);
	s->state = EIO_IDLE;
	s->rest = NULL;
	s->peeked = EIO_OUT_NONE;
	eio_queue_clear(&s->queue);
	s->handler.closed(s->handler.user, wanted ? NULL : failure);
}

void eio_session_fail(struct eio_session *s, enum sio_stage stage, int status,
		      const char *text)
{
	/* text may lie in a buffer that ending clears */
	char copy[EIO_TEXT_SIZE];
	struct sio_failure failure = {stage, status, copy};

	if (s->state == EIO_IDLE)
		return;
	sio_text_clean(copy, sizeof(copy), text, strlen(text));
	end(s, &failure);
}

void eio_session_failf(struct eio_session *s, enum sio_stage stage, int status,
		       const char *format, ...)
{
	char text[EIO_TEXT_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	eio_session_fail(s, stage, status, text);
}

void eio_session_finish(struct eio_session *s)
{
	if (s->state == EIO_CLOSING)
		end(s, NULL);
}

void eio_session_close(struct eio_session *s, uint64_t now_ns)
{
	bool open = s->state == EIO_OPENED;

	s->now_ns = now_ns;
	if (s->state == EIO_IDLE || s->state == EIO_CLOSING)
		return;
	s->state = EIO_CLOSING;
	s->close_deadline_ns = now_ns + CLOSE_TIMEOUT_NS;
	s->upgrade_deadline_ns = SIO_NEVER;
	if (!open)
		eio_session_finish(s);
	else if (s->upgrade != EIO_UP_NONE)
		eio_upgrade_give_up(s, "closing");
}

/* ---- handshake ---- */

static bool get_ms(struct sio_json j, const char *name, uint64_t *ret_ns)
{
	double ms;

	if (!sio_json_get_number(sio_json_get(j, name), &ms) || !(ms > 0))
		return false;
	if (ms > MAX_INTERVAL_MS)
		ms = MAX_INTERVAL_MS;
	*ret_ns = (uint64_t)(ms * (double)NS_PER_MS);
	return true;
}

/* maxPayload is absent in Socket.IO 3 and 4.0 and in python-engineio 4.3 */
static void read_max_payload(struct eio_session *s, struct sio_json j)
{
	double max;

	s->max_payload = SIZE_MAX;
	if (sio_json_get_number(sio_json_get(j, "maxPayload"), &max) &&
	    max >= 1 && max < (double)(SIZE_MAX / 2))
		s->max_payload = (size_t)max;
}

static bool read_handshake(struct eio_session *s, struct sio_json j)
{
	uint64_t interval_ns;
	uint64_t timeout_ns;

	if (!sio_json_is_object(j) ||
	    !sio_json_copy_string(sio_json_get(j, "sid"), s->sid,
				  sizeof(s->sid)) ||
	    !s->sid[0] || !get_ms(j, "pingInterval", &interval_ns) ||
	    !get_ms(j, "pingTimeout", &timeout_ns))
		return false;
	s->heartbeat_ns = interval_ns + timeout_ns;
	s->server_upgrades =
		sio_json_array_has(sio_json_get(j, "upgrades"), "websocket");
	read_max_payload(s, j);
	return true;
}

static void opened(struct eio_session *s)
{
	s->state = EIO_OPENED;
	s->connect_deadline_ns = SIO_NEVER;
	s->ping_deadline_ns = s->now_ns + s->heartbeat_ns;
	if (s->transport == SIO_WEBSOCKET)
		s->ws_avoid_ns = 0;
	else if (s->fell_back)
		eio_upgrade_avoid_ws(s);
	eio_session_log(s, "session open by %s, heartbeat %llu ms",
			s->transport == SIO_WEBSOCKET ? "WebSocket" : "polling",
			(unsigned long long)(s->heartbeat_ns / NS_PER_MS));
	s->handler.opened(s->handler.user);
	if (s->state == EIO_OPENED && s->transport == SIO_POLLING)
		eio_upgrade_begin(s);
}

static void handshake(struct eio_session *s, const struct eio_packet *p)
{
	struct sio_json j;

	if (sio_json_parse(p->data, p->len, HANDSHAKE_DEPTH, &j) == SIO_OK &&
	    read_handshake(s, j))
		opened(s);
	else
		eio_session_failf(s, SIO_STAGE_ENGINE, 0,
				  "not a handshake: %.*s",
				  (int)(p->len < 80 ? p->len : 80), p->data);
}

/* ---- packets ---- */

static void packet_while_opening(struct eio_session *s,
				 const struct eio_packet *p)
{
	if (p->type == EIO_OPEN && !p->binary)
		handshake(s, p);
	else
		eio_session_fail(s, SIO_STAGE_ENGINE, 0,
				 "a packet before the handshake");
}

static void ping(struct eio_session *s)
{
	s->pong_due = true;
	s->ping_deadline_ns = s->now_ns + s->heartbeat_ns;
}

static void packet_while_open(struct eio_session *s, const struct eio_packet *p)
{
	switch (p->type) {
	case EIO_PING:
		ping(s);
		break;
	case EIO_MESSAGE:
		s->handler.message(s->handler.user, p->binary, p->data, p->len);
		break;
	case EIO_CLOSE:
		eio_session_fail(s, SIO_STAGE_CLOSED, 0,
				 "the server closed the session");
		break;
	case EIO_OPEN:
		eio_session_fail(s, SIO_STAGE_ENGINE, 0, "a second handshake");
		break;
	case EIO_PONG:
	case EIO_UPGRADE:
	case EIO_NOOP:
		break;
	}
}

void eio_session_packet(struct eio_session *s, const struct eio_packet *p)
{
	if (s->state == EIO_OPENING)
		packet_while_opening(s, p);
	else if (s->state != EIO_IDLE)
		packet_while_open(s, p);
}

/* ---- output ---- */

int eio_session_check_size(const struct eio_session *s, bool binary, size_t len)
{
	if (s->transport == SIO_POLLING)
		len = eio_payload_size(binary, len);
	return len > s->max_payload ? SIO_ERR_TOO_BIG : SIO_OK;
}

bool eio_session_is_writable(const struct eio_session *s)
{
	return s->state == EIO_OPENED && !eio_queue_bytes(&s->queue) &&
	       (s->transport == SIO_WEBSOCKET || s->post.state == EIO_CH_NONE);
}

size_t eio_session_output_bytes(const struct eio_session *s)
{
	size_t posted = s->post.state == EIO_CH_NONE ? 0 : s->post_body.len;

	return eio_queue_bytes(&s->queue) + posted;
}
