/* SPDX-License-Identifier: ISC */
/* A room with a server, a loop and clocks of paper. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/backend.h"
#include "agent/log.h"
#include "agent/room.h"
#include "agent/room_name.h"

#define S  UINT64_C(1000000000)
#define MS UINT64_C(1000000)

/* ---- clocks, the loop and the log ---- */

struct loop_timer {
	loop_fn fn;
	void *user;
	uint64_t deadline_ns;
};

static uint64_t now_ns;
static struct loop_timer *timers[16];
static size_t n_timers;
static unsigned int warnings;

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	(void)clock;
	ts->tv_sec = (time_t)(now_ns / S);
	ts->tv_nsec = (long)(now_ns % S);
	return 0;
}

uint64_t loop_now(struct loop *l)
{
	(void)l;
	return now_ns;
}

int loop_timer_new(struct loop *l, loop_fn fn, void *user,
		   struct loop_timer **ret_timer)
{
	struct loop_timer *t = calloc(1, sizeof(*t));

	(void)l;
	assert_non_null(t);
	*t = (struct loop_timer){fn, user, LOOP_NEVER};
	timers[n_timers++] = t;
	*ret_timer = t;
	return 0;
}

void loop_timer_free(struct loop_timer *t)
{
	for (size_t i = 0; i < n_timers; i++)
		if (timers[i] == t)
			timers[i] = timers[--n_timers];
	free(t);
}

void loop_timer_set(struct loop_timer *t, uint64_t deadline_ns)
{
	t->deadline_ns = deadline_ns;
}

void log_line(enum log_level level, const char *format, ...)
{
	(void)format;
	warnings += level <= LOG_LEVEL_WARNING;
}

/* ---- the server ---- */

struct backend {
	const struct backend_calls *calls;
	void *user;
	bool connected;
	bool mute; /* it does not send back */
	size_t max_text;
	bool asked; /* a question is open */
	uint64_t messages;
};

static struct backend server;

int backend_new(struct loop *loop, const struct options *options,
		const struct credentials *credentials, const char *name,
		const struct backend_calls *calls, void *user,
		struct backend **ret_backend)
{
	(void)loop, (void)options, (void)credentials, (void)name;
	server = (struct backend){
		.calls = calls, .user = user, .max_text = 60000};
	*ret_backend = &server;
	return 0;
}

void backend_free(struct backend *b)
{
	(void)b;
}

void backend_start(struct backend *b)
{
	(void)b;
}

bool backend_connected(const struct backend *b)
{
	return b->connected;
}

void backend_kick(struct backend *b)
{
	(void)b;
}

/* What arrived and was not sent back yet. */
static char post[1 << 20];
static size_t post_len;

enum backend_emitted backend_emit(struct backend *b, const char *text,
				  size_t len)
{
	if (len > b->max_text)
		return BACKEND_TOO_BIG;
	assert_true(post_len + len + 1 < sizeof(post));
	memcpy(post + post_len, text, len);
	post_len += len;
	post[post_len++] = '\0';
	b->messages++;
	return BACKEND_SENT;
}

static void send_back(struct backend *b, const char *text)
{
	char json[70000] = "[{\"message\":\"";
	size_t n = strlen(json);

	for (; *text; text++) {
		if (*text == '\n')
			json[n++] = '\\';
		json[n++] = *text == '\n' ? 'n' : *text;
	}
	memcpy(json + n, "\"}]", 3);
	b->calls->data(b->user, json, n + 3);
}

/* The server's turn: echoes, then answers. */
static void serve(struct backend *b)
{
	for (size_t i = 0; i < post_len; i += strlen(post + i) + 1)
		if (!b->mute)
			send_back(b, post + i);
	post_len = 0;
	if (b->asked)
		b->calls->answer(b->user, true);
	b->asked = false;
	b->calls->writable(b->user);
}

size_t backend_max_text(const struct backend *b)
{
	return b->max_text;
}

size_t backend_output_bytes(const struct backend *b)
{
	(void)b;
	return 0;
}

int backend_ping(struct backend *b, uint64_t timeout_ns)
{
	(void)timeout_ns;
	b->asked = true;
	return 0;
}

void backend_leave(struct backend *b)
{
	(void)b;
}

void backend_on_stopped(struct backend *b, loop_fn fn, void *user)
{
	(void)b, (void)fn, (void)user;
}

const char *backend_failure(const struct backend *b)
{
	(void)b;
	return "";
}

/* Lets time pass; a loop is always a little late. */
static void pass(uint64_t ns)
{
	uint64_t end_ns = now_ns + ns;

	for (; now_ns < end_ns; now_ns += MS) {
		if (server.connected)
			serve(&server);
		for (size_t i = 0; i < n_timers; i++) {
			struct loop_timer *t = timers[i];

			if (t->deadline_ns >= now_ns)
				continue;
			t->deadline_ns = LOOP_NEVER;
			t->fn(t->user);
		}
	}
}

/* ---- the room ---- */

static struct room *new_room(const struct options *o)
{
	struct room *r;

	now_ns = 1000000 * S;
	warnings = 0;
	post_len = 0;
	assert_int_equal(room_new(NULL, o, NULL, "ICMP", &r), 0);
	return r;
}

static void set_connected(bool connected)
{
	server.connected = connected;
	if (connected)
		server.calls->connected(server.user);
	else
		server.calls->lost(server.user);
}

/* A packet of each of `sources`, all in one wake-up. */
static void take(struct room *r, uint32_t sources)
{
	for (uint32_t i = 0; i < sources; i++) {
		struct icmp_event e = {
			.count = 1,
			.single = true,
			.first_ns = (int64_t)now_ns,
			.last_ns = (int64_t)now_ns,
			.key = {.family = 4, .type = 8},
		};

		memcpy(e.key.src, &i, sizeof(i));
		room_take(r, &e, (int64_t)now_ns);
	}
	room_flush(r);
}

static const struct account *account(const struct room *r)
{
	return &outbox_counters(room_outbox(r))->account;
}

static void what_is_sent_back_is_reported(void **state)
{
	const struct options o = {.rate = 10, .batch = 1, .queue_messages = 10};
	struct room *r = new_room(&o);

	(void)state;
	set_connected(true);
	take(r, 5);
	assert_int_equal(account_reported(account(r)), 0);
	pass(3 * S);
	assert_int_equal(account_reported(account(r)), 5);
	room_free(r);
}

/* Who answers and sends nothing back has read it all the same. */
static void a_mute_server_is_believed(void **state)
{
	const struct options o = {.rate = 10, .batch = 1, .queue_messages = 10};
	struct room *r = new_room(&o);

	(void)state;
	set_connected(true);
	server.mute = true;
	take(r, 5);
	pass(4 * S);
	assert_int_equal(account_reported(account(r)), 0);
	pass(2 * S);
	assert_int_equal(account_reported(account(r)), 5);
	take(r, 3);
	assert_int_equal(account_reported(account(r)), 8);
	room_free(r);
}

static void what_the_server_never_takes_is_said_once(void **state)
{
	const struct options o = {.rate = 0, .batch = 1, .queue_messages = 900};
	struct room *r = new_room(&o);

	(void)state;
	set_connected(true);
	server.max_text = 20;
	take(r, 500);
	assert_int_equal(account(r)->dropped[ACCOUNT_DROP_SIZE], 500);
	assert_int_equal(warnings, 1);
	set_connected(false);
	set_connected(true);
	server.max_text = 20;
	take(r, 500);
	assert_int_equal(warnings, 2);
	room_free(r);
}

/* Once an outage, whether its packets are folded or dropped. */
static void a_full_queue_is_said_once(void **state)
{
	struct options o = {.rate = 0, .batch = 1, .queue_messages = 100};

	(void)state;
	for (int drop = 0; drop < 2; drop++) {
		struct room *r;

		o.overflow = drop ? OVERFLOW_DROP : OVERFLOW_SUMMARIZE;
		r = new_room(&o);
		take(r, 100);
		assert_int_equal(warnings, 0);
		for (int second = 0; second < 300; second++) {
			take(r, 10);
			pass(S);
		}
		assert_int_equal(warnings, 1);
		set_connected(true);
		pass(120 * S);
		set_connected(false);
		take(r, 101);
		assert_int_equal(warnings, 2);
		room_free(r);
	}
}

/* Several lines a message, ten messages a second. */
static void batches_keep_the_rate(void **state)
{
	const struct options o = {
		.rate = 10, .batch = 5, .queue_messages = 999};
	struct room *r = new_room(&o);

	(void)state;
	set_connected(true);
	for (int second = 0; second < 20; second++) {
		take(r, 300);
		pass(S);
	}
	assert_in_range(server.messages, 195, 201);
	pass(3 * S);
	assert_int_equal(account_reported(account(r)), 20 * 300);
	room_free(r);
}

/* With timers that are late by more than the messages are apart. */
static void batches_keep_up(void **state)
{
	const struct options o = {
		.rate = 5000, .batch = 2, .queue_messages = 99999};
	struct room *r = new_room(&o);

	(void)state;
	set_connected(true);
	for (int second = 0; second < 20; second++) {
		take(r, 30000);
		pass(S);
	}
	assert_in_range(server.messages, 90000, 100501);
	assert_in_range(outbox_waiting(room_outbox(r)), 0, 10000);
	room_free(r);
}

/* After an outage, with as much coming as the rate lets in. */
static void batches_catch_up(void **state)
{
	const struct options o = {
		.rate = 10, .batch = 2, .queue_messages = 2000};
	struct room *r = new_room(&o);

	(void)state;
	for (int second = 0; second < 300; second++) {
		take(r, second % 30 < 15 ? 300 : 40);
		pass(S);
		if (second == 199)
			set_connected(true);
	}
	assert_int_equal(outbox_backlog(room_outbox(r)), 0);
	assert_in_range(outbox_waiting(room_outbox(r)), 0, 2 * 20);
	room_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sent_back_is_reported),
		cmocka_unit_test(a_mute_server_is_believed),
		cmocka_unit_test(what_the_server_never_takes_is_said_once),
		cmocka_unit_test(a_full_queue_is_said_once),
		cmocka_unit_test(batches_keep_the_rate),
		cmocka_unit_test(batches_keep_up),
		cmocka_unit_test(batches_catch_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
