/* SPDX-License-Identifier: ISC */
/*
 * A body of HTTP long-polling: every packet lies within it, and the packets
 * that were found make a payload that decodes to the same.
 */
#include "proto/eio_packet.h"
#include "tests/fuzz/fuzz.h"

/* Writes down type and data of each packet; the text is decoded in place. */
static int decode(char *text, size_t len, struct sio_buf *found,
		  struct sio_buf *encoded)
{
	const char *begin = text;
	const char *end = text + len;
	struct eio_packet p;
	int err;

	while ((err = eio_payload_next(&text, &len, &p)) == SIO_OK) {
		check(text + len == end);
		check(p.data >= begin && p.data + p.len <= end);
		sio_buf_putc(found, p.binary ? 'b' : (char)p.type);
		sio_buf_append(found, p.data, p.len);
		sio_buf_putc(found, '\x1e');
		if (!encoded)
			continue;
		if (p.binary)
			eio_payload_append(encoded, true, p.data, p.len);
		else
			eio_payload_append(encoded, false, p.data - 1,
					   p.len + 1);
	}
	check(err == SIO_NONE || err == SIO_ERR_SYNTAX);
	return err;
}

static void check_payload(char *text, size_t len)
{
	struct sio_buf first;
	struct sio_buf second;
	struct sio_buf encoded;

	sio_buf_init(&first, sio_mem_default(), SIZE_MAX / 2);
	sio_buf_init(&second, sio_mem_default(), SIZE_MAX / 2);
	sio_buf_init(&encoded, sio_mem_default(), SIZE_MAX / 2);
	if (decode(text, len, &first, &encoded) == SIO_NONE && encoded.len) {
		check(decode(encoded.data, encoded.len, &second, NULL) ==
		      SIO_NONE);
		check(first.len == second.len);
		check(memcmp(first.data, second.data, first.len) == 0);
	}
	sio_buf_free(&first);
	sio_buf_free(&second);
	sio_buf_free(&encoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = copy_of(data, size);

	check_payload(text, size);
	free(text);
	return 0;
}
