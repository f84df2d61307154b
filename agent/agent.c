/* SPDX-License-Identifier: ISC */
#include "agent/agent.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "agent/capture.h"
#include "agent/log.h"
#include "agent/loop.h"
#include "agent/metrics.h"
#include "agent/printer.h"
#include "agent/report.h"
#include "agent/sandbox.h"
#include "agent/types.h"

enum {
	/* records a turn of the loop: a flood must not delay a heartbeat */
	TURN_RECORDS = 256,
	TURN_LINKS = 64,
	RTT_REQUESTS = 16384, /* waiting for a reply, of each direction */
};

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)
#define STOP_NS	  (800 * NS_PER_MS) /* SIGTERM ends within a second */

struct agent {
	const struct options *options;
	struct loop *loop;
	struct capture *capture;
	struct loop_watch *ring_watch;
	struct loop_watch *links_watch;
	struct loop_watch *signal_watch;
	struct loop_timer *stop_timer;
	struct loop_timer *collect_timer;
	struct rooms *rooms;	 /* --output socketio */
	struct printer *printer; /* --output json, text */
	struct rtt *rtt;
	struct tally *tally;
	struct metrics *metrics;
	struct report_sources sources; /* of the figures, once all is open */
	int64_t now_unix_ns;
	int signal_fd;
	bool stopping;
};

static int64_t clock_now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* ---- packets ---- */

static void on_packet(void *user, const struct icmp_event *event)
{
	struct agent *a = user;
	struct icmp_event e = *event;

	tally_add(a->tally, &e);
	if (e.single)
		rtt_observe(a->rtt, &e, e.boot_ns);
	if (a->rooms)
		rooms_take(a->rooms, &e, a->now_unix_ns);
	else
		printer_take(a->printer, &e);
}

/* A failure was logged, and the packets go to another room. */
static void open_rooms(struct agent *a)
{
	struct capture_link_view link;

	for (size_t i = 0; capture_link_get(a->capture, i, &link); i++)
		if (link.attached)
			(void)rooms_open(a->rooms, link.name);
}

static void arm_collect(struct agent *a)
{
	loop_timer_set(a->collect_timer, capture_deadline(a->capture));
}

/* How many records there were; a full turn means that more may wait. */
static int take_turn(struct agent *a)
{
	int n;

	a->now_unix_ns = clock_now(CLOCK_REALTIME);
	n = capture_dispatch(a->capture, TURN_RECORDS, on_packet, a);
	if (n < 0)
		log_error("ring buffer: %s", strerror(-n));
	arm_collect(a);
	return n;
}

/* Hands on what came; a slow reader lets the kernel hold the rest, folded. */
static void flush(struct agent *a)
{
	if (a->rooms) {
		rooms_flush(a->rooms);
		return;
	}
	printer_flush(a->printer);
	if (!printer_full(a->printer))
		return;
	loop_watch_pause(a->ring_watch, true);
	loop_timer_set(a->collect_timer, LOOP_NEVER);
}

static void stop(struct agent *a);

static void on_ring(void *user)
{
	struct agent *a = user;

	if (take_turn(a) < 0)
		stop(a);
	else
		flush(a);
}

/* What the kernel folded, a window at a time. */
static void on_collect(void *user)
{
	struct agent *a = user;

	a->now_unix_ns = clock_now(CLOCK_REALTIME);
	capture_collect(a->capture, loop_now(a->loop), TURN_RECORDS, on_packet,
			a);
	arm_collect(a);
	flush(a);
}

/* Interfaces that came or went; one that came may want a room. */
static void on_links(void *user)
{
	struct agent *a = user;
	int n = capture_links_dispatch(a->capture, TURN_LINKS);

	if (n < 0)
		log_error("netlink: %s", strerror(-n));
	if (a->rooms)
		open_rooms(a);
}

static int watch_links(struct agent *a)
{
	return loop_watch_new(a->loop, capture_links_fd(a->capture), on_links,
			      a, &a->links_watch);
}

static int watch_ring(struct agent *a)
{
	int err = loop_timer_new(a->loop, on_collect, a, &a->collect_timer);

	if (err)
		return err;
	arm_collect(a);
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

	log_warning("%s did not take everything in time",
		    a->rooms ? "the backend" : "who reads standard output");
	loop_stop(a->loop);
}

/*
 * The order keeps every packet that was seen: what the kernel holds, then what
 * is queued, then the leave-taking.
 */
static void stop(struct agent *a)
{
	if (a->stopping) {
		loop_stop(a->loop);
		return;
	}
	a->stopping = true;
	loop_watch_free(a->ring_watch);
	loop_watch_free(a->links_watch);
	a->ring_watch = a->links_watch = NULL;
	loop_timer_set(a->collect_timer, LOOP_NEVER);
	loop_timer_set(a->stop_timer, loop_now(a->loop) + STOP_NS);
	a->now_unix_ns = clock_now(CLOCK_REALTIME);
	if (capture_finish(a->capture, on_packet, a) < 0)
		log_error("the last packets could not be read");
	if (a->rooms)
		rooms_stop(a->rooms, on_stopped, a);
	else
		printer_stop(a->printer, on_stopped, a);
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

static void on_printer_ready(void *user)
{
	struct agent *a = user;

	if (!a->ring_watch)
		return;
	loop_watch_pause(a->ring_watch, false);
	arm_collect(a);
}

static void on_printer_closed(void *user)
{
	struct agent *a = user;

	log_info("stopping: nobody reads standard output any more");
	loop_stop(a->loop);
}

/* ---- set-up ---- */

static int open_output(struct agent *a)
{
	int err;

	if (a->options->output != OUTPUT_SOCKETIO)
		return printer_new(a->loop, a->options, on_printer_ready,
				   on_printer_closed, a, &a->printer);
	err = rooms_new(a->loop, a->options, &a->rooms);
	if (!err)
		open_rooms(a);
	return err;
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
		.ring_bytes = o->ring_kib * 1024,
	};
	struct types types;
	char error[128];
	int err;

	if (o->types) { /* options.c has read it once, for its defects */
		err = types_parse(o->types, &types, error, sizeof(error));
		if (err)
			return err;
		config.codes = types.codes;
	}
	err = capture_new(&config, &a->capture);
	if (err)
		return err;
	err = attach_all(a);
	if (!err)
		err = watch_ring(a);
	return err ? err : watch_links(a);
}

static void expose(void *user, struct exposition *e)
{
	struct agent *a = user;

	rtt_expire(a->rtt, clock_now(CLOCK_BOOTTIME));
	report_metrics(&a->sources, e);
}

static const char *health(void *user)
{
	struct agent *a = user;

	return report_health(&a->sources);
}

static int open_metrics(struct agent *a)
{
	static const struct metrics_calls calls = {expose, health};

	a->sources = (struct report_sources){
		.capture = a->capture,
		.rooms = a->rooms,
		.printer = a->printer,
		.rtt = a->rtt,
		.tally = a->tally,
	};
	if (!a->options->metrics)
		return 0;
	return metrics_new(a->loop, a->options->metrics, &calls, a,
			   &a->metrics);
}

/*
 * What is left is to follow interfaces that come back, for which the two
 * capabilities stay.
 */
static int enter_sandbox(const struct agent *a)
{
	struct sandbox_config config = {
		.user = a->options->user,
		.keep = SANDBOX_KEEP_NET_ADMIN | SANDBOX_KEEP_BPF,
	};

	return sandbox_enter(&config);
}

static int new_figures(struct agent *a)
{
	uint8_t seed[SIPHASH_KEY_BYTES];

	a->tally = calloc(1, sizeof(*a->tally));
	if (!a->tally)
		return -ENOMEM;
	if (getrandom(seed, sizeof(seed), 0) < 0)
		return -errno;
	return rtt_new(RTT_REQUESTS, seed, &a->rtt);
}

static int set_up(struct agent *a)
{
	int err;

	err = loop_new(&a->loop);
	if (!err)
		err = watch_signals(a);
	if (!err)
		err = loop_timer_new(a->loop, on_stop_timer, a, &a->stop_timer);
	if (!err)
		err = new_figures(a);
	if (err) {
		log_error("cannot start: %s", strerror(-err));
		return err;
	}
	err = open_capture(a);
	if (!err)
		err = open_output(a);
	if (!err)
		err = open_metrics(a);
	if (!err)
		err = enter_sandbox(a);
	if (!err && a->rooms)
		rooms_start(a->rooms);
	return err;
}

static void tear_down(struct agent *a)
{
	rooms_free(a->rooms);
	printer_free(a->printer);
	loop_watch_free(a->ring_watch);
	loop_watch_free(a->links_watch);
	loop_watch_free(a->signal_watch);
	loop_timer_free(a->stop_timer);
	loop_timer_free(a->collect_timer);
	metrics_free(a->metrics);
	rtt_free(a->rtt);
	free(a->tally);
	capture_free(a->capture);
	loop_free(a->loop);
	if (a->signal_fd >= 0)
		close(a->signal_fd);
}

int agent_run(const struct options *options)
{
	struct agent a = {.options = options, .signal_fd = -1};
	int err;

	err = set_up(&a);
	if (!err) {
		err = loop_run(a.loop);
		report_totals(&a.sources);
	}
	tear_down(&a);
	return err ? exit_status(err) : EX_OK;
}
