/* SPDX-License-Identifier: ISC */
#include "agent/transport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/channel.h"
#include "agent/log.h"

enum {
	MAX_CHANNELS = 6,	  /* a WebSocket, a GET, a POST, twice */
	LOW_OUTPUT_BYTES = 16384, /* below this the owner may emit more */
	/* libwebsockets 4.1.6 cuts a request line off at 2 KB, silently */
	MAX_TARGET_BYTES = 2000,
};

struct transport {
	struct channel_host host; /* shared with the channels */
	struct url url;
	struct channel channels[MAX_CHANNELS];
	struct loop_timer *timer;
	struct resolve *resolve;
	transport_event_fn on_event;
	loop_fn on_writable;
	void *user;
	loop_fn on_stopped;
	void *stopped_user;
	bool kicking;
	bool kick_again;
};

static const struct lws_protocols protocols[] = {
	{
		.name = "sio",
		.callback = channel_callback,
		.rx_buffer_size = 65536,
		/* 0 would be 4 KB a turn: 12 times the turns for 20 KB */
		.tx_packet_size = 65536,
	},
	{0},
};

static struct channel *find_channel(struct transport *t, uint32_t id)
{
	size_t i;

	for (i = 0; i < MAX_CHANNELS; i++)
		if (t->channels[i].id == id)
			return &t->channels[i];
	return NULL;
}

/* ---- names ---- */

static void start_waiting(struct transport *t)
{
	size_t i;

	for (i = 0; i < MAX_CHANNELS; i++)
		if (t->channels[i].id && !t->channels[i].n_started)
			channel_start_next(&t->channels[i]);
}

static void fail_waiting(struct transport *t, const struct sio_failure *failure)
{
	size_t i;

	for (i = 0; i < MAX_CHANNELS; i++)
		if (t->channels[i].id && !t->channels[i].n_started)
			channel_fail(&t->channels[i], failure);
}

static void on_resolved(void *user, const struct resolve_result *result)
{
	struct transport *t = user;
	struct sio_failure failure = {.stage = SIO_STAGE_DNS};

	resolve_free(t->resolve);
	t->resolve = NULL;
	if (result->n_addresses) {
		t->host.addresses = *result;
		t->host.preferred = 0;
		start_waiting(t);
	} else {
		failure.text = result->error;
		fail_waiting(t, &failure);
	}
	transport_kick(t);
}

/*
 * What belongs to a session goes where the session is: another address of the
 * name may be another server, and the dead one among them is known by now.
 */
static bool belongs_to_session(const struct channel *ch)
{
	const char *query = strchr(ch->target, '?');

	return query && strstr(query, "&sid=");
}

/*
 * The addresses are asked for anew for each session, since they change; a
 * lookup that still runs serves whoever waits for it.
 */
static void resolve_and_start(struct transport *t, struct channel *ch)
{
	struct sio_failure failure = {.stage = SIO_STAGE_LOCAL,
				      .text = "cannot start a lookup"};

	if (t->url.literal || t->host.proxy || belongs_to_session(ch)) {
		channel_start_next(ch);
		return;
	}
	if (!t->resolve &&
	    resolve_new(t->host.loop, t->url.host, on_resolved, t, &t->resolve))
		channel_fail(ch, &failure);
}

/* ---- requests of the client ---- */

static void open_channel(struct transport *t, const struct sio_request *request)
{
	struct sio_failure failure = {.stage = SIO_STAGE_LOCAL,
				      .text = "out of memory"};
	struct channel *ch = find_channel(t, 0);
	bool too_long = strlen(request->target) > MAX_TARGET_BYTES;

	if (too_long)
		failure.text = "path and query have more than 2000 bytes";
	if (too_long || !ch || channel_open(ch, request))
		sio_client_failed(t->host.client, request->channel, &failure,
				  loop_now(t->host.loop));
	else
		resolve_and_start(t, ch);
}

static void carry_out(struct transport *t, const struct sio_request *request)
{
	struct channel *ch;

	switch (request->op) {
	case SIO_OP_WS_OPEN:
	case SIO_OP_HTTP_GET:
	case SIO_OP_HTTP_POST:
		open_channel(t, request);
		return;
	case SIO_OP_WS_CLOSE:
		ch = find_channel(t, request->channel);
		if (ch)
			channel_close(ch);
		return;
	case SIO_OP_ABORT:
		ch = find_channel(t, request->channel);
		if (ch)
			channel_drop(ch);
		return;
	}
}

/* One round; false when the client has nothing more to say. */
static bool kick_once(struct transport *t)
{
	struct sio_client *client = t->host.client;
	struct sio_request request;
	struct sio_event event;
	bool any = false;

	while (!sio_client_next_request(client, &request)) {
		carry_out(t, &request);
		any = true;
	}
	while (!sio_client_next_event(client, &event)) {
		t->on_event(t->user, &event);
		any = true;
	}
	return any;
}

static void want_write(struct transport *t)
{
	struct sio_output out;
	struct channel *ch;

	if (sio_client_peek_output(t->host.client, &out))
		return;
	ch = find_channel(t, out.channel);
	if (ch)
		channel_want_write(ch);
}

static void emit_more(void *user)
{
	struct transport *t = user;

	if (sio_client_output_bytes(t->host.client) < LOW_OUTPUT_BYTES)
		t->on_writable(t->user);
}

static bool is_idle(const struct transport *t)
{
	size_t i;

	for (i = 0; i < MAX_CHANNELS; i++)
		if (t->channels[i].id)
			return false;
	return true;
}

static void check_stopped(struct transport *t)
{
	loop_fn fn = t->on_stopped;

	if (!fn || !sio_client_stopped(t->host.client) || !is_idle(t))
		return;
	t->on_stopped = NULL;
	fn(t->stopped_user);
}

void transport_on_stopped(struct transport *t, loop_fn fn, void *user)
{
	t->on_stopped = fn;
	t->stopped_user = user;
}

void transport_kick(struct transport *t)
{
	t->kick_again = true;
	if (t->kicking)
		return;
	t->kicking = true;
	while (t->kick_again) {
		t->kick_again = false;
		while (kick_once(t))
			;
		emit_more(t);
		if (kick_once(t))
			t->kick_again = true;
	}
	t->kicking = false;
	want_write(t);
	loop_timer_set(t->timer, sio_client_deadline(t->host.client));
	check_stopped(t);
}

static void kick(void *user)
{
	transport_kick(user);
}

static void on_timer(void *user)
{
	struct transport *t = user;

	sio_client_timeout(t->host.client, loop_now(t->host.loop));
	transport_kick(t);
}

/* ---- life ---- */

static int create_vhost(struct transport *t,
			const struct transport_config *config)
{
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.vhost_name = "backend",
		.protocols = protocols,
		.http_proxy_address = "", /* never the environment's */
		.timeout_secs = 3600,
		.options =
			config->tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0,
		.provided_client_ssl_ctx = config->tls,
	};

	if (config->tls)
		channel_watch_tls(config->tls);
	t->host.vhost = lws_create_vhost(loop_lws_context(t->host.loop), &info);
	if (t->host.vhost)
		return 0;
	log_error("%s: libwebsockets could not be set up for it", config->url);
	return -ENOMEM;
}

static void set_address(struct transport *t, const char *address)
{
	snprintf(t->host.addresses.address[0],
		 sizeof(t->host.addresses.address[0]), "%.*s",
		 (int)sizeof(t->host.addresses.address[0]) - 1, address);
	t->host.addresses.n_addresses = 1;
}

static int read_url(struct transport *t, const char *text)
{
	char error[256];

	if (url_parse(text, &t->url, error, sizeof(error))) {
		log_error("%s", error);
		return -EINVAL;
	}
	if (t->url.literal)
		set_address(t, t->url.host);
	return 0;
}

static int open_proxy(struct transport *t, const struct proxy_url *via)
{
	int err;

	if (!via)
		return 0;
	err = proxy_new(t->host.loop, via, &t->url, &t->host.proxy);
	if (!err)
		set_address(t, proxy_address(t->host.proxy));
	return err;
}

static int init_channels(struct transport *t)
{
	size_t i;
	int err = 0;

	for (i = 0; i < MAX_CHANNELS && !err; i++)
		err = channel_init(&t->channels[i], &t->host);
	return err;
}

int transport_new(struct loop *loop, struct sio_client *client,
		  const struct transport_config *config,
		  transport_event_fn on_event, loop_fn on_writable, void *user,
		  struct transport **ret_transport)
{
	struct transport *t;
	int err;

	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->on_event = on_event;
	t->on_writable = on_writable;
	t->user = user;
	t->host = (struct channel_host){.loop = loop,
					.client = client,
					.url = &t->url,
					.kick = kick,
					.writable = emit_more,
					.user = t};
	err = read_url(t, config->url);
	if (!err)
		err = open_proxy(t, config->proxy);
	if (!err)
		err = create_vhost(t, config);
	if (!err)
		err = loop_timer_new(loop, on_timer, t, &t->timer);
	if (!err)
		err = init_channels(t);
	if (err) {
		transport_free(t);
		return err;
	}
	*ret_transport = t;
	return 0;
}

void transport_free(struct transport *t)
{
	size_t i;

	if (!t)
		return;
	for (i = 0; i < MAX_CHANNELS; i++)
		channel_destroy(&t->channels[i]);
	proxy_free(t->host.proxy);
	resolve_free(t->resolve);
	loop_timer_free(t->timer);
	if (t->host.vhost)
		lws_vhost_destroy(t->host.vhost);
	free(t);
}
