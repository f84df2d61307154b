// SPDX-License-Identifier: ISC
#include "agent/room_name.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "agent/utf8.h"

static const char *text_defect(const char *s)
{
	size_t left = strlen(s);

	while (left > 0) {
		size_t n = utf8_char_bytes(s, left);

		if (n == 0)
			return "a room's name must be UTF-8";
		if (utf8_is_control(s, n))
			return "a control character in the room's name";
		s += n;
		left -= n;
	}
	return NULL;
}

/* The bytes of the longest name; *ret_bad is a percent sign with its like. */
static size_t longest(const char *pattern, const char **ret_bad)
{
	size_t n = 0;

	for (const char *p = pattern; *p; p++, n++) {
		if (*p != '%')
			continue;
		if (p[1] != '%' && p[1] != 'i') {
			*ret_bad = p;
			return 0;
		}
		n += *++p == 'i' ? IFNAMSIZ - 2 : 0;
	}
	return n;
}

/* A percent sign and the character behind it, if there is one. */
static int bad_bytes(const char *bad)
{
	size_t left = strlen(bad + 1);

	return 1 + (left ? (int)utf8_char_bytes(bad + 1, left) : 0);
}

int room_name_check(const char *pattern, char *ret_cause, size_t cause_size)
{
	const char *defect = text_defect(pattern);
	const char *bad = NULL;
	size_t n = longest(pattern, &bad);

	if (defect)
		snprintf(ret_cause, cause_size, "'%.100s': %s", pattern,
			 defect);
	else if (bad)
		snprintf(ret_cause, cause_size,
			 "'%.100s': '%.*s' means nothing: %%i is the interface "
			 "and %%%% a percent sign",
			 pattern, bad_bytes(bad), bad);
	else if (n > ROOM_NAME_MAX_BYTES)
		snprintf(ret_cause, cause_size,
			 "'%.100s': a room's name has 1 to %d bytes%s", pattern,
			 ROOM_NAME_MAX_BYTES,
			 room_name_is_each(pattern)
				 ? ", an interface up to 15 of them"
				 : "");
	else
		return 0;
	return -EINVAL;
}

bool room_name_is_each(const char *pattern)
{
	for (const char *p = pattern; (p = strchr(p, '%')) && p[1]; p += 2)
		if (p[1] == 'i')
			return true;
	return false;
}

static size_t put_interface(char *buf, size_t size, const char *ifname)
{
	size_t left = strlen(ifname), n = 0;

	while (left > 0 && n < size) {
		size_t k = utf8_char_bytes(ifname, left);

		if (k == 0 || utf8_is_control(ifname, k)) {
			buf[n++] = '?';
			k = k ? k : 1;
		} else if (n + k <= size) {
			memcpy(buf + n, ifname, k);
			n += k;
		}
		ifname += k;
		left -= k;
	}
	return n;
}

void room_name_expand(const char *pattern, const char *ifname,
		      char name[static ROOM_NAME_BYTES])
{
	size_t n = 0;

	for (const char *p = pattern; *p && n < ROOM_NAME_MAX_BYTES; p++) {
		if (p[0] == '%' && p[1] == 'i')
			n += put_interface(name + n, ROOM_NAME_MAX_BYTES - n,
					   ifname);
		else
			name[n++] = *p;
		p += p[0] == '%' && p[1];
	}
	name[n] = '\0';
}
