/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/account.h"

static struct icmp_event event_of(uint64_t count, bool others)
{
	return (struct icmp_event){.count = count, .others = others};
}

static void test_how(void **state)
{
	struct icmp_event one = event_of(1, false), many = event_of(2, false),
			  others = event_of(1, true);

	(void)state;
	assert_int_equal(account_how_of(&one), ACCOUNT_SINGLE);
	assert_int_equal(account_how_of(&many), ACCOUNT_SUMMARY);
	assert_int_equal(account_how_of(&others), ACCOUNT_REMAINDER);
	assert_string_equal(account_how_name(ACCOUNT_SINGLE), "single");
	assert_string_equal(account_how_name(ACCOUNT_SUMMARY), "summary");
	assert_string_equal(account_how_name(ACCOUNT_REMAINDER), "remainder");
	for (int i = 0; i < ACCOUNT_REASON_COUNT; i++)
		assert_non_null(account_reason_name((enum account_reason)i));
}

static void test_identity(void **state)
{
	struct icmp_event e1 = event_of(1, false), e5 = event_of(5, false),
			  e7 = event_of(7, true);
	struct account a = {0};

	(void)state;
	assert_true(account_balanced(&a, 0));
	account_see(&a, &e1);
	account_see(&a, &e5);
	account_see(&a, &e7);
	assert_int_equal(account_pending(&a), 13);
	assert_true(account_balanced(&a, 13));
	assert_false(account_balanced(&a, 12)); /* one was lost */
	assert_false(account_balanced(&a, 14)); /* or doubled */

	account_report(&a, &e1);
	account_report(&a, &e7);
	assert_int_equal(a.reported[ACCOUNT_SINGLE], 1);
	assert_int_equal(a.reported[ACCOUNT_REMAINDER], 7);
	assert_true(account_balanced(&a, 5));
	account_drop(&a, ACCOUNT_DROP_QUEUE, &e5);
	assert_int_equal(a.dropped[ACCOUNT_DROP_QUEUE], 5);
	assert_int_equal(account_reported(&a), 8);
	assert_int_equal(account_dropped(&a), 5);
	assert_true(account_balanced(&a, 0));
	account_report(&a, &e1); /* what was never seen */
	assert_false(account_balanced(&a, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_how),
		cmocka_unit_test(test_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
