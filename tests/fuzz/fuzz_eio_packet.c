/* SPDX-License-Identifier: ISC */
/*
 * Text of any kind as an Engine.IO packet, as base64, as a line for people and
 * as a string to be written: what is written must always be valid.
 */
#include "proto/base64.h"
#include "proto/eio_packet.h"
#include "proto/json.h"
#include "proto/utf8.h"
#include "tests/fuzz/fuzz.h"

static void check_packet(const char *text, size_t len)
{
	struct eio_packet p;

	if (eio_packet_decode(text, len, &p) != SIO_OK)
		return;
	check(!p.binary && p.type == (enum eio_type)text[0]);
	check(p.data == text + 1 && p.len == len - 1);
	(void)eio_payload_is_v3(text, len);
}

/* There and back; and what decodes, decodes to what encodes to it again. */
static void check_base64(const char *data, size_t len)
{
	char *back = malloc(len + 3);
	struct sio_buf b;
	size_t n;

	sio_buf_init(&b, sio_mem_default(), SIZE_MAX / 2);
	sio_base64_append(&b, data, len);
	check(b.err == SIO_OK && b.len % 4 == 0);
	if (back && b.len && sio_base64_decode(b.data, b.len, b.data, &n) == 0)
		check(n == len && memcmp(b.data, data, n) == 0);
	else
		check(!b.len);
	if (back && len && sio_base64_decode(data, len, back, &n) == SIO_OK)
		check(n <= len);
	sio_buf_free(&b);
	free(back);
}

static void check_string(const char *data, size_t len)
{
	char *back = malloc(3 * len + 3);
	struct sio_buf b;
	size_t n;

	sio_buf_init(&b, sio_mem_default(), SIZE_MAX / 2);
	sio_json_write_string(&b, data, len);
	check(b.err == SIO_OK && sio_json_valid(b.data, b.len, 0));
	if (back) {
		struct sio_buf again;

		/* decoded and written once more it does not change */
		n = sio_json_unescape(b.data + 1, b.len - 2, back);
		check(n <= 3 * len);
		sio_buf_init(&again, sio_mem_default(), SIZE_MAX / 2);
		sio_json_write_string(&again, back, n);
		check(again.len == b.len);
		check(memcmp(again.data, b.data, b.len) == 0);
		sio_buf_free(&again);
	}
	sio_buf_free(&b);
	free(back);
}

static void check_line(const char *data, size_t len)
{
	char line[32];
	size_t bad;

	sio_text_clean(line, sizeof(line), data, len);
	for (size_t i = 0, n; line[i]; i += n) {
		n = sio_utf8_sequence(line + i, strlen(line + i), &bad);
		check(n && (n > 1 || (line[i] >= 0x20 && line[i] != 0x7f)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = copy_of(data, size);

	check_packet(text, size);
	check_base64(text, size);
	check_string(text, size);
	check_line(text, size);
	free(text);
	return 0;
}
