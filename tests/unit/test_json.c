/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "proto/json.h"
#include "proto/utf8.h"
#include "tests/support/fail_malloc.h"
#include "tests/support/guard.h"

#define DEPTH	   16
#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* At a guard page: a validator that looks behind the end dies. */
static bool valid(const char *text, size_t len)
{
	struct guard g = guard_copy(text, len);
	bool ok = sio_json_valid(g.data, g.len, DEPTH);

	guard_free(&g);
	return ok;
}

static void test_valid(void **state)
{
	static const char *const texts[] = {
		"0",
		"-0",
		"1",
		"-12.5e+10",
		"1E5",
		"0.1",
		"0e-1",
		"\"\"",
		"\"a\"",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"",
		"\"\\ud83d\\ude00\"",
		"\"\\ud800\"",
		"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
		"\"\x7f\"",
		"\"\xe2\x80\xa8\"",
		"true",
		"false",
		"null",
		"[]",
		"{}",
		" [ 1 , 2 ] ",
		"\t{\"a\":1,\r\n\"b\":[{}]}",
		"{\"a\":1,\"a\":2}",
		"[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
		"\"0123456701234567\\n0123456701234567\"",
	};

	(void)state;
	for (size_t i = 0; i < LEN(texts); i++)
		if (!valid(texts[i], strlen(texts[i])))
			fail_msg("refused: %s", texts[i]);
}

static void test_invalid(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"-",
		"+1",
		"01",
		"-01",
		"1.",
		".5",
		"1e",
		"1e+",
		"1.5.2",
		"0x10",
		"1 2",
		"Infinity",
		"NaN",
		"tru",
		"True",
		"truex",
		"nul",
		"'a'",
		"\"",
		"\"a",
		"\"\\\"",
		"\"\\",
		"\"\\x41\"",
		"\"\\u12\"",
		"\"\\u12g4\"",
		"\"\\u",
		"\"\t\"",
		"\"\n\"",
		"\"\x01\"",
		"\"0123456\x1f\"",
		"\"0123456789abcde\x1f\"",
		"\"\x80\"",
		"\"\xc0\xaf\"",
		"\"\xc3\"",
		"\"\xc3\x28\"",
		"\"\xe0\x80\x80\"",
		"\"\xed\xa0\x80\"",
		"\"\xf4\x90\x80\x80\"",
		"\"\xf5\x80\x80\x80\"",
		"\"\xff\"",
		"[",
		"]",
		"[1",
		"[1,",
		"[1,]",
		"[,1]",
		"[1 2]",
		"[1}",
		"{",
		"}",
		"{a:1}",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{\"a\" 1}",
		"{1:1}",
		"{\"a\":1]",
		"[]x",
		"/**/1",
		"\xef\xbb\xbf[]",
		"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]",
	};

	(void)state;
	for (size_t i = 0; i < LEN(texts); i++)
		if (valid(texts[i], strlen(texts[i])))
			fail_msg("taken: %s", texts[i]);
	assert_false(valid("\"a\0b\"", 5));
	assert_false(valid("1\0", 2));
	assert_false(valid("\"\\\0\"", 4));
}

static void test_truncated_at_each_length(void **state)
{
	static const char text[] =
		"{\"a\":[1.5e3,true,false,null,\"x\\u00e9\\n\xf0\x9f\x98\x80\"],"
		"\"b\":{\"c\":{}}}";

	(void)state;
	assert_true(valid(text, strlen(text)));
	for (size_t n = 0; n < strlen(text); n++)
		assert_false(valid(text, n));
}

static void test_depth_is_bounded(void **state)
{
	static char text[200000];

	(void)state;
	memset(text, '[', sizeof(text));
	assert_false(sio_json_valid(text, sizeof(text), SIO_JSON_MAX_DEPTH));
	assert_true(sio_json_valid("[[]]", 4, 2));
	assert_false(sio_json_valid("[[]]", 4, 1));
	assert_true(sio_json_valid("1", 1, 0));
	assert_false(sio_json_valid("{}", 2, 0));
}

/* ---- writing ---- */

static void assert_written(const void *data, size_t len, const char *expected)
{
	struct guard g = guard_copy(data, len);
	struct sio_buf b;

	sio_buf_init(&b, sio_mem_default(), 10000);
	sio_json_write_string(&b, g.data, len);
	assert_string_equal(sio_buf_cstr(&b), expected);
	assert_true(sio_json_valid(b.data, b.len, 0));
	sio_buf_free(&b);
	guard_free(&g);
}

static void test_write_string(void **state)
{
	(void)state;
	assert_written("", 0, "\"\"");
	assert_written("plain, longer than eight", 24,
		       "\"plain, longer than eight\"");
	assert_written("a\"b\\c/", 6, "\"a\\\"b\\\\c/\"");
	assert_written("\n\r\t\0\x1f\x7f", 6,
		       "\"\\n\\u000d\\u0009\\u0000\\u001f\x7f\"");
	assert_written("\xc3\xa9\xf0\x9f\x98\x80", 6,
		       "\"\xc3\xa9\xf0\x9f\x98\x80\"");
}

static void test_write_replaces_what_is_not_utf8(void **state)
{
	(void)state;
	assert_written("\xff", 1, "\"\xef\xbf\xbd\"");
	assert_written("a\x80z", 3, "\"a\xef\xbf\xbdz\"");
	/* one for a truncated sequence, one for each byte of an overlong */
	assert_written("\xe2\x82", 2, "\"\xef\xbf\xbd\"");
	assert_written("\xc0\xaf", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	assert_written("\xf0\x9f\x98x", 4, "\"\xef\xbf\xbdx\"");
	/* a surrogate as UTF-8 */
	assert_written("\xed\xa0\x80", 3,
		       "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

/* Whatever is written is valid; valid UTF-8 comes back as it was. */
static void check_round_trip(const char *data, size_t len, bool is_utf8)
{
	char back[64];
	struct sio_buf b;
	size_t n;

	sio_buf_init(&b, sio_mem_default(), 1000);
	sio_json_write_string(&b, data, len);
	assert_int_equal(b.err, SIO_OK);
	assert_true(sio_json_valid(b.data, b.len, 0));
	n = sio_json_unescape(b.data + 1, b.len - 2, back);
	if (is_utf8) {
		assert_int_equal(n, len);
		assert_memory_equal(back, data, len);
	}
	sio_buf_free(&b);
}

static void test_write_all_pairs_of_bytes(void **state)
{
	char data[2];

	(void)state;
	for (int i = 0; i < 65536; i++) {
		data[0] = (char)(i >> 8);
		data[1] = (char)i;
		check_round_trip(data, 2, !((i >> 8 | i) & 0x80));
	}
}

/* Bytes are looked at eight at a time: no place may make a difference. */
static void test_each_byte_at_each_place(void **state)
{
	char text[19];

	(void)state;
	for (int c = 0; c < 256; c++) {
		bool plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';

		for (size_t at = 1; at < sizeof(text) - 1; at++) {
			memset(text, 'x', sizeof(text));
			text[0] = text[sizeof(text) - 1] = '"';
			text[at] = (char)c;
			assert_int_equal(valid(text, sizeof(text)), plain);
			check_round_trip(text + 1, sizeof(text) - 2, c < 0x80);
		}
	}
}

static void test_write_all_characters(void **state)
{
	char text[4];

	(void)state;
	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		size_t n = sio_utf8_encode(code, text);
		size_t bad;

		assert_int_equal(sio_utf8_sequence(text, n, &bad), n);
		if (code % 97 == 0)
			check_round_trip(text, n, true);
	}
}

static void test_write_stops_at_the_maximum(void **state)
{
	struct sio_buf b;

	(void)state;
	sio_buf_init(&b, sio_mem_default(), 20);
	sio_json_write_string(&b, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	assert_int_equal(b.err, SIO_ERR_TOO_BIG);
	assert_true(b.len <= 20);
	sio_buf_free(&b);
}

static void test_write_int(void **state)
{
	struct sio_buf b;

	(void)state;
	sio_buf_init(&b, sio_mem_default(), 100);
	sio_json_write_int(&b, INT64_MIN);
	sio_buf_putc(&b, ' ');
	sio_json_write_int(&b, INT64_MAX);
	sio_buf_putc(&b, ' ');
	sio_json_write_int(&b, 0);
	assert_string_equal(sio_buf_cstr(&b),
			    "-9223372036854775808 9223372036854775807 0");
	sio_buf_free(&b);
}

/* ---- decoding ---- */

static void assert_unescaped(const char *in, const char *expected, size_t len)
{
	struct guard g = guard_copy(in, strlen(in));
	char out[64];

	assert_int_equal(sio_json_unescape(g.data, g.len, out), len);
	assert_memory_equal(out, expected, len);
	guard_free(&g);
}

static void test_unescape(void **state)
{
	(void)state;
	assert_unescaped("plain", "plain", 5);
	assert_unescaped("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t", 8);
	assert_unescaped("\\u0041\\u00E9\\u20ac", "A\xc3\xa9\xe2\x82\xac", 6);
	assert_unescaped("\\u0000x", "\0x", 2);
	assert_unescaped("\\ud83d\\ude00", "\xf0\x9f\x98\x80", 4);
	assert_unescaped("\\ud83d", "\xef\xbf\xbd", 3);
	assert_unescaped("\\ud83dx", "\xef\xbf\xbdx", 4);
	assert_unescaped("\\ud83d\\u0041", "\xef\xbf\xbd\x41", 4);
	assert_unescaped("\\ude00\\ud83d", "\xef\xbf\xbd\xef\xbf\xbd", 6);
}

/* ---- looking into objects ---- */

static void test_members(void **state)
{
	static const char text[] =
		"{\"s\":\"xyz\\n\",\"n\":2.5,\"a\":[1,\"w\"]}";
	struct sio_json j;
	double number = 0;
	char out[64] = "untouched";

	(void)state;
	assert_int_equal(sio_json_parse(text, strlen(text), DEPTH, &j), 0);
	assert_true(sio_json_is_object(j));
	assert_false(sio_json_is_string(j));
	assert_false(sio_json_copy_string(j, out, sizeof(out)));
	assert_false(sio_json_copy_string(sio_json_get(j, "S"), out, 64));
	assert_false(sio_json_copy_string(sio_json_get(j, "n"), out, 64));
	assert_string_equal(out, "untouched");
	assert_true(sio_json_copy_string(sio_json_get(j, "s"), out, 64));
	assert_string_equal(out, "xyz\n");
	assert_false(sio_json_copy_string(sio_json_get(j, "s"), out, 3));
	assert_string_equal(out, "xy");
	assert_true(sio_json_get_number(sio_json_get(j, "n"), &number));
	assert_true(number == 2.5);
	assert_false(sio_json_get_number(sio_json_get(j, "s"), &number));
	assert_false(sio_json_get_number(sio_json_get(j, "none"), &number));
	assert_true(sio_json_array_has(sio_json_get(j, "a"), "w"));
	assert_false(sio_json_array_has(sio_json_get(j, "a"), "v"));
	assert_false(sio_json_array_has(sio_json_get(j, "s"), "xyz\n"));
	assert_int_equal(sio_json_get(sio_json_get(j, "a"), "w").len, 0);
}

static struct sio_json parse(const char *text)
{
	struct sio_json j = {0};

	assert_int_equal(sio_json_parse(text, strlen(text), DEPTH, &j), 0);
	return j;
}

static void test_members_with_odd_names(void **state)
{
	double n;

	(void)state;
	/* an escaped name is the same name, and of two the last counts */
	assert_true(sio_json_get_number(
		sio_json_get(parse("{\"\\u0061\":1}"), "a"), &n));
	assert_true(sio_json_get_number(
		sio_json_get(parse(" {\"a\":1 , \"a\" : 2} "), "a"), &n));
	assert_true(n == 2);
	/* only members of the object itself */
	assert_int_equal(sio_json_get(parse("{\"b\":{\"a\":1}}"), "a").len, 0);
	assert_int_equal(sio_json_get(parse("[\"a\",1]"), "a").len, 0);
	assert_int_equal(sio_json_get(parse("{}"), "a").len, 0);
	/* a lone surrogate is valid JSON, and JavaScript sends it */
	assert_int_equal(
		sio_json_get(parse("{\"x\":\"\\ude00\",\"a\":[ ]}"), "a").len,
		3);
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		double number;
	} numbers[] = {
		{"0", 0},	  {"-0", 0},
		{"25000", 25000}, {"-12", -12},
		{"2.5", 2.5},	  {"25000.0", 25000},
		{"1e3", 1000},	  {"1E+3", 1000},
		{"1500e-3", 1.5}, {"1e-400", 0},
		{"-2.5e1", -25},  {"9007199254740991", 9007199254740991.0},
	};
	double n;

	(void)state;
	for (size_t i = 0; i < LEN(numbers); i++) {
		assert_true(sio_json_get_number(parse(numbers[i].text), &n));
		assert_true(n == numbers[i].number);
	}
	/* above the range, and no endless loop on the way there */
	assert_true(sio_json_get_number(parse("1e99999999999"), &n));
	assert_true(n > 1e300);
	assert_false(sio_json_get_number(parse("true"), &n));
	assert_false(sio_json_get_number((struct sio_json){0}, &n));
}

static void test_parse_refuses_what_the_validator_does(void **state)
{
	struct sio_json j = {0};

	(void)state;
	assert_int_equal(sio_json_parse("[01]", 4, DEPTH, &j), SIO_ERR_SYNTAX);
	assert_int_equal(sio_json_parse("[1]x", 4, DEPTH, &j), SIO_ERR_SYNTAX);
	assert_int_equal(sio_json_parse("", 0, DEPTH, &j), SIO_ERR_SYNTAX);
	assert_null(j.p);
}

static bool placeholders(const char *text, unsigned int n)
{
	return sio_json_placeholders_valid(parse(text), n);
}

/* The shortest CPU time of three, for 180 KB so many objects deep. */
static clock_t time_placeholders(size_t depth)
{
	static char text[200000];
	clock_t best = 0;
	char *p = text;

	for (size_t i = 0; i < depth; i++, p += 5)
		memcpy(p, "{\"a\":", 5);
	*p++ = '[';
	for (int i = 0; i < 60000; i++, p += 3)
		memcpy(p, "{},", 3);
	p[-1] = ']';
	memset(p, '}', depth);
	p += depth;
	assert_true(sio_json_valid(text, (size_t)(p - text), 32));
	for (int i = 0; i < 3; i++) {
		struct sio_json j = {text, (size_t)(p - text)};
		clock_t begin = clock();

		assert_true(sio_json_placeholders_valid(j, 1));
		begin = clock() - begin;
		best = !i || begin < best ? begin : best;
	}
	return best;
}

/* A server shall not make us read its packet anew for each level. */
static void test_placeholders_cost_the_same_at_any_depth(void **state)
{
	(void)state;
	assert_true(time_placeholders(30) < 3 * time_placeholders(1));
}

static void test_placeholders(void **state)
{
	(void)state;
	assert_true(placeholders("[{\"_placeholder\":true,\"num\":0}]", 1));
	assert_true(placeholders(
		"[[{\"x\":{\"_placeholder\":true,\"num\":1}}]]", 2));
	assert_true(placeholders("[{\"_placeholder\":false,\"num\":9}]", 1));
	assert_false(placeholders("[{\"_placeholder\":true,\"num\":1}]", 1));
	assert_false(placeholders("[{\"_placeholder\":true,\"num\":-1}]", 1));
	assert_false(placeholders("[{\"_placeholder\":true,\"num\":0.5}]", 1));
	assert_false(
		placeholders("[{\"_placeholder\":true,\"num\":\"0\"}]", 1));
	assert_false(placeholders("[{\"_placeholder\":true}]", 1));
	assert_false(placeholders("[{\"_placeholder\":true,\"num\":1e99}]", 1));
	assert_true(placeholders(
		"[ { \"num\" : 0 , \"_placeholder\" : true } , { } , [ ] ]",
		1));
	assert_true(placeholders("{\"num\":9,\"x\":[{\"num\":8}]}", 1));
	assert_false(placeholders(
		"{\"x\":[1,{\"y\":{\"num\":1,\"_placeholder\":true}}]}", 1));
	/* of several the last counts */
	assert_true(placeholders(
		"[{\"num\":1,\"_placeholder\":true,\"num\":0}]", 1));
}

static void test_text_clean(void **state)
{
	char out[8];

	(void)state;
	sio_text_clean(out, sizeof(out), "a\nb\x7f", 4);
	assert_string_equal(out, "a b ");
	/* cut between characters, never inside one */
	sio_text_clean(out, sizeof(out), "12345\xe2\x82\xac", 8);
	assert_string_equal(out, "12345");
	sio_text_clean(out, sizeof(out), "1234\xe2\x82\xac", 7);
	assert_string_equal(out, "1234\xe2\x82\xac");
	sio_text_clean(out, sizeof(out), "\xff", 1);
	assert_string_equal(out, "\xef\xbf\xbd");
	sio_text_clean(out, 1, "abc", 3);
	assert_string_equal(out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_truncated_at_each_length),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_write_string),
		cmocka_unit_test(test_write_replaces_what_is_not_utf8),
		cmocka_unit_test(test_write_all_pairs_of_bytes),
		cmocka_unit_test(test_each_byte_at_each_place),
		cmocka_unit_test(test_write_all_characters),
		cmocka_unit_test(test_write_stops_at_the_maximum),
		cmocka_unit_test(test_write_int),
		cmocka_unit_test(test_unescape),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_members_with_odd_names),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_parse_refuses_what_the_validator_does),
		cmocka_unit_test(test_placeholders),
		cmocka_unit_test(test_placeholders_cost_the_same_at_any_depth),
		cmocka_unit_test(test_text_clean),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
