/* SPDX-License-Identifier: ISC */
#ifndef FORMAT_H
#define FORMAT_H

/*
 * The text and JSON of a message, as the design's sections 3.2 and 3.3 fix
 * them. Pure: the same event gives the same bytes.
 */
#include <stddef.h>

#include "agent/event.h"

/* No line is longer, whatever the event; a buffer of this size never fails. */
#define FORMAT_MAX_BYTES 1024

/*
 * Both write at most `size` bytes with the closing NUL and return the length
 * without it, or -ENOSPC where it does not fit (the buffer is then "").
 * format_text takes `detail`: what --detail adds behind the line.
 */
int format_text(const struct icmp_event *event, bool detail, char *buf,
		size_t size);
int format_json(const struct icmp_event *event, char *buf, size_t size);

/*
 * The name of a type as the lines print it, from the IANA registries "ICMP
 * Type Numbers" and "ICMPv6 type Numbers". NULL where there is none; the
 * lines then print "Type N".
 */
const char *format_type_name(int family, unsigned int type);

#endif
