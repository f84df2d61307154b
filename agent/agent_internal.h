/* SPDX-License-Identifier: ISC */
#ifndef AGENT_INTERNAL_H
#define AGENT_INTERNAL_H

/* What agent.c sets up and agent_events.c runs. */
#include "agent/capture.h"
#include "agent/loop.h"
#include "agent/metrics.h"
#include "agent/options.h"
#include "agent/printer.h"
#include "agent/report.h"

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
	unsigned int echo_families; /* whose echoes it can pair */
	struct tally *tally;
	struct metrics *metrics;
	struct report_sources sources; /* of the figures, once all is open */
	int64_t now_unix_ns;	       /* as of this wake-up */
	int64_t now_boot_ns;
	int signal_fd;
	bool stopping;
	bool leaving;	 /* capturing has ended, what waits is told */
	uint64_t end_ns; /* when it shall be over */
	int error;	 /* that ended it: negative errno */
};

/* Packets and interfaces reach the output from here on. Negative errno. */
int agent_watch_capture(struct agent *a);

/* SIGINT, SIGTERM and SIGHUP end the loop in order. Negative errno. */
int agent_watch_signals(struct agent *a);

/*
 * A room for each interface that is attached, where rooms go by interface.
 * Negative errno, logged, where there is none.
 */
int agent_open_rooms(struct agent *a);

/* Calls of the printer; `user` is the agent. */
void agent_on_printer_ready(void *user);
void agent_on_printer_closed(void *user);

#endif
