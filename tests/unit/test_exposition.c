/* SPDX-License-Identifier: ISC */
/* What /metrics is made of: the format, the tally, the address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/address.h"
#include "agent/exposition.h"
#include "agent/tally.h"

static void family_and_samples(void **state)
{
	const struct exposition_label labels[] = {
		{"interface", "eth0"}, {"direction", "in"}, {NULL, NULL}};
	struct exposition e;

	(void)state;
	exposition_init(&e);
	exposition_family(&e, "a_total", "counter", "What it counts.");
	exposition_sample(&e, "a_total", labels, UINT64_MAX);
	exposition_sample(&e, "a_total", NULL, 0);
	assert_false(e.failed);
	assert_string_equal(e.text,
			    "# HELP a_total What it counts.\n"
			    "# TYPE a_total counter\n"
			    "a_total{interface=\"eth0\",direction=\"in\"} "
			    "18446744073709551615\n"
			    "a_total 0\n");
	assert_int_equal(e.len, strlen(e.text));
	exposition_free(&e);
}

static void label_values_are_escaped(void **state)
{
	const struct exposition_label labels[] = {{"room", "a\"b\\c\nd→"},
						  {NULL, NULL}};
	struct exposition e;

	(void)state;
	exposition_init(&e);
	exposition_sample(&e, "m", labels, 1);
	assert_string_equal(e.text, "m{room=\"a\\\"b\\\\c\\nd→\"} 1\n");
	exposition_free(&e);
}

static void labels_without_value_are_left_out(void **state)
{
	const struct exposition_label none[] = {{"le", NULL}, {NULL, NULL}};
	const struct exposition_label last[] = {
		{"le", NULL}, {"x", "y"}, {NULL, NULL}};
	struct exposition e;

	(void)state;
	exposition_init(&e);
	exposition_sample(&e, "m", none, 1);
	exposition_sample(&e, "m", last, 2);
	assert_string_equal(e.text, "m 1\nm{x=\"y\"} 2\n");
	exposition_free(&e);
}

static void seconds_have_no_needless_zeros(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} rows[] = {
		{0, "0"},
		{1, "0.000000001"},
		{5000000, "0.005"},
		{UINT64_C(1000000000), "1"},
		{UINT64_C(10000000000), "10"},
		{UINT64_C(12345678901), "12.345678901"},
		{UINT64_C(100500000000), "100.5"},
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		exposition_write_seconds(rows[i].ns, buf);
		assert_string_equal(buf, rows[i].text);
	}
}

static void it_grows_to_its_maximum_and_no_further(void **state)
{
	struct exposition e;
	char value[4096];
	const struct exposition_label labels[] = {{"v", value}, {NULL, NULL}};

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	exposition_init(&e);
	for (int i = 0; i < 8192 && !e.failed; i++)
		exposition_sample(&e, "m", labels, 1);
	assert_true(e.failed);
	assert_in_range(e.size, EXPOSITION_MAX_BYTES / 2, EXPOSITION_MAX_BYTES);
	exposition_free(&e);
}

static void tally_counts_packets(void **state)
{
	struct tally *t = calloc(1, sizeof(*t));
	struct icmp_event e = {.count = 3, .key = {.family = 4, .type = 3}};

	(void)state;
	assert_non_null(t);
	e.key.code = 4;
	tally_add(t, &e);
	tally_add(t, &e);
	e.key.code = 255;
	tally_add(t, &e);
	e.key.family = 6;
	e.key.type = 255;
	tally_add(t, &e);
	assert_int_equal(t->packets[0][3][4], 6);
	assert_int_equal(t->packets[0][3][31], 3);
	assert_int_equal(t->packets[1][255][31], 3);
	e.any_code = e.others = true;
	e.key.code = 0;
	tally_add(t, &e);
	assert_int_equal(t->packets[1][255][0], 0);
	assert_int_equal(t->packets[1][255][TALLY_ANY], 3);
	free(t);
}

static void addresses(void **state)
{
	static const struct {
		const char *text, *host;
		int port;
	} good[] = {
		{"127.0.0.1:9427", "127.0.0.1", 9427},
		{"0.0.0.0:1", "0.0.0.0", 1},
		{"[::1]:65535", "::1", 65535},
	};
	static const char *const bad[] = {
		"",
		"9427",
		":9427",
		"localhost:9427",
		"127.0.0.1",
		"127.0.0.1:",
		"127.0.0.1:0",
		"127.0.0.1:65536",
		"127.0.0.1:+1",
		"127.0.0.1:1x",
		"::1:80",
		"[::1]",
		"[127.0.0.1]:80",
		"[::1:80",
		"1.2.3:80",
	};
	char host[46];
	int port;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(
			address_parse(good[i].text, host, sizeof(host), &port),
			0);
		assert_string_equal(host, good[i].host);
		assert_int_equal(port, good[i].port);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
			address_parse(bad[i], host, sizeof(host), &port),
			-EINVAL);
	assert_int_equal(address_parse("127.0.0.1:1", host, 4, &port), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(family_and_samples),
		cmocka_unit_test(label_values_are_escaped),
		cmocka_unit_test(labels_without_value_are_left_out),
		cmocka_unit_test(seconds_have_no_needless_zeros),
		cmocka_unit_test(it_grows_to_its_maximum_and_no_further),
		cmocka_unit_test(tally_counts_packets),
		cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
