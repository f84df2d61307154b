/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/base64.h"
#include "proto/eio_packet.h"
#include "proto/eio_queue.h"
#include "tests/support/fail_malloc.h"
#include "tests/support/guard.h"

static void test_decode(void **state)
{
	static const char types[] = "0123456";
	struct eio_packet p;

	(void)state;
	for (int i = 0; types[i]; i++) {
		char text[] = {types[i], 'x'};

		assert_int_equal(eio_packet_decode(text, 2, &p), SIO_OK);
		assert_int_equal(p.type, types[i]);
		assert_false(p.binary);
		assert_int_equal(p.len, 1);
		assert_int_equal(p.data[0], 'x');
	}
	assert_int_equal(eio_packet_decode("4", 1, &p), SIO_OK);
	assert_int_equal(p.len, 0);
}

static void test_decode_refuses_all_other_types(void **state)
{
	struct eio_packet p;

	(void)state;
	assert_int_equal(eio_packet_decode("", 0, &p), SIO_ERR_SYNTAX);
	for (int i = 0; i < 256; i++) {
		char c = (char)i;

		if (c < '0' || c > '6')
			assert_int_equal(eio_packet_decode(&c, 1, &p),
					 SIO_ERR_SYNTAX);
	}
}

/* Every packet as "<type>=<data> " or "b=<data> ", and the error at the end. */
static void show(const char *payload, size_t payload_len, char *out)
{
	struct guard g = guard_copy(payload, payload_len);
	char *text = g.data;
	size_t len = g.len;
	struct eio_packet p;
	int err;

	while ((err = eio_payload_next(&text, &len, &p)) == SIO_OK) {
		*out++ = p.binary ? 'b' : (char)p.type;
		*out++ = '=';
		memcpy(out, p.data, p.len);
		out += p.len;
		*out++ = ' ';
	}
	strcpy(out, err == SIO_NONE ? "end" : "error");
	guard_free(&g);
}

static void assert_payload(const char *payload, const char *expected)
{
	char out[256];

	show(payload, strlen(payload), out);
	assert_string_equal(out, expected);
}

static void test_payload(void **state)
{
	(void)state;
	assert_payload("", "end");
	assert_payload("6", "6= end");
	assert_payload("2\x1e"
		       "4abc",
		       "2= 4=abc end");
	assert_payload("4\x1e"
		       "bQUJD\x1e"
		       "bQQ==\x1e"
		       "b\x1e"
		       "1",
		       "4= b=ABC b=A b= 1= end");
	/* without padding */
	assert_payload("bQQ", "b=A end");
	assert_payload("bQUI", "b=AB end");
}

static void test_payload_errors(void **state)
{
	(void)state;
	assert_payload("7", "error");
	assert_payload("\x1e", "error");
	assert_payload("4a\x1e", "error");
	assert_payload("4a\x1e\x1e"
		       "4b",
		       "4=a error");
	assert_payload("bQ", "error");
	assert_payload("bQ===", "error");
	assert_payload("bQU*D", "error");
	assert_payload("b=", "error");
	assert_payload("b====", "error");
	assert_payload("bQUJDQ", "error");
}

static void test_payload_cut_at_each_length(void **state)
{
	static const char payload[] = "0{}\x1e"
				      "4abc\x1e"
				      "bQUJDRA==\x1e"
				      "2";
	char out[256];

	(void)state;
	for (size_t n = 0; n < sizeof(payload); n++) {
		show(payload, n, out);
		/* never more than was there: each shows at most what it read */
		assert_true(strlen(out) <= 3 * n + sizeof("error"));
	}
	assert_payload(payload, "0={} 4=abc b=ABCD 2= end");
}

static void test_base64_of_every_length(void **state)
{
	char data[64];
	struct sio_buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 37 + 200);
	for (size_t n = 0; n <= sizeof(data); n++) {
		char back[sizeof(data) + 3];
		size_t len;

		sio_buf_init(&b, sio_mem_default(), 1000);
		sio_base64_append(&b, data, n);
		assert_int_equal(b.len + 1, eio_payload_size(true, n));
		assert_int_equal(b.len % 4, 0);
		if (n) {
			assert_int_equal(
				sio_base64_decode(b.data, b.len, back, &len),
				SIO_OK);
			assert_int_equal(len, n);
			assert_memory_equal(back, data, n);
		}
		sio_buf_free(&b);
	}
}

static void test_payload_append(void **state)
{
	struct sio_buf b;

	(void)state;
	sio_buf_init(&b, sio_mem_default(), 1000);
	eio_payload_append(&b, false, "42[]", 4);
	eio_payload_append(&b, true, "ABC", 3);
	eio_payload_append(&b, false, "1", 1);
	assert_string_equal(sio_buf_cstr(&b), "42[]\x1e"
					      "bQUJD\x1e"
					      "1");
	sio_buf_free(&b);
}

static void test_engine_io_3_is_recognised(void **state)
{
	(void)state;
	assert_true(eio_payload_is_v3("97:0{\"sid\"", 10));
	assert_false(eio_payload_is_v3("0{\"sid\"", 7));
	assert_false(eio_payload_is_v3("97:0", 4));
	assert_false(eio_payload_is_v3(":0{", 3));
	assert_false(eio_payload_is_v3("97", 2));
	assert_false(eio_payload_is_v3("", 0));
}

/* ---- the queue ---- */

static void push(struct eio_queue *q, const char *text, bool binary)
{
	size_t mark = eio_queue_mark(q);
	size_t len;

	sio_buf_puts(eio_queue_begin(q), text);
	if (eio_queue_end(q, binary, &len) != SIO_OK)
		eio_queue_rollback(q, mark);
}

static void assert_popped(struct eio_queue *q, const char *text, bool binary)
{
	struct eio_message m;

	assert_true(eio_queue_peek(q, &m));
	assert_int_equal(m.len, strlen(text));
	assert_memory_equal(m.data, text, m.len);
	assert_int_equal(m.binary, binary);
	eio_queue_pop(q);
}

static void test_queue_keeps_order(void **state)
{
	struct eio_queue q;
	struct eio_message m;
	char text[16];

	(void)state;
	eio_queue_init(&q, sio_mem_default(), 10000);
	/* filled and emptied at different paces, it wraps many times */
	for (int i = 0, out = 0; i < 3000; i++) {
		snprintf(text, sizeof(text), "%d", i);
		push(&q, text, i % 3 == 0);
		if (i % 4 == 0)
			continue;
		snprintf(text, sizeof(text), "%d", out);
		assert_popped(&q, text, out % 3 == 0);
		out++;
		if (eio_queue_bytes(&q) > 8000)
			break;
	}
	assert_true(eio_queue_bytes(&q) > 7000);
	while (eio_queue_peek(&q, &m))
		eio_queue_pop(&q);
	assert_int_equal(eio_queue_bytes(&q), 0);
	eio_queue_pop(&q);
	eio_queue_free(&q);
}

static void test_queue_is_bounded(void **state)
{
	struct eio_queue q;
	size_t before;
	int n = 0;

	(void)state;
	eio_queue_init(&q, sio_mem_default(), 100);
	do {
		before = eio_queue_bytes(&q);
		push(&q, "0123456789", false);
		n += eio_queue_bytes(&q) > before;
	} while (eio_queue_bytes(&q) > before);
	/* 8 bytes of header each */
	assert_int_equal(n, 5);
	assert_popped(&q, "0123456789", false);
	push(&q, "9876543210", false);
	assert_int_equal(eio_queue_bytes(&q), 90);
	for (int i = 0; i < 4; i++)
		assert_popped(&q, "0123456789", false);
	assert_popped(&q, "9876543210", false);
	eio_queue_free(&q);
}

static void test_queue_rolls_back(void **state)
{
	struct fail_malloc f;
	struct eio_queue q;
	struct eio_message m;

	(void)state;
	fail_malloc_init(&f);
	eio_queue_init(&q, &f.mem, 1000);
	fail_malloc_arm(&f, 1, false);
	push(&q, "lost", false);
	assert_false(eio_queue_peek(&q, &m));
	push(&q, "kept", true);
	assert_popped(&q, "kept", true);
	eio_queue_free(&q);
	assert_int_equal(f.live, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_decode_refuses_all_other_types),
		cmocka_unit_test(test_payload),
		cmocka_unit_test(test_payload_errors),
		cmocka_unit_test(test_payload_cut_at_each_length),
		cmocka_unit_test(test_base64_of_every_length),
		cmocka_unit_test(test_payload_append),
		cmocka_unit_test(test_engine_io_3_is_recognised),
		cmocka_unit_test(test_queue_keeps_order),
		cmocka_unit_test(test_queue_is_bounded),
		cmocka_unit_test(test_queue_rolls_back),
	};

	return cmocka_run_group_tests_name("eio_packet", tests, NULL, NULL);
}
