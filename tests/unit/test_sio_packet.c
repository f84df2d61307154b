/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/json.h"
#include "proto/sio_packet.h"
#include "tests/support/guard.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static const struct sio_packet_limits limits = {
	.max_attachments = 10,
	.max_depth = 8,
};

static int decode(const char *text, size_t len, char *out, size_t size)
{
	struct guard g = guard_copy(text, len);
	struct sio_packet p;
	int err = sio_packet_decode(g.data, g.len, &limits, &p);

	if (!err && out)
		snprintf(out, size,
			 "%c att=%u nsp=%.*s id=%lld json=%.*s name=%.*s "
			 "args=%.*s last=%.*s",
			 p.type, p.attachments, (int)p.nsp_len, p.nsp,
			 (long long)p.id, (int)p.json_len, p.json,
			 (int)p.name_len, p.name ? p.name : "", (int)p.args_len,
			 p.args ? p.args : "", (int)p.last_len,
			 p.last ? p.last : "");
	guard_free(&g);
	return err;
}

struct valid {
	const char *text;
	const char *shown;
};

static const struct valid valid[] = {
	{"0", "0 att=0 nsp=/ id=-1 json= name= args= last="},
	{"0{\"sid\":\"x\"}",
	 "0 att=0 nsp=/ id=-1 json={\"sid\":\"x\"} name= args= last="},
	{"0/admin,", "0 att=0 nsp=/admin id=-1 json= name= args= last="},
	{"0/admin", "0 att=0 nsp=/admin id=-1 json= name= args= last="},
	{"0/admin,{}", "0 att=0 nsp=/admin id=-1 json={} name= args= last="},
	{"0/,{}", "0 att=0 nsp=/ id=-1 json={} name= args= last="},
	{"1", "1 att=0 nsp=/ id=-1 json= name= args= last="},
	{"1/admin,", "1 att=0 nsp=/admin id=-1 json= name= args= last="},
	{"2[\"a\"]", "2 att=0 nsp=/ id=-1 json=[\"a\"] name=a args= last="},
	{"2[\"a\",1]", "2 att=0 nsp=/ id=-1 json=[\"a\",1] name=a args=1] "
		       "last="},
	{"2[ \"a\" , 1 , \"z\" ] ",
	 "2 att=0 nsp=/ id=-1 json=[ \"a\" , 1 , \"z\" ]  name=a "
	 "args=1 , \"z\" ] last=\"z\""},
	{"212[\"a\",{\"b\":[]}]",
	 "2 att=0 nsp=/ id=12 json=[\"a\",{\"b\":[]}] name=a "
	 "args={\"b\":[]}] last="},
	{"2/n,0[\"a\"]", "2 att=0 nsp=/n id=0 json=[\"a\"] name=a args= last="},
	{"2[1,2]", "2 att=0 nsp=/ id=-1 json=[1,2] name=1 args=2] last="},
	{"2[\"\"]", "2 att=0 nsp=/ id=-1 json=[\"\"] name= args= last="},
	{"3/n,7[]", "3 att=0 nsp=/n id=7 json=[] name= args= last="},
	{"31[true]", "3 att=0 nsp=/ id=1 json=[true] name= args= last="},
	{"4", "4 att=0 nsp=/ id=-1 json= name= args= last="},
	{"4\"no\"", "4 att=0 nsp=/ id=-1 json=\"no\" name= args= last="},
	{"4/n,{\"message\":\"no\"}",
	 "4 att=0 nsp=/n id=-1 json={\"message\":\"no\"} name= args= last="},
	{"51-[\"a\",{\"_placeholder\":true,\"num\":0}]",
	 "5 att=1 nsp=/ id=-1 json=[\"a\",{\"_placeholder\":true,\"num\":0}] "
	 "name=a args={\"_placeholder\":true,\"num\":0}] last="},
	{"510-/n,3[\"a\"]",
	 "5 att=10 nsp=/n id=3 json=[\"a\"] name=a args= last="},
	{"61-5[1]", "6 att=1 nsp=/ id=5 json=[1] name= args= last="},
	{"2281474976710655[\"a\"]",
	 "2 att=0 nsp=/ id=281474976710655 json=[\"a\"] name=a args= last="},
};

static void test_valid(void **state)
{
	char out[512];

	(void)state;
	for (size_t i = 0; i < LEN(valid); i++) {
		int err = decode(valid[i].text, strlen(valid[i].text), out,
				 sizeof(out));

		if (err)
			fail_msg("%s: %s", valid[i].text, sio_strerror(err));
		assert_string_equal(out, valid[i].shown);
	}
}

struct invalid {
	const char *text;
	int err;
};

static const struct invalid invalid[] = {
	{"", SIO_ERR_SYNTAX},
	{"7", SIO_ERR_SYNTAX},
	{"x", SIO_ERR_SYNTAX},
	{"/", SIO_ERR_SYNTAX},
	/* CONNECT's payload is an object or absent */
	{"0null", SIO_ERR_SYNTAX},
	{"0\"x\"", SIO_ERR_SYNTAX},
	{"0[]", SIO_ERR_SYNTAX},
	{"0{", SIO_ERR_SYNTAX},
	{"0{}x", SIO_ERR_SYNTAX},
	/* DISCONNECT has none */
	{"1{}", SIO_ERR_SYNTAX},
	{"1/n,[]", SIO_ERR_SYNTAX},
	/* EVENT is an array that begins with a name */
	{"2", SIO_ERR_SYNTAX},
	{"2{}", SIO_ERR_SYNTAX},
	{"2[]", SIO_ERR_SYNTAX},
	{"2[ ]", SIO_ERR_SYNTAX},
	{"2[null]", SIO_ERR_SYNTAX},
	{"2[{}]", SIO_ERR_SYNTAX},
	{"2[[\"a\"]]", SIO_ERR_SYNTAX},
	{"2[true]", SIO_ERR_SYNTAX},
	{"2[\"a\",]", SIO_ERR_SYNTAX},
	{"2[\"a\" 1]", SIO_ERR_SYNTAX},
	{"2[\"a\"]]", SIO_ERR_SYNTAX},
	{"2[\"a\"", SIO_ERR_SYNTAX},
	{"2[\"a\xff\"]", SIO_ERR_SYNTAX},
	{"2\"a\"", SIO_ERR_SYNTAX},
	{"2x[\"a\"]", SIO_ERR_SYNTAX},
	{"2-1[\"a\"]", SIO_ERR_SYNTAX},
	/* names that are the library's own */
	{"2[\"connect\"]", SIO_ERR_SYNTAX},
	{"2[\"connect_error\"]", SIO_ERR_SYNTAX},
	{"2[\"disconnect\"]", SIO_ERR_SYNTAX},
	{"2[\"disconnecting\"]", SIO_ERR_SYNTAX},
	{"2[\"newListener\"]", SIO_ERR_SYNTAX},
	{"2[\"removeListener\"]", SIO_ERR_SYNTAX},
	{"2[\"connec\\u0074\"]", SIO_ERR_SYNTAX},
	/* ACK is an array */
	{"31", SIO_ERR_SYNTAX},
	{"31{}", SIO_ERR_SYNTAX},
	{"31[", SIO_ERR_SYNTAX},
	{"4[]", SIO_ERR_SYNTAX},
	{"4null", SIO_ERR_SYNTAX},
	/* attachments: 1 to 10, then a hyphen */
	{"50-[\"a\"]", SIO_ERR_SYNTAX},
	{"511-[\"a\"]", SIO_ERR_TOO_BIG},
	{"599999999999999999999-[\"a\"]", SIO_ERR_TOO_BIG},
	{"5[\"a\"]", SIO_ERR_SYNTAX},
	{"5-[\"a\"]", SIO_ERR_SYNTAX},
	{"51[\"a\"]", SIO_ERR_SYNTAX},
	{"51", SIO_ERR_SYNTAX},
	{"60-1[]", SIO_ERR_SYNTAX},
	{"2281474976710656[\"a\"]", SIO_ERR_TOO_BIG},
	{"299999999999999999999999[\"a\"]", SIO_ERR_TOO_BIG},
	{"2[\"a\",[[[[[[[[]]]]]]]]]", SIO_ERR_SYNTAX},
};

static void test_invalid(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(invalid); i++) {
		int err = decode(invalid[i].text, strlen(invalid[i].text), NULL,
				 0);

		if (err != invalid[i].err)
			fail_msg("%s: %d instead of %d", invalid[i].text, err,
				 invalid[i].err);
	}
}

/* At a guard page; a JSON text that is cut is never a packet. */
static void test_truncated_at_each_length(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(valid); i++) {
		const char *text = valid[i].text;
		const char *json = strpbrk(text, "[{\"");
		const char *end = text + strlen(text);

		while (end > text && end[-1] == ' ')
			end--;
		for (size_t n = 0; n < strlen(text); n++) {
			int err = decode(text, n, NULL, 0);

			if (json && text + n > json && text + n < end)
				assert_int_equal(err, SIO_ERR_SYNTAX);
		}
	}
}

static void test_names_are_escaped_or_not(void **state)
{
	struct sio_packet p;

	(void)state;
	assert_int_equal(sio_packet_decode("2[\"a\\nb\"]", 9, &limits, &p), 0);
	assert_true(p.name_escaped);
	assert_int_equal(sio_packet_decode("2[\"ab\"]", 7, &limits, &p), 0);
	assert_false(p.name_escaped);
	/* a longer name that only begins like a reserved one */
	assert_int_equal(decode("2[\"connected\"]", 14, NULL, 0), SIO_OK);
	assert_int_equal(decode("2[\"connect\\u0000\"]", 18, NULL, 0), SIO_OK);
}

/* What is encoded decodes to the same. */
static void test_encode(void **state)
{
	struct sio_packet p;
	struct sio_buf b;

	(void)state;
	sio_buf_init(&b, sio_mem_default(), 1000);
	sio_packet_encode_head(&b, SIO_PACKET_EVENT, 0, "/", -1);
	assert_string_equal(sio_buf_cstr(&b), "2");
	sio_buf_cut(&b, 0);
	sio_packet_encode_head(&b, SIO_PACKET_ACK, 0, "/", 0);
	assert_string_equal(sio_buf_cstr(&b), "30");
	sio_buf_cut(&b, 0);
	sio_packet_encode_head(&b, SIO_PACKET_BINARY_EVENT, 2, "/n",
			       SIO_PACKET_MAX_ID);
	sio_buf_puts(&b, "[\"a\"]");
	assert_string_equal(sio_buf_cstr(&b), "52-/n,281474976710655[\"a\"]");
	assert_int_equal(sio_packet_decode(b.data, b.len, &limits, &p), 0);
	assert_int_equal(p.attachments, 2);
	assert_int_equal(p.id, SIO_PACKET_MAX_ID);
	sio_buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_truncated_at_each_length),
		cmocka_unit_test(test_names_are_escaped_or_not),
		cmocka_unit_test(test_encode),
	};

	return cmocka_run_group_tests_name("sio_packet", tests, NULL, NULL);
}
