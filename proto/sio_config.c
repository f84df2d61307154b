/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "proto/json.h"
#include "proto/sio_impl.h"

#define NS_PER_MS 1000000ull
#define NS_PER_S  1000000000ull

/* so that clients that lost one server do not come back in one instant */
#define BACKOFF_FLOOR_NS (100 * NS_PER_MS)
/* a table of that size is allocated beforehand */
#define MAX_ATTACHMENTS	 1024

void sio_config_init(struct sio_config *config)
{
	*config = (struct sio_config){
		.path = "/socket.io/",
		.transports = SIO_WEBSOCKET | SIO_POLLING,
		.connect_timeout_ns = 20 * NS_PER_S,
		.backoff_min_ns = 1 * NS_PER_S,
		.backoff_max_ns = 30 * NS_PER_S,
		.refusal_min_ns = 10 * NS_PER_S,
		.refusal_max_ns = 60 * NS_PER_S,
		.max_message_bytes = 1000000,
		.max_output_bytes = 1000000,
		.max_events = 4096,
		.max_event_bytes = 16000000,
		.max_attachments = 10,
		.max_depth = 32,
		.max_acks = 1024,
	};
}

static unsigned int at_most(unsigned int n, unsigned int max)
{
	return n < max ? n : max;
}

/* In the request line: nothing may end it, or begin another part of it. */
static bool is_part(const char *text, const char *ends)
{
	for (; *text; text++)
		if ((unsigned char)*text <= 0x20 || *text == 0x7f ||
		    strchr(ends, *text))
			return false;
	return true;
}

static bool is_path(const char *path)
{
	size_t len = path ? strlen(path) : 0;

	return len && path[0] == '/' && path[len - 1] == '/' &&
	       is_part(path, "?#");
}

static bool is_valid(const struct sio_config *config)
{
	unsigned int both = SIO_WEBSOCKET | SIO_POLLING;

	return is_path(config->path) && config->transports &&
	       !(config->transports & ~both) &&
	       !(config->query && !is_part(config->query, "#")) &&
	       config->connect_timeout_ns && config->max_message_bytes &&
	       config->max_output_bytes && config->max_events &&
	       config->max_event_bytes && config->max_depth;
}

static void init_backoffs(struct sio_client *c)
{
	const struct sio_config *k = &c->config;
	uint64_t slow_floor_ns = k->refusal_min_ns / 2;

	sio_backoff_init(&c->backoff, BACKOFF_FLOOR_NS, k->backoff_min_ns,
			 k->backoff_max_ns);
	if (slow_floor_ns < BACKOFF_FLOOR_NS)
		slow_floor_ns = BACKOFF_FLOOR_NS;
	sio_backoff_init(&c->slow, slow_floor_ns, k->refusal_min_ns,
			 k->refusal_max_ns);
	c->random = k->seed;
}

int sio_config_copy(struct sio_client *c, const struct sio_config *config)
{
	if (!is_valid(config))
		return SIO_ERR_INVALID;
	c->config = *config;
	c->limits = (struct sio_packet_limits){
		.max_attachments =
			at_most(config->max_attachments, MAX_ATTACHMENTS),
		.max_depth = at_most(config->max_depth, SIO_JSON_MAX_DEPTH),
	};
	init_backoffs(c);
	c->path = sio_strndup(c->mem, config->path, strlen(config->path));
	if (config->query)
		c->query = sio_strndup(c->mem, config->query,
				       strlen(config->query));
	c->config.path = c->path;
	c->config.query = c->query;
	if (!c->path || (config->query && !c->query))
		return SIO_ERR_NOMEM;
	return SIO_OK;
}

void sio_config_release(struct sio_client *c)
{
	sio_free(c->mem, c->path);
	sio_free(c->mem, c->query);
}
