/* SPDX-License-Identifier: ISC */
#ifndef ROOM_H
#define ROOM_H

/*
 * One room of the backend: a connection under one name, with the outbox
 * before it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/credentials.h"
#include "agent/event.h"
#include "agent/loop.h"
#include "agent/options.h"
#include "agent/outbox.h"

struct room;

/*
 * `options` and `credentials` must outlive the room; nothing is sent yet.
 * Negative errno, logged.
 */
int room_new(struct loop *loop, const struct options *options,
	     const struct credentials *credentials, const char *name,
	     struct room **ret_room);
void room_free(struct room *r);

/* Begins to connect. */
void room_start(struct room *r);

/* One event from the capture; unix_ns is the time now. */
void room_take(struct room *r, const struct icmp_event *event, int64_t unix_ns);

/* Hands what waits to the connection: once after the events of a wake-up. */
void room_flush(struct room *r);

/*
 * Sends what waits, leaves the server and calls on_stopped once that is done;
 * at once where there is no connection.
 */
void room_stop(struct room *r, loop_fn on_stopped, void *user);

const char *room_name(const struct room *r);

/* Packets and messages; valid as long as the room. */
const struct outbox *room_outbox(const struct room *r);

bool room_connected(const struct room *r);
uint64_t room_connects(const struct room *r);

/* Why there is no connection, "" if there is one; valid until the next call. */
const char *room_failure(const struct room *r);

#endif
