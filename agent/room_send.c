// SPDX-License-Identifier: ISC
/* From the outbox to the server, and whether it arrived. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/echo.h"
#include "agent/format.h"
#include "agent/log.h"
#include "agent/room_internal.h"

enum {
	OUTPUT_HIGH_BYTES = 256 * 1024, /* what the client may hold encoded */
};

/* A server that re-sends at all does so at once; if not, it is asked. */
#define ECHO_NS	 (5 * NS_PER_S)
/* Longer than a connection that is dead lives without heartbeats. */
#define PROBE_NS (90 * NS_PER_S)

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

void room_await_echo(struct room *r)
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
		room_await_echo(r);
}

/*
 * No echo may mean that the server sends none, or that the connection is dead,
 * where everything must be sent again. Who answers a question has read what
 * came before it; who does not, yet keeps the connection alive for longer than
 * a dead one lives, has too. So only then is the silence believed.
 */
void room_on_no_echo(void *user)
{
	struct room *r = user;

	if (r->probing || r->stopping || !outbox_unconfirmed(r->outbox))
		return;
	r->probe_sent = outbox_counters(r->outbox)->sent;
	r->probing = !backend_ping(r->backend, PROBE_NS);
	room_await_echo(r);
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
		if (!r->too_big_said)
			log_warning("%s: a message is larger than the server "
				    "takes, it and its like are dropped",
				    r->name);
		r->too_big_said = true;
		outbox_reject(r->outbox, ACCOUNT_DROP_SIZE);
		return true;
	case BACKEND_FULL:
		break;
	}
	return false;
}

/*
 * With several lines in a message, the rate is kept by spacing messages. But
 * where two seconds' worth waits, as after an outage, it leaves as fast as it
 * does without batches: as much may come in meanwhile as spacing lets out.
 */
static bool must_wait(struct room *r)
{
	const struct options *o = r->options;
	uint64_t now_ns = loop_now(r->loop);

	if (o->batch < 2 || !o->rate || r->stopping ||
	    outbox_waiting(r->outbox) > 2 * o->rate * o->batch)
		return false;
	if (now_ns < r->next_send_ns) {
		loop_timer_set(r->pace_timer, r->next_send_ns);
		return true;
	}
	/* a timer that is late delays one message, not all that follow */
	if (now_ns - r->next_send_ns > NS_PER_S / 10)
		r->next_send_ns = now_ns;
	r->next_send_ns += NS_PER_S / o->rate;
	return false;
}

void room_pump(struct room *r)
{
	if (!backend_connected(r->backend))
		return;
	while (backend_output_bytes(r->backend) < OUTPUT_HIGH_BYTES &&
	       outbox_peek(r->outbox, 0)) {
		if (must_wait(r) || !send_batch(r, r->options->batch))
			return;
	}
}

void room_end_probe(struct room *r)
{
	r->probing = false;
	if (!backend_connected(r->backend))
		return;
	if (!outbox_confirm(r->outbox, r->probe_sent)) {
		room_await_echo(r);
		return;
	}
	outbox_confirm(r->outbox, UINT64_MAX);
	loop_timer_set(r->echo_timer, LOOP_NEVER);
	log_info("%s: the server does not send messages back, so they count "
		 "as delivered once they were sent",
		 r->name);
	r->no_echo = true;
}
