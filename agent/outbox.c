/* SPDX-License-Identifier: ISC */
#include "agent/outbox.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/fold.h"
#include "agent/limit.h"

#define NS_PER_S INT64_C(1000000000)

enum {
	/* Sent and not confirmed; with these the rest has to wait. */
	WINDOW_MESSAGES = 4096,
	/* Summaries of an outage that leave before the rest is asked for. */
	SUMMARY_MESSAGES = 512,
};

struct outbox {
	struct limit limit;
	bool drop;
	struct fold *fold;	 /* beyond the rate, in this second */
	struct fold *backlog;	 /* what a full queue could not keep */
	struct queue *summaries; /* of the backlog; leave first */
	struct queue *queue;
	struct outbox_counters counters;
};

int outbox_new(const struct outbox_config *config, struct outbox **ret_outbox)
{
	struct outbox *o;
	int err;

	o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	limit_init(&o->limit, config->rate);
	o->drop = config->drop;
	err = fold_new(config->flows, config->seed, &o->fold);
	if (!err)
		err = fold_new(config->flows, config->seed, &o->backlog);
	if (!err)
		err = queue_new(SUMMARY_MESSAGES, &o->summaries);
	if (!err)
		err = queue_new(config->queue_messages, &o->queue);
	if (err) {
		outbox_free(o);
		return err;
	}
	*ret_outbox = o;
	return 0;
}

void outbox_free(struct outbox *o)
{
	if (!o)
		return;
	fold_free(o->fold);
	fold_free(o->backlog);
	queue_free(o->summaries);
	queue_free(o->queue);
	free(o);
}

/* ---- in ---- */

static void report(struct outbox *o, const struct message *m)
{
	if (m->kind == MESSAGE_EVENT)
		account_report(&o->counters.account, &m->event);
}

/* A notice that has to go takes no packet along. */
static void keep_evicted(struct outbox *o, const struct message *m)
{
	if (m->kind != MESSAGE_EVENT)
		return;
	if (o->drop)
		account_drop(&o->counters.account, ACCOUNT_DROP_QUEUE,
			     &m->event);
	else
		fold_add(o->backlog, &m->event);
}

static void push(struct outbox *o, const struct message *m)
{
	struct message evicted;

	if (queue_push(o->queue, m, &evicted) == QUEUE_EVICTED)
		keep_evicted(o, &evicted);
}

static void push_event(void *user, const struct icmp_event *event)
{
	struct message m = {.kind = MESSAGE_EVENT, .event = *event};

	push(user, &m);
}

static void push_notice(struct outbox *o, enum message_kind kind,
			uint64_t number)
{
	struct message m = {.kind = kind, .number = number};

	push(o, &m);
}

/*
 * Half of the new second is for what the last one folded, half for packets
 * that come: a flood leaves room for the line that tells of something else.
 */
static size_t summary_budget(const struct outbox *o)
{
	uint64_t rate = o->limit.rate;

	return rate ? (size_t)(rate - rate / 2) : SIZE_MAX;
}

void outbox_turn(struct outbox *o, int64_t unix_ns)
{
	int64_t second = o->limit.second;
	uint64_t dropped = limit_turn(&o->limit, unix_ns);

	if (o->limit.second == second)
		return;
	if (o->drop && dropped)
		push_notice(o, MESSAGE_RATE_EXCEEDED, dropped);
	if (fold_length(o->fold))
		o->limit.used +=
			fold_close(o->fold, summary_budget(o), push_event, o);
}

int64_t outbox_deadline(const struct outbox *o)
{
	if (fold_length(o->fold))
		return (o->limit.second + 1) * NS_PER_S;
	return o->drop ? limit_deadline(&o->limit) : INT64_MAX;
}

static void take_beyond(struct outbox *o, const struct icmp_event *event,
			bool first)
{
	if (!o->drop) {
		fold_add(o->fold, event);
		return;
	}
	account_drop(&o->counters.account, ACCOUNT_DROP_RATE, event);
	if (first)
		push_notice(o, MESSAGE_RATE_REACHED, o->limit.rate);
}

/* What the kernel has folded already waits for others of its flow. */
void outbox_take(struct outbox *o, const struct icmp_event *event,
		 int64_t unix_ns)
{
	enum limit_verdict verdict;

	outbox_turn(o, unix_ns);
	account_see(&o->counters.account, event);
	if (!event->single && !o->drop) {
		fold_add(o->fold, event);
		return;
	}
	verdict = limit_take(&o->limit, event->count);
	if (verdict == LIMIT_PASS)
		push_event(o, event);
	else
		take_beyond(o, event, verdict == LIMIT_DROP_FIRST);
}

/* As at the end of a second, and then what did not even fit folded. */
void outbox_flush(struct outbox *o)
{
	outbox_turn(o, outbox_deadline(o));
	fold_close(o->fold, SIZE_MAX, push_event, o);
}

/* ---- out ---- */

static void push_summary(void *user, const struct icmp_event *event)
{
	struct outbox *o = user;
	struct message m = {.kind = MESSAGE_EVENT, .event = *event};
	struct message evicted;

	queue_push(o->summaries, &m, &evicted); /* as many as there is room */
}

/* The queue that the next message leaves from. */
static struct queue *next_queue(struct outbox *o)
{
	if (!queue_length(o->summaries) && fold_length(o->backlog))
		fold_close(o->backlog, SUMMARY_MESSAGES, push_summary, o);
	return queue_unsent(o->summaries) ? o->summaries : o->queue;
}

const struct message *outbox_peek(struct outbox *o, size_t nth)
{
	struct queue *q = next_queue(o);

	if (nth >= WINDOW_MESSAGES ||
	    outbox_unconfirmed(o) >= WINDOW_MESSAGES - nth)
		return NULL;
	return queue_peek(q, nth);
}

/* Up to the message that left as the `order`th. */
static size_t confirm_in(struct outbox *o, struct queue *q, uint64_t order)
{
	const struct message *m;
	size_t n = 0;

	while ((m = queue_peek_sent(q, 0)) && m->order <= order) {
		report(o, m);
		queue_pop(q);
		n++;
	}
	return n;
}

size_t outbox_confirm(struct outbox *o, uint64_t n)
{
	return confirm_in(o, o->summaries, n) + confirm_in(o, o->queue, n);
}

void outbox_sent(struct outbox *o, size_t n, uint64_t echo)
{
	queue_sent(next_queue(o), n, echo, ++o->counters.sent);
	if (!echo)
		outbox_confirm(o, o->counters.sent);
}

void outbox_reject(struct outbox *o, enum account_reason reason)
{
	struct queue *q = next_queue(o);
	const struct message *m = queue_peek(q, 0);

	if (m && m->kind == MESSAGE_EVENT)
		account_drop(&o->counters.account, reason, &m->event);
	queue_pop_unsent(q);
}

/* The oldest in this queue that the echo is of; 0 where there is none. */
static uint64_t echoed_order(const struct queue *q, uint64_t echo)
{
	const struct message *m;

	for (size_t i = 0; (m = queue_peek_sent(q, i)); i++)
		if (m->echo == echo)
			return m->order;
	return 0;
}

bool outbox_echoed(struct outbox *o, uint64_t echo)
{
	uint64_t order, summary;

	if (!echo)
		return false;
	/* equal lines are echoed in the order in which they left */
	order = echoed_order(o->queue, echo);
	summary = echoed_order(o->summaries, echo);
	if (!order || (summary && summary < order))
		order = summary;
	if (!order)
		return false;
	outbox_confirm(o, order);
	o->counters.echoed++;
	return true;
}

void outbox_lost(struct outbox *o)
{
	o->counters.resent += queue_rewind(o->summaries);
	o->counters.resent += queue_rewind(o->queue);
}

/* ---- figures ---- */

size_t outbox_waiting(const struct outbox *o)
{
	return queue_unsent(o->summaries) + queue_unsent(o->queue) +
	       fold_length(o->backlog);
}

size_t outbox_unconfirmed(const struct outbox *o)
{
	return queue_length(o->summaries) - queue_unsent(o->summaries) +
	       queue_length(o->queue) - queue_unsent(o->queue);
}

uint64_t outbox_pending(const struct outbox *o)
{
	return fold_packets(o->fold) + fold_packets(o->backlog) +
	       queue_packets(o->summaries) + queue_packets(o->queue);
}

uint64_t outbox_backlog(const struct outbox *o)
{
	return fold_packets(o->backlog);
}

const struct outbox_counters *outbox_counters(const struct outbox *o)
{
	return &o->counters;
}
