/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>

#include "agent/format.h"

#define MS INT64_C(1000000)

static struct icmp_event event_of(int family, uint8_t type, const char *src,
				  const char *dst)
{
	int af = family == 6 ? AF_INET6 : AF_INET;
	struct icmp_event e = {.count = 1, .single = true, .ttl = 64};

	e.key.family = (uint8_t)family;
	e.key.type = type;
	assert_int_equal(inet_pton(af, src, e.key.src), 1);
	assert_int_equal(inet_pton(af, dst, e.key.dst), 1);
	e.first_ns = INT64_C(1692123456789) * MS + 999999;
	e.last_ns = e.first_ns;
	e.length = 84;
	return e;
}

static void assert_text(const struct icmp_event *e, bool detail,
			const char *expected)
{
	char buf[FORMAT_MAX_BYTES];
	int n = format_text(e, detail, buf, sizeof(buf));

	assert_string_equal(buf, expected);
	assert_int_equal(n, strlen(expected));
}

static void assert_json(const struct icmp_event *e, const char *expected)
{
	char buf[FORMAT_MAX_BYTES];
	int n = format_json(e, buf, sizeof(buf));

	assert_string_equal(buf, expected);
	assert_int_equal(n, strlen(expected));
}

/* The dashboard's users know these lines to the byte. */
static void test_known_line(void **state)
{
	struct icmp_event e = event_of(4, 8, "192.168.1.100", "8.8.8.8");

	(void)state;
	assert_text(&e, false,
		    "ICMP Echo Request from 192.168.1.100 to 8.8.8.8 "
		    "(code: 0)");
	e.key.code = 255;
	assert_text(&e, false,
		    "ICMP Echo Request from 192.168.1.100 to 8.8.8.8 "
		    "(code: 255)");
	e.key.code = 0;
	e.count = 1342;
	e.last_ns = e.first_ns + 1000 * MS;
	assert_text(&e, false,
		    "ICMP Echo Request from 192.168.1.100 to 8.8.8.8 "
		    "(code: 0) \xc3\x97"
		    "1342 in 1.0 s");
	e.others = true;
	e.count = 88123;
	assert_text(&e, true,
		    "ICMP Echo Request from other hosts (code: 0) \xc3\x97"
		    "88123 in 1.0 s");
	e.any_code = true;
	assert_text(&e, true,
		    "ICMP Echo Request from other hosts (code: any) \xc3\x97"
		    "88123 in 1.0 s");
}

struct name_case {
	unsigned int type;
	const char *name;
};

static void assert_names(int family, const struct name_case *cases, size_t n)
{
	const char *expected[256] = {0};
	char line[128];

	for (size_t i = 0; i < n; i++)
		expected[cases[i].type] = cases[i].name;
	for (unsigned int type = 0; type < 256; type++) {
		struct icmp_event e =
			event_of(family, (uint8_t)type,
				 family == 6 ? "fe80::1" : "10.0.0.1",
				 family == 6 ? "ff02::1" : "10.0.0.2");
		const char *name = format_type_name(family, type);
		const char *head = family == 6 ? "ICMPv6 " : "ICMP ";
		const char *tail = family == 6 ? "from fe80::1 to ff02::1"
					       : "from 10.0.0.1 to 10.0.0.2";

		if (expected[type]) {
			assert_non_null(name);
			assert_string_equal(name, expected[type]);
			snprintf(line, sizeof(line), "%s%s %s (code: 0)", head,
				 name, tail);
		} else {
			assert_null(name);
			snprintf(line, sizeof(line), "%sType %u %s (code: 0)",
				 head, type, tail);
		}
		assert_text(&e, false, line);
	}
	assert_null(format_type_name(family, 256));
}

static void test_icmp_names(void **state)
{
	static const struct name_case cases[] = {
		{0, "Echo Reply"},
		{3, "Destination Unreachable"},
		{4, "Source Quench"},
		{5, "Redirect"},
		{6, "Alternate Host Address"},
		{8, "Echo Request"},
		{9, "Router Advertisement"},
		{10, "Router Solicitation"},
		{11, "Time Exceeded"},
		{12, "Parameter Problem"},
		{13, "Timestamp Request"},
		{14, "Timestamp Reply"},
		{15, "Information Request"},
		{16, "Information Reply"},
		{17, "Address Mask Request"},
		{18, "Address Mask Reply"},
		{30, "Traceroute"},
		{31, "Datagram Conversion Error"},
		{32, "Mobile Host Redirect"},
		{33, "IPv6 Where-Are-You"},
		{34, "IPv6 I-Am-Here"},
		{35, "Mobile Registration Request"},
		{36, "Mobile Registration Reply"},
		{37, "Domain Name Request"},
		{38, "Domain Name Reply"},
		{39, "SKIP"},
		{40, "Photuris"},
		{41, "Experimental Mobility"},
		{42, "Extended Echo Request"},
		{43, "Extended Echo Reply"},
		{253, "RFC3692-style Experiment 1"},
		{254, "RFC3692-style Experiment 2"},
	};

	(void)state;
	assert_names(4, cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_icmpv6_names(void **state)
{
	static const struct name_case cases[] = {
		{1, "Destination Unreachable"},
		{2, "Packet Too Big"},
		{3, "Time Exceeded"},
		{4, "Parameter Problem"},
		{100, "Private experimentation"},
		{101, "Private experimentation"},
		{128, "Echo Request"},
		{129, "Echo Reply"},
		{130, "Multicast Listener Query"},
		{131, "Multicast Listener Report"},
		{132, "Multicast Listener Done"},
		{133, "Router Solicitation"},
		{134, "Router Advertisement"},
		{135, "Neighbor Solicitation"},
		{136, "Neighbor Advertisement"},
		{137, "Redirect"},
		{138, "Router Renumbering"},
		{139, "Node Information Query"},
		{140, "Node Information Response"},
		{141, "Inverse Neighbor Discovery Solicitation"},
		{142, "Inverse Neighbor Discovery Advertisement"},
		{143, "Version 2 Multicast Listener Report"},
		{144, "Home Agent Address Discovery Request"},
		{145, "Home Agent Address Discovery Reply"},
		{146, "Mobile Prefix Solicitation"},
		{147, "Mobile Prefix Advertisement"},
		{148, "Certification Path Solicitation"},
		{149, "Certification Path Advertisement"},
		{150, "Experimental Mobility"},
		{151, "Multicast Router Advertisement"},
		{152, "Multicast Router Solicitation"},
		{153, "Multicast Router Termination"},
		{154, "FMIPv6"},
		{155, "RPL Control"},
		{156, "ILNPv6 Locator Update"},
		{157, "Duplicate Address Request"},
		{158, "Duplicate Address Confirmation"},
		{159, "MPL Control"},
		{160, "Extended Echo Request"},
		{161, "Extended Echo Reply"},
		{200, "Private experimentation"},
		{201, "Private experimentation"},
	};

	(void)state;
	assert_names(6, cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_fold_durations(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {
		{0, "0.0 s"},
		{49999999, "0.0 s"},
		{50000000, "0.1 s"},
		{949999999, "0.9 s"},
		{950000000, "1.0 s"},
		{1000000000, "1.0 s"},
		{59960000000, "60.0 s"},
		{119949999999, "119.9 s"},
		{120000000000, "120.0 s (2.0 min)"},
		{125900000000, "125.9 s (2.1 min)"},
		{7199900000000, "7199.9 s (120.0 min)"},
		{9000000000000, "9000.0 s (2.5 h)"},
		{86400000000000, "86400.0 s (24.0 h)"},
		{864000000000000, "864000.0 s (10.0 d)"},
		{INT64_MAX, "9223372036.9 s (106752.0 d)"},
		{-5000000000, "0.0 s"},
	};
	char line[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct icmp_event e = event_of(4, 0, "1.1.1.1", "2.2.2.2");

		e.count = 2;
		e.first_ns = 0;
		e.last_ns = cases[i].ns;
		snprintf(line, sizeof(line),
			 "ICMP Echo Reply from 1.1.1.1 to 2.2.2.2 (code: 0) "
			 "\xc3\x97"
			 "2 in %s",
			 cases[i].text);
		assert_text(&e, false, line);
	}
}

static void test_round_trip_times(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {
		{1, "0.000"},	    {9499, "0.009"},
		{9500, "0.010"},    {61000, "0.061"},
		{500000, "0.500"},  {999499, "0.999"},
		{999500, "1.0"},    {1050000, "1.1"},
		{12349999, "12.3"}, {9999999999, "10000.0"},
	};
	struct icmp_event e = event_of(4, 0, "1.1.1.1", "2.2.2.2");
	char line[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		e.rtt_ns = cases[i].ns;
		snprintf(line, sizeof(line),
			 "ICMP Echo Reply from 1.1.1.1 to 2.2.2.2 (code: 0) "
			 "ttl=64 rtt=%s ms",
			 cases[i].text);
		assert_text(&e, true, line);
	}
}

static void test_detail_of_an_echo(void **state)
{
	struct icmp_event e = event_of(4, 0, "1.1.1.1", "2.2.2.2");

	(void)state;
	assert_text(&e, true,
		    "ICMP Echo Reply from 1.1.1.1 to 2.2.2.2 (code: 0) "
		    "ttl=64");
	e.has = ICMP_HAS_ID;
	e.id = 65535;
	e.seq = 1;
	e.rtt_ns = 12349999;
	assert_text(&e, true,
		    "ICMP Echo Reply from 1.1.1.1 to 2.2.2.2 (code: 0) "
		    "id=65535 seq=1 ttl=64 rtt=12.3 ms");
	assert_text(&e, false,
		    "ICMP Echo Reply from 1.1.1.1 to 2.2.2.2 (code: 0)");
	e.rtt_ns = 1;
	e.has |= ICMP_HAS_VLAN;
	e.vlan = 4094;
	assert_text(&e, true,
		    "ICMP Echo Reply from 1.1.1.1 to 2.2.2.2 (code: 0) "
		    "id=65535 seq=1 ttl=64 vlan=4094 rtt=0.000 ms");
	/* a fold has no detail, whatever stands in the fields */
	e.count = 2;
	assert_text(&e, true,
		    "ICMP Echo Reply from 1.1.1.1 to 2.2.2.2 (code: 0) "
		    "\xc3\x97"
		    "2 in 0.0 s");
	e.count = 1;
	e.single = false;
	assert_text(&e, true,
		    "ICMP Echo Reply from 1.1.1.1 to 2.2.2.2 (code: 0)");
}

static void set_inner(struct icmp_event *e, const char *src, uint16_t sport,
		      const char *dst, uint16_t dport, uint8_t proto)
{
	int af = e->key.family == 6 ? AF_INET6 : AF_INET;

	assert_int_equal(inet_pton(af, src, e->inner.src), 1);
	assert_int_equal(inet_pton(af, dst, e->inner.dst), 1);
	e->inner.proto = proto;
	e->inner.sport = sport;
	e->inner.dport = dport;
	e->has |= ICMP_HAS_INNER;
}

static void test_detail_of_an_error(void **state)
{
	struct icmp_event e = event_of(4, 3, "10.9.9.9", "10.1.1.1");

	(void)state;
	e.key.code = 4;
	e.has = ICMP_HAS_MTU | ICMP_HAS_PORTS;
	e.mtu = 1280;
	set_inner(&e, "10.1.1.1", 40000, "10.2.2.2", 53, 17);
	assert_text(&e, true,
		    "ICMP Destination Unreachable from 10.9.9.9 to 10.1.1.1 "
		    "(code: 4) ttl=64 mtu=1280 "
		    "for 10.1.1.1:40000 -> 10.2.2.2:53 udp");
	e.has = ICMP_HAS_INNER;
	e.inner.proto = 1;
	assert_text(&e, true,
		    "ICMP Destination Unreachable from 10.9.9.9 to 10.1.1.1 "
		    "(code: 4) ttl=64 for 10.1.1.1 -> 10.2.2.2 icmp");
	e.inner.proto = 253;
	assert_text(&e, true,
		    "ICMP Destination Unreachable from 10.9.9.9 to 10.1.1.1 "
		    "(code: 4) ttl=64 for 10.1.1.1 -> 10.2.2.2 protocol 253");

	e = event_of(4, 5, "10.0.0.1", "10.0.0.9");
	e.has = ICMP_HAS_GATEWAY;
	inet_pton(AF_INET, "10.0.0.254", e.gateway);
	assert_text(&e, true,
		    "ICMP Redirect from 10.0.0.1 to 10.0.0.9 (code: 0) ttl=64 "
		    "gateway=10.0.0.254");

	e = event_of(6, 2, "2001:db8::1", "2001:db8::2");
	e.has = ICMP_HAS_MTU | ICMP_HAS_PORTS;
	e.mtu = 1280;
	set_inner(&e, "2001:db8::2", 1, "2001:db8::3", 443, 6);
	assert_text(&e, true,
		    "ICMPv6 Packet Too Big from 2001:db8::1 to 2001:db8::2 "
		    "(code: 0) ttl=64 mtu=1280 "
		    "for [2001:db8::2]:1 -> [2001:db8::3]:443 tcp");
}

static void test_json_single(void **state)
{
	struct icmp_event e = event_of(4, 8, "192.168.1.100", "8.8.8.8");

	(void)state;
	assert_json(&e, "{\"src_ip\":\"192.168.1.100\",\"dst_ip\":\"8.8.8.8\","
			"\"icmp_type\":8,\"icmp_code\":0,"
			"\"timestamp\":1692123456789,\"family\":4,"
			"\"direction\":\"in\",\"ttl\":64,\"length\":84,"
			"\"count\":1}");

	e = event_of(6, 129, "fe80::1", "fe80::2");
	strcpy(e.ifname, "eth0");
	e.key.direction = ICMP_DIR_OUT;
	e.has = ICMP_HAS_ID | ICMP_HAS_VLAN;
	e.id = 7;
	e.seq = 8;
	e.vlan = 100;
	e.rtt_ns = 12005678;
	e.bytes = 84; /* length says it */
	assert_json(&e, "{\"src_ip\":\"fe80::1\",\"dst_ip\":\"fe80::2\","
			"\"icmp_type\":129,\"icmp_code\":0,"
			"\"timestamp\":1692123456789,\"family\":6,"
			"\"interface\":\"eth0\",\"direction\":\"out\","
			"\"id\":7,\"seq\":8,\"ttl\":64,\"length\":84,"
			"\"count\":1,\"vlan\":100,\"rtt_ms\":12.005}");
}

static void test_json_error(void **state)
{
	struct icmp_event e = event_of(4, 3, "10.9.9.9", "10.1.1.1");

	(void)state;
	e.has = ICMP_HAS_MTU | ICMP_HAS_GATEWAY | ICMP_HAS_PORTS;
	e.mtu = 1280;
	inet_pton(AF_INET, "10.0.0.254", e.gateway);
	set_inner(&e, "10.1.1.1", 40000, "10.2.2.2", 53, 17);
	assert_json(&e, "{\"src_ip\":\"10.9.9.9\",\"dst_ip\":\"10.1.1.1\","
			"\"icmp_type\":3,\"icmp_code\":0,"
			"\"timestamp\":1692123456789,\"family\":4,"
			"\"direction\":\"in\",\"ttl\":64,\"length\":84,"
			"\"count\":1,\"mtu\":1280,\"gateway\":\"10.0.0.254\","
			"\"inner\":{\"src_ip\":\"10.1.1.1\","
			"\"dst_ip\":\"10.2.2.2\",\"protocol\":17,"
			"\"src_port\":40000,\"dst_port\":53}}");
	e.has = ICMP_HAS_INNER;
	assert_json(&e, "{\"src_ip\":\"10.9.9.9\",\"dst_ip\":\"10.1.1.1\","
			"\"icmp_type\":3,\"icmp_code\":0,"
			"\"timestamp\":1692123456789,\"family\":4,"
			"\"direction\":\"in\",\"ttl\":64,\"length\":84,"
			"\"count\":1,"
			"\"inner\":{\"src_ip\":\"10.1.1.1\","
			"\"dst_ip\":\"10.2.2.2\",\"protocol\":17}}");
}

static void test_json_fold(void **state)
{
	struct icmp_event e = event_of(4, 8, "1.2.3.4", "5.6.7.8");

	(void)state;
	e.count = 1342;
	e.bytes = 112728;
	e.last_ns = e.first_ns + 1000 * MS;
	e.has = ICMP_HAS_ID;
	e.rtt_ns = 5;
	assert_json(&e, "{\"src_ip\":\"1.2.3.4\",\"dst_ip\":\"5.6.7.8\","
			"\"icmp_type\":8,\"icmp_code\":0,"
			"\"timestamp\":1692123456789,\"family\":4,"
			"\"direction\":\"in\",\"count\":1342,"
			"\"bytes\":112728,\"first\":1692123456789,"
			"\"last\":1692123457789}");
	e.others = true;
	e.bytes = 0;
	assert_json(&e, "{\"icmp_type\":8,\"icmp_code\":0,"
			"\"timestamp\":1692123456789,\"family\":4,"
			"\"direction\":\"in\",\"count\":1342,"
			"\"first\":1692123456789,\"last\":1692123457789}");
	e.any_code = true;
	e.count = 1;
	assert_json(&e, "{\"icmp_type\":8,"
			"\"timestamp\":1692123456789,\"family\":4,"
			"\"direction\":\"in\",\"count\":1,"
			"\"first\":1692123456789,\"last\":1692123457789}");
}

static void test_json_escapes_the_interface(void **state)
{
	static const struct {
		const char *name;
		const char *json;
	} cases[] = {
		{"a\"b\\c", "\"interface\":\"a\\\"b\\\\c\","},
		{"\x01\x1f\x7f", "\"interface\":\"\\u0001\\u001f\\u007f\","},
		{"Z\xc3\xbc", "\"interface\":\"Z\xc3\xbc\","},
		{"\xff\xc3", "\"interface\":\"\\ufffd\\ufffd\","},
	};
	struct icmp_event e = event_of(4, 8, "1.2.3.4", "5.6.7.8");
	char buf[FORMAT_MAX_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		strcpy(e.ifname, cases[i].name);
		assert_true(format_json(&e, buf, sizeof(buf)) > 0);
		if (!strstr(buf, cases[i].json))
			fail_msg("%s lacks %s", buf, cases[i].json);
	}
}

/* The longest of everything, which FORMAT_MAX_BYTES must hold. */
static struct icmp_event longest_event(void)
{
	const char *address = "1111:2222:3333:4444:5555:6666:7777:8888";
	struct icmp_event e = event_of(6, 142, address, address);

	memset(e.ifname, 1, IF_NAMESIZE - 1);
	e.key.code = 255;
	e.has = 0xffff;
	e.vlan = e.id = e.seq = 65535;
	e.ttl = 255;
	e.length = e.mtu = UINT32_MAX;
	e.first_ns = e.last_ns = INT64_MIN;
	e.rtt_ns = INT64_MAX - 50000;
	memcpy(e.gateway, e.key.src, 16);
	set_inner(&e, address, 65535, address, 65535, 255);
	return e;
}

static void test_bounds(void **state)
{
	struct icmp_event e = longest_event();
	char buf[FORMAT_MAX_BYTES];
	int text, json;

	(void)state;
	text = format_text(&e, true, buf, sizeof(buf));
	json = format_json(&e, buf, sizeof(buf));
	assert_in_range(text, 1, FORMAT_MAX_BYTES - 1);
	assert_in_range(json, 1, FORMAT_MAX_BYTES - 1);
	e.single = false;
	e.count = e.bytes = UINT64_MAX;
	assert_in_range(format_json(&e, buf, sizeof(buf)), 1,
			FORMAT_MAX_BYTES - 1);
	assert_in_range(format_text(&e, true, buf, sizeof(buf)), 1,
			FORMAT_MAX_BYTES - 1);

	/* each shorter buffer fails, cleanly, in memory of exactly its size */
	e = longest_event();
	for (int size = 0; size <= json + 1; size++) {
		char *exact = malloc(size ? (size_t)size : 1);
		int n;

		assert_non_null(exact);
		n = format_json(&e, exact, (size_t)size);
		assert_int_equal(n, size == json + 1 ? json : -ENOSPC);
		if (size > 0 && n < 0)
			assert_string_equal(exact, "");
		n = format_text(&e, true, exact, (size_t)size);
		assert_int_equal(n, size > text ? text : -ENOSPC);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_line),
		cmocka_unit_test(test_icmp_names),
		cmocka_unit_test(test_icmpv6_names),
		cmocka_unit_test(test_fold_durations),
		cmocka_unit_test(test_round_trip_times),
		cmocka_unit_test(test_detail_of_an_echo),
		cmocka_unit_test(test_detail_of_an_error),
		cmocka_unit_test(test_json_single),
		cmocka_unit_test(test_json_error),
		cmocka_unit_test(test_json_fold),
		cmocka_unit_test(test_json_escapes_the_interface),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
