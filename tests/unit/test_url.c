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

#include "agent/url.h"

static void test_good(void **state)
{
	static const struct {
		const char *text;
		bool tls, literal;
		const char *host;
		uint16_t port;
		const char *path;
	} cases[] = {
		{"http://localhost:5000", false, false, "localhost", 5000, ""},
		{"http://localhost", false, false, "localhost", 80, ""},
		{"https://Example.ORG", true, false, "example.org", 443, ""},
		{"ws://h/", false, false, "h", 80, ""},
		{"WSS://h:65535/a", true, false, "h", 65535, "/a"},
		{"http://h:/x", false, false, "h", 80, "/x"},
		{"http://h/monitor/", false, false, "h", 80, "/monitor"},
		{"http://h/a/b//", false, false, "h", 80, "/a/b"},
		{"http://h/a%20b:c", false, false, "h", 80, "/a%20b:c"},
		{"http://192.0.2.7:1", false, true, "192.0.2.7", 1, ""},
		{"http://[::1]:5000/p", false, true, "::1", 5000, "/p"},
		{"https://[2001:DB8::A]", true, true, "2001:db8::a", 443, ""},
		{"http://[::ffff:192.0.2.1]", false, true, "::ffff:192.0.2.1",
		 80, ""},
		{"http://my_host-1.local", false, false, "my_host-1.local", 80,
		 ""},
		{"http://1.2.3.x", false, false, "1.2.3.x", 80, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char error[256] = "";
		struct url u;

		if (url_parse(cases[i].text, &u, error, sizeof(error)) != 0)
			fail_msg("%s: %s", cases[i].text, error);
		assert_int_equal(u.tls, cases[i].tls);
		assert_int_equal(u.literal, cases[i].literal);
		assert_string_equal(u.host, cases[i].host);
		assert_int_equal(u.port, cases[i].port);
		assert_string_equal(u.path, cases[i].path);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text;
		const char *error; /* a part of it */
	} cases[] = {
		{"", "no scheme"},
		{"localhost:5000", "write http://localhost:5000"},
		{"ftp://h", "none of http, https, ws, wss"},
		{"://h", "none of http"},
		{"httpx://h", "none of http"},
		{"http://", "no host"},
		{"http://:80", "no host"},
		{"http:///path", "no host"},
		{"http://h:0", "1 to 65535"},
		{"http://h:65536", "1 to 65535"},
		{"http://h:99999999999999999999", "1 to 65535"},
		{"http://h:80x", "not a number"},
		{"http://h:-1", "not a number"},
		{"http://h:+1", "not a number"},
		{"http://::1:5000", "brackets"},
		{"http://[::1", "']' is missing"},
		{"http://[::1]x", "'x' behind the address"},
		{"http://[::g]", "no IPv6 address"},
		{"http://[]", "no IPv6 address"},
		{"http://[127.0.0.1]", "no IPv6 address"},
		{"http://[fe80::1%25eth0]", "zone"},
		{"http://[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]",
		 "no IPv6 address"},
		{"http://256.1.1.1", "'256.1.1.1' is not an IPv4 address"},
		{"http://1.2.3", "not an IPv4 address"},
		{"http://h*st", "'*' in the host name"},
		{"http://h%41", "'%' in the host name"},
		{"http://h/?a=b", "begins with '?'"},
		{"http://h#f", "begins with '#'"},
		{"http://h/a b", "blank"},
		{" http://h", "blank"},
		{"http://h\n", "blank or control"},
		{"http://h/\xc3\xbc", "0xc3"},
		{"http://h/<", "0x3c"},
		{"http://h\\x", "0x5c"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct url u = {.port = 4711};
		char error[512] = "";

		assert_int_equal(
			url_parse(cases[i].text, &u, error, sizeof(error)),
			-EINVAL);
		if (!strstr(error, cases[i].error))
			fail_msg("%s: \"%s\" lacks \"%s\"", cases[i].text,
				 error, cases[i].error);
		assert_int_equal(u.port, 4711); /* untouched */
	}
}

/* User information may be a password: no error shows it. */
static void test_password_is_not_shown(void **state)
{
	static const char *const cases[] = {
		"http://user:hunter2@h", "hunter2@h",
		"ftp://hunter2@h",	 "http://h/hunter2@",
		"http://a hunter2@h",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char error[256] = "";
		struct url u;

		assert_int_equal(url_parse(cases[i], &u, error, sizeof(error)),
				 -EINVAL);
		assert_non_null(strstr(error, "PASSWORD"));
		assert_null(strstr(error, "hunter2"));
	}
}

static void test_bounds(void **state)
{
	char text[1200], error[256];
	struct url u;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "http://", 7);
	text[7 + 253] = '\0';
	assert_int_equal(url_parse(text, &u, error, sizeof(error)), 0);
	assert_int_equal(strlen(u.host), 253);
	text[7 + 253] = 'a';
	text[7 + 254] = '\0';
	assert_int_equal(url_parse(text, &u, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "253"));

	memset(text, 'a', sizeof(text));
	memcpy(text, "http://h/", 9);
	text[8 + 511] = '\0';
	assert_int_equal(url_parse(text, &u, error, sizeof(error)), 0);
	assert_int_equal(strlen(u.path), 511);
	text[8 + 511] = 'a';
	text[8 + 512] = '\0';
	assert_int_equal(url_parse(text, &u, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "511"));

	/* an error that does not fit is cut, never written beyond */
	memset(error, 'z', sizeof(error));
	assert_int_equal(url_parse(text, &u, error, 8), -EINVAL);
	assert_int_equal(error[7], '\0');
	assert_int_equal(error[8], 'z');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_password_is_not_shown),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
