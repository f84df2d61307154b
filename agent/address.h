/* SPDX-License-Identifier: ISC */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stddef.h>

/*
 * Splits "ADDRESS:PORT", an IPv6 address in brackets; the address is returned
 * without them. Pure. 0, or -EINVAL where the address is no IP literal or the
 * port not 1 to 65535.
 */
int address_parse(const char *text, char *ret_host, size_t host_size,
		  int *ret_port);

#endif
