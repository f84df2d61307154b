/* SPDX-License-Identifier: ISC */
#ifndef PROXY_URL_H
#define PROXY_URL_H

/*
 * Which HTTP proxy, if any, leads to a host. There is no standard; this is
 * what curl(1) documents under ENVIRONMENT. Pure: the variables are
 * parameters.
 */
#include <stdbool.h>
#include <stddef.h>

#include "agent/url.h"

struct proxy_url {
	char host[256];
	uint16_t port;
	char authorization[512]; /* "Basic ...", RFC 7617, or "" */
};

/* Values of the variables; NULL or "" is unset. */
struct proxy_environment {
	const char *http_proxy;	 /* of http and ws; lower case alone, since
				    HTTP_PROXY is a request header in CGI */
	const char *https_proxy; /* of https and wss */
	const char *all_proxy;
	const char *no_proxy;
};

/*
 * "http://[USER[:PASSWORD]@]HOST[:PORT]", the scheme optional, the port 3128
 * where it is left out; user and password percent-encoded. 0, or -EINVAL with
 * the cause in ret_error, in which no password stands.
 */
int proxy_url_parse(const char *text, struct proxy_url *ret_url,
		    char *ret_error, size_t error_size);

/*
 * The value that applies to `target`, NULL for none: where --proxy was given
 * (`option`, may be NULL) that, else the variable of its scheme, unless
 * no_proxy names the host. no_proxy is a list of names, each with all names
 * below it, of addresses, of networks ADDRESS/BITS, or "*".
 */
const char *proxy_url_choose(const struct url *target, const char *option,
			     const struct proxy_environment *env);

#endif
