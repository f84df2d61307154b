/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "agent/types.h"

static unsigned int count(const struct types *t)
{
	unsigned int n = 0;

	for (int f = 0; f < 2; f++)
		for (int i = 0; i < 256; i++)
			n += t->codes[f][i] != 0;
	return n;
}

static struct types parse(const char *text)
{
	struct types t;
	char error[256] = "";

	if (types_parse(text, &t, error, sizeof(error)))
		fail_msg("%s: %s", text, error);
	return t;
}

static void names_mean_both_families(void **state)
{
	struct types t = parse("echo-request");

	(void)state;
	assert_int_equal(t.codes[0][8], UINT32_MAX);
	assert_int_equal(t.codes[1][128], UINT32_MAX);
	assert_int_equal(count(&t), 2);
	t = parse("Echo-Request");
	assert_int_equal(count(&t), 2);
	t = parse("packet-too-big");
	assert_int_equal(t.codes[1][2], UINT32_MAX);
	assert_int_equal(count(&t), 1);
}

static void family_codes_and_lists(void **state)
{
	struct types t = parse("echo-request,unreachable,4:3/4,6:1/0,11");

	(void)state;
	assert_int_equal(t.codes[0][3], UINT32_MAX); /* unreachable, all */
	assert_int_equal(t.codes[1][1], UINT32_MAX);
	assert_int_equal(t.codes[0][11], UINT32_MAX);
	assert_int_equal(t.codes[1][11], UINT32_MAX);
	assert_int_equal(count(&t), 6);
	t = parse("4:3/4,4:3/13");
	assert_int_equal(t.codes[0][3], 1u << 4 | 1u << 13);
	assert_int_equal(count(&t), 1);
	t = parse("6:unreachable/4");
	assert_int_equal(t.codes[1][1], 1u << 4);
	assert_int_equal(count(&t), 1);
	t = parse("0/255");
	assert_int_equal(t.codes[0][0], 1u << 31);
	assert_int_equal(t.codes[1][0], 1u << 31);
}

static void shorts(void **state)
{
	struct types t = parse("echo");

	(void)state;
	assert_int_equal(count(&t), 4);
	t = parse("error");
	/* 3, 4, 11, 12 and 1 to 4 */
	assert_int_equal(count(&t), 8);
	assert_int_equal(t.codes[1][2], UINT32_MAX);
	assert_int_equal(t.codes[0][5], 0);
}

static void defects(void **state)
{
	static const char *const rows[] = {
		"",
		",",
		"echo-request,",
		"256",
		"3/256",
		"3/",
		"3/x",
		"ping",
		"-1",
		"4:",
		"5:8",
		"8 ",
		"6:source-quench",
		"3/4/5",
		"8x",
		"echo/-1",
		"4:6:echo",
	};
	struct types t, before;
	char error[256];

	(void)state;
	memset(&t, 0x5a, sizeof(t));
	before = t;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		error[0] = '\0';
		assert_int_equal(types_parse(rows[i], &t, error, sizeof(error)),
				 -EINVAL);
		assert_true(error[0] != '\0');
		assert_memory_equal(&t, &before, sizeof(t));
	}
}

static void a_long_word_is_refused(void **state)
{
	char text[300], error[128];
	struct types t;

	(void)state;
	memset(text, 'e', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(types_parse(text, &t, error, sizeof(error)), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_mean_both_families),
		cmocka_unit_test(family_codes_and_lists),
		cmocka_unit_test(shorts),
		cmocka_unit_test(defects),
		cmocka_unit_test(a_long_word_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
