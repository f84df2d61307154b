/* SPDX-License-Identifier: ISC */
#ifndef METRICS_H
#define METRICS_H

/*
 * A small HTTP server in the loop: GET /metrics in Prometheus's text format
 * and GET /healthz, 200 when all is well and 503 with the reason otherwise.
 */
#include "agent/exposition.h"
#include "agent/loop.h"

struct metrics;

struct metrics_calls {
	/* Writes what /metrics shows. */
	void (*expose)(void *user, struct exposition *e);
	/* NULL when all is well, else why not: valid until it is called again */
	const char *(*health)(void *user);
};

/*
 * Listens on "ADDRESS:PORT", an IPv6 address in brackets. `calls` must outlive
 * it. Negative errno, logged.
 */
int metrics_new(struct loop *loop, const char *address,
		const struct metrics_calls *calls, void *user,
		struct metrics **ret_metrics);
/* After loop_free(), which ends its connections. */
void metrics_free(struct metrics *m);

#endif
