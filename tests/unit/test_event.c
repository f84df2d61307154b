// SPDX-License-Identifier: ISC
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "agent/event.h"

static struct icmp_record record_of(uint8_t family)
{
	return (struct icmp_record){
		.time_ns = 5000,
		.ifindex = 3,
		.family = family,
		.direction = ICMP_DIR_OUT,
		.type = 3,
		.code = 4,
		.src = {192, 0, 2, 1},
		.dst = {198, 51, 100, 1},
		.length = 56,
		.has = ICMP_HAS_MTU | ICMP_HAS_INNER | ICMP_HAS_PORTS,
		.vlan = 100,
		.id = 1,
		.seq = 2,
		.mtu = 1300,
		.pointer = 20,
		.ttl = 64,
		.inner_proto = 17,
		.inner_sport = 40000,
		.inner_dport = 53,
		.gateway = {10, 0, 0, 1},
		.inner_src = {198, 51, 100, 1},
		.inner_dst = {192, 0, 2, 1},
	};
}

static void test_key(void **state)
{
	struct icmp_record r = record_of(4);
	struct icmp_event e;

	(void)state;
	assert_int_equal(event_from_record(&r, "eth0", 0, &e), 0);
	assert_int_equal(e.key.ifindex, 3);
	assert_int_equal(e.key.family, 4);
	assert_int_equal(e.key.direction, ICMP_DIR_OUT);
	assert_int_equal(e.key.type, 3);
	assert_int_equal(e.key.code, 4);
	assert_memory_equal(e.key.src, r.src, 16);
	assert_memory_equal(e.key.dst, r.dst, 16);
	assert_string_equal(e.ifname, "eth0");
}

/* An echo's time is taken by a clock that nobody sets. */
static void test_boot_time_is_the_records(void **state)
{
	struct icmp_record r = record_of(4);
	struct icmp_event e;

	(void)state;
	for (int64_t offset = -1000000; offset <= 1000000; offset += 500000) {
		assert_int_equal(event_from_record(&r, "eth0", offset, &e), 0);
		assert_int_equal(e.boot_ns, 5000);
		assert_int_equal(e.first_ns, 5000 + offset);
	}
}

static void test_one_packet(void **state)
{
	struct icmp_record r = record_of(6);
	struct icmp_event e;

	(void)state;
	assert_int_equal(event_from_record(&r, "eth0", 1000000, &e), 0);
	assert_int_equal(e.count, 1);
	assert_int_equal(e.bytes, 56);
	assert_int_equal(e.first_ns, 1005000);
	assert_int_equal(e.last_ns, 1005000);
	assert_true(e.single);
	assert_false(e.others);
	assert_int_equal(e.rtt_ns, 0);
}

static void test_detail(void **state)
{
	struct icmp_record r = record_of(4);
	struct icmp_event e;

	(void)state;
	assert_int_equal(event_from_record(&r, "eth0", 0, &e), 0);
	assert_int_equal(e.has, r.has);
	assert_int_equal(e.vlan, 100);
	assert_int_equal(e.id, 1);
	assert_int_equal(e.seq, 2);
	assert_int_equal(e.ttl, 64);
	assert_int_equal(e.length, 56);
	assert_int_equal(e.mtu, 1300);
	assert_int_equal(e.pointer, 20);
	assert_memory_equal(e.gateway, r.gateway, 16);
	assert_memory_equal(e.inner.src, r.inner_src, 16);
	assert_memory_equal(e.inner.dst, r.inner_dst, 16);
	assert_int_equal(e.inner.proto, 17);
	assert_int_equal(e.inner.sport, 40000);
	assert_int_equal(e.inner.dport, 53);
}

static void test_long_name_is_cut(void **state)
{
	struct icmp_record r = record_of(4);
	struct icmp_event e;

	(void)state;
	assert_int_equal(event_from_record(&r, "a-name-longer-than-any", 0, &e),
			 0);
	assert_string_equal(e.ifname, "a-name-longer-t");
}

static void refused(const struct icmp_record *r)
{
	struct icmp_event e, untouched;

	memset(&e, 0x5a, sizeof(e));
	untouched = e;
	assert_int_equal(event_from_record(r, "eth0", 0, &e), -EBADMSG);
	assert_memory_equal(&e, &untouched, sizeof(e));
}

static void test_refused(void **state)
{
	static const uint8_t families[] = {0, 1, 5, 7, 255};
	struct icmp_record r;

	(void)state;
	for (size_t i = 0; i < sizeof(families); i++) {
		r = record_of(families[i]);
		refused(&r);
	}
	r = record_of(4);
	r.direction = ICMP_DIR_COUNT;
	refused(&r);
	r.direction = 255;
	refused(&r);
}

static const struct event_window window = {.first_ns = 10, .last_ns = 20};

/* The clock was set back in between: no time runs backwards in a message. */
static void test_a_window_that_ends_before_it_begins(void **state)
{
	static const struct event_window back = {.first_ns = 20, .last_ns = 10};
	struct icmp_flow f = {
		.kind = ICMP_KIND(3, 4, ICMP_DIR_IN, 8, 0),
		.count = 2,
	};
	struct icmp_event e;

	(void)state;
	assert_int_equal(event_from_flow(&f, "eth0", &back, &e), 0);
	assert_int_equal(e.first_ns, 10);
	assert_int_equal(e.last_ns, 10);
}

static void test_flow(void **state)
{
	struct icmp_flow f = {
		.kind = ICMP_KIND(3, 6, ICMP_DIR_OUT, 128, 1),
		.src = {0x0102030405060708, 9},
		.dst = {10, 11},
		.count = 1342,
		.bytes = 140910,
	};
	struct icmp_event e;

	(void)state;
	assert_int_equal(event_from_flow(&f, "eth0", &window, &e), 0);
	assert_int_equal(e.key.ifindex, 3);
	assert_int_equal(e.key.family, 6);
	assert_int_equal(e.key.direction, ICMP_DIR_OUT);
	assert_int_equal(e.key.type, 128);
	assert_int_equal(e.key.code, 1);
	assert_memory_equal(e.key.src, f.src, 16);
	assert_memory_equal(e.key.dst, f.dst, 16);
	assert_string_equal(e.ifname, "eth0");
	assert_int_equal(e.count, 1342);
	assert_int_equal(e.bytes, 140910);
	assert_int_equal(e.first_ns, 10);
	assert_int_equal(e.last_ns, 20);
	assert_false(e.others);
	f.count = 1; /* still without detail */
	assert_int_equal(event_from_flow(&f, "eth0", &window, &e), 0);
	assert_false(e.single);
	assert_int_equal(e.has, 0);
}

static void test_type(void **state)
{
	struct icmp_type t = {
		.kind = ICMP_KIND(4, 4, ICMP_DIR_IN, 3, 4),
		.count = 88123,
		.bytes = 1,
	};
	struct icmp_event e;

	(void)state;
	assert_int_equal(event_from_type(&t, "", &window, &e), 0);
	assert_true(e.others);
	assert_false(e.any_code);
	assert_false(e.single);
	assert_int_equal(e.key.ifindex, 4);
	assert_int_equal(e.key.family, 4);
	assert_int_equal(e.key.type, 3);
	assert_int_equal(e.key.code, 4);
	assert_int_equal(e.count, 88123);
	assert_int_equal(e.bytes, 1);
}

static void test_fold_refused(void **state)
{
	struct icmp_flow f = {.kind = ICMP_KIND(1, 5, 0, 8, 0), .count = 1};
	struct icmp_type t = {.kind = ICMP_KIND(1, 4, 2, 8, 0), .count = 1};
	struct icmp_event e, untouched;

	(void)state;
	memset(&e, 0x5a, sizeof(e));
	untouched = e;
	assert_int_equal(event_from_flow(&f, "", &window, &e), -EBADMSG);
	assert_int_equal(event_from_type(&t, "", &window, &e), -EBADMSG);
	f = (struct icmp_flow){.kind = ICMP_KIND(1, 4, 0, 8, 0)};
	t = (struct icmp_type){.kind = ICMP_KIND(1, 4, 0, 8, 0)};
	assert_int_equal(event_from_flow(&f, "", &window, &e), -EBADMSG);
	assert_int_equal(event_from_type(&t, "", &window, &e), -EBADMSG);
	assert_memory_equal(&e, &untouched, sizeof(e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_boot_time_is_the_records),
		cmocka_unit_test(test_one_packet),
		cmocka_unit_test(test_detail),
		cmocka_unit_test(test_long_name_is_cut),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_a_window_that_ends_before_it_begins),
		cmocka_unit_test(test_flow),
		cmocka_unit_test(test_type),
		cmocka_unit_test(test_fold_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
