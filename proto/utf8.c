/* SPDX-License-Identifier: ISC */
#include "proto/utf8.h"

#include <stdbool.h>
#include <string.h>

struct lead {
	unsigned char first; /* of the lead bytes, to the next row's */
	unsigned char len;
	unsigned char low; /* the second byte's range */
	unsigned char high;
};

/* RFC 3629 section 4, as ranges of the lead byte */
static const struct lead leads[] = {
	{0x00, 1, 0, 0},       {0x80, 0, 0, 0},	      {0xc2, 2, 0x80, 0xbf},
	{0xe0, 3, 0xa0, 0xbf}, {0xe1, 3, 0x80, 0xbf}, {0xed, 3, 0x80, 0x9f},
	{0xee, 3, 0x80, 0xbf}, {0xf0, 4, 0x90, 0xbf}, {0xf1, 4, 0x80, 0xbf},
	{0xf4, 4, 0x80, 0x8f}, {0xf5, 0, 0, 0},
};

static const struct lead *find_lead(unsigned char c)
{
	size_t i = sizeof(leads) / sizeof(leads[0]) - 1;

	while (leads[i].first > c)
		i--;
	return &leads[i];
}

static bool is_tail(const struct lead *lead, size_t i, unsigned char c)
{
	if (i == 1)
		return c >= lead->low && c <= lead->high;
	return (c & 0xc0) == 0x80;
}

size_t sio_utf8_sequence(const char *p, size_t n, size_t *ret_bad)
{
	const struct lead *lead = find_lead((unsigned char)p[0]);
	size_t i = 1;

	while (i < lead->len && i < n && is_tail(lead, i, (unsigned char)p[i]))
		i++;
	if (i == lead->len)
		return i;
	*ret_bad = i;
	return 0;
}

static char tail(uint32_t code, unsigned int shift)
{
	return (char)(0x80 | ((code >> shift) & 0x3f));
}

size_t sio_utf8_encode(uint32_t code, char out[4])
{
	if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		code = 0xfffd;
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | (code >> 6));
		out[1] = tail(code, 0);
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | (code >> 12));
		out[1] = tail(code, 6);
		out[2] = tail(code, 0);
		return 3;
	}
	out[0] = (char)(0xf0 | (code >> 18));
	out[1] = tail(code, 12);
	out[2] = tail(code, 6);
	out[3] = tail(code, 0);
	return 4;
}

void sio_text_clean(char *out, size_t size, const char *text, size_t len)
{
	size_t used = 0;

	while (len) {
		size_t take = 1;
		size_t n = sio_utf8_sequence(text, len, &take);
		const char *from = n ? text : SIO_UTF8_REPLACEMENT;
		bool control = n == 1 &&
			       ((unsigned char)*text < 0x20 || *text == 0x7f);

		if (n)
			take = n;
		else
			n = sizeof(SIO_UTF8_REPLACEMENT) - 1;
		if (n >= size - used)
			break;
		memcpy(out + used, control ? " " : from, n);
		used += n;
		text += take;
		len -= take;
	}
	out[used] = '\0';
}
