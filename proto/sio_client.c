/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "proto/sio_impl.h"

/* ---- life ---- */

static int init_partial(struct sio_client *c)
{
	size_t n = c->limits.max_attachments;

	sio_buf_init(&c->partial.bytes, c->mem, c->config.max_event_bytes);
	c->partial.ends = sio_zalloc(c->mem, (n + 1) * sizeof(size_t));
	return c->partial.ends ? SIO_OK : SIO_ERR_NOMEM;
}

static int init_last_words(struct sio_client *c)
{
	/* "/" and literals: it needs no room of its own */
	c->last_words = sio_events_make(&c->events, SIO_EVENT_FAILED, 0);
	if (!c->last_words)
		return SIO_ERR_NOMEM;
	c->last_words->fixed = true;
	return SIO_OK;
}

static void init_session(struct sio_client *c)
{
	const struct eio_config config = {
		.path = c->config.path,
		.query = c->config.query,
		.transports = c->config.transports,
		.polling_first = c->config.polling_first,
		.connect_timeout_ns = c->config.connect_timeout_ns,
		.max_message_bytes = c->config.max_message_bytes,
		.max_output_bytes = c->config.max_output_bytes,
		.seed = sio_random_next(&c->random),
		.mem = c->mem,
	};
	const struct eio_handler handler = sio_client_handler(c);

	eio_session_init(&c->eio, &config, &handler);
}

int sio_client_new(const struct sio_config *config,
		   struct sio_client **ret_client)
{
	const struct sio_mem *mem =
		config->mem ? config->mem : sio_mem_default();
	struct sio_client *c = sio_zalloc(mem, sizeof(*c));
	int err;

	if (!c)
		return SIO_ERR_NOMEM;
	c->mem = mem;
	c->acks_tail = &c->acks;
	c->ack_deadline_ns = SIO_NEVER;
	sio_events_init(&c->events, mem, config->max_events,
			config->max_event_bytes);
	err = sio_config_copy(c, config);
	init_session(c);
	if (!err)
		err = init_partial(c);
	if (!err)
		err = init_last_words(c);
	if (err) {
		sio_client_free(c);
		return err;
	}
	*ret_client = c;
	return SIO_OK;
}

void sio_client_free(struct sio_client *c)
{
	if (!c)
		return;
	sio_ack_expire(c, NULL);
	sio_nsp_free_all(c);
	sio_events_free(&c->events);
	sio_free(c->mem, c->last_words);
	sio_free(c->mem, c->partial.ends);
	sio_buf_free(&c->partial.bytes);
	eio_session_free(&c->eio);
	sio_config_release(c);
	sio_free(c->mem, c);
}

void sio_client_set_time(struct sio_client *c, uint64_t now_ns)
{
	if (now_ns > c->now_ns)
		c->now_ns = now_ns;
	c->eio.now_ns = c->now_ns;
}

static void attempt(struct sio_client *c)
{
	c->state = SIO_STATE_ACTIVE;
	eio_session_connect(&c->eio, c->now_ns);
}

int sio_client_start(struct sio_client *c, uint64_t now_ns)
{
	struct sio_nsp *nsp;
	int err;

	if (c->state != SIO_STATE_NEW)
		return SIO_ERR_STATE;
	if (!c->named) {
		err = sio_nsp_add(c, "/", &nsp);
		if (err)
			return err;
		c->named = true;
	}
	sio_client_set_time(c, now_ns);
	attempt(c);
	return SIO_OK;
}

void sio_client_stop(struct sio_client *c, uint64_t now_ns)
{
	sio_client_set_time(c, now_ns);
	if (c->state != SIO_STATE_ACTIVE) {
		if (c->state != SIO_STATE_STOPPING)
			c->state = SIO_STATE_STOPPED;
		return;
	}
	if (c->is_open)
		sio_nsp_disconnect_all(c);
	/* which may have ended the session: out of memory */
	if (c->state == SIO_STATE_WAITING) {
		c->state = SIO_STATE_STOPPED;
		return;
	}
	c->state = SIO_STATE_STOPPING;
	eio_session_close(&c->eio, c->now_ns);
}

bool sio_client_stopped(const struct sio_client *c)
{
	return c->state == SIO_STATE_STOPPED;
}

void sio_client_retry_now(struct sio_client *c, uint64_t now_ns)
{
	sio_client_set_time(c, now_ns);
	if (c->state == SIO_STATE_WAITING)
		attempt(c);
}

/* ---- the five groups ---- */

int sio_client_next_request(struct sio_client *c,
			    struct sio_request *ret_request)
{
	return eio_session_next_request(&c->eio, ret_request);
}

void sio_client_ws_open(struct sio_client *c, uint32_t channel, uint64_t now_ns)
{
	sio_client_set_time(c, now_ns);
	eio_session_ws_open(&c->eio, channel);
}

void sio_client_ws_feed(struct sio_client *c, uint32_t channel, bool binary,
			const void *data, size_t len, bool last,
			uint64_t now_ns)
{
	sio_client_set_time(c, now_ns);
	eio_session_ws_feed(&c->eio, channel, binary, data, len, last);
}

void sio_client_http_cookie(struct sio_client *c, uint32_t channel,
			    const char *set_cookie, size_t len)
{
	eio_session_http_cookie(&c->eio, channel, set_cookie, len);
}

void sio_client_http_feed(struct sio_client *c, uint32_t channel,
			  const void *data, size_t len, uint64_t now_ns)
{
	sio_client_set_time(c, now_ns);
	eio_session_http_feed(&c->eio, channel, data, len);
}

void sio_client_http_end(struct sio_client *c, uint32_t channel, int status,
			 uint64_t now_ns)
{
	sio_client_set_time(c, now_ns);
	eio_session_http_end(&c->eio, channel, status);
}

void sio_client_failed(struct sio_client *c, uint32_t channel,
		       const struct sio_failure *failure, uint64_t now_ns)
{
	sio_client_set_time(c, now_ns);
	eio_session_channel_failed(&c->eio, channel, failure);
}

int sio_client_peek_output(struct sio_client *c, struct sio_output *ret_output)
{
	return eio_session_peek(&c->eio, ret_output);
}

void sio_client_commit_output(struct sio_client *c)
{
	eio_session_commit(&c->eio);
}

size_t sio_client_output_bytes(const struct sio_client *c)
{
	return eio_session_output_bytes(&c->eio);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t sio_client_deadline(const struct sio_client *c)
{
	uint64_t first = eio_session_deadline(&c->eio);

	if (c->state == SIO_STATE_WAITING)
		return c->retry_at_ns;
	if (c->state == SIO_STATE_ACTIVE && c->is_open) {
		first = earlier(first, sio_nsp_deadline(c));
		first = earlier(first, c->ack_deadline_ns);
	}
	return first;
}

void sio_client_timeout(struct sio_client *c, uint64_t now_ns)
{
	sio_client_set_time(c, now_ns);
	eio_session_timeout(&c->eio, c->now_ns);
	if (c->state == SIO_STATE_ACTIVE && c->is_open)
		sio_ack_timeout(c);
	if (c->state == SIO_STATE_ACTIVE && c->is_open)
		sio_nsp_timeout(c);
	if (c->state == SIO_STATE_WAITING && c->now_ns >= c->retry_at_ns)
		attempt(c);
}

int sio_client_next_event(struct sio_client *c, struct sio_event *ret_event)
{
	const struct sio_event *event = sio_events_pop(&c->events);

	if (!event)
		return SIO_NONE;
	*ret_event = *event;
	/* with the last one, as who gets SIO_NONE looks for nothing more */
	if (!c->events.head)
		eio_session_resume(&c->eio);
	return SIO_OK;
}

/* ---- state ---- */

bool sio_client_connected(const struct sio_client *c, const char *nsp)
{
	const struct sio_nsp *n =
		sio_nsp_find(c, nsp ? nsp : "/", strlen(nsp ? nsp : "/"));

	return c->state == SIO_STATE_ACTIVE && n && n->state == SIO_NSP_JOINED;
}

size_t sio_client_max_payload(const struct sio_client *c)
{
	return c->eio.max_payload;
}
