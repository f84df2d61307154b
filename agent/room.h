/* SPDX-License-Identifier: ISC */
#ifndef ROOM_H
#define ROOM_H

/*
 * One room of the backend: a connection under one name, with the rate limit
 * and the queue before it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/event.h"
#include "agent/loop.h"
#include "agent/options.h"

struct room;

/* Strings are the caller's and must outlive the room. */
struct room_config {
	const char *name;
	const char *url;
	const char *password;	   /* NULL: none */
	const char *password_file; /* read at each attempt; NULL: none */
	uint64_t rate;		   /* messages a second, 0: no limit */
	size_t queue_messages;
	enum option_format format;
	bool detail;
};

/* Packets, but the last two. Monotonic. */
struct room_counters {
	uint64_t reported;	/* in a message that went to the server */
	uint64_t dropped_rate;	/* beyond the rate */
	uint64_t dropped_queue; /* the oldest of a full queue */
	uint64_t messages_sent;
	uint64_t messages_echoed;
};

/* Begins to connect. Negative errno, logged. */
int room_new(struct loop *loop, const struct room_config *config,
	     struct room **ret_room);
void room_free(struct room *r);

/* One event from the capture; unix_ns is the time now. */
void room_take(struct room *r, const struct icmp_event *event, int64_t unix_ns);

/* Hands what waits to the connection: once after the events of a wake-up. */
void room_flush(struct room *r);

/*
 * Sends what waits, leaves the server and calls on_stopped once that is done;
 * at once where there is no connection.
 */
void room_stop(struct room *r, loop_fn on_stopped, void *user);

void room_counters(const struct room *r, struct room_counters *ret_counters);

/* Packets in the queue. */
uint64_t room_pending(const struct room *r);

#endif
