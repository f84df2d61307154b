/* SPDX-License-Identifier: ISC */
/* Where and why a connection failed, for the one line that the user sees. */
#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/channel.h"

/* A peer that reset the connection has none any more, but TLS had begun. */
static bool tcp_connected(struct lws *wsi)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	int fd = lws_get_socket_fd(wsi);

	return lws_get_ssl(wsi) ||
	       (fd >= 0 && !getpeername(fd, (struct sockaddr *)&peer, &len));
}

/* The errno of a connect() that fails at once; EINPROGRESS if it does not. */
static int connect_errno(const char *address, uint16_t port)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				 .ai_socktype = SOCK_STREAM};
	struct addrinfo *ai;
	char service[8];
	socklen_t len = sizeof(int);
	int fd, err = EINPROGRESS;

	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(address, service, &hints, &ai))
		return err;
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    0);
	if (fd >= 0 && connect(fd, ai->ai_addr, ai->ai_addrlen)) {
		/* this host's own answer has already come */
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
		err = err ? err : errno;
	}
	freeaddrinfo(ai);
	if (fd >= 0)
		close(fd);
	return err;
}

/*
 * libwebsockets has taken the socket's error and closed it. A second attempt
 * tells the reason where the kernel knows it at once, as it does for this
 * host's own ports and for networks without a route.
 */
static void write_tcp(const struct candidate *c, char *buf, size_t size)
{
	const struct channel_host *host = c->channel->host;
	const char *address = host->addresses.address[c->address];
	int err = connect_errno(address, host->url->port);

	snprintf(buf, size, "%s port %u: %s", address, host->url->port,
		 err == EINPROGRESS ? "refused or unreachable" : strerror(err));
}

/*
 * Why OpenSSL gave up last, and on which connection. libwebsockets takes the
 * reason from OpenSSL's queue and logs it before it reports the failure, and
 * it reports to its own first protocol what was wrong with a certificate.
 */
static _Thread_local struct {
	const SSL *ssl;
	const char *text;
	bool certificate;
} tls_error;

static void note_tls(const SSL *ssl, const char *text, bool certificate)
{
	tls_error.ssl = ssl;
	tls_error.text = text;
	tls_error.certificate = certificate;
}

static void note_handshake(const SSL *ssl)
{
	long verified = SSL_get_verify_result(ssl);

	if (verified != X509_V_OK)
		note_tls(ssl, X509_verify_cert_error_string(verified), true);
	else if (ERR_peek_error())
		note_tls(ssl, ERR_reason_error_string(ERR_peek_error()), false);
}

/*
 * With TLS 1.3 a server refuses the client's certificate only after the
 * client's side of the handshake is over.
 */
static void note_alert(const SSL *ssl, int alert)
{
	int reason = SSL_AD_REASON_OFFSET + (alert & 0xff);

	if (alert >> 8 == SSL3_AL_FATAL)
		note_tls(ssl,
			 ERR_reason_error_string(
				 ERR_PACK(ERR_LIB_SSL, 0, reason)),
			 false);
}

static void on_tls(const SSL *ssl, int where, int result)
{
	if (where & SSL_CB_HANDSHAKE_START)
		note_tls(NULL, NULL, false);
	else if (where == SSL_CB_CONNECT_EXIT && result < 0)
		note_handshake(ssl);
	else if (where == SSL_CB_READ_ALERT)
		note_alert(ssl, result);
}

/* Has OpenSSL ended this connection, and not the peer without a word? */
static bool tls_failed(struct lws *wsi)
{
	return tls_error.ssl && tls_error.text &&
	       tls_error.ssl == lws_get_ssl(wsi);
}

static void write_tls(const struct channel *ch, struct lws *wsi, char *buf,
		      size_t size)
{
	if (!tls_failed(wsi))
		snprintf(buf, size, "the server ended the handshake");
	else if (tls_error.certificate)
		snprintf(buf, size, "certificate of %s: %s",
			 ch->host->url->host, tls_error.text);
	else
		snprintf(buf, size, "%s", tls_error.text);
}

static enum sio_stage stage_of(const struct candidate *c, struct lws *wsi)
{
	const struct channel *ch = c->channel;

	if (tls_failed(wsi))
		return SIO_STAGE_TLS;
	if (ch->winner == c)
		return SIO_STAGE_HTTP;
	if (ch->host->url->tls && tcp_connected(wsi))
		return SIO_STAGE_TLS;
	return SIO_STAGE_TCP;
}

static void write_http(const struct channel *ch, char *buf, size_t size)
{
	if (buf[0])
		return; /* to where it redirects */
	if (ch->status)
		snprintf(buf, size, "the server answered %d", ch->status);
	else
		snprintf(buf, size, "closed before an answer came");
}

void channel_note_failure(struct candidate *c, struct lws *wsi)
{
	struct channel *ch = c->channel;
	enum sio_stage stage = stage_of(c, wsi);
	char *buf = ch->failure_text;
	size_t size = sizeof(ch->failure_text);

	/* through a proxy all that libwebsockets sees is a closed socket */
	if (ch->host->proxy &&
	    proxy_take_failure(ch->host->proxy, &ch->failure)) {
		snprintf(buf, size, "%s", ch->failure.text);
		ch->failure.text = buf;
		return;
	}
	if (stage == SIO_STAGE_TCP)
		write_tcp(c, buf, size);
	else if (stage == SIO_STAGE_HTTP)
		write_http(ch, buf, size);
	else
		write_tls(ch, wsi, buf, size);
	ch->failure = (struct sio_failure){
		.stage = stage,
		.status = stage == SIO_STAGE_HTTP ? ch->status : 0,
		.text = buf,
	};
}

void channel_watch_tls(SSL_CTX *ctx)
{
	SSL_CTX_set_info_callback(ctx, on_tls);
}
