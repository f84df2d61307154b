/* SPDX-License-Identifier: ISC */
#ifndef CARRIER_H
#define CARRIER_H

/*
 * The smallest carrier that works: HTTP long-polling over plain sockets, one
 * connection an exchange. A program that has a WebSocket library answers
 * SIO_OP_WS_OPEN in the same manner.
 */
#include <sio.h>

struct carrier;

/*
 * `client` stays the caller's and must outlive the carrier. NULL: the name
 * cannot be resolved, or out of memory.
 */
struct carrier *carrier_new(const char *host, const char *port,
			    struct sio_client *client);
void carrier_free(struct carrier *c);

/* CLOCK_MONOTONIC, ns. */
uint64_t carrier_now(void);

/*
 * Carries out what the client asks for, then waits until something has come
 * of it or until the client's deadline.
 */
void carrier_run_once(struct carrier *c);

#endif
