/* SPDX-License-Identifier: ISC */
#include "agent/echo.h"

#include <string.h>

/* FNV-1a: a mistake costs a resend too few, so it need not resist anybody. */
#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static uint64_t add(uint64_t hash, unsigned int byte)
{
	return (hash ^ (byte & 0xff)) * FNV_PRIME;
}

static uint64_t finish(uint64_t hash)
{
	return hash ? hash : 1;
}

uint64_t echo_hash(const char *text, size_t len)
{
	uint64_t hash = FNV_BASIS;

	for (size_t i = 0; i < len; i++)
		hash = add(hash, (unsigned char)text[i]);
	return finish(hash);
}

/*
 * What one character behind a backslash stands for, of those that our lines
 * can hold; -1 for any other.
 */
static int unescape(char c)
{
	switch (c) {
	case '"':
	case '\\':
	case '/':
		return c;
	case 'n':
		return '\n';
	case 't':
		return '\t';
	default:
		return -1;
	}
}

/* -1 where these are no four hexadecimal digits. */
static int read_hex(const char *s, size_t len)
{
	int value = 0;

	if (len < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int c = (unsigned char)s[i];

		if (c >= '0' && c <= '9')
			value = value * 16 + c - '0';
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			value = value * 16 + (c | 32) - 'a' + 10;
		else
			return -1;
	}
	return value;
}

/*
 * A backslash and a u, as Python's json writes all that is not ASCII, stand at
 * `s`. Returns the length of the escape, of a pair for what is beyond U+FFFF
 * (RFC 8259 section 7); 0 where it is none.
 */
static size_t add_unicode(const char *s, size_t len, uint64_t *hash)
{
	int high = len < 2 ? -1 : read_hex(s + 2, len - 2);
	int low = -1;
	uint32_t c = (uint32_t)high;
	uint64_t h = *hash;

	if (high < 0)
		return 0;
	if (high >= 0xd800 && high < 0xdc00 && len >= 12 && s[6] == '\\' &&
	    s[7] == 'u')
		low = read_hex(s + 8, len - 8);
	if (low >= 0xdc00 && low < 0xe000)
		c = 0x10000 + ((c - 0xd800) << 10) + (uint32_t)low - 0xdc00;
	else if (high >= 0xd800 && high < 0xe000)
		return 0;
	if (c < 0x80) {
		h = add(h, c);
	} else if (c < 0x800) {
		h = add(h, 0xc0 | c >> 6);
	} else if (c < 0x10000) {
		h = add(h, 0xe0 | c >> 12);
		h = add(h, 0x80 | (c >> 6 & 0x3f));
	} else {
		h = add(h, 0xf0 | c >> 18);
		h = add(h, 0x80 | (c >> 12 & 0x3f));
		h = add(h, 0x80 | (c >> 6 & 0x3f));
	}
	*hash = c < 0x80 ? h : add(h, 0x80 | (c & 0x3f));
	return c < 0x10000 ? 6 : 12;
}

uint64_t echo_hash_json(const char *json, size_t len)
{
	static const char head[] = "[{\"message\":\"";
	const size_t skip = sizeof(head) - 1;
	uint64_t hash = FNV_BASIS;

	if (len < skip || memcmp(json, head, skip) != 0)
		return 0;
	for (size_t i = skip; i < len; i++) {
		int c = (unsigned char)json[i];

		if (c == '"')
			return finish(hash);
		if (c == '\\' && i + 1 < len && json[i + 1] == 'u') {
			size_t n = add_unicode(json + i, len - i, &hash);

			if (!n)
				return 0;
			i += n - 1;
			continue;
		}
		if (c == '\\')
			c = ++i < len ? unescape(json[i]) : -1;
		if (c < 0)
			return 0;
		hash = add(hash, (unsigned int)c);
	}
	return 0;
}
