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

static int read_back(const char *content, char *buf, size_t size)
{
	char path[] = "/tmp/test_credentials.XXXXXX";
	int fd = mkstemp(path);
	int result;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	close(fd);
	result = credentials_read(path, buf, size);
	unlink(path);
	return result;
}

static void file_with_and_without_line_end(void **state)
{
	char buf[32];

	(void)state;
	assert_int_equal(read_back("secret", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "secret");
	assert_int_equal(read_back("secret\n", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "secret");
	assert_int_equal(read_back("se cret\r\nmore\n", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "se cret");
}

static void file_that_cannot_serve(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(read_back("", buf, sizeof(buf)), -ENODATA);
	assert_int_equal(read_back("\nsecret", buf, sizeof(buf)), -ENODATA);
	assert_int_equal(read_back("12345678", buf, sizeof(buf)), -EMSGSIZE);
	assert_int_equal(read_back("1234567", buf, sizeof(buf)), 0);
	assert_int_equal(credentials_read("/nonexistent", buf, sizeof(buf)),
			 -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(payload_with_password),
		cmocka_unit_test(payload_without_password),
		cmocka_unit_test(payload_escapes_the_name),
		cmocka_unit_test(payload_that_does_not_fit),
		cmocka_unit_test(file_with_and_without_line_end),
		cmocka_unit_test(file_that_cannot_serve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
