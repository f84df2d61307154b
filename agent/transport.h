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
#include "proto/sio.h"

struct transport;

struct transport_config {
	const char *url; /* http, https, ws, wss; path prefix allowed */
};

/*
 * Calls `on_event` for each event of the client, and `on_writable` whenever a
 * message could leave at once: the place to emit. `client` stays the caller's
 * and must outlive the transport; its config.path is url's, see
 * transport_url_parse().
 *
 * Negative errno; -EINVAL: the URL (parse it first for the reason).
 */
typedef void (*transport_event_fn)(void *user, const struct sio_event *event);

int transport_new(struct loop *loop, struct sio_client *client,
		  const struct transport_config *config,
		  transport_event_fn on_event, loop_fn on_writable, void *user,
		  struct transport **ret_transport);
void transport_free(struct transport *t);

/*
 * To be called after any use of the client outside the callbacks: carries out
 * its requests, arms its timer, asks for writability.
 */
void transport_kick(struct transport *t);

#endif
