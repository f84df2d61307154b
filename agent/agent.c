/* SPDX-License-Identifier: ISC */
#include "agent/agent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent_internal.h"
#include "agent/log.h"
#include "agent/sandbox.h"
#include "agent/types.h"

enum {
	RTT_REQUESTS = 16384, /* waiting for a reply, of each direction */
};

static int say(int err)
{
	if (err)
		log_error("cannot start: %s", strerror(-err));
	return err;
}

static int open_output(struct agent *a)
{
	int err;

	if (a->options->output != OUTPUT_SOCKETIO)
		return say(
			printer_new(a->loop, a->options, agent_on_printer_ready,
				    agent_on_printer_closed, a, &a->printer));
	err = rooms_new(a->loop, a->options, &a->rooms);
	return err ? err : agent_open_rooms(a);
}

static int exit_status(int err)
{
	switch (err) {
	case -EPERM:
	case -EACCES:
		return EX_NOPERM;
	case -EINVAL:
		return EX_CONFIG;
	case -EIO:
		return EX_IOERR;
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

/*
 * A request without its reply is unanswered only where the reply would be
 * captured: both directions, both types. `codes` may be NULL: all.
 */
static bool sees_both(const struct options *o, const uint32_t *codes,
		      uint8_t request, uint8_t reply)
{
	return o->directions == (DIRECTION_IN | DIRECTION_OUT) &&
	       (!codes || codes[request] & codes[reply] & 1);
}

static unsigned int echo_families(const struct options *o,
				  const uint32_t (*codes)[256])
{
	unsigned int families = 0;

	if (sees_both(o, codes ? codes[0] : NULL, 8, 0))
		families |= FAMILY_4;
	if (sees_both(o, codes ? codes[1] : NULL, 128, 129))
		families |= FAMILY_6;
	return families & o->families;
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
	a->echo_families = echo_families(o, config.codes);
	err = capture_new(&config, &a->capture);
	if (err)
		return err;
	err = attach_all(a);
	return err ? err : say(agent_watch_capture(a));
}

static int64_t boot_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void expose(void *user, struct exposition *e)
{
	struct agent *a = user;

	rtt_expire(a->rtt, boot_now());
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
		.rtt = a->echo_families ? a->rtt : NULL,
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
		err = agent_watch_signals(a);
	if (!err)
		err = new_figures(a);
	if (err)
		return say(err);
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
	rtt_free(a->rtt);
	free(a->tally);
	capture_free(a->capture);
	loop_free(a->loop);
	metrics_free(a->metrics);
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
		if (a.error)
			err = -EIO;
		report_totals(&a.sources);
	}
	tear_down(&a);
	return err ? exit_status(err) : EX_OK;
}
