/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_H
#define TRANSPORT_H

/*
 * Carries one sio_client over libwebsockets: TCP, TLS, WebSocket and HTTP.
 * Bytes only; what they mean is the client's affair.
 */
#include <stdbool.h>
#include <stdint.h>

#include "agent/loop.h"
#include "agent/proxy_url.h"
#include "proto/sio.h"

struct transport;

struct transport_config {
	const char *url;	/* http, https, ws, wss; path prefix allowed */
	struct ssl_ctx_st *tls; /* of trust_new() for this URL; it outlives */
	const struct proxy_url *proxy; /* NULL: none */
};

typedef void (*transport_event_fn)(void *user, const struct sio_event *event);

/*
 * Calls `on_event` for each event of the client, and `on_writable` whenever
 * the client's output has run low: the place to emit. Neither may free the
 * transport. `client` stays the caller's and must outlive the transport; its
 * config.path is the path of the same URL with "/socket.io/" behind it.
 *
 * Negative errno, logged in one line.
 */
int transport_new(struct loop *loop, struct sio_client *client,
		  const struct transport_config *config,
		  transport_event_fn on_event, loop_fn on_writable, void *user,
		  struct transport **ret_transport);

/* Drops the connection without a word; sio_client_stop() first to leave. */
void transport_free(struct transport *t);

/*
 * To be called after any use of the client outside the callbacks: carries out
 * its requests, arms its timer, asks for writability.
 */
void transport_kick(struct transport *t);

/*
 * Calls fn once, when the client has left (sio_client_stop()) and the last
 * connection is closed. It may not free the transport.
 */
void transport_on_stopped(struct transport *t, loop_fn fn, void *user);

#endif
