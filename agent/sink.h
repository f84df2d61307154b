/* SPDX-License-Identifier: ISC */
#ifndef SINK_H
#define SINK_H

/*
 * Lines to standard output. The loop never blocks on it: what the reader does
 * not take yet waits in a buffer of fixed size, and where that is full the
 * owner is told to take no more packets from the kernel.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/loop.h"

struct sink;

/*
 * `on_ready` is called when a sink that was full has room again, `on_closed`
 * once when the reader has gone. Negative errno.
 */
int sink_new(struct loop *loop, int fd, loop_fn on_ready, loop_fn on_closed,
	     void *user, struct sink **ret_sink);
void sink_free(struct sink *s);

/* Appends a line and its end. 0, or -ENOBUFS: ask sink_full() first. */
int sink_write(struct sink *s, const char *line, size_t len);

/* Hands what was appended to the descriptor, as far as that takes it. */
void sink_flush(struct sink *s);

/* Once on_closed was called: 0, the reader has gone, or negative errno. */
int sink_error(const struct sink *s);

/* Bytes that the reader took, and that wait for it. */
uint64_t sink_taken(const struct sink *s);
size_t sink_waiting(const struct sink *s);

bool sink_full(const struct sink *s);
bool sink_empty(const struct sink *s);

#endif
