/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "agent/env_file.h"

/* "KEY=VALUE|KEY=VALUE", or "line: error" where reading ended so. */
static void assert_reads(const char *text, size_t length, const char *expected)
{
	char *copy = malloc(length + 1);
	const char *key, *value;
	struct env_file f;
	char got[512] = "", error[128];
	size_t n = 0;
	int r;

	assert_non_null(copy);
	memcpy(copy, text, length);
	copy[length] = '\0';
	env_file_init(&f, copy, length);
	while ((r = env_file_next(&f, &key, &value, error, sizeof(error))) == 1)
		n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%s=%s",
				      n ? "|" : "", key, value);
	if (r < 0) {
		assert_int_equal(r, -EINVAL);
		snprintf(got, sizeof(got), "%u: %s", f.line, error);
	}
	assert_string_equal(got, expected);
	free(copy);
}

static void test_values(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{"", ""},
		{"\n\n", ""},
		{"A=1", "A=1"},
		{"A=1\nB=2\n", "A=1|B=2"},
		{"A=1\r\nB=2\r\n", "A=1|B=2"},
		{"# A=1\n; B=2\n  # c\nC=3", "C=3"},
		{"  A=1  ", "A=1"},
		{"A=", "A="},
		{"A=  x y  ", "A=x y"},
		{"A==b=", "A==b="},
		{"A=a # b", "A=a # b"},
		{"_a1=x", "_a1=x"},
		{"A=$HOME `id`", "A=$HOME `id`"},
		{"A='a b'", "A=a b"},
		{"A=' a '", "A= a "},
		{"A='$x\\'", "A=$x\\"},
		{"A=\"a b\"", "A=a b"},
		{"A=\"say \\\"hi\\\" \\\\ \\$x \\n\"",
		 "A=say \"hi\" \\ $x \\n"},
		{"A=\"it's\"", "A=it's"},
		{"A=it's", "A=it's"},
		{"A=''", "A="},
		{"A=\"\"", "A="},
		{"\xef\xbb\xbf"
		 "A=1",
		 "A=1"},
		{"A=\xc3\xbc", "A=\xc3\xbc"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_reads(cases[i].text, strlen(cases[i].text),
			     cases[i].expected);
}

static void test_defects(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{"A", "1: no KEY=VALUE"},
		{"A=1\n\n# x\nrubbish\n", "4: no KEY=VALUE"},
		{"=1", "1: what stands before '=' is no name of a setting"},
		{"1A=1", "1: what stands before '=' is no name of a setting"},
		{"A =1", "1: what stands before '=' is no name of a setting"},
		{"A-B=1", "1: what stands before '=' is no name of a setting"},
		{"export A=1", "1: remove 'export': only KEY=VALUE is read"},
		{"A='x", "1: the closing quote is missing"},
		{"A=\"x\\\"", "1: the closing quote is missing"},
		{"A=\"x\nB=y\"", "1: the closing quote is missing"},
		{"A='", "1: the closing quote is missing"},
		{"A='x'y", "1: text behind the closing quote"},
		{"A=\"x\" # y", "1: text behind the closing quote"},
		{"A=a\\b",
		 "1: a backslash outside quotes: put the value in single "
		 "quotes"},
		{"B=1\nA=x\\\n y",
		 "2: a backslash outside quotes: put the value in single "
		 "quotes"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_reads(cases[i].text, strlen(cases[i].text),
			     cases[i].expected);
	assert_reads("A=1\nB=\0x\nC=3", 12, "2: a control character");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_defects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
