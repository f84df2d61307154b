/* SPDX-License-Identifier: ISC */
#ifndef PROXY_RELAY_H
#define PROXY_RELAY_H

/* Within proxy.c and proxy_relay.c: one connection through the proxy. */
#include <stdbool.h>
#include <stddef.h>

#include "agent/proxy.h"
#include "agent/resolve.h"

enum {
	MAX_RELAYS = 8,
	BUFFER_BYTES = 16384,
	ANSWER_BYTES = 8192, /* the longest head of a proxy's answer */
};

struct side {
	int fd;
	struct loop_watch *watch;
	bool ended;  /* it sends no more */
	bool closed; /* and was told that nothing more comes */
	size_t start;
	size_t end; /* buf: what it sent and the other side has not taken */
	char buf[BUFFER_BYTES];
};

struct relay {
	struct proxy *proxy;	     /* NULL: free */
	bool waiting;		     /* for the proxy's addresses */
	struct loop_timer *patience; /* with an address that is silent */
	struct resolve_result addresses;
	size_t next_address;
	bool agreed;	  /* the proxy has: bytes pass */
	struct side near; /* libwebsockets */
	struct side far;  /* the proxy */
};

struct proxy {
	struct loop *loop;
	struct proxy_url via;
	struct url target;
	char address[64];
	int listen_fd;
	struct loop_watch *watch;
	struct resolve *resolve; /* of the proxy's name, for all who wait */
	bool failed;
	struct sio_failure failure;
	char failure_text[512];
	struct relay relays[MAX_RELAYS];
};

/*
 * Takes `fd`, libwebsockets' end, and asks the proxy for the way. A failure is
 * kept in `p` and shows itself as a closed `fd`.
 */
void relay_start(struct proxy *p, struct relay *r, int fd);

/* The proxy's addresses, or why there is none. */
void relay_go_on(struct relay *r, const struct resolve_result *result);

/* Asks for them, for whoever waits. Negative errno. */
int proxy_look_up(struct proxy *p);

/* Closes both sides; `r` is free again. */
void relay_end(struct relay *r);

#endif
