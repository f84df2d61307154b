/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/siphash.h"

/* The vectors of the reference: key 00..0f, input 00..n-1. */
static void test_vectors(void **state)
{
	static const struct {
		size_t n;
		uint64_t expected;
	} cases[] = {
		{0, 0x726fdb47dd0e0e31},  {1, 0x74f839c593dc67fd},
		{7, 0xab0200f58b01d137},  {8, 0x93f5f5799a932462},
		{15, 0xa129ca6149be45e5}, /* printed in the paper, appendix A */
	};
	uint8_t key[SIPHASH_KEY_BYTES], data[64];

	(void)state;
	for (uint8_t i = 0; i < sizeof(data); i++)
		data[i] = i;
	memcpy(key, data, sizeof(key));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(siphash(key, data, cases[i].n),
				 cases[i].expected);
}

static void test_key_and_each_byte_matter(void **state)
{
	uint8_t key[SIPHASH_KEY_BYTES] = {0}, data[40] = {0};
	uint64_t zero = siphash(key, data, sizeof(data));

	(void)state;
	for (size_t i = 0; i < sizeof(key); i++) {
		key[i] = 1;
		assert_int_not_equal(siphash(key, data, sizeof(data)), zero);
		key[i] = 0;
	}
	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] = 1;
		assert_int_not_equal(siphash(key, data, sizeof(data)), zero);
		data[i] = 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_key_and_each_byte_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
