/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/echo.h"

static uint64_t of_text(const char *s)
{
	return echo_hash(s, strlen(s));
}

static uint64_t of_json(const char *s)
{
	return echo_hash_json(s, strlen(s));
}

static void the_same_text_has_the_same_hash(void **state)
{
	static const struct {
		const char *text, *json;
	} rows[] = {
		{"", "[{\"message\":\"\",\"client\":\"A\"}]"},
		{"ICMP Echo Request from 10.0.0.1 to 10.0.0.2 (code: 0)",
		 "[{\"message\":\"ICMP Echo Request from 10.0.0.1 to 10.0.0.2 "
		 "(code: 0)\",\"client\":\"ICMP\"}]"},
		{"×1342 ⚠️",
		 "[{\"message\":\"×1342 ⚠️\",\"client\":\"I\"}]"},
		{"a\"b\\c\nd\te/f",
		 "[{\"message\":\"a\\\"b\\\\c\\nd\\te/f\",\"client\":\"I\"}]"},
		/* as Python's json writes it */
		{"×1342 ⚠️ é\x7f𝄞",
		 "[{\"message\":\"\\u00d71342 \\u26A0\\ufe0f \\u00e9\\u007f"
		 "\\ud834\\udd1e\",\"client\":\"I\"}]"},
		{"{\"src_ip\":\"::1\"}",
		 "[{\"message\":\"{\\\"src_ip\\\":\\\"::1\\\"}\"}]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(of_text(rows[i].text), of_json(rows[i].json));
}

static void other_texts_differ(void **state)
{
	(void)state;
	assert_int_not_equal(of_text("a"), of_text("b"));
	assert_int_not_equal(of_text("ab"),
			     of_json("[{\"message\":\"a\",\"b\":1}]"));
	assert_int_not_equal(of_text(""), 0);
}

static void other_shapes_are_no_echo(void **state)
{
	static const char *const rows[] = {
		"",
		"[]",
		"[\"text\"]",
		"[{\"client\":\"A\",\"message\":\"x\"}]",
		"[{\"message\":7}]",
		"[{\"message\":\"unfinished",
		"[{\"message\":\"unfinished\\",
		"[{\"message\":\"\\u00g9\"}]",
		"[{\"message\":\"\\ud834\"}]",
		"[{\"message\":\"\\ud834\\u0041\"}]",
		"[{\"message\":\"\\udd1e\"}]",
		"[{\"message\":\"\\u00",
		"[{\"message\":\"\\u",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(of_json(rows[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_text_has_the_same_hash),
		cmocka_unit_test(other_texts_differ),
		cmocka_unit_test(other_shapes_are_no_echo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
