/* SPDX-License-Identifier: ISC */
#include "agent/room_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "agent/echo.h"
#include "agent/log.h"
#include "agent/siphash.h"

enum {
	FLOWS = 4096, /* kept apart while folding */
};

#define LEAVE_NS (NS_PER_S / 2)
#define SAY_NS	 (60 * NS_PER_S)

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

static void say_full_queue(struct room *r)
{
	uint64_t dropped =
		outbox_counters(r->outbox)->account.dropped[ACCOUNT_DROP_QUEUE];
	uint64_t now_ns = loop_now(r->loop);

	if (!outbox_backlog(r->outbox) && dropped == r->queue_dropped)
		return;
	if (!r->full_said_ns || now_ns - r->full_said_ns > SAY_NS)
		log_warning("%s: the queue is full (%" PRIu64 " messages), the "
			    "oldest are %s; raise --queue to keep more",
			    r->name, r->options->queue_messages,
			    dropped ? "dropped" : "summed up");
	r->full_said_ns = now_ns;
	r->queue_dropped = dropped;
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

	room_pump(r);
	if (r->stopping && !outbox_waiting(r->outbox))
		leave(r);
}

void room_flush(struct room *r)
{
	arm_turn(r, unix_now());
	say_full_queue(r);
	room_pump(r);
	backend_kick(r->backend);
}

/* ---- what the server tells ---- */

static void on_connected(void *user)
{
	struct room *r = user;

	r->connects++;
	r->no_echo = r->probing = r->too_big_said = false;
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
	room_await_echo(r);
}

/* Answers come in the order of the questions: one on the way out is the last.
 */
static void on_answer(void *user, bool in_time)
{
	struct room *r = user;

	if (r->probing && (in_time || !r->leaving))
		room_end_probe(r);
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
		err = loop_timer_new(r->loop, room_on_no_echo, r,
				     &r->echo_timer);
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
