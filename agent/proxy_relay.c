/* SPDX-License-Identifier: ISC */
/* The way through the proxy: connecting, its answer, then bytes both ways. */
#include "agent/proxy_relay.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * What an address gets before the next one is tried: more than RFC 8305 asks
 * for, since the one before is given up then.
 */
#define PATIENCE_NS (UINT64_C(1000) * 1000 * 1000)

static void side_close(struct side *s)
{
	loop_watch_free(s->watch);
	if (s->fd >= 0)
		close(s->fd);
	s->watch = NULL;
	s->fd = -1;
}

void relay_end(struct relay *r)
{
	loop_timer_free(r->patience);
	side_close(&r->near);
	side_close(&r->far);
	r->patience = NULL;
	r->proxy = NULL;
}

/* What libwebsockets sees is a closed connection; this is the reason. */
static void relay_fail(struct relay *r, int status, const char *text)
{
	struct proxy *p = r->proxy;

	snprintf(p->failure_text, sizeof(p->failure_text), "%s:%u: %s",
		 p->via.host, p->via.port, text);
	p->failure =
		(struct sio_failure){SIO_STAGE_PROXY, status, p->failure_text};
	p->failed = true;
	relay_end(r);
}

/* ---- bytes both ways ---- */

static void relay_pump(struct relay *r);

static void on_room(void *user)
{
	relay_pump(user);
}

/* libwebsockets has closed its end: nobody reads what still comes. */
static bool is_gone(const struct side *s)
{
	struct pollfd p = {.fd = s->fd};

	return poll(&p, 1, 0) == 1 && p.revents & POLLHUP;
}

static bool is_empty(const struct side *s)
{
	return s->start == s->end;
}

/* False where the connection is gone. */
static bool side_read(struct side *s)
{
	ssize_t n;

	if (s->ended || !is_empty(s))
		return true;
	n = recv(s->fd, s->buf, sizeof(s->buf), MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	s->ended = n == 0;
	s->start = 0;
	s->end = (size_t)n;
	return true;
}

static bool side_write(struct side *from, struct side *to)
{
	ssize_t n;

	if (!is_empty(from)) {
		n = send(to->fd, from->buf + from->start,
			 from->end - from->start, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		from->start += n > 0 ? (size_t)n : 0;
	}
	if (is_empty(from) && from->ended && !to->closed) {
		to->closed = true;
		shutdown(to->fd, SHUT_WR);
	}
	return true;
}

/* Whoever has not been read waits until the other side has room. */
static void side_arm(struct side *from, struct side *to)
{
	bool waiting = !is_empty(from);

	loop_watch_pause(from->watch, waiting || from->ended);
	if (waiting)
		loop_watch_writable(to->watch, on_room);
}

/* 1: it moved something, so there may be more; 0; negative: it is over. */
static int pump_once(struct relay *r)
{
	bool moved;

	if (!side_read(&r->near) || !side_read(&r->far))
		return -1;
	moved = !is_empty(&r->near) || !is_empty(&r->far);
	if (!side_write(&r->near, &r->far) || !side_write(&r->far, &r->near))
		return -1;
	if (r->far.closed && (r->near.closed || is_gone(&r->near)))
		return -1;
	return moved && is_empty(&r->near) && is_empty(&r->far);
}

/*
 * Until neither gives or takes more, since a side that failed while it was
 * paused is heard of once. The buffers of the near side are the bound: nobody
 * reads or writes there meanwhile.
 */
static void relay_pump(struct relay *r)
{
	int more;

	while ((more = pump_once(r)) > 0)
		;
	if (more < 0) {
		relay_end(r);
		return;
	}
	side_arm(&r->near, &r->far);
	side_arm(&r->far, &r->near);
}

/* ---- the proxy's answer ---- */

/* The status of "HTTP/1.x NNN ...", RFC 9112 section 4; -1 if it is none. */
static int status_of(const char *head)
{
	int status;

	if (strncmp(head, "HTTP/1.", 7) != 0 || strlen(head) < 12 ||
	    head[8] != ' ')
		return -1;
	status = (int)strtol(head + 9, NULL, 10);
	return status >= 100 && status <= 599 ? status : -1;
}

static void on_refusal(struct relay *r, int status, const char *reason)
{
	bool known = r->proxy->via.authorization[0] != '\0';
	char text[160];

	if (status == 407 && !known)
		snprintf(text, sizeof(text),
			 "407: it asks for a user and a password, write "
			 "http://USER:PASSWORD@HOST:PORT");
	else if (known && (status == 407 || status == 401))
		snprintf(text, sizeof(text),
			 "%d: it does not accept this user and password",
			 status);
	else
		snprintf(text, sizeof(text), "it answered %.*s",
			 (int)strcspn(reason, "\r\n"), reason);
	relay_fail(r, status, text);
}

static void on_answer(struct relay *r, char *end)
{
	struct side *far = &r->far;
	int status;

	*end = '\0';
	status = status_of(far->buf);
	if (status < 0) {
		relay_fail(r, 0, "this is no HTTP proxy");
	} else if (status < 200 || status >= 300) {
		on_refusal(r, status, far->buf + 9);
	} else {
		far->start = (size_t)(end + 4 - far->buf);
		r->agreed = true;
		relay_pump(r);
	}
}

/* What greets with something else, as a mail server does, never ends a head. */
static bool may_be_http(const struct side *far)
{
	static const char begin[] = "HTTP/1.";
	size_t n = far->end < sizeof(begin) - 1 ? far->end : sizeof(begin) - 1;

	return memcmp(far->buf, begin, n) == 0;
}

static void read_answer(struct relay *r)
{
	struct side *far = &r->far;
	char *end;
	ssize_t n;

	n = recv(far->fd, far->buf + far->end, ANSWER_BYTES - far->end,
		 MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		relay_fail(r, 0, n ? strerror(errno) : "closed");
		return;
	}
	far->end += (size_t)n;
	far->buf[far->end] = '\0';
	end = strstr(far->buf, "\r\n\r\n");
	if (end)
		on_answer(r, end);
	else if (!may_be_http(far))
		relay_fail(r, 0, "this is no HTTP proxy");
	else if (far->end == ANSWER_BYTES)
		relay_fail(r, 0, "its answer is too long");
}

static int write_request(const struct proxy *p, char *buf, size_t size)
{
	bool v6 = strchr(p->target.host, ':') != NULL;
	char authority[sizeof(p->target.host) + 16];
	const char *auth = p->via.authorization;

	snprintf(authority, sizeof(authority), v6 ? "[%s]:%u" : "%s:%u",
		 p->target.host, p->target.port);
	return snprintf(buf, size,
			"CONNECT %s HTTP/1.1\r\nHost: %s\r\n"
			"User-Agent: icmp-agent/" ICMP_AGENT_VERSION "\r\n"
			"%s%s%s\r\n",
			authority, authority,
			auth[0] ? "Proxy-Authorization: " : "", auth,
			auth[0] ? "\r\n" : "");
}

/* A fresh socket's buffer takes a request of this size whole. */
static void send_request(struct relay *r)
{
	char buf[2048];
	int n = write_request(r->proxy, buf, sizeof(buf));

	if (send(r->far.fd, buf, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) != n)
		relay_fail(r, 0, strerror(errno));
}

/* ---- connecting ---- */

static void connect_next(struct relay *r, int err);

static void on_far(void *user)
{
	struct relay *r = user;

	if (r->agreed)
		relay_pump(r);
	else
		read_answer(r);
}

static void on_connected(void *user)
{
	struct relay *r = user;
	int err = 0;
	socklen_t len = sizeof(err);

	loop_timer_set(r->patience, LOOP_NEVER);
	getsockopt(r->far.fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err) {
		connect_next(r, err);
		return;
	}
	loop_watch_pause(r->far.watch, false);
	send_request(r);
}

/* As of a direct connection, which libwebsockets' end here is none. */
static void set_options(int fd)
{
	int on = 1;
	unsigned int dead_ms = 30000;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms,
		   sizeof(dead_ms));
}

static int connect_to(struct relay *r, const char *address)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				 .ai_socktype = SOCK_STREAM};
	struct addrinfo *ai;
	struct side *far = &r->far;
	char port[8];
	int err = 0;

	snprintf(port, sizeof(port), "%u", r->proxy->via.port);
	if (getaddrinfo(address, port, &hints, &ai))
		return EADDRNOTAVAIL;
	far->fd = socket(ai->ai_family,
			 SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	set_options(far->fd);
	if (far->fd < 0 || (connect(far->fd, ai->ai_addr, ai->ai_addrlen) &&
			    errno != EINPROGRESS))
		err = errno;
	freeaddrinfo(ai);
	if (err)
		return err;
	if (loop_watch_new(r->proxy->loop, far->fd, on_far, r, &far->watch))
		return ENOMEM;
	loop_watch_pause(far->watch, true);
	loop_watch_writable(far->watch, on_connected);
	return 0;
}

/* `err` is what the address before it ended with. */
static void connect_next(struct relay *r, int err)
{
	while (r->next_address < r->addresses.n_addresses) {
		side_close(&r->far);
		err = connect_to(r, r->addresses.address[r->next_address++]);
		if (err)
			continue;
		if (r->next_address < r->addresses.n_addresses)
			loop_timer_set(r->patience,
				       loop_now(r->proxy->loop) + PATIENCE_NS);
		return;
	}
	relay_fail(r, 0, strerror(err));
}

static void on_silence(void *user)
{
	connect_next(user, ETIMEDOUT);
}

void relay_go_on(struct relay *r, const struct resolve_result *result)
{
	r->waiting = false;
	r->addresses = *result;
	if (result->n_addresses)
		connect_next(r, 0);
	else
		relay_fail(r, 0, result->error);
}

static void on_near(void *user)
{
	struct relay *r = user;

	if (r->agreed)
		relay_pump(r);
	else if (is_gone(&r->near))
		relay_end(r); /* it gave up, its request perhaps unread */
	else
		loop_watch_pause(r->near.watch, true);
}

void relay_start(struct proxy *p, struct relay *r, int fd)
{
	*r = (struct relay){.proxy = p, .waiting = true};
	r->near.fd = fd;
	r->far.fd = -1;
	p->failed = false;
	if (loop_timer_new(p->loop, on_silence, r, &r->patience) ||
	    loop_watch_new(p->loop, fd, on_near, r, &r->near.watch) ||
	    proxy_look_up(p))
		relay_fail(r, 0, "out of memory");
}
