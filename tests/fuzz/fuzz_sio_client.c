/* SPDX-License-Identifier: ISC */
/*
 * A client between an application and a carrier that both do anything in any
 * order, with an allocator that fails now and then.
 *
 * Checked at each step: the client never overlaps two requests of a kind,
 * shows the same output until it is committed, sends only packets that the
 * protocol allows in this state and the server's maxPayload, has no deadline in
 * the past once it was told the time, and in the end has freed everything.
 */
#include <limits.h>
#include <stdio.h>

#include "proto/eio_packet.h"
#include "proto/json.h"
#include "proto/sio_packet.h"
#include "tests/fuzz/fuzz.h"

#define NS_PER_MS 1000000ull

struct world {
	const uint8_t *data;
	size_t left;

	struct sio_mem mem;
	size_t live;
	unsigned int fail_in; /* 0: never */

	struct sio_client *c;
	uint64_t now_ns;
	uint32_t ws;
	uint32_t get;
	uint32_t post;
	bool ws_is_open;
	unsigned int attachments_due;
	int64_t ack_id;
};

static uint8_t next(struct world *w)
{
	if (!w->left)
		return 0;
	w->left--;
	return *w->data++;
}

/* Up to 255 bytes in memory of their own, so that reading on is noticed. */
static char *next_bytes(struct world *w, size_t *ret_len)
{
	size_t len = next(w);
	char *copy;

	if (len > w->left)
		len = w->left;
	copy = malloc(len + 1);
	if (!copy)
		abort();
	memcpy(copy, w->data, len);
	copy[len] = '\0';
	w->data += len;
	w->left -= len;
	*ret_len = len;
	return copy;
}

/* ---- the allocator ---- */

static bool fails(struct world *w)
{
	return w->fail_in && --w->fail_in == 0;
}

static void *w_malloc(void *user, size_t size)
{
	struct world *w = user;
	void *p = fails(w) ? NULL : malloc(size);

	w->live += p != NULL;
	return p;
}

static void *w_realloc(void *user, void *ptr, size_t size)
{
	struct world *w = user;

	if (!ptr)
		return w_malloc(user, size);
	return fails(w) ? NULL : realloc(ptr, size);
}

static void w_free(void *user, void *ptr)
{
	struct world *w = user;

	w->live--;
	free(ptr);
}

/* ---- what the client sends ---- */

static const struct sio_packet_limits limits = {
	.max_attachments = 10,
	.max_depth = SIO_JSON_MAX_DEPTH,
};

/* As a server's decoder: a packet, then its attachments, nothing between. */
static void check_message(struct world *w, bool binary, const char *data,
			  size_t len)
{
	struct sio_packet p;

	if (binary) {
		check(w->attachments_due > 0);
		w->attachments_due--;
		return;
	}
	check(w->attachments_due == 0);
	check(sio_packet_decode(data, len, &limits, &p) == SIO_OK);
	w->attachments_due = p.attachments;
}

static void check_output(struct world *w, const struct sio_output *o)
{
	struct eio_packet p;

	check(o->channel == w->ws && w->ws_is_open);
	if (o->binary) {
		check(o->len <= sio_client_max_payload(w->c));
		check_message(w, true, o->data, o->len);
		return;
	}
	check(eio_packet_decode(o->data, o->len, &p) == SIO_OK);
	check(p.type != EIO_MESSAGE || p.data[0] == SIO_PACKET_CONNECT ||
	      o->len <= sio_client_max_payload(w->c));
	if (p.type == EIO_MESSAGE)
		check_message(w, false, p.data, p.len);
	else
		check(p.type == EIO_PONG || p.type == EIO_CLOSE ||
		      p.type == EIO_UPGRADE ||
		      (p.type == EIO_PING && p.len == 5));
}

static void check_body(struct world *w, const struct sio_request *r)
{
	char *copy = malloc(r->body_len + 1);
	char *text = copy;
	size_t len = r->body_len;
	struct eio_packet p;
	unsigned int n = 0;

	if (!copy)
		abort();
	memcpy(copy, r->body, len);
	check(len > 0);
	while (eio_payload_next(&text, &len, &p) == SIO_OK) {
		check(++n <= 16);
		if (p.type == EIO_MESSAGE)
			check_message(w, p.binary, p.data, p.len);
		else
			check(p.type == EIO_PONG || p.type == EIO_CLOSE);
	}
	check(len == 0);
	/* one that is too large by itself is CONNECT */
	check(n == 1 || r->body_len <= sio_client_max_payload(w->c));
	free(copy);
}

static void check_target(const char *target)
{
	check(strncmp(target, "/socket.io/?EIO=4&transport=", 28) == 0);
	for (; *target; target++)
		check((unsigned char)*target > 0x20 && *target != 0x7f);
}

static void end_channel(struct world *w, uint32_t channel)
{
	check(channel &&
	      (channel == w->ws || channel == w->get || channel == w->post));
	if (channel == w->ws)
		w->ws = 0;
	if (channel == w->get)
		w->get = 0;
	if (channel == w->post)
		w->post = 0;
}

static void take_request(struct world *w, const struct sio_request *r)
{
	if (r->op == SIO_OP_ABORT || r->op == SIO_OP_WS_CLOSE) {
		end_channel(w, r->channel);
		return;
	}
	check_target(r->target);
	/* a session begins: what the last one left undone died with it */
	if (!strstr(r->target, "&sid="))
		w->attachments_due = 0;
	check(!r->cookie || !strpbrk(r->cookie, "\r\n"));
	if (r->op == SIO_OP_WS_OPEN) {
		check(!w->ws);
		w->ws = r->channel;
		w->ws_is_open = false;
	} else if (r->op == SIO_OP_HTTP_GET) {
		check(!w->get);
		w->get = r->channel;
	} else {
		check(!w->post);
		w->post = r->channel;
		check_body(w, r);
	}
}

static bool do_request(struct world *w)
{
	struct sio_request r;

	if (sio_client_next_request(w->c, &r) != SIO_OK)
		return false;
	take_request(w, &r);
	return true;
}

static bool do_output(struct world *w)
{
	struct sio_output first;
	struct sio_output again;

	if (sio_client_peek_output(w->c, &first) != SIO_OK)
		return false;
	check(sio_client_peek_output(w->c, &again) == SIO_OK);
	check(first.data == again.data && first.len == again.len);
	check_output(w, &first);
	sio_client_commit_output(w->c);
	return true;
}

static bool do_event(struct world *w)
{
	struct sio_event e;

	if (sio_client_next_event(w->c, &e) != SIO_OK)
		return false;
	check(e.nsp && e.sid && e.name && e.json && e.failure.text);
	check(strlen(e.json) == e.json_len);
	if (e.kind == SIO_EVENT_MESSAGE || e.kind == SIO_EVENT_ACK)
		check(sio_json_valid(e.json, e.json_len, SIO_JSON_MAX_DEPTH) &&
		      e.json[0] == '[');
	for (size_t i = 0; i < e.n_attachments; i++)
		check(((const char *)e.attachments[i]
			       .data)[e.attachments[i].len] == '\0');
	if (e.kind == SIO_EVENT_MESSAGE && e.ack_id >= 0)
		w->ack_id = e.ack_id;
	return true;
}

/* ---- what the carrier brings ---- */

static const char *const frames[] = {
	"0{\"sid\":\"s\",\"upgrades\":[\"websocket\"],\"pingInterval\":300,"
	"\"pingTimeout\":200,\"maxPayload\":300}",
	"40{\"sid\":\"n\"}",
	"40{\"sid\":\"n\",\"pid\":\"p\"}",
	"40/a,{\"sid\":\"n\"}",
	"42[\"e\",\"offset\"]",
	"421[\"e\"]",
	"42/a,7[\"e\",{\"x\":[1]}]",
	"451-[\"b\",{\"_placeholder\":true,\"num\":0}]",
	"430[1]",
	"461-0[{\"_placeholder\":true,\"num\":0}]",
	"44{\"message\":\"no\"}",
	"44/a,\"no\"",
	"41",
	"41/a,",
	"40",
	"2",
	"3probe",
	"6",
	"1",
	"0{\"sid\":\"s\",\"upgrades\":[],\"pingInterval\":300,"
	"\"pingTimeout\":200}",
};

static const char *next_frame(struct world *w)
{
	return frames[next(w) % (sizeof(frames) / sizeof(frames[0]))];
}

static void do_ws_frame(struct world *w)
{
	const char *frame = next_frame(w);

	if (!w->ws_is_open)
		sio_client_ws_open(w->c, w->ws, w->now_ns);
	w->ws_is_open = true;
	sio_client_ws_feed(w->c, w->ws, false, frame, strlen(frame), true,
			   w->now_ns);
}

static void do_ws_bytes(struct world *w)
{
	uint8_t how = next(w);
	size_t len;
	char *bytes = next_bytes(w, &len);

	sio_client_ws_feed(w->c, w->ws, how & 1, bytes, len, how & 2,
			   w->now_ns);
	free(bytes);
}

static void http_end(struct world *w, uint32_t *channel, int status)
{
	uint32_t id = *channel;

	*channel = 0;
	sio_client_http_end(w->c, id, status, w->now_ns);
}

static void do_poll_frames(struct world *w)
{
	unsigned int n = next(w) % 4;

	for (unsigned int i = 0; i <= n; i++) {
		const char *frame = next_frame(w);

		if (i)
			sio_client_http_feed(w->c, w->get, "\x1e", 1,
					     w->now_ns);
		sio_client_http_feed(w->c, w->get, frame, strlen(frame),
				     w->now_ns);
	}
	http_end(w, &w->get, 200);
}

static void do_poll_bytes(struct world *w)
{
	size_t len;
	char *bytes = next_bytes(w, &len);
	uint8_t how = next(w);

	sio_client_http_feed(w->c, w->get, bytes, len, w->now_ns);
	if (how & 1)
		http_end(w, &w->get, how & 2 ? 200 : 400);
	free(bytes);
}

static void do_posted(struct world *w)
{
	uint8_t how = next(w);

	sio_client_http_feed(w->c, w->post, "ok", 2, w->now_ns);
	http_end(w, &w->post, how % 8 ? 200 : 413);
}

static void do_cookie(struct world *w)
{
	size_t len;
	char *bytes = next_bytes(w, &len);

	sio_client_http_cookie(w->c, w->get, bytes, len);
	free(bytes);
}

static void do_fail(struct world *w)
{
	uint32_t *channels[] = {&w->ws, &w->get, &w->post};
	uint8_t how = next(w);
	uint32_t *channel = channels[how % 3];
	uint32_t id = *channel;
	size_t len;
	char *text = next_bytes(w, &len);
	const struct sio_failure f = {
		(enum sio_stage)(how % (SIO_STAGE_LOCAL + 1)), how, text};

	*channel = 0;
	sio_client_failed(w->c, id, &f, w->now_ns);
	free(text);
}

static void do_wait(struct world *w)
{
	uint64_t deadline = sio_client_deadline(w->c);
	uint8_t how = next(w);

	if (how & 128 && deadline != SIO_NEVER && deadline > w->now_ns)
		w->now_ns = deadline;
	else
		w->now_ns += how * 10 * NS_PER_MS;
	sio_client_timeout(w->c, w->now_ns);
	check(sio_client_deadline(w->c) > w->now_ns);
}

/* ---- what the application does ---- */

static void do_emit(struct world *w)
{
	uint8_t how = next(w);
	size_t len;
	char *bytes = next_bytes(w, &len);
	const struct sio_value args[] = {
		{.type = (enum sio_value_type)(how % 6),
		 .data = bytes,
		 .len = len,
		 .number = -how},
		{.type = SIO_BINARY, .data = bytes, .len = len / 2},
	};
	const struct sio_emit emit = {
		.nsp = how & 64 ? "/a" : NULL,
		.name = how & 128 ? bytes : "data",
		.args = args,
		.n_args = how % 3,
		.flags = how & 32 ? SIO_VOLATILE : 0,
		.want_ack = how & 16,
		.ack_timeout_ns = (how & 8) * 100 * NS_PER_MS,
	};

	(void)sio_client_emit(w->c, &emit, w->now_ns);
	free(bytes);
}

static void do_ack(struct world *w)
{
	uint8_t how = next(w);
	const struct sio_value arg = {
		.type = how & 1 ? SIO_BINARY : SIO_NULL, .data = "x", .len = 1};

	(void)sio_client_ack(w->c, how & 2 ? "/a" : "/", w->ack_id, &arg, 1,
			     w->now_ns);
}

static void do_application(struct world *w)
{
	switch (next(w) % 5) {
	case 0:
		(void)sio_client_join(w->c, "/a", w->now_ns);
		break;
	case 1:
		(void)sio_client_leave(w->c, "/a", w->now_ns);
		break;
	case 2:
		(void)sio_client_leave(w->c, "/", w->now_ns);
		break;
	case 3:
		sio_client_retry_now(w->c, w->now_ns);
		break;
	case 4:
		w->fail_in = next(w);
		break;
	}
}

static void do_take(struct world *w)
{
	switch (next(w) % 3) {
	case 0:
		(void)do_request(w);
		break;
	case 1:
		(void)do_output(w);
		break;
	case 2:
		(void)do_event(w);
		break;
	}
}

static void (*const actions[])(struct world *) = {
	do_take,     do_take,	     do_take,	    do_take,
	do_ws_frame, do_ws_frame,    do_ws_bytes,   do_posted,
	do_fail,     do_poll_frames, do_poll_bytes, do_cookie,
	do_wait,     do_emit,	     do_ack,	    do_application,
};

/* As a carrier does after each call, unless `thrifty` leaves it to chance. */
static void settle(struct world *w)
{
	bool more = true;

	for (int i = 0; more && i < 1000; i++) {
		more = do_request(w);
		more |= do_output(w);
		more |= do_event(w);
	}
	check(!more);
}

static int auth(void *user, const char *nsp, char *buf, size_t size)
{
	static const char *const texts[] = {"{\"t\":1}", "{}", "null", ""};
	const struct world *w = user;

	(void)nsp;
	if (w->now_ns % 7 == 6)
		return -1;
	return snprintf(buf, size, "%s", texts[w->now_ns % 4]);
}

/* The greatest and the smallest numbers that a config may have. */
static void configure_extremes(struct sio_config *k)
{
	k->connect_timeout_ns = SIO_NEVER;
	k->backoff_max_ns = SIO_NEVER;
	k->refusal_min_ns = 0;
	k->refusal_max_ns = 0;
	k->max_output_bytes = SIZE_MAX;
	k->max_attachments = UINT_MAX;
	k->max_depth = UINT_MAX;
}

static void configure(struct world *w, struct sio_config *k)
{
	uint8_t how = next(w);

	sio_config_init(k);
	k->transports = how % 3 + 1;
	k->polling_first = how & 4;
	k->recovery = how & 8;
	k->auth = how & 16 ? auth : NULL;
	k->user = w;
	k->mem = &w->mem;
	k->max_message_bytes = 2000;
	k->max_output_bytes = how & 32 ? 200 : 5000;
	k->max_events = how & 64 ? 3 : 50;
	k->max_event_bytes = 20000;
	k->max_acks = 3;
	if (how & 128)
		configure_extremes(k);
}

static void wind_up(struct world *w)
{
	w->fail_in = 0;
	sio_client_stop(w->c, w->now_ns);
	settle(w);
	w->now_ns += 6000 * NS_PER_MS;
	sio_client_timeout(w->c, w->now_ns);
	check(sio_client_stopped(w->c));
	check(sio_client_deadline(w->c) == SIO_NEVER);
	sio_client_free(w->c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = {.data = data, .left = size, .ack_id = 0};
	struct sio_config k;
	bool thrifty;

	w.mem = (struct sio_mem){&w, w_malloc, w_realloc, w_free};
	w.fail_in = next(&w);
	thrifty = next(&w) & 1;
	configure(&w, &k);
	if (sio_client_new(&k, &w.c) == SIO_OK) {
		(void)sio_client_start(w.c, w.now_ns);
		while (w.left) {
			uint8_t op = next(&w);

			actions[op % (sizeof(actions) / sizeof(actions[0]))](
				&w);
			if (!thrifty)
				settle(&w);
		}
		wind_up(&w);
	}
	check(w.live == 0);
	return 0;
}
