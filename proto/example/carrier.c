/* SPDX-License-Identifier: ISC */
#include "carrier.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_HEAD 8192

/* A GET or a POST. */
struct exchange {
	int fd; /* -1: none */
	uint32_t channel;
	int status; /* 0: the head of the answer is not complete yet */
	char head[MAX_HEAD + 1];
	size_t head_len;
};

struct carrier {
	struct sio_client *client;
	struct addrinfo *address;
	const char *host;
	struct exchange exchanges[2];
};

uint64_t carrier_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct carrier *carrier_new(const char *host, const char *port,
			    struct sio_client *client)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct carrier *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->client = client;
	c->host = host;
	c->exchanges[0].fd = c->exchanges[1].fd = -1;
	if (getaddrinfo(host, port, &hints, &c->address) != 0) {
		free(c);
		return NULL;
	}
	return c;
}

static void drop(struct exchange *e)
{
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
}

void carrier_free(struct carrier *c)
{
	if (!c)
		return;
	drop(&c->exchanges[0]);
	drop(&c->exchanges[1]);
	freeaddrinfo(c->address);
	free(c);
}

static void fail(struct carrier *c, struct exchange *e, enum sio_stage stage,
		 const char *text)
{
	const struct sio_failure failure = {stage, 0, text};

	drop(e);
	sio_client_failed(c->client, e->channel, &failure, carrier_now());
}

/* ---- asking ---- */

static bool send_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* HTTP/1.0, as then the answer simply ends with the connection. */
static bool send_request(struct carrier *c, int fd, const struct sio_request *r)
{
	char head[MAX_HEAD];
	int n = snprintf(head, sizeof(head),
			 "%s %s HTTP/1.0\r\nHost: %s\r\n%s%s%s"
			 "Content-Type: text/plain;charset=UTF-8\r\n"
			 "Content-Length: %zu\r\n\r\n",
			 r->op == SIO_OP_HTTP_POST ? "POST" : "GET", r->target,
			 c->host, r->cookie ? "Cookie: " : "",
			 r->cookie ? r->cookie : "", r->cookie ? "\r\n" : "",
			 r->body_len);

	return n > 0 && (size_t)n < sizeof(head) &&
	       send_all(fd, head, (size_t)n) &&
	       send_all(fd, r->body, r->body_len);
}

static void begin(struct carrier *c, const struct sio_request *r)
{
	const struct addrinfo *a = c->address;
	struct exchange *e = &c->exchanges[c->exchanges[0].fd >= 0];

	*e = (struct exchange){.channel = r->channel};
	e->fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);
	if (e->fd < 0 || connect(e->fd, a->ai_addr, a->ai_addrlen) < 0 ||
	    !send_request(c, e->fd, r))
		fail(c, e, SIO_STAGE_TCP, strerror(errno));
}

static void carry_out(struct carrier *c, const struct sio_request *r)
{
	if (r->op == SIO_OP_HTTP_GET || r->op == SIO_OP_HTTP_POST) {
		begin(c, r);
		return;
	}
	for (int i = 0; i < 2; i++)
		if (c->exchanges[i].channel == r->channel)
			drop(&c->exchanges[i]);
}

/* ---- what comes back ---- */

static void read_cookies(struct carrier *c, const struct exchange *e)
{
	static const char name[] = "Set-Cookie:";
	const char *p = e->head;

	while ((p = strchr(p, '\n'))) {
		if (strncasecmp(++p, name, sizeof(name) - 1) != 0)
			continue;
		p += sizeof(name) - 1;
		p += strspn(p, " ");
		sio_client_http_cookie(c->client, e->channel, p,
				       strcspn(p, "\r\n"));
	}
}

/* "HTTP/1.1 200 OK"; 0: none. */
static int read_status(const char *head)
{
	if (strncmp(head, "HTTP/1.", 7) != 0 || strlen(head) < 12)
		return 0;
	return (int)strtol(head + 9, NULL, 10);
}

/* Up to the empty line; what is behind it belongs to the body. */
static void read_head(struct carrier *c, struct exchange *e)
{
	char *body = strstr(e->head, "\r\n\r\n");
	size_t len;

	if (!body)
		return;
	body += 4;
	len = e->head_len - (size_t)(body - e->head);
	e->status = read_status(e->head);
	if (!e->status) {
		fail(c, e, SIO_STAGE_HTTP, "not an HTTP answer");
		return;
	}
	sio_client_http_feed(c->client, e->channel, body, len, carrier_now());
	body[-2] = '\0';
	read_cookies(c, e);
}

static void received(struct carrier *c, struct exchange *e, const char *data,
		     size_t len)
{
	if (e->status) {
		sio_client_http_feed(c->client, e->channel, data, len,
				     carrier_now());
		return;
	}
	if (len > MAX_HEAD - e->head_len) {
		fail(c, e, SIO_STAGE_HTTP,
		     "the head of the answer is too long");
		return;
	}
	memcpy(e->head + e->head_len, data, len);
	e->head_len += len;
	e->head[e->head_len] = '\0';
	read_head(c, e);
}

static void receive(struct carrier *c, struct exchange *e)
{
	char data[4096];
	ssize_t n = recv(e->fd, data, sizeof(data), 0);

	if (n > 0) {
		received(c, e, data, (size_t)n);
	} else if (n < 0 || !e->status) {
		fail(c, e, SIO_STAGE_CLOSED, n ? strerror(errno) : "cut off");
	} else {
		drop(e);
		sio_client_http_end(c->client, e->channel, e->status,
				    carrier_now());
	}
}

/* ---- the loop ---- */

static int timeout_ms(const struct carrier *c)
{
	uint64_t deadline = sio_client_deadline(c->client);
	uint64_t now = carrier_now();
	uint64_t ms;

	if (deadline == SIO_NEVER)
		return -1;
	ms = deadline > now ? (deadline - now) / 1000000 + 1 : 0;
	return ms < 60000 ? (int)ms : 60000;
}

void carrier_run_once(struct carrier *c)
{
	struct pollfd fds[2];
	struct sio_request r;

	while (sio_client_next_request(c->client, &r) == SIO_OK)
		carry_out(c, &r);
	/* a negative descriptor is one that poll() leaves out */
	for (int i = 0; i < 2; i++)
		fds[i] = (struct pollfd){c->exchanges[i].fd, POLLIN, 0};
	if (sio_client_stopped(c->client))
		return;
	if (poll(fds, 2, timeout_ms(c)) > 0)
		for (int i = 0; i < 2; i++)
			if (fds[i].revents && c->exchanges[i].fd >= 0)
				receive(c, &c->exchanges[i]);
	sio_client_timeout(c->client, carrier_now());
}
