/* SPDX-License-Identifier: ISC */
#ifndef ROOMS_H
#define ROOMS_H

/*
 * The rooms of one process: one, or with "%i" in CLIENTNAME one for each
 * interface, each with a connection of its own.
 */
#include "agent/room.h"

struct rooms;

/*
 * `options` must outlive it. Opens the password's file, which another user could
 * perhaps not. Negative errno, logged.
 */
int rooms_new(struct loop *loop, const struct options *options,
	      struct rooms **ret_rooms);
void rooms_free(struct rooms *rs);

/*
 * The room of an interface, made where there is none yet, and connecting if
 * rooms_start() was called. Negative errno, logged once.
 */
int rooms_open(struct rooms *rs, const char *ifname);

/* Begins to connect, once the process may have a second thread. */
void rooms_start(struct rooms *rs);

void rooms_take(struct rooms *rs, const struct icmp_event *event,
		int64_t unix_ns);
void rooms_flush(struct rooms *rs);

/* Calls on_stopped once every room has left its server. */
void rooms_stop(struct rooms *rs, loop_fn on_stopped, void *user);

/* NULL behind the last. */
const struct room *rooms_get(const struct rooms *rs, size_t i);

#endif
