/* SPDX-License-Identifier: ISC */
#ifndef URL_H
#define URL_H

/*
 * The backend's address, RFC 3986 as far as http, https, ws and wss need it.
 * Pure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct url {
	bool tls;     /* https, wss */
	bool literal; /* host is an IP address */
	char host
		[256]; /* lower case, without the brackets of an IPv6 literal */
	uint16_t port;
	char path[512]; /* prefix without its last slash: "" or "/monitor" */
};

/*
 * 0, or -EINVAL with the cause and the remedy in ret_error. User info, query
 * and fragment are refused: the password has its own setting.
 */
int url_parse(const char *text, struct url *ret_url, char *ret_error,
	      size_t error_size);

#endif
