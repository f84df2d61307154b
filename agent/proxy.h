/* SPDX-License-Identifier: ISC */
#ifndef PROXY_H
#define PROXY_H

/*
 * A way through an HTTP proxy: CONNECT, RFC 9110 section 9.3.6. The
 * one of libwebsockets 4.1.6 reads the proxy's answer only once, so that
 * headers in two segments are a failure, and cannot tell a 407 from a
 * refused connection. So libwebsockets connects to a socket of this process
 * instead, and its bytes are relayed once the proxy has agreed.
 *
 * The socket is in the abstract name space (unix(7)) under a random name, and
 * takes only connections of this very process.
 */
#include "agent/loop.h"
#include "agent/proxy_url.h"
#include "proto/sio.h"

struct proxy;

/*
 * Which proxy leads to `target`: `option` (of --proxy, may be NULL), else what
 * the conventional environment variables say, see proxy_url_choose(). 0 and
 * *ret_via, 1 where none applies, or negative errno, logged.
 */
int proxy_choose(const struct url *target, const char *option,
		 struct proxy_url *ret_via);

/* `target` is where the proxy shall connect to. Negative errno. */
int proxy_new(struct loop *loop, const struct proxy_url *via,
	      const struct url *target, struct proxy **ret_proxy);
void proxy_free(struct proxy *p);

/* What libwebsockets takes for an address: "+@NAME". */
const char *proxy_address(const struct proxy *p);

/*
 * Why the last connection was ended, if the proxy was the cause: true, and
 * forgotten. The text is valid until the next call.
 */
bool proxy_take_failure(struct proxy *p, struct sio_failure *ret_failure);

#endif
