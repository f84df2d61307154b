/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/sio_impl.h"

/* ---- what the session tells ---- */

static void on_opened(void *user)
{
	struct sio_client *c = user;
	struct sio_node *node;
	size_t len = strlen(c->eio.sid);

	c->is_open = true;
	if (sio_events_full(&c->events, len + 1)) {
		sio_client_overrun(c);
		return;
	}
	node = sio_events_make(&c->events, SIO_EVENT_OPEN, len + 1);
	if (!node) {
		sio_client_out_of_memory(c);
		return;
	}
	node->event.transport = c->eio.transport;
	node->event.sid = sio_node_copy(node, c->eio.sid, len);
	sio_events_push(&c->events, node);
	sio_nsp_connect_all(c);
}

static void on_upgraded(void *user)
{
	struct sio_client *c = user;
	struct sio_node *node =
		sio_events_make(&c->events, SIO_EVENT_UPGRADE, 0);

	if (!node) {
		sio_client_out_of_memory(c);
		return;
	}
	node->event.transport = SIO_WEBSOCKET;
	sio_events_push(&c->events, node);
}

static void on_message(void *user, bool binary, const char *data, size_t len)
{
	struct sio_client *c = user;

	/* while stopping, nobody is there to take it */
	if (c->state == SIO_STATE_ACTIVE)
		sio_client_received(c, binary, data, len);
}

static uint64_t choose_delay(struct sio_client *c,
			     const struct sio_failure *failure)
{
	uint64_t chosen = c->chosen_retry_ns;

	c->chosen_retry_ns = 0;
	if (chosen)
		return chosen;
	if (failure->stage == SIO_STAGE_VERSION)
		return sio_backoff_next(&c->slow, sio_random_next(&c->random));
	return sio_backoff_next(&c->backoff, sio_random_next(&c->random));
}

static void on_closed(void *user, const struct sio_failure *failure)
{
	struct sio_client *c = user;
	enum sio_event_kind kind =
		c->was_joined ? SIO_EVENT_LOST : SIO_EVENT_FAILED;
	uint64_t delay;

	c->is_open = false;
	c->was_joined = false;
	c->partial.active = false;
	sio_ack_expire(c, NULL);
	sio_nsp_reset_all(c);
	if (c->state == SIO_STATE_STOPPING) {
		c->state = SIO_STATE_STOPPED;
		return;
	}
	delay = choose_delay(c, failure);
	c->state = SIO_STATE_WAITING;
	c->retry_at_ns = eio_after(c->now_ns, delay);
	sio_client_push_failure(c, kind, NULL, failure, NULL, 0, delay);
}

static bool is_full(void *user)
{
	const struct sio_client *c = user;

	return sio_events_should_wait(&c->events);
}

static void on_log(void *user, const char *line)
{
	struct sio_client *c = user;

	if (c->config.log)
		c->config.log(c->config.user, line);
}

struct eio_handler sio_client_handler(struct sio_client *c)
{
	return (struct eio_handler){
		.user = c,
		.opened = on_opened,
		.upgraded = on_upgraded,
		.message = on_message,
		.is_full = is_full,
		.closed = on_closed,
		.log = c->config.log ? on_log : NULL,
	};
}

/* ---- for the other files ---- */

void sio_client_log(struct sio_client *c, const char *format, ...)
{
	char line[EIO_TEXT_SIZE];
	va_list args;

	if (!c->config.log)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	c->config.log(c->config.user, line);
}

void sio_client_out_of_memory(struct sio_client *c)
{
	eio_session_fail(&c->eio, SIO_STAGE_LOCAL, 0,
			 sio_strerror(SIO_ERR_NOMEM));
}

void sio_client_overrun(struct sio_client *c)
{
	eio_session_fail(&c->eio, SIO_STAGE_LOCAL, 0,
			 "received events were not taken in time");
}

static bool is_queued(const struct sio_events *q, const struct sio_node *node)
{
	const struct sio_node *n = q->head;

	while (n && n != node)
		n = n->next;
	return n != NULL;
}

/* Without memory: only what needs none. The newest failure replaces an older */
static void push_last_words(struct sio_client *c, enum sio_event_kind kind,
			    const struct sio_failure *failure,
			    uint64_t retry_ns)
{
	struct sio_node *node = c->last_words;
	bool queued = is_queued(&c->events, node);

	node->event.kind = kind;
	node->event.failure = *failure;
	node->event.failure.text = sio_stage_name(failure->stage);
	node->event.retry_ns = retry_ns;
	if (!queued)
		sio_events_push(&c->events, node);
}

void sio_client_push_failure(struct sio_client *c, enum sio_event_kind kind,
			     const struct sio_nsp *nsp,
			     const struct sio_failure *failure,
			     const char *json, size_t json_len,
			     uint64_t retry_ns)
{
	size_t text_len = strlen(failure->text);
	size_t nsp_len = nsp ? nsp->name_len : 0;
	size_t room = text_len + nsp_len + json_len + 3;
	struct sio_node *node = NULL;

	if (!sio_events_full(&c->events, room))
		node = sio_events_make(&c->events, kind, room);
	if (!node) {
		push_last_words(c, kind, failure, retry_ns);
		return;
	}
	node->event.failure = *failure;
	node->event.failure.text = sio_node_copy(node, failure->text, text_len);
	node->event.retry_ns = retry_ns;
	if (nsp)
		node->event.nsp = sio_node_copy(node, nsp->name, nsp_len);
	if (json) {
		node->event.json = sio_node_copy(node, json, json_len);
		node->event.json_len = json_len;
	}
	sio_events_push(&c->events, node);
}
