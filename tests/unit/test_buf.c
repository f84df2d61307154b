/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/buf.h"
#include "tests/support/fail_malloc.h"

static void test_grows_and_keeps(void **state)
{
	struct sio_buf b;

	(void)state;
	sio_buf_init(&b, sio_mem_default(), 100000);
	for (int i = 0; i < 10000; i++)
		sio_buf_puts(&b, "0123456789");
	assert_int_equal(b.err, SIO_OK);
	assert_int_equal(b.len, 100000);
	for (size_t i = 0; i < b.len; i++)
		assert_int_equal(b.data[i], '0' + (int)(i % 10));
	sio_buf_free(&b);
	assert_null(b.data);
}

static void test_maximum_is_exact_and_sticks(void **state)
{
	struct sio_buf b;

	(void)state;
	sio_buf_init(&b, sio_mem_default(), 10);
	sio_buf_append(&b, "0123456789", 10);
	assert_int_equal(b.err, SIO_OK);
	sio_buf_putc(&b, 'x');
	assert_int_equal(b.err, SIO_ERR_TOO_BIG);
	assert_int_equal(b.len, 10);
	sio_buf_cut(&b, 3);
	sio_buf_puts(&b, "abc");
	assert_int_equal(b.err, SIO_OK);
	assert_string_equal(sio_buf_cstr(&b), "012abc");
	/* what does not fit as a whole is not written in part */
	sio_buf_puts(&b, "too long");
	sio_buf_puts(&b, "x");
	assert_int_equal(b.len, 6);
	assert_int_equal(b.err, SIO_ERR_TOO_BIG);
	sio_buf_free(&b);
}

static void test_cstr_needs_room_for_the_nul(void **state)
{
	struct sio_buf b;

	(void)state;
	sio_buf_init(&b, sio_mem_default(), 2);
	sio_buf_puts(&b, "ab");
	assert_null(sio_buf_cstr(&b));
	sio_buf_cut(&b, 1);
	assert_string_equal(sio_buf_cstr(&b), "a");
	sio_buf_free(&b);
}

static void test_numbers(void **state)
{
	struct sio_buf b;

	(void)state;
	sio_buf_init(&b, sio_mem_default(), 100);
	sio_buf_put_u64(&b, 0);
	sio_buf_putc(&b, ' ');
	sio_buf_put_u64(&b, 1234567890);
	sio_buf_putc(&b, ' ');
	sio_buf_put_u64(&b, UINT64_MAX);
	assert_string_equal(sio_buf_cstr(&b),
			    "0 1234567890 18446744073709551615");
	sio_buf_free(&b);
}

static void test_out_of_memory_sticks(void **state)
{
	struct fail_malloc f;
	struct sio_buf b;

	(void)state;
	fail_malloc_init(&f);
	sio_buf_init(&b, &f.mem, 100000);
	sio_buf_puts(&b, "kept");
	fail_malloc_arm(&f, 1, false);
	assert_int_equal(sio_buf_reserve(&b, 5000), SIO_ERR_NOMEM);
	/* the second request would succeed */
	assert_int_equal(sio_buf_reserve(&b, 5000), SIO_ERR_NOMEM);
	sio_buf_puts(&b, "lost");
	assert_int_equal(b.len, 4);
	sio_buf_cut(&b, 4);
	assert_int_equal(sio_buf_reserve(&b, 5000), SIO_OK);
	assert_string_equal(sio_buf_cstr(&b), "kept");
	sio_buf_free(&b);
	assert_int_equal(f.live, 0);
}

static void test_sizes_near_the_end_of_the_range(void **state)
{
	struct sio_buf b;

	(void)state;
	sio_buf_init(&b, sio_mem_default(), SIZE_MAX / 2);
	sio_buf_puts(&b, "x");
	assert_int_equal(sio_buf_reserve(&b, SIZE_MAX), SIO_ERR_TOO_BIG);
	sio_buf_cut(&b, 1);
	assert_int_equal(sio_buf_reserve(&b, SIZE_MAX / 2), SIO_ERR_TOO_BIG);
	sio_buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows_and_keeps),
		cmocka_unit_test(test_maximum_is_exact_and_sticks),
		cmocka_unit_test(test_cstr_needs_room_for_the_nul),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_out_of_memory_sticks),
		cmocka_unit_test(test_sizes_near_the_end_of_the_range),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
