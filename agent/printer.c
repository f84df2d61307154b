// SPDX-License-Identifier: ISC
#include "agent/printer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "agent/fold.h"
#include "agent/format.h"
#include "agent/sink.h"

enum {
	FLOWS = 4096,	   /* kept apart while folding */
	POUR_LINES = 1024, /* of folds at once: less than a sink has room for */
};

#define DRAIN_NS (UINT64_C(5) * 1000 * 1000)

struct printer {
	const struct options *options;
	struct loop *loop;
	struct sink *sink;
	struct fold *fold; /* what the sink had no room for */
	struct loop_timer *drain_timer;
	loop_fn on_ready;
	loop_fn on_closed;
	loop_fn on_stopped;
	void *user;
	void *stopped_user;
	struct account written; /* to the sink */
	struct account mark;	/* of `written`, at so many bytes */
	uint64_t mark_bytes;
	struct account taken; /* as of the mark before: the reader has it */
	struct icmp_event poured[POUR_LINES];
	size_t n_poured;
};

/*
 * No line is followed through the sink: a mark is put behind the last one, and
 * once the reader has come so far it is moved.
 */
static void move_mark(struct printer *p)
{
	if (sink_taken(p->sink) < p->mark_bytes)
		return;
	p->taken = p->mark;
	p->mark = p->written;
	p->mark_bytes = sink_taken(p->sink) + sink_waiting(p->sink);
}

static void write_line(void *user, const struct icmp_event *event)
{
	struct printer *p = user;
	char line[FORMAT_MAX_BYTES];
	int n;

	if (p->options->output == OUTPUT_JSON)
		n = format_json(event, line, sizeof(line));
	else
		n = format_text(event, p->options->detail, line, sizeof(line));
	if (n > 0 && !sink_write(p->sink, line, (size_t)n))
		account_report(&p->written, event);
	else
		fold_add(p->fold, event);
}

/* What is folded goes first, so that each flow keeps its order. */
void printer_take(struct printer *p, const struct icmp_event *event)
{
	if (fold_length(p->fold))
		fold_add(p->fold, event);
	else
		write_line(p, event);
}

/* fold_close() gives to a function that must not use the fold. */
static void keep(void *user, const struct icmp_event *event)
{
	struct printer *p = user;

	p->poured[p->n_poured++] = *event;
}

static void pour(struct printer *p)
{
	if (!fold_length(p->fold) || sink_full(p->sink))
		return;
	p->n_poured = 0;
	fold_close(p->fold, POUR_LINES, keep, p);
	for (size_t i = 0; i < p->n_poured; i++)
		write_line(p, &p->poured[i]);
}

void printer_flush(struct printer *p)
{
	pour(p);
	sink_flush(p->sink);
	move_mark(p);
}

static void on_sink_ready(void *user)
{
	struct printer *p = user;

	move_mark(p);
	pour(p);
	if (!printer_full(p))
		p->on_ready(p->user);
}

static void on_sink_closed(void *user)
{
	struct printer *p = user;

	p->on_closed(p->user);
}

int printer_error(const struct printer *p)
{
	return sink_error(p->sink);
}

bool printer_full(const struct printer *p)
{
	return sink_full(p->sink);
}

static void on_drain(void *user)
{
	struct printer *p = user;

	printer_flush(p);
	if (sink_empty(p->sink) && !fold_length(p->fold))
		p->on_stopped(p->stopped_user);
	else
		loop_timer_set(p->drain_timer, loop_now(p->loop) + DRAIN_NS);
}

void printer_stop(struct printer *p, loop_fn on_stopped, void *user)
{
	p->on_stopped = on_stopped;
	p->stopped_user = user;
	on_drain(p);
}

const struct account *printer_account(const struct printer *p)
{
	if (sink_empty(p->sink))
		return &p->written;
	return sink_taken(p->sink) < p->mark_bytes ? &p->taken : &p->mark;
}

uint64_t printer_pending(const struct printer *p)
{
	return account_reported(&p->written) -
	       account_reported(printer_account(p)) + fold_packets(p->fold);
}

/* ---- life ---- */

static int set_up(struct printer *p)
{
	uint8_t seed[SIPHASH_KEY_BYTES];
	int err;

	if (getrandom(seed, sizeof(seed), 0) < 0)
		return -errno;
	err = fold_new(FLOWS, seed, &p->fold);
	if (!err)
		err = loop_timer_new(p->loop, on_drain, p, &p->drain_timer);
	if (!err)
		err = sink_new(p->loop, STDOUT_FILENO, on_sink_ready,
			       on_sink_closed, p, &p->sink);
	return err;
}

int printer_new(struct loop *loop, const struct options *options,
		loop_fn on_ready, loop_fn on_closed, void *user,
		struct printer **ret_printer)
{
	struct printer *p;
	int err;

	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	*p = (struct printer){.options = options,
			      .loop = loop,
			      .on_ready = on_ready,
			      .on_closed = on_closed,
			      .user = user};
	err = set_up(p);
	if (err) {
		printer_free(p);
		return err;
	}
	*ret_printer = p;
	return 0;
}

void printer_free(struct printer *p)
{
	if (!p)
		return;
	sink_free(p->sink);
	loop_timer_free(p->drain_timer);
	fold_free(p->fold);
	free(p);
}
