/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "agent/env_file.h"
#include "agent/file.h"
#include "agent/settings.h"

/* The example that is installed, relative to the top of the tree. */
#define EXAMPLE "config/icmp-agent.env"

static int parse_file(const char *path, struct options *ret_options,
		      char *ret_error, size_t error_size)
{
	char program[] = "icmp-agent", option[] = "--config", name[] = "eth0";
	char *environment[] = {NULL};
	char *copy = strdup(path);
	char *argv[] = {program, option, copy, name};
	int r;

	assert_non_null(copy);
	r = options_parse(4, argv, environment, ret_options, ret_error,
			  error_size);
	free(copy);
	return r;
}

static void test_example_is_the_defaults(void **state)
{
	struct options o;
	char error[512];

	(void)state;
	if (parse_file(EXAMPLE, &o, error, sizeof(error)) != OPTIONS_RUN)
		fail_msg("%s", error);
	assert_string_equal(o.name, "ICMP");
	assert_string_equal(o.url, "http://localhost:5000");
	assert_null(o.password);
	assert_int_equal(o.rate, 10);
	assert_int_equal(o.queue_messages, 10000);
	options_clear(&o);
}

/*
 * Each "#KEY=VALUE" of the example can be switched on, and is the default or,
 * for a secret, something; every key of the table is there.
 */
static void test_example_is_complete(void **state)
{
	char text[8192], cause[256];
	bool seen[SETTINGS_MAX] = {false};
	const char *key, *value;
	struct options o = {0};
	struct env_file f;
	size_t n;

	(void)state;
	assert_int_equal(file_read(EXAMPLE, text, sizeof(text), &n), 0);
	for (char *c = text; *c; c++)
		if (*c == '#' && c[1] >= 'A' && c[1] <= 'Z' &&
		    strcspn(c, "=") < strcspn(c, " \n"))
			*c = ' ';
	env_file_init(&f, text, n);
	while (env_file_next(&f, &key, &value, cause, sizeof(cause)) == 1) {
		const struct setting *s = setting_by_key(key, strlen(key));

		assert_non_null(s);
		assert_int_equal(
			setting_apply(s, value, &o, cause, sizeof(cause)), 0);
		if (s->fallback)
			assert_string_equal(value, s->fallback);
		seen[s - settings] = true;
	}
	assert_null(f.next); /* read to the end, without a defect */
	for (size_t i = 0; i < settings_count; i++)
		if (settings[i].key && !seen[i])
			fail_msg("%s lacks %s", EXAMPLE, settings[i].key);
	options_clear(&o);
}

/* The row "| `KEY` | `--option` | `default` |" of the README's table. */
static void write_row(const struct setting *s, char *buf, size_t size)
{
	bool is_action = s->kind == SETTING_ACTION || s->letter;

	buf[0] = '\0';
	if (is_action) /* named in a sentence */
		return;
	(void)snprintf(buf, size, "| %s%s%s | %s%s%s | %s%s%s |",
		       s->key ? "`" : "", s->key ? s->key : "",
		       s->key ? "`" : "", s->option ? "`--" : "",
		       s->option ? s->option : "", s->option ? "`" : "",
		       s->fallback ? "`" : "", s->fallback ? s->fallback : "",
		       s->fallback ? "`" : "");
	/* an empty cell is one blank */
	for (char *c = buf; (c = strstr(c, "|  |"));)
		memmove(c + 1, c + 2, strlen(c + 2) + 1);
}

static void test_readme_has_every_setting(void **state)
{
	static char text[131072];
	char row[256];
	size_t n;

	(void)state;
	assert_int_equal(file_read("README.md", text, sizeof(text), &n), 0);
	for (size_t i = 0; i < settings_count; i++) {
		write_row(&settings[i], row, sizeof(row));
		if (!strstr(text, row))
			fail_msg("README.md lacks the row %s", row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example_is_the_defaults),
		cmocka_unit_test(test_example_is_complete),
		cmocka_unit_test(test_readme_has_every_setting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
