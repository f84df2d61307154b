/* SPDX-License-Identifier: ISC */
#include "agent/channel.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define STAGGER_NS (UINT64_C(250) * 1000 * 1000) /* RFC 8305 section 8 */
/* for a peer that takes nothing: the client's own time is already over then */
#define CLOSE_NS   (UINT64_C(2000) * 1000 * 1000)

/* Its wsi, without an owner, is closed by its next callback or by this. */
static void candidate_drop(struct candidate *c)
{
	struct lws *wsi = c->wsi;

	c->wsi = NULL;
	if (!wsi)
		return;
	lws_set_opaque_user_data(wsi, NULL);
	lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

void channel_drop(struct channel *ch)
{
	size_t i;

	for (i = 0; i < ch->n_started; i++)
		candidate_drop(&ch->candidates[i]);
	loop_timer_set(ch->timer, LOOP_NEVER);
	free(ch->target);
	free(ch->cookie);
	*ch = (struct channel){.host = ch->host, .timer = ch->timer};
}

static void on_timer(void *user)
{
	struct channel *ch = user;

	if (ch->closing)
		channel_drop(ch);
	else
		channel_start_next(ch);
	ch->host->kick(ch->host->user);
}

int channel_init(struct channel *ch, struct channel_host *host)
{
	*ch = (struct channel){.host = host};
	return loop_timer_new(host->loop, on_timer, ch, &ch->timer);
}

void channel_destroy(struct channel *ch)
{
	if (!ch->host)
		return;
	channel_drop(ch);
	loop_timer_free(ch->timer);
}

int channel_open(struct channel *ch, const struct sio_request *request)
{
	ch->id = request->channel;
	ch->op = request->op;
	ch->body = request->body;
	ch->body_len = request->body_len;
	ch->target = strdup(request->target);
	ch->cookie = request->cookie ? strdup(request->cookie) : NULL;
	if (ch->target && (ch->cookie || !request->cookie))
		return 0;
	channel_drop(ch);
	return -ENOMEM;
}

void channel_fail(struct channel *ch, const struct sio_failure *failure)
{
	struct channel_host *host = ch->host;
	uint32_t id = ch->id;
	char text[sizeof(ch->failure_text)];
	struct sio_failure copy = *failure;

	snprintf(text, sizeof(text), "%s", failure->text);
	copy.text = text;
	channel_drop(ch);
	sio_client_failed(host->client, id, &copy, loop_now(host->loop));
}

void channel_close(struct channel *ch)
{
	ch->closing = true;
	loop_timer_set(ch->timer, loop_now(ch->host->loop) + CLOSE_NS);
	channel_want_write(ch);
}

void channel_want_write(struct channel *ch)
{
	if (ch->winner && ch->winner->wsi)
		lws_callback_on_writable(ch->winner->wsi);
}

/* ---- the race ---- */

static const char *method_of(enum sio_op op)
{
	switch (op) {
	case SIO_OP_HTTP_GET:
		return "GET";
	case SIO_OP_HTTP_POST:
		return "POST";
	default:
		return NULL; /* an upgrade to WebSocket */
	}
}

/*
 * The Host header: the port only where it is not the scheme's own. TLS takes
 * the name from it, which has no dot at its end there, nor in a certificate
 * (RFC 6066 section 3).
 */
static void write_host(const struct url *url, char *buf, size_t size)
{
	bool v6 = url->literal && strchr(url->host, ':');
	const char *open = v6 ? "[" : "", *close = v6 ? "]" : "";
	int len = (int)strlen(url->host);

	if (url->host[len - 1] == '.')
		len--;
	if (url->port == (url->tls ? 443 : 80))
		snprintf(buf, size, "%s%.*s%s", open, len, url->host, close);
	else
		snprintf(buf, size, "%s%.*s%s:%u", open, len, url->host, close,
			 url->port);
}

static struct lws *connect_to(struct candidate *c, const char *address)
{
	struct channel *ch = c->channel;
	const struct url *url = ch->host->url;
	char host[sizeof(url->host) + 16];
	struct lws_client_connect_info info = {
		.context = loop_lws_context(ch->host->loop),
		.vhost = ch->host->vhost,
		.address = address,
		.port = url->port,
		.path = ch->target,
		.host = host,
		.ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT |
				  (url->tls ? LCCSCF_USE_SSL : 0),
		.alpn = "http/1.1",
		.method = method_of(ch->op),
		.local_protocol_name = "sio",
		.ietf_version_or_minus_one = -1,
		.opaque_user_data = c,
	};

	write_host(url, host, sizeof(host));
	return lws_client_connect_via_info(&info);
}

/* True if the candidate is on its way. */
static bool candidate_start(struct candidate *c)
{
	const struct channel_host *host = c->channel->host;
	struct lws *wsi;

	errno = 0;
	c->starting = true;
	wsi = connect_to(c, host->addresses.address[c->address]);
	c->starting = false;
	if (!wsi) {
		/* with or without a callback before it: see on_error() */
		if (!c->channel->failure.text)
			c->channel->failure = (struct sio_failure){
				SIO_STAGE_TCP, 0, "cannot connect"};
		return false;
	}
	c->wsi = wsi;
	return true;
}

static bool any_running(const struct channel *ch)
{
	size_t i;

	for (i = 0; i < ch->n_started; i++)
		if (ch->candidates[i].wsi)
			return true;
	return false;
}

/* Starts the next address; fails the channel where none is left. */
void channel_start_next(struct channel *ch)
{
	const struct channel_host *host = ch->host;

	while (ch->n_started < host->addresses.n_addresses) {
		size_t n = ch->n_started++;
		struct candidate *c = &ch->candidates[n];

		*c = (struct candidate){
			.channel = ch,
			.address = (host->preferred + n) %
				   host->addresses.n_addresses,
		};
		if (candidate_start(c)) {
			loop_timer_set(ch->timer,
				       loop_now(host->loop) + STAGGER_NS);
			return;
		}
	}
	loop_timer_set(ch->timer, LOOP_NEVER);
	if (!any_running(ch))
		channel_fail(ch, &ch->failure);
}

/* Asked for headers: the connection stands. False if another was faster. */
bool channel_candidate_wins(struct candidate *c)
{
	struct channel *ch = c->channel;
	size_t i;
	int on = 1;
	unsigned int dead_ms = 30000;
	int fd = lws_get_socket_fd(c->wsi);

	if (ch->winner)
		return ch->winner == c;
	ch->winner = c;
	ch->host->preferred = c->address;
	loop_timer_set(ch->timer, LOOP_NEVER);
	for (i = 0; i < ch->n_started; i++)
		if (&ch->candidates[i] != c)
			candidate_drop(&ch->candidates[i]);
	/* a peer that is gone is noticed although we only listen */
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms,
		   sizeof(dead_ms));
	return true;
}
