/* SPDX-License-Identifier: ISC */
#include "agent/utf8.h"

static bool in_range(unsigned char c, unsigned char low, unsigned char high)
{
	return c >= low && c <= high;
}

/* The second byte's range depends on the first: RFC 3629 section 4. */
static bool second_byte_valid(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return in_range(second, 0xa0, 0xbf);
	case 0xed:
		return in_range(second, 0x80, 0x9f);
	case 0xf0:
		return in_range(second, 0x90, 0xbf);
	case 0xf4:
		return in_range(second, 0x80, 0x8f);
	default:
		return in_range(second, 0x80, 0xbf);
	}
}

size_t utf8_char_bytes(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t length;

	if (u[0] < 0x80)
		return 1;
	if (in_range(u[0], 0xc2, 0xdf))
		length = 2;
	else if (in_range(u[0], 0xe0, 0xef))
		length = 3;
	else if (in_range(u[0], 0xf0, 0xf4))
		length = 4;
	else
		return 0;

	if (n < length || !second_byte_valid(u[0], u[1]))
		return 0;
	for (size_t i = 2; i < length; i++)
		if (!in_range(u[i], 0x80, 0xbf))
			return 0;
	return length;
}

bool utf8_valid(const char *s, size_t n)
{
	while (n > 0) {
		size_t length = utf8_char_bytes(s, n);

		if (length == 0)
			return false;
		s += length;
		n -= length;
	}
	return true;
}

bool utf8_is_control(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;

	if (n == 1)
		return u[0] < 0x20 || u[0] == 0x7f;
	return n == 2 && u[0] == 0xc2 && u[1] < 0xa0;
}
