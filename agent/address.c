/* SPDX-License-Identifier: ISC */
#include "agent/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int address_parse(const char *text, char *ret_host, size_t host_size,
		  int *ret_port)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	unsigned char address[16];
	bool v6 = len > 2 && text[0] == '[' && text[len - 1] == ']';
	char host[64], *end;
	unsigned long port;

	if (!len || len >= sizeof(host))
		return -EINVAL;
	snprintf(host, sizeof(host), "%.*s", (int)(v6 ? len - 2 : len),
		 text + v6);
	port = strtoul(colon + 1, &end, 10);
	if (colon[1] < '0' || colon[1] > '9' || *end || !port || port > 65535 ||
	    inet_pton(v6 ? AF_INET6 : AF_INET, host, address) != 1 ||
	    strlen(host) >= host_size)
		return -EINVAL;
	memcpy(ret_host, host, strlen(host) + 1);
	*ret_port = (int)port;
	return 0;
}
