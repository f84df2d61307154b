/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/utf8.h"

static void test_char_bytes(void **state)
{
	static const struct {
		const char *s;
		size_t n;
		size_t expected;
	} cases[] = {
		{"a", 1, 1},
		{"\0", 1, 1},
		{"\xc2\xa9", 2, 2},
		{"\xc2\xa9", 1, 0}, /* cut */
		{"\xe2\x82\xac", 3, 3},
		{"\xe2\x82\xac", 2, 0},
		{"\xf0\x9f\x98\x80", 4, 4},
		{"\xf4\x8f\xbf\xbf", 4, 4}, /* U+10FFFF */
		{"\xf4\x90\x80\x80", 4, 0}, /* above it */
		{"\xc0\xaf", 2, 0},	    /* overlong '/' */
		{"\xc1\xbf", 2, 0},
		{"\xe0\x80\xaf", 3, 0},
		{"\xf0\x80\x80\xaf", 4, 0},
		{"\xed\xa0\x80", 3, 0}, /* surrogate */
		{"\xed\x9f\xbf", 3, 3},
		{"\x80", 1, 0}, /* continuation alone */
		{"\xff", 1, 0},
		{"\xc2\x41", 2, 0},
		{"\xe2\x82\x41", 3, 0},
		{"\xf5\x80\x80\x80", 4, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(utf8_char_bytes(cases[i].s, cases[i].n),
				 cases[i].expected);
}

static void test_valid(void **state)
{
	(void)state;
	assert_true(utf8_valid("", 0));
	assert_true(utf8_valid("Z\xc3\xbcrich \xe2\x82\xac", 11));
	assert_false(utf8_valid("Z\xfcrich", 6));
	assert_false(utf8_valid("abc\xe2\x82", 5));
}

static void test_control(void **state)
{
	(void)state;
	assert_true(utf8_is_control("\n", 1));
	assert_true(utf8_is_control("\x7f", 1));
	assert_true(utf8_is_control("\xc2\x9b", 2)); /* CSI */
	assert_false(utf8_is_control("\xc2\xa0", 2));
	assert_false(utf8_is_control(" ", 1));
	assert_false(utf8_is_control("\xe2\x82\xac", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_char_bytes),
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_control),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
