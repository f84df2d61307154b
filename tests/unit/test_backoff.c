/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/backoff.h"

#define MS 1000000ull
#define S  1000000000ull

static void test_bound_doubles_to_its_maximum(void **state)
{
	static const uint64_t bounds[] = {1, 2, 4, 8, 16, 30, 30, 30};
	struct sio_backoff b;

	(void)state;
	sio_backoff_init(&b, 100 * MS, 1 * S, 30 * S);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(b.bound_ns, bounds[i] * S);
		(void)sio_backoff_next(&b, 0);
	}
	sio_backoff_reset(&b);
	assert_int_equal(b.bound_ns, 1 * S);
}

static void test_delay_covers_floor_to_bound(void **state)
{
	struct sio_backoff b;

	(void)state;
	sio_backoff_init(&b, 100 * MS, 1 * S, 30 * S);
	/* the span is 900 ms: its end and the value behind it wrap to 0 */
	assert_int_equal(sio_backoff_next(&b, 0), 100 * MS);
	sio_backoff_reset(&b);
	assert_int_equal(sio_backoff_next(&b, 900 * MS), 1 * S);
	sio_backoff_reset(&b);
	assert_int_equal(sio_backoff_next(&b, 900 * MS + 1), 100 * MS);
}

/* The point of it: at the maximum the delays still differ. */
static void test_jitter_stays_at_the_maximum(void **state)
{
	uint64_t random = 7;
	uint64_t low = UINT64_MAX;
	uint64_t high = 0;
	struct sio_backoff b;

	(void)state;
	sio_backoff_init(&b, 100 * MS, 1 * S, 30 * S);
	for (int i = 0; i < 1000; i++) {
		uint64_t d = sio_backoff_next(&b, sio_random_next(&random));

		assert_true(d >= 100 * MS && d <= 30 * S);
		if (i < 5)
			continue;
		low = d < low ? d : low;
		high = d > high ? d : high;
	}
	assert_true(low < 2 * S);
	assert_true(high > 28 * S);
}

static void test_odd_settings(void **state)
{
	struct sio_backoff b;

	(void)state;
	/* a floor above the rest: it wins */
	sio_backoff_init(&b, 5 * S, 1 * S, 2 * S);
	for (int i = 0; i < 3; i++)
		assert_int_equal(sio_backoff_next(&b, 12345), 5 * S);
	sio_backoff_init(&b, 0, 0, 0);
	assert_int_equal(sio_backoff_next(&b, 12345), 0);
	sio_backoff_init(&b, 0, UINT64_MAX, UINT64_MAX);
	assert_int_equal(sio_backoff_next(&b, 12345), 12345);
	assert_int_equal(b.bound_ns, UINT64_MAX);
}

static void test_random_does_not_repeat(void **state)
{
	uint64_t a = 0;
	uint64_t b = 1;

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_not_equal(sio_random_next(&a), sio_random_next(&b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bound_doubles_to_its_maximum),
		cmocka_unit_test(test_delay_covers_floor_to_bound),
		cmocka_unit_test(test_jitter_stays_at_the_maximum),
		cmocka_unit_test(test_odd_settings),
		cmocka_unit_test(test_random_does_not_repeat),
	};

	return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
