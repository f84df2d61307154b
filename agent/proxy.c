/* SPDX-License-Identifier: ISC */
/* The socket that libwebsockets connects to, and why it was closed. */
#include "agent/proxy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/proxy_relay.h"

bool proxy_take_failure(struct proxy *p, struct sio_failure *ret_failure)
{
	if (!p->failed)
		return false;
	*ret_failure = p->failure;
	p->failed = false;
	return true;
}

/* ---- its name ---- */

static void on_resolved(void *user, const struct resolve_result *result)
{
	struct proxy *p = user;
	size_t i;

	resolve_free(p->resolve);
	p->resolve = NULL;
	for (i = 0; i < MAX_RELAYS; i++)
		if (p->relays[i].proxy && p->relays[i].waiting)
			relay_go_on(&p->relays[i], result);
}

/* A lookup outlives who began it, so that one that hangs is the only one. */
int proxy_look_up(struct proxy *p)
{
	if (p->resolve)
		return 0;
	return resolve_new(p->loop, p->via.host, on_resolved, p, &p->resolve);
}

/* ---- the listening socket ---- */

static bool is_own(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) &&
	       peer.pid == getpid();
}

static void on_connection(void *user)
{
	struct proxy *p = user;
	size_t i;
	int fd =
		accept4(p->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	for (i = 0; i < MAX_RELAYS && p->relays[i].proxy; i++)
		;
	if (i == MAX_RELAYS || !is_own(fd))
		close(fd);
	else
		relay_start(p, &p->relays[i], fd);
}

static int listen_abstract(struct proxy *p)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	uint64_t id[2];
	socklen_t addr_len;
	int len;

	if (getrandom(id, sizeof(id), 0) != sizeof(id))
		return -EIO;
	len = snprintf(p->address, sizeof(p->address),
		       "+@icmp-agent-%016" PRIx64 "%016" PRIx64, id[0], id[1]);
	/* the name is all that stands behind the NUL, without one at the end:
	 * the length is part of it */
	memcpy(addr.sun_path + 1, p->address + 2, (size_t)len - 2);
	addr_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
			       (size_t)len - 1);
	p->listen_fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (p->listen_fd < 0 ||
	    bind(p->listen_fd, (struct sockaddr *)&addr, addr_len) ||
	    listen(p->listen_fd, MAX_RELAYS))
		return -errno;
	return loop_watch_new(p->loop, p->listen_fd, on_connection, p,
			      &p->watch);
}

int proxy_new(struct loop *loop, const struct proxy_url *via,
	      const struct url *target, struct proxy **ret_proxy)
{
	struct proxy *p;
	int err;

	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->loop = loop;
	p->via = *via;
	p->target = *target;
	p->listen_fd = -1;
	err = listen_abstract(p);
	if (err) {
		proxy_free(p);
		return err;
	}
	*ret_proxy = p;
	return 0;
}

void proxy_free(struct proxy *p)
{
	size_t i;

	if (!p)
		return;
	for (i = 0; i < MAX_RELAYS; i++)
		if (p->relays[i].proxy)
			relay_end(&p->relays[i]);
	resolve_free(p->resolve);
	loop_watch_free(p->watch);
	if (p->listen_fd >= 0)
		close(p->listen_fd);
	explicit_bzero(&p->via, sizeof(p->via));
	free(p);
}

const char *proxy_address(const struct proxy *p)
{
	return p->address;
}
