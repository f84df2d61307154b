/* SPDX-License-Identifier: ISC */
#ifndef ROOM_INTERNAL_H
#define ROOM_INTERNAL_H

/* What room.c and room_send.c share. */
#include "agent/backend.h"
#include "agent/room.h"

enum {
	ROOM_MESSAGE_BYTES = 64 * 1024, /* several lines in one, at most */
};

#define NS_PER_S UINT64_C(1000000000)

struct room {
	const struct options *options;
	const struct credentials *credentials;
	char *name;
	struct loop *loop;
	struct outbox *outbox;
	struct backend *backend;
	struct loop_timer *turn_timer; /* the second is over */
	struct loop_timer *echo_timer; /* no echo came */
	struct loop_timer *pace_timer; /* the next batch may leave */
	uint64_t next_send_ns;
	uint64_t connects;
	uint64_t full_said_ns;	/* of the queue, that it is */
	uint64_t queue_dropped; /* packets, when that was last looked at */
	uint64_t probe_sent;	/* messages before the question that is open */
	bool probing;		/* whether the server has read these */
	bool no_echo;		/* it does not re-send; of this connection */
	bool too_big_said;	/* likewise */
	bool stopping;
	bool leaving; /* everything left, the last answer is awaited */
	char text[ROOM_MESSAGE_BYTES];
};

/* Sends what may leave now. */
void room_pump(struct room *r);

/* Waits for an echo of what was sent, if there is any. */
void room_await_echo(struct room *r);

/* None came in time. `user` is the room. */
void room_on_no_echo(void *user);

/* An answer came to what room_on_no_echo() asked, or will never come. */
void room_end_probe(struct room *r);

#endif
