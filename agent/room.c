/* SPDX-License-Identifier: ISC */
#include "agent/room.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "agent/backend.h"
#include "agent/echo.h"
#include "agent/format.h"
#include "agent/log.h"
#include "agent/siphash.h"

enum {
	OUTPUT_HIGH_BYTES = 256 * 1024, /* what the client may hold encoded */
	MESSAGE_BYTES = 64 * 1024,	/* several lines in one, at most */
	FLOWS = 4096,			/* kept apart while folding */
};

#define NS_PER_S UINT64_C(1000000000)
#define LEAVE_NS (NS_PER_S / 2)
/* A server that re-sends at all does so at once; if not, it is asked. */
#define ECHO_NS	 (5 * NS_PER_S)
/* Longer than a connection that is dead lives without heartbeats. */
#define PROBE_NS (90 * NS_PER_S)
#define SAY_NS	 (60 * NS_PER_S)

struct room {
	const struct options *options;
	const struct credentials *credentials;
	char *name;
	struct loop *loop;
	struct outbox *outbox;
	struct backend *backend;
	struct loop_timer *turn_timer; /* the second is over */
	struct loop_timer *echo_timer; /* no echo came */
	struct loop_timer *pace_timer; /* the next batch may leave */
	uint64_t next_send_ns;
	uint64_t connects;
	uint64_t backlog_said_ns;
	uint64_t probe_sent; /* messages before the question that is open */
	bool probing;	     /* whether the server has read these */
	bool no_echo;	     /* it does not re-send; of this connection */
	bool stopping;
	bool leaving; /* everything left, the last answer is awaited */
	char text[MESSAGE_BYTES];
};

static int64_t unix_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* ---- from the capture into the outbox ---- */

static void arm_turn(struct room *r, int64_t unix_ns)
{
	int64_t deadline_ns = outbox_deadline(r->outbox);
	uint64_t wait_ns;

	if (deadline_ns == INT64_MAX) {
		loop_timer_set(r->turn_timer, LOOP_NEVER);
		return;
	}
	/* never long: the clock that it is counted by may be stepped */
	wait_ns = deadline_ns > unix_ns ? (uint64_t)(deadline_ns - unix_ns) : 0;
	if (wait_ns > NS_PER_S)
		wait_ns = NS_PER_S;
	loop_timer_set(r->turn_timer, loop_now(r->loop) + wait_ns);
}

static void on_turn(void *user)
{
	struct room *r = user;

	outbox_turn(r->outbox, unix_now());
	room_flush(r);
}

void room_take(struct room *r, const struct icmp_event *event, int64_t unix_ns)
{
	outbox_take(r->outbox, event, unix_ns);
}

static void say_backlog(struct room *r)
{
	uint64_t now_ns = loop_now(r->loop);

	if (!outbox_backlog(r->outbox))
		return;
	if (!r->backlog_said_ns || now_ns - r->backlog_said_ns > SAY_NS)
		log_warning("%s: the queue is full (%" PRIu64 " messages), the "
			    "oldest are summed up; raise --queue to keep more",
			    r->name, r->options->queue_messages);
	r->backlog_said_ns = now_ns;
}

/* ---- from the outbox to the server ---- */

static int format_line(const struct room *r, const struct message *m, char *buf,
		       size_t size)
{
	switch (m->kind) {
	case MESSAGE_RATE_REACHED:
		return snprintf(buf, size,
				"⚠️ [%s] Rate limit reached (%" PRIu64
				"/sec), dropping messages...",
				r->name, m->number);
	case MESSAGE_RATE_EXCEEDED:
		return snprintf(buf, size,
				"⚠️ [%s] Rate limit exceeded: %" PRIu64
				" messages dropped in the last second",
				r->name, m->number);
	case MESSAGE_EVENT:
		break;
	}
	if (r->options->format == FORMAT_JSON)
		return format_json(&m->event, buf, size);
	return format_text(&m->event, r->options->detail, buf, size);
}

/* As many lines as shall leave together; returns the length of the text. */
static size_t format_batch(struct room *r, size_t max, size_t *ret_lines)
{
	size_t limit = backend_max_text(r->backend);
	const struct message *m;
	size_t len = 0, n;

	if (limit > sizeof(r->text))
		limit = sizeof(r->text);
	for (n = 0; n < max && (m = outbox_peek(r->outbox, n)); n++) {
		char line[FORMAT_MAX_BYTES];
		int k = format_line(r, m, line, sizeof(line));

		if (k < 0)
			break;
		if (n > 0 && len + (size_t)k + 1 > limit)
			break;
		if (n > 0)
			r->text[len++] = '\n';
		memcpy(r->text + len, line, (size_t)k);
		len += (size_t)k;
	}
	*ret_lines = n;
	return len;
}

static void await_echo(struct room *r)
{
	bool waits = outbox_unconfirmed(r->outbox) > 0;

	loop_timer_set(r->echo_timer,
		       waits ? loop_now(r->loop) + ECHO_NS : LOOP_NEVER);
}

/* Sent; the first one without an echo starts the clock. */
static void note_sent(struct room *r, size_t lines, size_t len)
{
	bool first = !outbox_unconfirmed(r->outbox);

	outbox_sent(r->outbox, lines, r->no_echo ? 0 : echo_hash(r->text, len));
	if (first)
		await_echo(r);
}

/*
 * No echo may mean that the server sends none, or that the connection is dead,
 * where everything must be sent again. Who answers a question has read what
 * came before it; who does not, yet keeps the connection alive for longer than
 * a dead one lives, has too. So only then is the silence believed.
 */
static void on_no_echo(void *user)
{
	struct room *r = user;

	if (r->probing || r->stopping || !outbox_unconfirmed(r->outbox))
		return;
	r->probe_sent = outbox_counters(r->outbox)->sent;
	r->probing = !backend_ping(r->backend, PROBE_NS);
	await_echo(r);
	backend_kick(r->backend);
}

/* False where nothing more can be sent now. */
static bool send_batch(struct room *r, size_t max)
{
	size_t lines, len = format_batch(r, max, &lines);

	switch (backend_emit(r->backend, r->text, len)) {
	case BACKEND_SENT:
		note_sent(r, lines, len);
		return true;
	case BACKEND_TOO_BIG:
		if (lines > 1)
			return send_batch(r, 1);
		log_warning("%s: a message is larger than the server takes",
			    r->name);
		outbox_reject(r->outbox, ACCOUNT_DROP_SIZE);
		return true;
	case BACKEND_FULL:
		break;
	}
	return false;
}

/* With several lines in a message, the rate is kept by spacing messages. */
static bool must_wait(struct room *r)
{
	uint64_t now_ns = loop_now(r->loop);

	if (r->options->batch < 2 || !r->options->rate || r->stopping)
		return false;
	if (now_ns < r->next_send_ns) {
		loop_timer_set(r->pace_timer, r->next_send_ns);
		return true;
	}
	r->next_send_ns = now_ns + NS_PER_S / r->options->rate;
	return false;
}

static void pump(struct room *r)
{
	if (!backend_connected(r->backend))
		return;
	while (backend_output_bytes(r->backend) < OUTPUT_HIGH_BYTES &&
	       outbox_peek(r->outbox, 0)) {
		if (must_wait(r) || !send_batch(r, r->options->batch))
			return;
	}
}

static void on_pace(void *user)
{
	struct room *r = user;

	room_flush(r);
}

/*
 * socket.io's server forgets the events that it reads in one go with a
 * DISCONNECT. So a question goes behind the last message, and its answer, or
 * none in time, ends the connection.
 */
static void leave(struct room *r)
{
	if (r->leaving)
		return;
	r->leaving = true;
	if (backend_ping(r->backend, LEAVE_NS))
		backend_leave(r->backend);
}

static void on_writable(void *user)
{
	struct room *r = user;

	pump(r);
	if (r->stopping && !outbox_waiting(r->outbox))
		leave(r);
}

void room_flush(struct room *r)
{
	arm_turn(r, unix_now());
	say_backlog(r);
	pump(r);
	backend_kick(r->backend);
}

/* ---- what the server tells ---- */

static void on_connected(void *user)
{
	struct room *r = user;

	r->connects++;
	r->no_echo = r->probing = false;
	if (r->connects > 1)
		log_info("%s: messages that waited: %zu", r->name,
			 outbox_waiting(r->outbox));
}

static void on_lost(void *user)
{
	struct room *r = user;

	loop_timer_set(r->echo_timer, LOOP_NEVER);
	r->probing = false;
	outbox_lost(r->outbox);
}

static void on_data(void *user, const char *json, size_t len)
{
	struct room *r = user;

	if (r->no_echo || !outbox_echoed(r->outbox, echo_hash_json(json, len)))
		return;
	await_echo(r);
}

static void end_probe(struct room *r)
{
	r->probing = false;
	if (!backend_connected(r->backend))
		return;
	if (!outbox_confirm(r->outbox, r->probe_sent)) {
		await_echo(r);
		return;
	}
	outbox_confirm(r->outbox, UINT64_MAX);
	loop_timer_set(r->echo_timer, LOOP_NEVER);
	log_info("%s: the server does not send messages back, so they count "
		 "as delivered once they were sent",
		 r->name);
	r->no_echo = true;
}

/* Answers come in the order of the questions: one on the way out is the last.
 */
static void on_answer(void *user, bool in_time)
{
	struct room *r = user;

	if (r->probing && (in_time || !r->leaving))
		end_probe(r);
	else if (r->leaving)
		backend_leave(r->backend);
}

/* ---- life ---- */

static int new_outbox(struct room *r)
{
	const struct options *o = r->options;
	struct outbox_config config = {
		.rate = o->rate * o->batch,
		.drop = o->overflow == OVERFLOW_DROP,
		.queue_messages = o->queue_messages,
		.flows = FLOWS,
	};

	if (getrandom(config.seed, sizeof(config.seed), 0) < 0)
		return -errno;
	return outbox_new(&config, &r->outbox);
}

static int new_backend(struct room *r)
{
	static const struct backend_calls calls = {
		.connected = on_connected,
		.lost = on_lost,
		.data = on_data,
		.answer = on_answer,
		.writable = on_writable,
	};

	return backend_new(r->loop, r->options, r->credentials, r->name, &calls,
			   r, &r->backend);
}

static int set_up(struct room *r, const char *name)
{
	int err;

	r->name = strdup(name);
	if (!r->name)
		return -ENOMEM;
	err = new_outbox(r);
	if (!err)
		err = loop_timer_new(r->loop, on_turn, r, &r->turn_timer);
	if (!err)
		err = loop_timer_new(r->loop, on_no_echo, r, &r->echo_timer);
	if (!err)
		err = loop_timer_new(r->loop, on_pace, r, &r->pace_timer);
	return err ? err : new_backend(r);
}

int room_new(struct loop *loop, const struct options *options,
	     const struct credentials *credentials, const char *name,
	     struct room **ret_room)
{
	struct room *r;
	int err;

	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->options = options;
	r->credentials = credentials;
	r->loop = loop;
	err = set_up(r, name);
	if (err) {
		room_free(r);
		return err;
	}
	*ret_room = r;
	return 0;
}

void room_free(struct room *r)
{
	if (!r)
		return;
	backend_free(r->backend);
	loop_timer_free(r->pace_timer);
	loop_timer_free(r->echo_timer);
	loop_timer_free(r->turn_timer);
	outbox_free(r->outbox);
	free(r->name);
	free(r);
}

void room_start(struct room *r)
{
	backend_start(r->backend);
}

void room_stop(struct room *r, loop_fn on_stopped, void *user)
{
	outbox_flush(r->outbox);
	if (!backend_connected(r->backend)) {
		if (outbox_pending(r->outbox))
			log_warning("%s: not connected, %" PRIu64
				    " packets were never reported",
				    r->name, outbox_pending(r->outbox));
		on_stopped(user);
		return;
	}
	r->stopping = true;
	backend_on_stopped(r->backend, on_stopped, user);
	backend_kick(r->backend);
}

const char *room_name(const struct room *r)
{
	return r->name;
}

const struct outbox *room_outbox(const struct room *r)
{
	return r->outbox;
}

bool room_connected(const struct room *r)
{
	return backend_connected(r->backend);
}

uint64_t room_connects(const struct room *r)
{
	return r->connects;
}

const char *room_failure(const struct room *r)
{
	return backend_failure(r->backend);
}
