/* SPDX-License-Identifier: ISC */
#include "agent/echo.h"

#include <string.h>

/* FNV-1a: a mistake costs a resend too few, so it need not resist anybody. */
#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static uint64_t add(uint64_t hash, unsigned char byte)
{
	return (hash ^ byte) * FNV_PRIME;
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
 * What stands behind a backslash in what JSON.stringify() writes, for the
 * characters that our lines can hold; -1 for any other.
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
		if (c == '\\')
			c = ++i < len ? unescape(json[i]) : -1;
		if (c < 0)
			return 0;
		hash = add(hash, (unsigned char)c);
	}
	return 0;
}
