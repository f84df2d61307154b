/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "agent/proxy_url.h"

static void good_urls(void **state)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
		const char *authorization;
	} rows[] = {
		{"http://proxy:8080", "proxy", 8080, ""},
		{"proxy:8080", "proxy", 8080, ""},
		{"proxy", "proxy", 3128, ""},
		{"http://proxy/", "proxy", 3128, ""},
		{"HTTP://proxy:80/", "proxy", 80, ""},
		{"http://[::1]:8080", "::1", 8080, ""},
		{"http://[::1]", "::1", 3128, ""},
		{"http://10.1.2.3", "10.1.2.3", 3128, ""},
		/* by printf %s 'user:pass' | base64 */
		{"http://user:pass@p:1", "p", 1, "Basic dXNlcjpwYXNz"},
		{"http://user@p:1", "p", 1, "Basic dXNlcjo="},
		/* a:b@c */
		{"http://a:b%40c@p:1", "p", 1, "Basic YTpiQGM="},
	};
	struct proxy_url url;
	char error[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(proxy_url_parse(rows[i].text, &url, error,
						 sizeof(error)),
				 0);
		assert_string_equal(url.host, rows[i].host);
		assert_int_equal(url.port, rows[i].port);
		assert_string_equal(url.authorization, rows[i].authorization);
	}
}

static void bad_urls(void **state)
{
	static const char *const rows[] = {
		"socks5://p:1080", "https://p:443",  "http://",
		"http://p:0",	   "http://p:99999", "http://a b",
		"http://u:%4@p",   "http://u:%zz@p", "http://secret:pw@:1",
	};
	struct proxy_url url, before;
	char error[256];
	size_t i;

	(void)state;
	memset(&url, 0x5a, sizeof(url));
	before = url;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		error[0] = '\0';
		assert_int_equal(
			proxy_url_parse(rows[i], &url, error, sizeof(error)),
			-EINVAL);
		assert_true(error[0] != '\0');
		assert_null(strstr(error, "secret"));
		assert_memory_equal(&url, &before, sizeof(url));
	}
}

static void long_user_info_is_refused(void **state)
{
	char text[1024] = "http://";
	struct proxy_url url;
	char error[256];

	(void)state;
	memset(text + 7, 'u', 600);
	strcpy(text + 607, "@p");
	assert_int_equal(proxy_url_parse(text, &url, error, sizeof(error)),
			 -EINVAL);
}

static const struct url plain = {.host = "monitor.example.org", .port = 80};
static const struct url secure = {
	.host = "monitor.example.org", .port = 443, .tls = true};

static void variable_of_the_scheme(void **state)
{
	const struct proxy_environment both = {
		.http_proxy = "h", .https_proxy = "s", .all_proxy = "a"};
	const struct proxy_environment all = {.http_proxy = "",
					      .all_proxy = "a"};
	const struct proxy_environment none = {0};

	(void)state;
	assert_string_equal(proxy_url_choose(&plain, NULL, &both), "h");
	assert_string_equal(proxy_url_choose(&secure, NULL, &both), "s");
	assert_string_equal(proxy_url_choose(&plain, NULL, &all), "a");
	assert_string_equal(proxy_url_choose(&secure, NULL, &all), "a");
	assert_null(proxy_url_choose(&plain, NULL, &none));
}

static void option_precedes_all(void **state)
{
	const struct proxy_environment env = {.http_proxy = "h",
					      .no_proxy = "*"};

	(void)state;
	assert_string_equal(proxy_url_choose(&plain, "o", &env), "o");
	assert_null(proxy_url_choose(&plain, "", &env));
}

static void no_proxy_lists(void **state)
{
	static const struct {
		const char *host, *no_proxy;
		bool literal, excepted;
	} rows[] = {
		{"a.example.org", "*", false, true},
		{"a.example.org", "example.org", false, true},
		{"a.example.org", ".example.org", false, true},
		{"example.org", ".example.org", false, true},
		{"a.example.org", "EXAMPLE.ORG", false, true},
		{"badexample.org", "example.org", false, false},
		{"example.org", "a.example.org", false, false},
		{"example.org.", "example.org", false, true},
		{"a.example.org", "example.org.", false, true},
		{"b", ".", false, false},
		{"b", "a, b ,c", false, true},
		{"b", " a,c", false, false},
		{"b", ",, ,", false, false},
		{"10.1.2.3", "10.1.2.3", true, true},
		{"10.1.2.3", "10.0.0.0/8", true, true},
		{"10.1.2.3", "10.1.2.0/30", true, true},
		{"10.1.2.4", "10.1.2.0/30", true, false},
		{"10.1.2.3", "0.0.0.0/0", true, true},
		{"10.1.2.3", "10.1.2.3/33", true, false},
		{"10.1.2.3", "10.1.2.3/", true, false},
		{"10.1.2.3", "2.3", true, false},
		{"fd00::1", "fd00::/8", true, true},
		{"fd00::1", "fe80::/10,fd00::1", true, true},
		{"fd00::1", "10.0.0.0/8", true, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct url target = {.literal = rows[i].literal};
		struct proxy_environment env = {.http_proxy = "h",
						.no_proxy = rows[i].no_proxy};

		strcpy(target.host, rows[i].host);
		if (rows[i].excepted)
			assert_null(proxy_url_choose(&target, NULL, &env));
		else
			assert_non_null(proxy_url_choose(&target, NULL, &env));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_urls),
		cmocka_unit_test(bad_urls),
		cmocka_unit_test(long_user_info_is_refused),
		cmocka_unit_test(variable_of_the_scheme),
		cmocka_unit_test(option_precedes_all),
		cmocka_unit_test(no_proxy_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
