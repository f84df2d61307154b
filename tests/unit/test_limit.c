/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/limit.h"

#define S INT64_C(1000000000)

static void test_rate_within_one_second(void **state)
{
	struct limit l;

	(void)state;
	limit_init(&l, 3);
	assert_int_equal(limit_turn(&l, 100 * S), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(limit_take(&l, 1), LIMIT_PASS);
	assert_int_equal(limit_deadline(&l), INT64_MAX);
	assert_int_equal(limit_take(&l, 1), LIMIT_DROP_FIRST);
	assert_int_equal(limit_take(&l, 1), LIMIT_DROP);
	assert_int_equal(limit_take(&l, 1), LIMIT_DROP);
	assert_int_equal(limit_deadline(&l), 101 * S);
}

static void test_turn_reports_and_resets(void **state)
{
	struct limit l;

	(void)state;
	limit_init(&l, 1);
	limit_turn(&l, 100 * S + 999999999);
	limit_take(&l, 1);
	limit_take(&l, 1);
	limit_take(&l, 1);
	/* the same second, seen again at its first nanosecond */
	assert_int_equal(limit_turn(&l, 100 * S), 0);
	assert_int_equal(limit_take(&l, 1), LIMIT_DROP);

	assert_int_equal(limit_turn(&l, 101 * S), 3);
	assert_int_equal(limit_deadline(&l), INT64_MAX);
	assert_int_equal(limit_turn(&l, 102 * S), 0);
	assert_int_equal(limit_take(&l, 1), LIMIT_PASS);
	assert_int_equal(limit_take(&l, 1), LIMIT_DROP_FIRST);
}

static void test_no_limit(void **state)
{
	struct limit l;

	(void)state;
	limit_init(&l, 0);
	limit_turn(&l, S);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(limit_take(&l, 1), LIMIT_PASS);
	assert_int_equal(limit_deadline(&l), INT64_MAX);
}

static void test_clock_steps_back(void **state)
{
	struct limit l;

	(void)state;
	limit_init(&l, 1);
	limit_turn(&l, 100 * S);
	limit_take(&l, 1);
	limit_take(&l, 1);
	assert_int_equal(limit_turn(&l, 50 * S), 1);
	assert_int_equal(limit_take(&l, 1), LIMIT_PASS);
}

static void test_extreme_clocks(void **state)
{
	struct limit l;

	(void)state;
	limit_init(&l, 1);
	/* -1 ns and 0 ns are different seconds */
	limit_turn(&l, -1);
	limit_take(&l, 1);
	limit_take(&l, 1);
	assert_int_equal(limit_deadline(&l), 0);
	assert_int_equal(limit_turn(&l, 0), 1);

	limit_turn(&l, INT64_MAX);
	limit_take(&l, 1);
	limit_take(&l, 1);
	assert_int_equal(limit_deadline(&l), INT64_MAX);
	assert_int_equal(limit_turn(&l, INT64_MIN), 1);
}

/* What the kernel has folded is one message and many packets. */
static void test_a_fold_counts_its_packets(void **state)
{
	struct limit l;

	(void)state;
	limit_init(&l, 1);
	limit_turn(&l, S);
	assert_int_equal(limit_take(&l, 500), LIMIT_PASS);
	assert_int_equal(limit_take(&l, 500), LIMIT_DROP_FIRST);
	assert_int_equal(limit_take(&l, 1), LIMIT_DROP);
	assert_int_equal(limit_turn(&l, 2 * S), 501);
}

/* Of n packets in a second the rate passes, the rest is in the notice. */
static void test_nothing_is_lost(void **state)
{
	uint64_t passed = 0, dropped = 0, first = 0;
	struct limit l;

	(void)state;
	limit_init(&l, 10);
	for (int64_t ms = 0; ms < 60000; ms++) {
		dropped += limit_turn(&l, ms * 1000000);
		switch (limit_take(&l, 1)) {
		case LIMIT_PASS:
			passed++;
			break;
		case LIMIT_DROP_FIRST:
			first++;
			break;
		case LIMIT_DROP:
			break;
		}
	}
	dropped += limit_turn(&l, 60 * S);
	assert_int_equal(passed, 600);
	assert_int_equal(first, 60);
	assert_int_equal(passed + dropped, 60000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate_within_one_second),
		cmocka_unit_test(test_turn_reports_and_resets),
		cmocka_unit_test(test_no_limit),
		cmocka_unit_test(test_clock_steps_back),
		cmocka_unit_test(test_extreme_clocks),
		cmocka_unit_test(test_a_fold_counts_its_packets),
		cmocka_unit_test(test_nothing_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
