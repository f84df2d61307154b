/* SPDX-License-Identifier: ISC */
#ifndef RESOLVE_H
#define RESOLVE_H

/*
 * Names to addresses without ever blocking the loop: getaddrinfo() runs on a
 * thread of its own, the only second thread of the process.
 */
#include <netinet/in.h>
#include <stddef.h>

#include "agent/loop.h"

enum {
	RESOLVE_MAX_ADDRESSES = 8
};

struct resolve_result {
	/* numeric, with %scope where link-local; best first, the families
	 * taking turns as RFC 8305 section 4 asks */
	char address[RESOLVE_MAX_ADDRESSES][INET6_ADDRSTRLEN + 20];
	size_t n_addresses;
	char error[128]; /* where there is none: the resolver's words */
};

typedef void (*resolve_fn)(void *user, const struct resolve_result *result);

struct resolve;

/*
 * Looks `host` up; calls fn once, from the loop, never from within this call.
 * Negative errno: nothing was started.
 */
int resolve_new(struct loop *loop, const char *host, resolve_fn fn, void *user,
		struct resolve **ret_resolve);

/* fn is not called any more; the thread ends by itself. NULL is fine. */
void resolve_free(struct resolve *r);

#endif
