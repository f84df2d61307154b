/* SPDX-License-Identifier: ISC */
/* What happens while the agent runs: packets, interfaces, signals, the end. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent_internal.h"
#include "agent/log.h"

enum {
	/* records a turn of the loop: a flood must not delay a heartbeat */
	TURN_RECORDS = 256,
	TURN_LINKS = 64,
};

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)
/* SIGTERM ends within a second, on a busy machine too */
#define STOP_NS	  (700 * NS_PER_MS)
/* for what waits, however long many interfaces took to detach */
#define TELL_NS	  (500 * NS_PER_MS)

static int64_t clock_now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void read_clocks(struct agent *a)
{
	a->now_unix_ns = clock_now(CLOCK_REALTIME);
	a->now_boot_ns = clock_now(CLOCK_BOOTTIME);
}

/* ---- packets ---- */

static void on_packet(void *user, const struct icmp_event *event)
{
	struct agent *a = user;
	struct icmp_event e = *event;

	tally_add(a->tally, &e);
	if (a->echo_families & (e.key.family == 6 ? FAMILY_6 : FAMILY_4))
		rtt_observe(a->rtt, &e, e.single ? e.boot_ns : a->now_boot_ns);
	if (a->rooms)
		rooms_take(a->rooms, &e, a->now_unix_ns);
	else
		printer_take(a->printer, &e);
}

/* A failure was logged; while there is a room, the packets go there. */
int agent_open_rooms(struct agent *a)
{
	struct capture_link_view link;
	int err = 0;

	for (size_t i = 0; capture_link_get(a->capture, i, &link); i++)
		if (link.attached && !err)
			err = rooms_open(a->rooms, link.name);
	return rooms_get(a->rooms, 0) ? 0 : err;
}

static void arm_collect(struct agent *a)
{
	loop_timer_set(a->collect_timer, capture_deadline(a->capture));
}

/* How many records there were; a full turn means that more may wait. */
static int take_turn(struct agent *a)
{
	int n;

	read_clocks(a);
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

	read_clocks(a);
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
		(void)agent_open_rooms(a);
}

int agent_watch_capture(struct agent *a)
{
	int err = loop_timer_new(a->loop, on_collect, a, &a->collect_timer);

	if (err)
		return err;
	arm_collect(a);
	err = loop_watch_new(a->loop, capture_fd(a->capture), on_ring, a,
			     &a->ring_watch);
	if (err)
		return err;
	return loop_watch_new(a->loop, capture_links_fd(a->capture), on_links,
			      a, &a->links_watch);
}

/* ---- the end ---- */

static void on_stopped(void *user)
{
	struct agent *a = user;

	loop_stop(a->loop);
}

/* What waits is told, in the time that is left. */
static void begin_leaving(struct agent *a)
{
	uint64_t least_ns = loop_now(a->loop) + TELL_NS;

	a->leaving = true;
	loop_timer_set(a->stop_timer,
		       a->end_ns > least_ns ? a->end_ns : least_ns);
	if (a->rooms)
		rooms_stop(a->rooms, on_stopped, a);
	else
		printer_stop(a->printer, on_stopped, a);
}

static void on_stop_timer(void *user)
{
	struct agent *a = user;

	if (!a->leaving) {
		begin_leaving(a);
		return;
	}
	log_warning("%s did not take everything in time",
		    a->rooms ? "the backend" : "who reads standard output");
	loop_stop(a->loop);
}

/* From here on nothing comes; all that was seen is where it waits. */
static void finish_capture(struct agent *a)
{
	a->stopping = true;
	loop_watch_free(a->ring_watch);
	loop_watch_free(a->links_watch);
	a->ring_watch = a->links_watch = NULL;
	loop_timer_set(a->collect_timer, LOOP_NEVER);
	read_clocks(a);
	if (capture_finish(a->capture, on_packet, a) < 0)
		log_error("the last packets could not be read");
}

/*
 * The order keeps every packet that was seen: what the kernel holds, then what
 * is queued, then the leave-taking. To detach takes a while for each interface,
 * so that what follows begins with a new reading of the clock.
 */
static void stop(struct agent *a)
{
	a->end_ns = loop_now(a->loop) + STOP_NS;
	finish_capture(a);
	loop_timer_set(a->stop_timer, 0);
}

static void on_signal(void *user)
{
	struct agent *a = user;
	struct signalfd_siginfo info;

	if (read(a->signal_fd, &info, sizeof(info)) != sizeof(info) ||
	    a->stopping)
		return;
	log_info("stopping: %s", strsignal((int)info.ssi_signo));
	stop(a);
}

int agent_watch_signals(struct agent *a)
{
	sigset_t set;
	int err;

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
	err = loop_watch_new(a->loop, a->signal_fd, on_signal, a,
			     &a->signal_watch);
	return err ? err
		   : loop_timer_new(a->loop, on_stop_timer, a, &a->stop_timer);
}

/* ---- standard output ---- */

void agent_on_printer_ready(void *user)
{
	struct agent *a = user;

	if (!a->ring_watch)
		return;
	loop_watch_pause(a->ring_watch, false);
	arm_collect(a);
}

void agent_on_printer_closed(void *user)
{
	struct agent *a = user;

	a->error = printer_error(a->printer);
	if (a->error)
		log_error("stopping: standard output: %s", strerror(-a->error));
	else
		log_info("stopping: nobody reads standard output any more");
	if (!a->stopping)
		finish_capture(a);
	loop_stop(a->loop);
}
