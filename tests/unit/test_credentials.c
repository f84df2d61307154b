/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/credentials.h"

/* base64(sha256("secret123")), by openssl dgst -sha256 -binary | base64 */
#define TOKEN "/PcwttlSNuzTyfwtkte2srsGFRSWGuwEHWx6cZL1kuQ="

static void payload_with_password(void **state)
{
	char buf[256];
	const char *want =
		"{\"user\":{\"username\":\"ICMP\"},\"token\":\"" TOKEN "\"}";

	(void)state;
	assert_int_equal(
		credentials_payload("ICMP", "secret123", buf, sizeof(buf)),
		strlen(want));
	assert_string_equal(buf, want);
}

static void payload_without_password(void **state)
{
	char buf[256];

	(void)state;
	assert_true(credentials_payload("ICMP", NULL, buf, sizeof(buf)) > 0);
	assert_string_equal(
		buf, "{\"user\":{\"username\":\"ICMP\"},\"token\":null}");
}

static void payload_escapes_the_name(void **state)
{
	char buf[256];

	(void)state;
	assert_true(credentials_payload("a\"b\\c→", NULL, buf, sizeof(buf)) >
		    0);
	assert_string_equal(buf, "{\"user\":{\"username\":\"a\\\"b\\\\c→\"},"
				 "\"token\":null}");
}

static void payload_that_does_not_fit(void **state)
{
	char buf[256];
	char name[1024];
	size_t whole =
		(size_t)credentials_payload("ICMP", "x", buf, sizeof(buf));
	size_t size;

	(void)state;
	for (size = 1; size <= whole; size++)
		assert_int_equal(credentials_payload("ICMP", "x", buf, size),
				 -ENOSPC);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(credentials_payload(name, "x", buf, sizeof(buf)),
			 -ENOSPC);
}

/* A file with `content`; its path is written to `path`. */
static void write_file(char *path, const char *content)
{
	int fd;

	strcpy(path, "/tmp/test_credentials.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	close(fd);
}

static void replace_file(const char *path, const char *content)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(content, f);
	fclose(f);
}

/* What is sent with the password "secret123", written whichever way. */
static void file_with_and_without_line_end(void **state)
{
	static const char *const contents[] = {"secret123", "secret123\n",
					       "secret123\r\nmore\n"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct credentials *c;
		char path[64], buf[256];

		write_file(path, contents[i]);
		assert_int_equal(credentials_new(NULL, path, &c), 0);
		assert_true(credentials_write(c, "A", buf, sizeof(buf)) > 0);
		assert_non_null(strstr(buf, TOKEN));
		credentials_free(c);
		unlink(path);
	}
}

static void file_is_read_anew(void **state)
{
	struct credentials *c;
	char path[64], buf[256];

	(void)state;
	write_file(path, "other");
	assert_int_equal(credentials_new(NULL, path, &c), 0);
	assert_true(credentials_write(c, "A", buf, sizeof(buf)) > 0);
	assert_null(strstr(buf, TOKEN));
	replace_file(path, "secret123");
	assert_true(credentials_write(c, "A", buf, sizeof(buf)) > 0);
	assert_non_null(strstr(buf, TOKEN));
	replace_file(path, "");
	assert_int_equal(credentials_write(c, "A", buf, sizeof(buf)), -ENODATA);
	credentials_free(c);
	unlink(path);
}

/* As where another user may not open it any more. */
static void file_that_was_open_serves_on(void **state)
{
	struct credentials *c;
	char path[64], buf[256];

	(void)state;
	write_file(path, "secret123");
	assert_int_equal(credentials_new(NULL, path, &c), 0);
	unlink(path);
	assert_true(credentials_write(c, "A", buf, sizeof(buf)) > 0);
	assert_non_null(strstr(buf, TOKEN));
	credentials_free(c);
}

static void assert_not_served(const char *path)
{
	struct credentials *c;

	assert_int_equal(credentials_new(NULL, path, &c), -EINVAL);
}

/* Said at the start, and without waiting for anybody. */
static void file_that_cannot_serve(void **state)
{
	char path[64], text[2048];

	(void)state;
	assert_not_served("/nonexistent");
	assert_not_served("/tmp");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	write_file(path, text);
	assert_not_served(path);
	replace_file(path, "\r\n");
	assert_not_served(path);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_not_served(path);
	unlink(path);
}

static void password_precedes_the_file(void **state)
{
	struct credentials *c;
	char buf[256];

	(void)state;
	assert_int_equal(credentials_new("secret123", "/nonexistent", &c), 0);
	assert_true(credentials_write(c, "A", buf, sizeof(buf)) > 0);
	assert_non_null(strstr(buf, TOKEN));
	credentials_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(payload_with_password),
		cmocka_unit_test(payload_without_password),
		cmocka_unit_test(payload_escapes_the_name),
		cmocka_unit_test(payload_that_does_not_fit),
		cmocka_unit_test(file_with_and_without_line_end),
		cmocka_unit_test(file_is_read_anew),
		cmocka_unit_test(file_that_was_open_serves_on),
		cmocka_unit_test(file_that_cannot_serve),
		cmocka_unit_test(password_precedes_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
