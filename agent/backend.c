/* SPDX-License-Identifier: ISC */
#include "agent/backend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "agent/log.h"
#include "agent/proxy.h"
#include "agent/transport.h"
#include "agent/url.h"

struct backend {
	const struct options *options;
	const char *name;
	const struct backend_calls *calls;
	void *user;
	struct loop *loop;
	const struct credentials *credentials;
	struct sio_client *client;
	struct transport *transport;
	char failure[512]; /* what was last said of the connection */
};

/* ---- what the client tells ---- */

static const char *advice(const struct sio_failure *f)
{
	switch (f->stage) {
	case SIO_STAGE_REFUSED:
		return "; check PASSWORD, trying again slowly";
	case SIO_STAGE_VERSION:
		return "; the backend needs socket.io 3 or newer";
	default:
		return "; trying again";
	}
}

/* Once, and again at each change: the attempts go on for ever. */
static void say_failure(struct backend *b, const struct sio_event *event)
{
	const struct sio_failure *f = &event->failure;
	char line[sizeof(b->failure)];

	snprintf(line, sizeof(line), "%s: %s: %s%s%s", b->options->url,
		 event->kind == SIO_EVENT_LOST ? "connection lost"
					       : "cannot connect",
		 sio_stage_name(f->stage), f->text[0] ? ": " : "", f->text);
	if (strcmp(line, b->failure) != 0)
		log_warning("%s%s", line, advice(f));
	memcpy(b->failure, line, sizeof(line));
}

static void on_event(void *user, const struct sio_event *event)
{
	struct backend *b = user;

	switch (event->kind) {
	case SIO_EVENT_CONNECT:
		log_info("%s: connected, room %s", b->options->url, b->name);
		b->failure[0] = '\0';
		b->calls->connected(b->user);
		return;
	case SIO_EVENT_LOST:
		b->calls->lost(b->user);
		say_failure(b, event);
		return;
	case SIO_EVENT_FAILED:
		say_failure(b, event);
		return;
	case SIO_EVENT_MESSAGE:
		if (!strcmp(event->name, "data"))
			b->calls->data(b->user, event->json, event->json_len);
		return;
	case SIO_EVENT_ACK:
		b->calls->answer(b->user, !event->timed_out);
		return;
	default:
		return;
	}
}

static void on_writable(void *user)
{
	struct backend *b = user;

	b->calls->writable(b->user);
}

static int on_auth(void *user, const char *nsp, char *buf, size_t size)
{
	struct backend *b = user;

	(void)nsp;
	return credentials_write(b->credentials, b->name, buf, size);
}

static void on_log(void *user, const char *line)
{
	struct backend *b = user;

	log_debug("%s: %s", b->name, line);
}

/* ---- life ---- */

static int new_client(struct backend *b, const struct url *url)
{
	struct sio_config config;
	char path[sizeof(url->path) + sizeof("/socket.io/")];

	snprintf(path, sizeof(path), "%s/socket.io/", url->path);
	sio_config_init(&config);
	config.path = path;
	config.transports = b->options->transports;
	config.auth = on_auth;
	config.log = on_log;
	config.user = b;
	if (getrandom(&config.seed, sizeof(config.seed), 0) < 0)
		return -errno;
	return sio_client_new(&config, &b->client) ? -ENOMEM : 0;
}

static int new_transport(struct backend *b, const struct url *url)
{
	struct proxy_url via;
	struct transport_config config = {
		.url = b->options->url,
		.tls = credentials_tls(b->credentials),
	};
	int err = proxy_choose(url, b->options->proxy, &via);

	if (err < 0)
		return err;
	config.proxy = err ? NULL : &via;
	return transport_new(b->loop, b->client, &config, on_event, on_writable,
			     b, &b->transport);
}

static int set_up(struct backend *b)
{
	struct url url;
	char error[256];
	int err;

	if (url_parse(b->options->url, &url, error, sizeof(error))) {
		log_error("%s", error);
		return -EINVAL;
	}
	err = new_client(b, &url);
	return err ? err : new_transport(b, &url);
}

int backend_new(struct loop *loop, const struct options *options,
		const struct credentials *credentials, const char *name,
		const struct backend_calls *calls, void *user,
		struct backend **ret_backend)
{
	struct backend *b;
	int err;

	b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	*b = (struct backend){.options = options,
			      .credentials = credentials,
			      .name = name,
			      .calls = calls,
			      .user = user,
			      .loop = loop};
	snprintf(b->failure, sizeof(b->failure), "not connected yet");
	err = set_up(b);
	if (err) {
		backend_free(b);
		return err;
	}
	*ret_backend = b;
	return 0;
}

void backend_free(struct backend *b)
{
	if (!b)
		return;
	transport_free(b->transport);
	sio_client_free(b->client);
	free(b);
}

void backend_start(struct backend *b)
{
	sio_client_start(b->client, loop_now(b->loop));
	transport_kick(b->transport);
}

bool backend_connected(const struct backend *b)
{
	return sio_client_connected(b->client, "/");
}

void backend_kick(struct backend *b)
{
	transport_kick(b->transport);
}

enum backend_emitted backend_emit(struct backend *b, const char *text,
				  size_t len)
{
	struct sio_value arg = {.type = SIO_STRING, .data = text, .len = len};
	struct sio_emit emit = {.name = "data", .args = &arg, .n_args = 1};

	switch (sio_client_emit(b->client, &emit, loop_now(b->loop))) {
	case SIO_OK:
		return BACKEND_SENT;
	case SIO_ERR_TOO_BIG:
		return BACKEND_TOO_BIG;
	default:
		return BACKEND_FULL;
	}
}

/* A byte is at most six in JSON, as in \u001b; the rest is the envelope. */
size_t backend_max_text(const struct backend *b)
{
	size_t max = sio_client_max_payload(b->client);

	return max > 128 ? (max - 128) / 6 : 0;
}

size_t backend_output_bytes(const struct backend *b)
{
	return sio_client_output_bytes(b->client);
}

int backend_ping(struct backend *b, uint64_t timeout_ns)
{
	struct sio_emit ping = {
		.name = "ping", .want_ack = true, .ack_timeout_ns = timeout_ns};

	return sio_client_emit(b->client, &ping, loop_now(b->loop));
}

void backend_leave(struct backend *b)
{
	sio_client_stop(b->client, loop_now(b->loop));
}

void backend_on_stopped(struct backend *b, loop_fn fn, void *user)
{
	transport_on_stopped(b->transport, fn, user);
}

const char *backend_failure(const struct backend *b)
{
	return b->failure;
}
