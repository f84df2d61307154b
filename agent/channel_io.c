/* SPDX-License-Identifier: ISC */
/* What libwebsockets says of a channel, and the bytes both ways. */
#include "agent/channel.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* libwebsockets ends it; what else it says of it is nobody's any more. */
static void forget(struct candidate *c, struct lws *wsi)
{
	lws_set_opaque_user_data(wsi, NULL);
	c->wsi = NULL;
}

static void on_error(struct candidate *c, struct lws *wsi)
{
	struct channel *ch = c->channel;

	channel_note_failure(c, wsi);
	forget(c, wsi);
	if (c->starting)
		return; /* whoever started it sees that and goes on */
	if (ch->winner == c)
		channel_fail(ch, &ch->failure);
	else
		channel_start_next(ch);
}

static void on_closed(struct candidate *c, struct lws *wsi,
		      enum sio_stage stage, const char *text)
{
	struct sio_failure failure = {
		.stage = stage, .status = c->channel->status, .text = text};

	forget(c, wsi);
	channel_fail(c->channel, &failure);
}

/* The peer's close frame, RFC 6455 section 5.5.1. */
static void on_peer_close(struct channel *ch, const unsigned char *in,
			  size_t len)
{
	if (len < 2)
		return;
	ch->status = in[0] << 8 | in[1];
	snprintf(ch->failure_text, sizeof(ch->failure_text), "%.*s",
		 (int)(len - 2), (const char *)in + 2);
}

static int add_header(struct lws *wsi, const char *name, const char *value,
		      size_t len, unsigned char **p, unsigned char *end)
{
	return lws_add_http_header_by_name(wsi, (const unsigned char *)name,
					   (const unsigned char *)value,
					   (int)len, p, end);
}

static int on_headers(struct candidate *c, struct lws *wsi, unsigned char **p,
		      size_t room)
{
	static const char agent[] = "icmp-agent/" ICMP_AGENT_VERSION;
	static const char type[] = "text/plain;charset=UTF-8";
	struct channel *ch = c->channel;
	unsigned char *end = *p + room;
	char length[24];
	int n;

	c->wsi = wsi;
	if (!channel_candidate_wins(c))
		return -1;
	if (add_header(wsi, "user-agent:", agent, sizeof(agent) - 1, p, end))
		return -1;
	if (ch->cookie &&
	    add_header(wsi, "cookie:", ch->cookie, strlen(ch->cookie), p, end))
		return -1;
	if (ch->op != SIO_OP_HTTP_POST)
		return 0;
	n = snprintf(length, sizeof(length), "%zu", ch->body_len);
	if (add_header(wsi, "content-type:", type, sizeof(type) - 1, p, end) ||
	    add_header(wsi, "content-length:", length, (size_t)n, p, end))
		return -1;
	lws_client_http_body_pending(wsi, 1);
	lws_callback_on_writable(wsi);
	return 0;
}

static int on_body_writable(struct channel *ch, struct lws *wsi)
{
	unsigned char buf[LWS_PRE + 16384];
	size_t rest = ch->body_len - ch->body_sent;
	size_t n = rest < sizeof(buf) - LWS_PRE ? rest : sizeof(buf) - LWS_PRE;

	if (ch->op != SIO_OP_HTTP_POST || !rest)
		return 0;
	memcpy(buf + LWS_PRE, ch->body + ch->body_sent, n);
	if (n == rest)
		lws_client_http_body_pending(wsi, 0);
	if (lws_write(wsi, buf + LWS_PRE, n,
		      n == rest ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0)
		return -1;
	ch->body_sent += n;
	if (n < rest)
		lws_callback_on_writable(wsi);
	return 0;
}

/*
 * A balancer's and the server's own come in a header each; libwebsockets
 * leaves blanks before all but the first.
 */
static void take_cookies(struct channel *ch, struct lws *wsi)
{
	char buf[4096];
	const char *cookie;
	int i;

	for (i = 0; lws_hdr_copy_fragment(wsi, buf, sizeof(buf),
					  WSI_TOKEN_HTTP_SET_COOKIE, i) > 0;
	     i++) {
		cookie = buf + strspn(buf, " \t");
		sio_client_http_cookie(ch->host->client, ch->id, cookie,
				       strlen(cookie));
	}
}

static bool is_redirect(const struct channel *ch)
{
	return ch->status >= 300 && ch->status < 400;
}

static void on_http_established(struct channel *ch, struct lws *wsi)
{
	char to[256];

	ch->status = (int)lws_http_client_http_response(wsi);
	ch->chunked =
		lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0;
	take_cookies(ch, wsi);
	ch->failure_text[0] = '\0';
	if (!is_redirect(ch))
		return;
	if (lws_hdr_copy(wsi, to, sizeof(to), WSI_TOKEN_HTTP_LOCATION) > 0)
		snprintf(ch->failure_text, sizeof(ch->failure_text),
			 "the server redirects to %s", to);
	else
		snprintf(ch->failure_text, sizeof(ch->failure_text),
			 "the server answered %d", ch->status);
}

/* Has the peer said that nothing more comes, and is nothing left to read? */
static bool is_at_end(struct lws *wsi)
{
	char byte;

	return recv(lws_get_socket_fd(wsi), &byte, 1,
		    MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* The channel may be another's when this returns, which does not read. */
static int on_http_readable(struct channel *ch, struct lws *wsi)
{
	char buf[LWS_PRE + 16384];
	char *p = buf + LWS_PRE;
	int err, len = (int)(sizeof(buf) - LWS_PRE);

	ch->reading = true;
	ch->at_end = is_at_end(wsi);
	ch->fed = false;
	err = lws_http_client_read(wsi, &p, &len);
	ch->reading = false;
	return err < 0 ? -1 : 0;
}

/*
 * libwebsockets takes the end of the connection for the end of any answer
 * without a length. Of one in chunks only the last chunk is that; where there
 * was nothing to be read but the connection's end it has not come.
 */
static bool is_cut_off(const struct channel *ch, struct lws *wsi)
{
	SSL *ssl = lws_get_ssl(wsi);
	bool ended = ch->at_end ||
		     (ssl && SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN);

	return ch->chunked && (!ch->reading || (ended && !ch->fed));
}

static void on_http_completed(struct candidate *c)
{
	struct channel *ch = c->channel;
	struct channel_host *host = ch->host;
	uint32_t id = ch->id;
	int status = ch->status;
	const struct sio_failure redirect = {SIO_STAGE_HTTP, status,
					     ch->failure_text};

	/* to where its user has to look: it may be anybody's */
	if (is_redirect(ch)) {
		channel_fail(ch, &redirect);
		return;
	}
	channel_drop(ch);
	sio_client_http_end(host->client, id, status, loop_now(host->loop));
}

static void on_frame(struct channel *ch, struct lws *wsi, const void *in,
		     size_t len)
{
	struct channel_host *host = ch->host;
	bool last = lws_is_final_fragment(wsi) &&
		    !lws_remaining_packet_payload(wsi);

	sio_client_ws_feed(host->client, ch->id, lws_frame_is_binary(wsi) != 0,
			   in, len, last, loop_now(host->loop));
}

/*
 * libwebsockets masks the payload where it stands and needs LWS_PRE bytes
 * before it, so every message is copied once.
 */
static int write_message(struct lws *wsi, const struct sio_output *out)
{
	unsigned char small[LWS_PRE + 4096];
	unsigned char *buf = small;
	int n;

	if (out->len > sizeof(small) - LWS_PRE) {
		buf = malloc(LWS_PRE + out->len);
		if (!buf)
			return -1;
	}
	memcpy(buf + LWS_PRE, out->data, out->len);
	n = lws_write(wsi, buf + LWS_PRE, out->len,
		      out->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
	if (buf != small)
		free(buf);
	return n < (int)out->len ? -1 : 0;
}

static void set_cork(struct lws *wsi, int on)
{
	setsockopt(lws_get_socket_fd(wsi), IPPROTO_TCP, TCP_CORK, &on,
		   sizeof(on));
}

/*
 * A burst of messages shares its TCP segments: without the cork the way
 * through TCP costs more than all the rest. A single message is not corked,
 * which would cost two system calls and gain nothing. Between two writes the
 * socket must have room (libwebsockets corrupts the stream otherwise).
 */
static int on_writable(struct channel *ch, struct lws *wsi)
{
	enum {
		BURST = 128
	};
	struct channel_host *host = ch->host;
	struct sio_output out;
	int n, err = 0;

	for (n = 0; n < BURST; n++) {
		if (sio_client_peek_output(host->client, &out))
			host->writable(host->user);
		if (sio_client_peek_output(host->client, &out) ||
		    out.channel != ch->id)
			break;
		if (n == 1)
			set_cork(wsi, 1);
		err = write_message(wsi, &out);
		if (err)
			break;
		sio_client_commit_output(host->client);
		if (lws_send_pipe_choked(wsi)) {
			n++;
			break;
		}
	}
	if (n > 1)
		set_cork(wsi, 0);
	if (!err && ch->closing && n == 0) {
		lws_close_reason(wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
		return -1;
	}
	if (!err && (ch->closing || n == BURST || lws_send_pipe_choked(wsi)))
		lws_callback_on_writable(wsi);
	return err;
}

static const char cut_off[] = "closed before the answer was complete";

static int dispatch(struct candidate *c, struct lws *wsi,
		    enum lws_callback_reasons reason, void *in, size_t len)
{
	struct channel *ch = c->channel;
	struct channel_host *host = ch->host;

	switch (reason) {
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		on_error(c, wsi);
		return 0;
	case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
		return on_headers(c, wsi, in, len);
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		ch->open = true;
		ch->status = 0;
		ch->failure_text[0] = '\0';
		sio_client_ws_open(host->client, ch->id, loop_now(host->loop));
		return 0;
	case LWS_CALLBACK_CLIENT_RECEIVE:
		on_frame(ch, wsi, in, len);
		return 0;
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		return on_writable(ch, wsi);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		on_peer_close(ch, in, len);
		return 0;
	case LWS_CALLBACK_CLIENT_CLOSED:
		on_closed(c, wsi, SIO_STAGE_CLOSED, ch->failure_text);
		return 0;
	case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
		on_http_established(ch, wsi);
		return 0;
	case LWS_CALLBACK_CLIENT_HTTP_WRITEABLE:
		return on_body_writable(ch, wsi);
	case LWS_CALLBACK_RECEIVE_CLIENT_HTTP:
		return on_http_readable(ch, wsi);
	case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
		ch->fed = true;
		sio_client_http_feed(host->client, ch->id, in, len,
				     loop_now(host->loop));
		return 0;
	case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
		if (is_cut_off(ch, wsi))
			on_closed(c, wsi, SIO_STAGE_HTTP, cut_off);
		else
			on_http_completed(c);
		return -1;
	case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
		if (ch->status)
			on_closed(c, wsi, SIO_STAGE_HTTP, cut_off);
		else
			on_error(c, wsi);
		return 0;
	default:
		return 0;
	}
}

/* Does the callback change anything for the client? */
static bool concerns_client(enum lws_callback_reasons reason)
{
	return reason != LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER &&
	       reason != LWS_CALLBACK_RECEIVE_CLIENT_HTTP &&
	       reason != LWS_CALLBACK_WSI_CREATE &&
	       reason != LWS_CALLBACK_WSI_DESTROY;
}

int channel_callback(struct lws *wsi, enum lws_callback_reasons reason,
		     void *session, void *in, size_t len)
{
	struct candidate *c = wsi ? lws_get_opaque_user_data(wsi) : NULL;
	struct channel_host *host;
	int result;

	(void)session;
	if (!c)
		return reason == LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER ||
				       reason == LWS_CALLBACK_CLIENT_RECEIVE ||
				       reason ==
					       LWS_CALLBACK_CLIENT_WRITEABLE ||
				       reason ==
					       LWS_CALLBACK_CLIENT_HTTP_WRITEABLE
			       ? -1
			       : 0;
	host = c->channel->host;
	result = dispatch(c, wsi, reason, in, len);
	if (concerns_client(reason))
		host->kick(host->user);
	return result;
}
