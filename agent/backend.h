/* SPDX-License-Identifier: ISC */
#ifndef BACKEND_H
#define BACKEND_H

/*
 * The monitor backend's contract on one connection: credentials, the event
 * `data` both ways, and what is said in the log of all that can go wrong.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/credentials.h"
#include "agent/loop.h"
#include "agent/options.h"

struct backend;

/* None of these may free the backend. */
struct backend_calls {
	void (*connected)(void *user);
	void (*lost)(void *user);
	/* `data` came: its arguments, a JSON array */
	void (*data)(void *user, const char *json, size_t len);
	/* to backend_ping(): an answer, or none in time or ever */
	void (*answer)(void *user, bool in_time);
	/* there is room: the place to emit */
	void (*writable)(void *user);
};

/* All that is given must outlive it. Negative errno, logged. */
int backend_new(struct loop *loop, const struct options *options,
		const struct credentials *credentials, const char *name,
		const struct backend_calls *calls, void *user,
		struct backend **ret_backend);
void backend_free(struct backend *b);

void backend_start(struct backend *b);
bool backend_connected(const struct backend *b);

/* After anything that was emitted outside the calls above. */
void backend_kick(struct backend *b);

enum backend_emitted {
	BACKEND_SENT = 0,
	BACKEND_FULL = 1,    /* not now: no room, or no connection */
	BACKEND_TOO_BIG = 2, /* never: the server would close */
};

enum backend_emitted backend_emit(struct backend *b, const char *text,
				  size_t len);

/* A text of this size is never BACKEND_TOO_BIG, whatever is in it. */
size_t backend_max_text(const struct backend *b);

/* Encoded and not yet sent. */
size_t backend_output_bytes(const struct backend *b);

/* An event that the server answers once it has read what came before it. */
int backend_ping(struct backend *b, uint64_t timeout_ns);

/* Leaves, for good; fn is called when the last connection is closed. */
void backend_leave(struct backend *b);
void backend_on_stopped(struct backend *b, loop_fn fn, void *user);

/* Why there is no connection, "" if there is one. */
const char *backend_failure(const struct backend *b);

#endif
