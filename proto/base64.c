/* SPDX-License-Identifier: ISC */
#include "proto/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz0123456789+/";

/* n is 1 to 3 bytes, which make 4 characters. */
static void encode_group(struct sio_buf *b, const unsigned char *p, size_t n)
{
	uint32_t bits = (uint32_t)p[0] << 16;
	char text[4];

	if (n > 1)
		bits |= (uint32_t)p[1] << 8;
	if (n > 2)
		bits |= p[2];
	for (int i = 0; i < 4; i++)
		text[i] = alphabet[bits >> (18 - 6 * i) & 63];
	if (n < 3)
		text[3] = '=';
	if (n < 2)
		text[2] = '=';
	sio_buf_append(b, text, sizeof(text));
}

void sio_base64_append(struct sio_buf *b, const void *data, size_t len)
{
	const unsigned char *p = data;

	if (len > SIZE_MAX / 2 || sio_buf_reserve(b, (len + 2) / 3 * 4))
		return;
	for (; len >= 3; p += 3, len -= 3)
		encode_group(b, p, 3);
	if (len)
		encode_group(b, p, len);
}

static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Padding makes the length a multiple of four, where there is any. */
static size_t without_padding(const char *in, size_t len)
{
	if (len && len % 4 == 0 && in[len - 1] == '=')
		len -= in[len - 2] == '=' ? 2 : 1;
	return len;
}

int sio_base64_decode(const char *in, size_t len, char *out, size_t *ret_len)
{
	uint32_t bits = 0;
	unsigned int n_bits = 0;
	size_t n = 0;

	len = without_padding(in, len);
	if (len % 4 == 1)
		return SIO_ERR_SYNTAX;
	for (size_t i = 0; i < len; i++) {
		int d = digit(in[i]);

		if (d < 0)
			return SIO_ERR_SYNTAX;
		bits = bits << 6 | (uint32_t)d;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			out[n++] = (char)(bits >> n_bits & 0xff);
		}
	}
	*ret_len = n;
	return SIO_OK;
}
