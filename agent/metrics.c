/* SPDX-License-Identifier: ISC */
#include "agent/metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/address.h"
#include "agent/log.h"
#include "agent/loop_lws.h"

enum {
	CHUNK_BYTES = 16384,
	TIMEOUT_S = 10, /* of a client that sends or reads nothing */
	/* more could take all descriptors, and the backend's connection too */
	MAX_CLIENTS = 32,
};

struct metrics {
	const struct metrics_calls *calls;
	void *user;
	unsigned int n_clients;
};

/* One request; libwebsockets keeps it with the connection. */
struct answer {
	struct exposition body;
	size_t sent;
};

/* ---- answering ---- */

static int send_head(struct lws *wsi, unsigned int status, const char *type,
		     size_t len)
{
	unsigned char buf[LWS_PRE + 1024];
	unsigned char *start = buf + LWS_PRE, *p = start;
	unsigned char *end = buf + sizeof(buf) - 1;

	if (lws_add_http_common_headers(wsi, status, type, len, &p, end) ||
	    lws_finalize_write_http_header(wsi, start, &p, end))
		return -1;
	lws_callback_on_writable(wsi);
	return 0;
}

static int answer_text(struct lws *wsi, struct answer *a, unsigned int status,
		       const char *text)
{
	a->body.text = strdup(text);
	a->body.len = strlen(text);
	a->sent = 0;
	return a->body.text
		       ? send_head(wsi, status, "text/plain; charset=utf-8",
				   a->body.len)
		       : -1;
}

static int answer_metrics(struct metrics *m, struct lws *wsi, struct answer *a)
{
	exposition_init(&a->body);
	m->calls->expose(m->user, &a->body);
	a->sent = 0;
	if (a->body.failed || !a->body.text) {
		exposition_free(&a->body);
		return answer_text(wsi, a, 500, "out of memory\n");
	}
	return send_head(wsi, 200, "text/plain; version=0.0.4; charset=utf-8",
			 a->body.len);
}

static int answer_health(struct metrics *m, struct lws *wsi, struct answer *a)
{
	const char *reason = m->calls->health(m->user);
	char text[640];

	if (!reason)
		return answer_text(wsi, a, 200, "ok\n");
	snprintf(text, sizeof(text), "%s\n", reason);
	return answer_text(wsi, a, 503, text);
}

static int on_request(struct metrics *m, struct lws *wsi, struct answer *a,
		      const char *path)
{
	exposition_free(&a->body);
	if (!lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI))
		return answer_text(wsi, a, 405, "only GET is served\n");
	if (!strcmp(path, "/metrics"))
		return answer_metrics(m, wsi, a);
	if (!strcmp(path, "/healthz"))
		return answer_health(m, wsi, a);
	return answer_text(wsi, a, 404, "/metrics and /healthz are served\n");
}

static int on_writable(struct lws *wsi, struct answer *a)
{
	unsigned char buf[LWS_PRE + CHUNK_BYTES];
	size_t rest = a->body.len - a->sent;
	size_t n = rest < CHUNK_BYTES ? rest : CHUNK_BYTES;

	if (!a->body.text)
		return 0;
	memcpy(buf + LWS_PRE, a->body.text + a->sent, n);
	if (lws_write(wsi, buf + LWS_PRE, n,
		      n == rest ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0)
		return -1;
	a->sent += n;
	if (n < rest) {
		lws_callback_on_writable(wsi);
		return 0;
	}
	exposition_free(&a->body);
	return lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason,
		    void *session, void *in, size_t len)
{
	struct answer *a = session;
	struct metrics *m = wsi ? lws_vhost_user(lws_get_vhost(wsi)) : NULL;

	(void)len;
	if (!m) /* about nobody, as when the protocol begins */
		return 0;
	switch (reason) {
	case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
		return m->n_clients >= MAX_CLIENTS;
	case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
		m->n_clients++;
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		m->n_clients--;
		return 0;
	case LWS_CALLBACK_HTTP:
		return on_request(m, wsi, a, in);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return on_writable(wsi, a);
	case LWS_CALLBACK_CLOSED_HTTP:
		if (a)
			exposition_free(&a->body);
		return 0;
	default:
		return 0;
	}
}

static const struct lws_protocols protocols[] = {
	{
		.name = "http",
		.callback = callback,
		.per_session_data_size = sizeof(struct answer),
	},
	{0},
};

/* ---- listening ---- */

/*
 * libwebsockets would go on without a port that it cannot have, and try again
 * later in silence.
 */
static int try_bind(const char *host, int port)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
				  .sin6_port = htons((uint16_t)port)};
	struct sockaddr_in v4 = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port)};
	bool is_v6 = strchr(host, ':') != NULL;
	int on = 1, err = 0;
	int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC,
			0);

	if (fd < 0)
		return -errno;
	inet_pton(AF_INET, host, &v4.sin_addr);
	inet_pton(AF_INET6, host, &v6.sin6_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4,
		 is_v6 ? sizeof(v6) : sizeof(v4)) ||
	    listen(fd, 1))
		err = -errno;
	close(fd);
	return err;
}

static int listen_on(struct metrics *m, struct loop *loop, const char *host,
		     int port)
{
	struct lws_context_creation_info info = {
		.port = port,
		.iface = host,
		.vhost_name = "metrics",
		.protocols = protocols,
		.http_proxy_address = "",
		.timeout_secs = TIMEOUT_S,
		.keepalive_timeout = TIMEOUT_S,
		.user = m,
	};

	if (!strchr(host, ':'))
		info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
	return lws_create_vhost(loop_lws_context(loop), &info) ? 0
							       : -EADDRNOTAVAIL;
}

int metrics_new(struct loop *loop, const char *address,
		const struct metrics_calls *calls, void *user,
		struct metrics **ret_metrics)
{
	struct metrics *m;
	char host[64];
	int port, err;

	err = address_parse(address, host, sizeof(host), &port);
	if (!err)
		err = try_bind(host, port);
	m = err ? NULL : calloc(1, sizeof(*m));
	if (m) {
		m->calls = calls;
		m->user = user;
		err = listen_on(m, loop, host, port);
	} else if (!err) {
		err = -ENOMEM;
	}
	if (err) {
		log_error("metrics on %s: %s; choose another with --metrics",
			  address, strerror(-err));
		free(m);
		return err;
	}
	*ret_metrics = m;
	return 0;
}

void metrics_free(struct metrics *m)
{
	free(m);
}
