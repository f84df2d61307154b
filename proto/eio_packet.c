/* SPDX-License-Identifier: ISC */
#include "proto/eio_packet.h"
#include "proto/base64.h"

#define SEPARATOR '\x1e'

int eio_packet_decode(const char *text, size_t len,
		      struct eio_packet *ret_packet)
{
	if (!len || text[0] < EIO_OPEN || text[0] > EIO_NOOP)
		return SIO_ERR_SYNTAX;
	*ret_packet = (struct eio_packet){
		.type = (enum eio_type)text[0],
		.data = text + 1,
		.len = len - 1,
	};
	return SIO_OK;
}

static int decode_binary(char *text, size_t len, struct eio_packet *ret_packet)
{
	size_t n;
	int err = sio_base64_decode(text + 1, len - 1, text, &n);

	if (err)
		return err;
	*ret_packet = (struct eio_packet){
		.type = EIO_MESSAGE,
		.binary = true,
		.data = text,
		.len = n,
	};
	return SIO_OK;
}

int eio_payload_next(char **text, size_t *len, struct eio_packet *ret_packet)
{
	char *first = *text;
	char *end;
	size_t n;
	int err;

	if (!*len)
		return SIO_NONE;
	end = memchr(first, SEPARATOR, *len);
	n = end ? (size_t)(end - first) : *len;
	/* a separator separates: behind it another packet must follow */
	if (end && n + 1 == *len)
		return SIO_ERR_SYNTAX;
	if (n && first[0] == 'b')
		err = decode_binary(first, n, ret_packet);
	else
		err = eio_packet_decode(first, n, ret_packet);
	if (err)
		return err;
	n += end ? 1 : 0;
	*text += n;
	*len -= n;
	return SIO_OK;
}

size_t eio_payload_size(bool binary, size_t len)
{
	if (!binary)
		return len;
	return len > SIZE_MAX / 2 ? SIZE_MAX : 1 + (len + 2) / 3 * 4;
}

void eio_payload_append(struct sio_buf *b, bool binary, const void *data,
			size_t len)
{
	if (b->len)
		sio_buf_putc(b, SEPARATOR);
	if (!binary) {
		sio_buf_append(b, data, len);
		return;
	}
	sio_buf_putc(b, 'b');
	sio_base64_append(b, data, len);
}

bool eio_payload_is_v3(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && text[i] >= '0' && text[i] <= '9')
		i++;
	return i && len - i >= 3 && memcmp(text + i, ":0{", 3) == 0;
}
