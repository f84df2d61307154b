/* SPDX-License-Identifier: ISC */
#include "tests/support/sio_peer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_MS 1000000ull

static void put(struct sio_peer *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void put(struct sio_peer *p, const char *format, ...)
{
	size_t room = sizeof(p->text) - p->len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(p->text + p->len, room, format, args);
	va_end(args);
	p->len += (size_t)n < room ? (size_t)n : room - 1;
}

static void put_hex(struct sio_peer *p, const void *data, size_t len)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < len; i++)
		put(p, "%02x", bytes[i]);
}

/* ---- requests ---- */

static void put_target(struct sio_peer *p, const char *target)
{
	const char *t = strstr(target, "&t=");

	put(p, "%.*s", t ? (int)(t + 3 - target) : (int)strlen(target), target);
	if (t) {
		const char *rest = strchr(t + 1, '&');

		put(p, "*%s", rest ? rest : "");
	}
}

static void put_body(struct sio_peer *p, const struct sio_request *r)
{
	for (size_t i = 0; i < r->body_len; i++)
		put(p, "%c", r->body[i] == '\x1e' ? '|' : r->body[i]);
}

static void abort_channel(struct sio_peer *p, uint32_t channel)
{
	uint32_t *channels[] = {&p->ws, &p->get, &p->post};
	const char *names[] = {"WS", "GET", "POST"};

	for (int i = 0; i < 3; i++) {
		if (*channels[i] != channel)
			continue;
		put(p, "ABORT %s\n", names[i]);
		*channels[i] = 0;
		return;
	}
	put(p, "ABORT of an unknown channel\n");
}

static void put_opening(struct sio_peer *p, const char *name,
			const struct sio_request *r)
{
	put(p, "%s ", name);
	put_target(p, r->target);
	if (r->cookie)
		put(p, " {%s}", r->cookie);
	if (r->op == SIO_OP_HTTP_POST) {
		put(p, ": ");
		put_body(p, r);
	}
	put(p, "\n");
}

/* A second request of a kind that is under way is a defect of the client. */
static void begin(struct sio_peer *p, uint32_t *channel, uint32_t id)
{
	if (*channel)
		put(p, "OVERLAP\n");
	*channel = id;
}

static void put_request(struct sio_peer *p, const struct sio_request *r)
{
	switch (r->op) {
	case SIO_OP_WS_OPEN:
		begin(p, &p->ws, r->channel);
		p->ws_is_open = false;
		put_opening(p, "WS_OPEN", r);
		break;
	case SIO_OP_HTTP_GET:
		begin(p, &p->get, r->channel);
		put_opening(p, "GET", r);
		break;
	case SIO_OP_HTTP_POST:
		begin(p, &p->post, r->channel);
		put_opening(p, "POST", r);
		break;
	case SIO_OP_WS_CLOSE:
		put(p, r->channel == p->ws ? "WS_CLOSE\n"
					   : "WS_CLOSE of an unknown one\n");
		p->ws = 0;
		break;
	case SIO_OP_ABORT:
		abort_channel(p, r->channel);
		break;
	}
}

/* ---- output and events ---- */

static void put_output(struct sio_peer *p, const struct sio_output *o)
{
	if (o->channel != p->ws || !p->ws_is_open)
		put(p, "OUTPUT WITHOUT A WEBSOCKET ");
	if (o->binary) {
		put(p, ">b ");
		put_hex(p, o->data, o->len);
		put(p, "\n");
	} else {
		put(p, "> %.*s\n", (int)o->len, (const char *)o->data);
	}
}

static void put_arguments(struct sio_peer *p, const struct sio_event *e)
{
	put(p, " %s", e->json);
	if (strlen(e->json) != e->json_len)
		put(p, " WRONG LENGTH");
	for (size_t i = 0; i < e->n_attachments; i++) {
		put(p, " +");
		put_hex(p, e->attachments[i].data, e->attachments[i].len);
	}
}

static void put_failure(struct sio_peer *p, const char *kind,
			const struct sio_event *e)
{
	p->retry_ns = e->retry_ns;
	put(p, "%s %s %d: %s\n", kind, sio_stage_name(e->failure.stage),
	    e->failure.status, e->failure.text);
}

static void put_message(struct sio_peer *p, const struct sio_event *e)
{
	put(p, "MESSAGE %s %s", e->nsp, e->name);
	if (strlen(e->name) != e->name_len)
		put(p, " (%zu)", e->name_len);
	put_arguments(p, e);
	put(p, e->ack_id >= 0 ? " needs ack\n" : "\n");
	p->ack_id = e->ack_id;
}

static void put_ack(struct sio_peer *p, const struct sio_event *e)
{
	put(p, "ACK %lld", (long long)e->ack_id);
	if (e->timed_out)
		put(p, " timed out");
	else
		put_arguments(p, e);
	put(p, "\n");
	p->ack_user = e->ack_user;
}

static void put_event(struct sio_peer *p, const struct sio_event *e)
{
	p->n_events++;
	switch (e->kind) {
	case SIO_EVENT_OPEN:
		put(p, "OPEN %s %s\n", e->sid,
		    e->transport == SIO_WEBSOCKET ? "websocket" : "polling");
		break;
	case SIO_EVENT_UPGRADE:
		put(p, "UPGRADE\n");
		break;
	case SIO_EVENT_CONNECT:
		put(p, "CONNECT %s %s%s\n", e->nsp, e->sid,
		    e->recovered ? " recovered" : "");
		break;
	case SIO_EVENT_CONNECT_ERROR:
		p->retry_ns = e->retry_ns;
		put(p, "CONNECT_ERROR %s: %s %s\n", e->nsp, e->failure.text,
		    e->json);
		break;
	case SIO_EVENT_DISCONNECT:
		p->retry_ns = e->retry_ns;
		put(p, "DISCONNECT %s\n", e->nsp);
		break;
	case SIO_EVENT_MESSAGE:
		put_message(p, e);
		break;
	case SIO_EVENT_ACK:
		put_ack(p, e);
		break;
	case SIO_EVENT_LOST:
		put_failure(p, "LOST", e);
		break;
	case SIO_EVENT_FAILED:
		put_failure(p, "FAILED", e);
		break;
	}
}

const char *peer_take(struct sio_peer *p)
{
	struct sio_request r;
	struct sio_output o;
	struct sio_event e;
	bool more = true;

	p->len = 0;
	p->text[0] = '\0';
	/* an event or a commit may be what the next request waits for */
	while (more) {
		more = false;
		for (; sio_client_next_request(p->client, &r) == SIO_OK;
		     more = true)
			put_request(p, &r);
		for (; sio_client_peek_output(p->client, &o) == SIO_OK;
		     more = true) {
			put_output(p, &o);
			sio_client_commit_output(p->client);
		}
		for (; sio_client_next_event(p->client, &e) == SIO_OK;
		     more = true)
			put_event(p, &e);
	}
	return p->text;
}

void peer_skip(struct sio_peer *p)
{
	(void)peer_take(p);
}

/* ---- life ---- */

void peer_init(struct sio_peer *p)
{
	memset(p, 0, sizeof(*p));
	fail_malloc_init(&p->memory);
	sio_config_init(&p->config);
	p->config.mem = &p->memory.mem;
	p->config.seed = 1;
	p->now_ns = 1000 * NS_PER_MS;
}

void peer_start(struct sio_peer *p)
{
	if (!p->client && sio_client_new(&p->config, &p->client) != SIO_OK)
		abort();
	if (sio_client_start(p->client, p->now_ns) != SIO_OK)
		abort();
}

void peer_free(struct sio_peer *p)
{
	sio_client_free(p->client);
	p->client = NULL;
	if (p->memory.live) {
		fprintf(stderr, "%zu blocks not freed\n", p->memory.live);
		abort();
	}
}

/* ---- answers ---- */

void peer_ws_open(struct sio_peer *p)
{
	p->ws_is_open = true;
	sio_client_ws_open(p->client, p->ws, p->now_ns);
}

void peer_ws_text(struct sio_peer *p, const char *text)
{
	sio_client_ws_feed(p->client, p->ws, false, text, strlen(text), true,
			   p->now_ns);
}

void peer_ws_binary(struct sio_peer *p, const void *data, size_t len)
{
	sio_client_ws_feed(p->client, p->ws, true, data, len, true, p->now_ns);
}

void peer_ws_fail(struct sio_peer *p, enum sio_stage stage, int status,
		  const char *text)
{
	const struct sio_failure f = {stage, status, text};
	uint32_t channel = p->ws;

	p->ws = 0;
	sio_client_failed(p->client, channel, &f, p->now_ns);
}

void peer_poll(struct sio_peer *p, int status, const char *body)
{
	uint32_t channel = p->get;

	p->get = 0;
	sio_client_http_feed(p->client, channel, body, strlen(body), p->now_ns);
	sio_client_http_end(p->client, channel, status, p->now_ns);
}

void peer_poll_fail(struct sio_peer *p, enum sio_stage stage, int status,
		    const char *text)
{
	const struct sio_failure f = {stage, status, text};
	uint32_t channel = p->get;

	p->get = 0;
	sio_client_failed(p->client, channel, &f, p->now_ns);
}

void peer_posted(struct sio_peer *p, int status, const char *body)
{
	uint32_t channel = p->post;

	p->post = 0;
	sio_client_http_feed(p->client, channel, body, strlen(body), p->now_ns);
	sio_client_http_end(p->client, channel, status, p->now_ns);
}

void peer_wait(struct sio_peer *p, uint64_t ms)
{
	uint64_t end = p->now_ns + ms * NS_PER_MS;
	uint64_t next = sio_client_deadline(p->client);

	while (next <= end) {
		/* a deadline that stays behind would be a busy loop */
		p->now_ns = next > p->now_ns ? next : p->now_ns;
		sio_client_timeout(p->client, p->now_ns);
		if (sio_client_deadline(p->client) <= p->now_ns)
			abort();
		next = sio_client_deadline(p->client);
	}
	p->now_ns = end;
}

void peer_wait_next(struct sio_peer *p)
{
	uint64_t next = sio_client_deadline(p->client);

	if (next == SIO_NEVER)
		abort();
	p->now_ns = next > p->now_ns ? next : p->now_ns;
	sio_client_timeout(p->client, p->now_ns);
}

/* An attempt has begun: the WebSocket is opened, the handshake made. */
static void handshake_ws(struct sio_peer *p)
{
	peer_skip(p);
	peer_ws_open(p);
	peer_ws_text(p, PEER_HANDSHAKE);
}

void peer_open_ws(struct sio_peer *p)
{
	peer_start(p);
	handshake_ws(p);
}

void peer_reopen_ws(struct sio_peer *p)
{
	peer_wait_next(p);
	handshake_ws(p);
}

void peer_join_ws(struct sio_peer *p)
{
	peer_open_ws(p);
	peer_skip(p);
	peer_ws_text(p, "40{\"sid\":\"N\"}");
	peer_skip(p);
}

void peer_start_polling(struct sio_peer *p)
{
	p->config.transports = SIO_POLLING;
	peer_start(p);
	peer_skip(p);
}

void peer_join_polling(struct sio_peer *p)
{
	peer_start_polling(p);
	peer_poll(p, 200, PEER_HANDSHAKE_POLLING);
	peer_skip(p);
	peer_posted(p, 200, "ok");
	peer_poll(p, 200, "40{\"sid\":\"N\"}");
	peer_skip(p);
}

int peer_emit(struct sio_peer *p, const char *name, const char *text)
{
	const struct sio_value arg = {
		.type = SIO_STRING, .data = text, .len = strlen(text)};
	const struct sio_emit emit = {.name = name, .args = &arg, .n_args = 1};

	return sio_client_emit(p->client, &emit, p->now_ns);
}
