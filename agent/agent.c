/* SPDX-License-Identifier: ISC */
#include "agent/agent.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "agent/capture.h"
#include "agent/format.h"
#include "agent/log.h"
#include "agent/loop.h"
#include "agent/room.h"
#include "agent/sink.h"

enum {
	/* records a turn of the loop: a flood must not delay a heartbeat */
	TURN_RECORDS = 256,
	/* what still waits in the ring when a signal ends the program */
	LAST_TURNS = 64,
};

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)
#define STOP_NS	  (800 * NS_PER_MS) /* SIGTERM ends within a second */

struct agent {
	const struct options *options;
	struct loop *loop;
	struct capture *capture;
	struct loop_watch *ring_watch;
	struct loop_watch *signal_watch;
	struct loop_timer *stop_timer;
	struct room *room; /* --output socketio */
	struct sink *sink; /* --output json, text */
	uint64_t written;  /* packets, to the sink */
	int64_t now_unix_ns;
	int signal_fd;
	bool stopping;
};

static int64_t unix_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* ---- packets ---- */

static void write_line(struct agent *a, const struct icmp_event *event)
{
	char line[FORMAT_MAX_BYTES];
	int n;

	if (a->options->output == OUTPUT_JSON)
		n = format_json(event, line, sizeof(line));
	else
		n = format_text(event, a->options->detail, line, sizeof(line));
	if (n > 0 && !sink_write(a->sink, line, (size_t)n))
		a->written += event->count;
}

static void on_packet(void *user, const struct icmp_event *event)
{
	struct agent *a = user;

	if (a->room)
		room_take(a->room, event, a->now_unix_ns);
	else
		write_line(a, event);
}

/* How many records there were; a full turn means that more may wait. */
static int take_turn(struct agent *a)
{
	int n;

	a->now_unix_ns = unix_now();
	n = capture_dispatch(a->capture, TURN_RECORDS, on_packet, a);
	if (n < 0)
		log_error("ring buffer: %s", strerror(-n));
	return n;
}

static void stop(struct agent *a);

static void on_ring(void *user)
{
	struct agent *a = user;

	if (take_turn(a) < 0) {
		stop(a);
		return;
	}
	if (a->room) {
		room_flush(a->room);
		return;
	}
	sink_flush(a->sink);
	if (a->sink && sink_full(a->sink)) {
		/* let the kernel hold the rest, and count what it cannot */
		loop_watch_pause(a->ring_watch, true);
	}
}

static int watch_ring(struct agent *a)
{
	return loop_watch_new(a->loop, capture_fd(a->capture), on_ring, a,
			      &a->ring_watch);
}

/* ---- the end ---- */

static void on_stopped(void *user)
{
	struct agent *a = user;

	loop_stop(a->loop);
}

static void on_stop_timer(void *user)
{
	struct agent *a = user;

	log_warning("the backend did not take everything in time");
	loop_stop(a->loop);
}

/*
 * The order keeps every packet that was seen: what is in the ring, then what
 * is queued, then the leave-taking.
 */
static void stop(struct agent *a)
{
	int i;

	if (a->stopping) {
		loop_stop(a->loop);
		return;
	}
	a->stopping = true;
	loop_watch_free(a->ring_watch);
	a->ring_watch = NULL;
	for (i = 0; i < LAST_TURNS && take_turn(a) == TURN_RECORDS; i++)
		if (a->sink)
			sink_flush(a->sink);
	if (a->sink) {
		sink_flush(a->sink);
		loop_stop(a->loop);
		return;
	}
	loop_timer_set(a->stop_timer, loop_now(a->loop) + STOP_NS);
	room_stop(a->room, on_stopped, a);
}

static void on_signal(void *user)
{
	struct agent *a = user;
	struct signalfd_siginfo info;

	if (read(a->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	log_info("stopping: %s", strsignal((int)info.ssi_signo));
	stop(a);
}

static int watch_signals(struct agent *a)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	a->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (a->signal_fd < 0)
		return -errno;
	return loop_watch_new(a->loop, a->signal_fd, on_signal, a,
			      &a->signal_watch);
}

/* ---- standard output ---- */

static void on_sink_ready(void *user)
{
	struct agent *a = user;

	if (a->ring_watch)
		loop_watch_pause(a->ring_watch, false);
}

static void on_sink_closed(void *user)
{
	struct agent *a = user;

	log_info("stopping: nobody reads standard output any more");
	loop_stop(a->loop);
}

/* ---- set-up ---- */

static int open_output(struct agent *a)
{
	const struct options *o = a->options;
	struct room_config config = {
		.name = o->name,
		.url = o->url,
		.password = o->password,
		.password_file = o->password_file,
		.rate = o->rate,
		.queue_messages = o->queue_messages,
		.format = o->format,
		.detail = o->detail,
	};

	if (o->output == OUTPUT_SOCKETIO)
		return room_new(a->loop, &config, &a->room);
	return sink_new(a->loop, STDOUT_FILENO, on_sink_ready, on_sink_closed,
			a, &a->sink);
}

static int exit_status(int err)
{
	switch (err) {
	case -EPERM:
	case -EACCES:
		return EX_NOPERM;
	case -EINVAL:
		return EX_CONFIG;
	default:
		return EX_UNAVAILABLE;
	}
}

/* An interface that is there is worth going on for. */
static int attach_all(struct agent *a)
{
	const struct options *o = a->options;
	size_t i, n = 0;
	int err = 0;

	for (i = 0; i < o->n_interfaces; i++) {
		int e = capture_attach(a->capture, o->interfaces[i]);

		if (e)
			err = e;
		else
			n++;
	}
	return n ? 0 : err;
}

static int open_capture(struct agent *a)
{
	const struct options *o = a->options;
	struct capture_config config = {
		.directions = o->directions,
		.families = o->families,
		.hook = o->hook,
		.xdp_mode = o->xdp_mode,
		.replace = o->replace,
	};
	int err;

	err = capture_new(&config, &a->capture);
	if (err)
		return err;
	err = attach_all(a);
	if (err)
		return err;
	return watch_ring(a);
}

static int set_up(struct agent *a)
{
	int err;

	err = loop_new(&a->loop);
	if (!err)
		err = watch_signals(a);
	if (!err)
		err = loop_timer_new(a->loop, on_stop_timer, a, &a->stop_timer);
	if (err) {
		log_error("cannot start: %s", strerror(-err));
		return err;
	}
	err = open_capture(a);
	if (err)
		return err;
	return open_output(a);
}

static void tear_down(struct agent *a)
{
	room_free(a->room);
	sink_free(a->sink);
	loop_watch_free(a->ring_watch);
	loop_watch_free(a->signal_watch);
	loop_timer_free(a->stop_timer);
	capture_free(a->capture);
	loop_free(a->loop);
	if (a->signal_fd >= 0)
		close(a->signal_fd);
}

/* Where every packet went: the identity of the accounting, at the end. */
static void say_totals(const struct agent *a)
{
	struct capture_counters seen;
	struct room_counters sent = {0};
	uint64_t pending = 0;

	capture_counters(a->capture, &seen);
	if (a->room) {
		room_counters(a->room, &sent);
		pending = room_pending(a->room);
	} else {
		sent.reported = a->written;
	}
	log_info("packets: %" PRIu64 " seen, %" PRIu64 " reported, %" PRIu64
		 " dropped (%" PRIu64 " rate, %" PRIu64 " queue, %" PRIu64
		 " kernel), %" PRIu64 " not sent",
		 seen.seen, sent.reported, seen.seen - sent.reported - pending,
		 sent.dropped_rate, sent.dropped_queue, seen.remainder,
		 pending);
}

int agent_run(const struct options *options)
{
	struct agent a = {.options = options, .signal_fd = -1};
	int err;

	err = set_up(&a);
	if (!err) {
		err = loop_run(a.loop);
		say_totals(&a);
	}
	tear_down(&a);
	return err ? exit_status(err) : EX_OK;
}
