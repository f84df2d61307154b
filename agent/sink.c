/* SPDX-License-Identifier: ISC */
#include "agent/sink.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	SINK_BYTES = 1 << 20,
	SINK_FULL_BYTES = SINK_BYTES / 2, /* the rest is for one more turn */
};

#define RETRY_NS (UINT64_C(5) * 1000 * 1000)
#define CHECK_NS (UINT64_C(500) * 1000 * 1000)

struct sink {
	struct loop *loop;
	struct loop_timer *timer;
	loop_fn on_ready;
	loop_fn on_closed;
	void *user;
	int fd;
	bool closed;
	int error; /* why, where the reader has not gone: negative errno */
	bool was_full;
	uint64_t taken;
	size_t start;
	size_t end;
	char buf[SINK_BYTES];
};

/*
 * A pipe that poll() calls writable takes PIPE_BUF bytes without blocking
 * (pipe(7)); more could block, and O_NONBLOCK would be set for everybody who
 * shares the descriptor.
 */
static bool write_some(struct sink *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLOUT};
	size_t n = s->end - s->start;
	ssize_t done;

	if (poll(&p, 1, 0) < 1)
		return false;
	if (n > PIPE_BUF)
		n = PIPE_BUF;
	done = write(s->fd, s->buf + s->start, n);
	if (done < 0) {
		s->closed = errno != EINTR && errno != EAGAIN;
		s->error = s->closed && errno != EPIPE ? -errno : 0;
		return false;
	}
	s->start += (size_t)done;
	s->taken += (uint64_t)done;
	return true;
}

/* poll() tells of a reader that has gone although nothing is written. */
static void check_reader(struct sink *s)
{
	struct pollfd p = {.fd = s->fd};

	if (poll(&p, 1, 0) == 1 && p.revents & (POLLERR | POLLHUP | POLLNVAL))
		s->closed = true;
}

static void tell_owner(struct sink *s)
{
	if (s->closed) {
		loop_timer_set(s->timer, LOOP_NEVER);
		s->on_closed(s->user);
		return;
	}
	loop_timer_set(s->timer, loop_now(s->loop) +
					 (sink_empty(s) ? CHECK_NS : RETRY_NS));
	if (s->was_full && !sink_full(s)) {
		s->was_full = false;
		s->on_ready(s->user);
	}
}

void sink_flush(struct sink *s)
{
	while (!s->closed && !sink_empty(s) && write_some(s))
		;
	if (sink_empty(s))
		s->start = s->end = 0;
	tell_owner(s);
}

static void on_timer(void *user)
{
	struct sink *s = user;

	check_reader(s);
	sink_flush(s);
}

int sink_new(struct loop *loop, int fd, loop_fn on_ready, loop_fn on_closed,
	     void *user, struct sink **ret_sink)
{
	struct sink *s;
	int err;

	s = malloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->loop = loop;
	s->on_ready = on_ready;
	s->on_closed = on_closed;
	s->user = user;
	s->fd = fd;
	s->closed = s->was_full = false;
	s->error = 0;
	s->taken = 0;
	s->start = s->end = 0;
	err = loop_timer_new(loop, on_timer, s, &s->timer);
	if (err) {
		free(s);
		return err;
	}
	loop_timer_set(s->timer, loop_now(loop) + CHECK_NS);
	*ret_sink = s;
	return 0;
}

void sink_free(struct sink *s)
{
	if (!s)
		return;
	loop_timer_free(s->timer);
	free(s);
}

int sink_write(struct sink *s, const char *line, size_t len)
{
	if (s->end + len + 1 > SINK_BYTES && s->start) {
		memmove(s->buf, s->buf + s->start, s->end - s->start);
		s->end -= s->start;
		s->start = 0;
	}
	if (s->end + len + 1 > SINK_BYTES)
		return -ENOBUFS;
	memcpy(s->buf + s->end, line, len);
	s->end += len;
	s->buf[s->end++] = '\n';
	if (sink_full(s))
		s->was_full = true;
	return 0;
}

int sink_error(const struct sink *s)
{
	return s->error;
}

uint64_t sink_taken(const struct sink *s)
{
	return s->taken;
}

size_t sink_waiting(const struct sink *s)
{
	return s->end - s->start;
}

bool sink_full(const struct sink *s)
{
	return sink_waiting(s) >= SINK_FULL_BYTES;
}

bool sink_empty(const struct sink *s)
{
	return s->start == s->end;
}
