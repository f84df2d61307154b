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
#include <sys/stat.h>
#include <unistd.h>

#include "agent/log.h"

/* Standard error is a file while a test runs; what it holds then. */
struct captured {
	int saved;
	FILE *file;
	char text[4096];
};

static void capture_begin(struct captured *c)
{
	c->file = tmpfile();
	assert_non_null(c->file);
	fflush(stderr);
	c->saved = dup(STDERR_FILENO);
	assert_true(c->saved >= 0);
	assert_true(dup2(fileno(c->file), STDERR_FILENO) >= 0);
}

static void capture_end(struct captured *c)
{
	ssize_t n = pread(STDERR_FILENO, c->text, sizeof(c->text) - 1, 0);

	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	fclose(c->file);
	assert_true(n >= 0);
	c->text[n] = '\0';
}

static void test_levels(void **state)
{
	struct captured c;

	(void)state;
	unsetenv("JOURNAL_STREAM");
	capture_begin(&c);
	log_init(LOG_LEVEL_WARNING);
	log_error("e%d", 1);
	log_warning("w%s", "2");
	log_info("i3");
	log_debug("d4");
	log_init(LOG_LEVEL_DEBUG);
	log_debug("d5");
	capture_end(&c);
	assert_string_equal(c.text, "icmp-agent: e1\n"
				    "icmp-agent: w2\n"
				    "icmp-agent: d5\n");
}

static void test_journal(void **state)
{
	char stream[64];
	struct captured c;
	struct stat st;

	(void)state;
	capture_begin(&c);
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu",
		 (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_init(LOG_LEVEL_DEBUG);
	log_error("e");
	log_warning("w");
	log_info("i");
	log_debug("d");
	/* inherited, but standard error goes elsewhere */
	setenv("JOURNAL_STREAM", "1:1", 1);
	log_init(LOG_LEVEL_INFO);
	log_info("terminal");
	setenv("JOURNAL_STREAM", "rubbish", 1);
	log_init(LOG_LEVEL_INFO);
	log_info("again");
	capture_end(&c);
	unsetenv("JOURNAL_STREAM");
	assert_string_equal(c.text, "<3>e\n<4>w\n<6>i\n<7>d\n"
				    "icmp-agent: terminal\n"
				    "icmp-agent: again\n");
}

static void test_one_line_each(void **state)
{
	struct captured c;

	(void)state;
	log_init(LOG_LEVEL_INFO);
	capture_begin(&c);
	log_info("%s",
		 "two\nlines\x1b[31m\x7f Z\xc3\xbcrich \xc2\x9b\xc2\xa0\xc2");
	capture_end(&c);
	assert_string_equal(
		c.text,
		"icmp-agent: two?lines?[31m? Z\xc3\xbcrich ??\xc2\xa0\xc2\n");
}

static void test_long_line_is_cut(void **state)
{
	struct captured c;
	char big[3000];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_init(LOG_LEVEL_INFO);
	capture_begin(&c);
	log_info("%s", big);
	log_info("next");
	capture_end(&c);
	assert_string_equal(strchr(c.text, '\n') - 4,
			    "x...\nicmp-agent: next\n");
	assert_in_range(strchr(c.text, '\n') - c.text, 1000, 1023);
}

static void test_errno_survives(void **state)
{
	struct captured c;

	(void)state;
	log_init(LOG_LEVEL_INFO);
	capture_begin(&c);
	errno = ENOENT;
	log_info("x");
	assert_int_equal(errno, ENOENT);
	capture_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_one_line_each),
		cmocka_unit_test(test_long_line_is_cut),
		cmocka_unit_test(test_errno_survives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
