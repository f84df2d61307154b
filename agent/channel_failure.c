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

static bool tcp_connected(struct lws *wsi)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	int fd = lws_get_socket_fd(wsi);

	return fd >= 0 && !getpeername(fd, (struct sockaddr *)&peer, &len);
}

static enum sio_stage stage_of(const struct candidate *c, struct lws *wsi)
{
	const struct channel *ch = c->channel;

	if (ch->winner == c)
		return SIO_STAGE_HTTP;
	if (ch->host->url->tls && tcp_connected(wsi))
		return SIO_STAGE_TLS;
	return SIO_STAGE_TCP;
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
 * Why OpenSSL's last handshake of this thread failed. libwebsockets takes the
 * reason from OpenSSL's queue and logs it before it reports the failure, and
 * it does so in the same call.
 */
static _Thread_local const char *handshake_error;

static void on_handshake(const SSL *ssl, int where, int result)
{
	(void)ssl;
	if (where & SSL_CB_HANDSHAKE_START)
		handshake_error = NULL;
	if (where == SSL_CB_CONNECT_EXIT && result < 0 && ERR_peek_error())
		handshake_error = ERR_reason_error_string(ERR_peek_error());
}

static void write_tls(char *buf, size_t size)
{
	snprintf(buf, size, "%s",
		 handshake_error ? handshake_error
				 : "the server ended the handshake");
}

static void write_http(const struct channel *ch, char *buf, size_t size)
{
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
	else if (!buf[0])
		write_tls(buf, size);
	ch->failure = (struct sio_failure){
		.stage = stage,
		.status = stage == SIO_STAGE_HTTP ? ch->status : 0,
		.text = buf,
	};
}

/*
 * libwebsockets itself keeps OpenSSL's judgement and only loses the words for
 * it.
 */
void channel_note_certificate(struct channel *ch, X509_STORE_CTX *store)
{
	int err = X509_STORE_CTX_get_error(store);

	if (err != X509_V_OK)
		snprintf(ch->failure_text, sizeof(ch->failure_text),
			 "certificate of %s: %s", ch->host->url->host,
			 X509_verify_cert_error_string(err));
}

int channel_prepare_tls(SSL_CTX *ctx)
{
	SSL_CTX_set_info_callback(ctx, on_handshake);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 ? 0 : -1;
}
