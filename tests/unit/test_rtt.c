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

#include "agent/rtt.h"

#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)

static const uint8_t seed[SIPHASH_KEY_BYTES] = {1, 2, 3};

static struct rtt *make(size_t max)
{
	struct rtt *r;

	assert_int_equal(rtt_new(max, seed, &r), 0);
	return r;
}

static struct icmp_event echo(bool reply, int direction, uint8_t family,
			      uint8_t from, uint8_t to, uint16_t id,
			      uint16_t seq)
{
	struct icmp_event e = {.count = 1, .single = true, .has = ICMP_HAS_ID};

	e.key.family = family;
	e.key.direction = (uint8_t)direction;
	e.key.type = (uint8_t)(family == 6 ? 128 + reply : 8 * !reply);
	e.key.src[0] = from;
	e.key.dst[0] = to;
	e.id = id;
	e.seq = seq;
	return e;
}

/* Sends a request, or a reply; returns what the table says of the latter. */
static int64_t request(struct rtt *r, int direction, uint16_t seq, int64_t t)
{
	struct icmp_event e = echo(false, direction, 4, 1, 2, 7, seq);

	rtt_observe(r, &e, t);
	return e.rtt_ns;
}

static int64_t reply(struct rtt *r, int direction, uint16_t seq, int64_t t)
{
	struct icmp_event e = echo(true, direction, 4, 2, 1, 7, seq);

	rtt_observe(r, &e, t);
	return e.rtt_ns;
}

static const struct rtt_counters *out(const struct rtt *r)
{
	return rtt_counters(r, ICMP_DIR_OUT);
}

static void test_sizes(void **state)
{
	struct rtt *r = NULL;

	(void)state;
	assert_int_equal(rtt_new(0, seed, &r), -EINVAL);
	assert_int_equal(rtt_new(SIZE_MAX, seed, &r), -EINVAL);
	assert_null(r);
	rtt_free(NULL);
}

static void test_pairs_in_both_directions(void **state)
{
	struct rtt *r = make(4);

	(void)state;
	assert_int_equal(request(r, ICMP_DIR_OUT, 1, 100 * MS), 0);
	assert_int_equal(request(r, ICMP_DIR_IN, 1, 101 * MS), 0);
	assert_int_equal(reply(r, ICMP_DIR_OUT, 1, 102 * MS), 1 * MS);
	assert_int_equal(reply(r, ICMP_DIR_IN, 1, 112 * MS), 12 * MS);
	assert_int_equal(out(r)->answered, 1);
	assert_int_equal(out(r)->sum_ns, 12 * MS);
	assert_int_equal(rtt_counters(r, ICMP_DIR_IN)->answered, 1);

	/* a second reply to the same request has no time */
	assert_int_equal(reply(r, ICMP_DIR_IN, 1, 113 * MS), 0);
	assert_int_equal(out(r)->strays, 1);
	rtt_free(r);
}

/* Each part of the pair counts. */
static void test_strangers_do_not_pair(void **state)
{
	struct icmp_event request6 = echo(false, ICMP_DIR_OUT, 6, 1, 2, 7, 1);
	struct icmp_event strangers[] = {
		echo(true, ICMP_DIR_IN, 6, 2, 1, 8, 1),	 /* id */
		echo(true, ICMP_DIR_IN, 6, 2, 1, 7, 2),	 /* seq */
		echo(true, ICMP_DIR_IN, 6, 3, 1, 7, 1),	 /* peer */
		echo(true, ICMP_DIR_IN, 6, 2, 4, 7, 1),	 /* asker */
		echo(true, ICMP_DIR_IN, 4, 2, 1, 7, 1),	 /* family */
		echo(true, ICMP_DIR_OUT, 6, 2, 1, 7, 1), /* direction */
	};
	struct icmp_event match = echo(true, ICMP_DIR_IN, 6, 2, 1, 7, 1);
	struct rtt *r = make(4);

	(void)state;
	rtt_observe(r, &request6, S);
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		rtt_observe(r, &strangers[i], S + MS);
		assert_int_equal(strangers[i].rtt_ns, 0);
	}
	rtt_observe(r, &match, S + MS);
	assert_int_equal(match.rtt_ns, MS);
	rtt_free(r);
}

static void test_only_single_echoes(void **state)
{
	struct icmp_event e = echo(false, ICMP_DIR_OUT, 4, 1, 2, 7, 1);
	struct rtt *r = make(4);

	(void)state;
	e.count = 2;
	rtt_observe(r, &e, S);
	e.count = 1;
	e.has = 0;
	rtt_observe(r, &e, S);
	e.has = ICMP_HAS_ID;
	e.single = false;
	rtt_observe(r, &e, S);
	e.single = true;
	e.key.type = 13; /* Timestamp Request has an id too */
	rtt_observe(r, &e, S);
	e.key.family = 6;
	e.key.type = 8;
	rtt_observe(r, &e, S);
	assert_int_equal(out(r)->requests, 0);
	rtt_free(r);
}

static void test_unanswered_after_ten_seconds(void **state)
{
	struct rtt *r = make(4);

	(void)state;
	request(r, ICMP_DIR_OUT, 1, 100 * S);
	request(r, ICMP_DIR_IN, 1, 101 * S);
	request(r, ICMP_DIR_OUT, 2, 102 * S);
	rtt_expire(r, 110 * S - 1);
	assert_int_equal(out(r)->unanswered, 0);
	rtt_expire(r, 110 * S);
	assert_int_equal(out(r)->unanswered, 1);

	/* too late: not a time, whether rtt_expire() was called or not */
	assert_int_equal(reply(r, ICMP_DIR_IN, 2, 112 * S), 0);
	assert_int_equal(out(r)->unanswered, 2);
	assert_int_equal(out(r)->strays, 1);
	rtt_expire(r, 200 * S);
	assert_int_equal(rtt_counters(r, ICMP_DIR_IN)->unanswered, 1);

	request(r, ICMP_DIR_OUT, 3, 300 * S);
	assert_int_equal(reply(r, ICMP_DIR_IN, 3, 310 * S - 1), 10 * S - 1);
	rtt_free(r);
}

/* A flood is counted without its sequence numbers: nobody knows who answered. */
static void test_counted_replies_blind(void **state)
{
	struct icmp_event fold = echo(true, ICMP_DIR_IN, 4, 2, 1, 0, 0);
	struct rtt *r = make(4);

	(void)state;
	fold.single = false;
	fold.has = 0;
	fold.count = 1000;
	request(r, ICMP_DIR_OUT, 1, 100 * S);
	request(r, ICMP_DIR_IN, 1, 100 * S);
	rtt_observe(r, &fold, 101 * S);
	request(r, ICMP_DIR_OUT, 2, 102 * S);
	rtt_expire(r, 120 * S);
	assert_int_equal(out(r)->displaced, 1);
	assert_int_equal(out(r)->unanswered, 1);
	assert_int_equal(rtt_counters(r, ICMP_DIR_IN)->unanswered, 1);
	/* what was too old by then had no answer */
	request(r, ICMP_DIR_OUT, 3, 200 * S);
	rtt_observe(r, &fold, 210 * S);
	assert_int_equal(out(r)->unanswered, 2);
	rtt_free(r);
}

static void test_repeated_request(void **state)
{
	struct rtt *r = make(4);

	(void)state;
	request(r, ICMP_DIR_OUT, 1, S);
	request(r, ICMP_DIR_OUT, 2, S + MS);
	request(r, ICMP_DIR_OUT, 1, S + 2 * MS);
	assert_int_equal(out(r)->repeated, 1);
	assert_int_equal(reply(r, ICMP_DIR_IN, 1, S + 5 * MS), 3 * MS);
	/* the age of the repeated one is that of the repetition */
	request(r, ICMP_DIR_OUT, 2, S + 6 * MS);
	rtt_expire(r, S + 6 * MS - 1 + RTT_TIMEOUT_NS);
	assert_int_equal(out(r)->unanswered, 0);
	rtt_expire(r, S + 6 * MS + RTT_TIMEOUT_NS);
	assert_int_equal(out(r)->unanswered, 1);
	rtt_free(r);
}

/* Whoever answers ff02::1 or a broadcast does so under his own address. */
static void test_a_group_owes_no_reply(void **state)
{
	struct icmp_event to_group[] = {
		echo(false, ICMP_DIR_OUT, 4, 10, 224, 7, 1),
		echo(false, ICMP_DIR_IN, 4, 10, 255, 7, 1),
		echo(false, ICMP_DIR_OUT, 6, 0xfe, 0xff, 7, 1),
	};
	struct icmp_event to_host[] = {
		echo(false, ICMP_DIR_OUT, 4, 10, 223, 7, 1),
		echo(false, ICMP_DIR_OUT, 6, 0xfe, 0xfe, 7, 1),
	};
	struct rtt *r = make(4);

	(void)state;
	for (size_t i = 0; i < 3; i++)
		rtt_observe(r, &to_group[i], S);
	for (size_t i = 0; i < 2; i++)
		rtt_observe(r, &to_host[i], S);
	rtt_expire(r, 20 * S);
	assert_int_equal(out(r)->requests, 2);
	assert_int_equal(out(r)->unanswered, 2);
	assert_int_equal(rtt_counters(r, ICMP_DIR_IN)->unanswered, 0);
	rtt_free(r);
}

/* A router sees each packet twice, and where it translates, under two names. */
static void test_a_router_measures_both_sides(void **state)
{
	struct icmp_event asked = echo(false, ICMP_DIR_IN, 4, 1, 2, 7, 1);
	struct icmp_event passed = echo(false, ICMP_DIR_OUT, 4, 9, 2, 8, 1);
	struct icmp_event answer = echo(true, ICMP_DIR_IN, 4, 2, 9, 8, 1);
	struct icmp_event back = echo(true, ICMP_DIR_OUT, 4, 2, 1, 7, 1);
	struct rtt *r = make(4);

	(void)state;
	asked.key.ifindex = back.key.ifindex = 2;
	passed.key.ifindex = answer.key.ifindex = 3;
	rtt_observe(r, &asked, S);
	rtt_observe(r, &passed, S + MS);
	rtt_observe(r, &answer, S + 5 * MS);
	rtt_observe(r, &back, S + 6 * MS);
	assert_int_equal(answer.rtt_ns, 4 * MS);
	assert_int_equal(back.rtt_ns, 6 * MS);
	assert_int_equal(out(r)->answered, 1);
	assert_int_equal(rtt_counters(r, ICMP_DIR_IN)->answered, 1);
	rtt_free(r);
}

static void test_full_table_displaces_the_oldest(void **state)
{
	struct rtt *r = make(3);

	(void)state;
	for (uint16_t seq = 1; seq <= 5; seq++)
		request(r, ICMP_DIR_OUT, seq, seq * MS);
	/* a flood from outside has its own table */
	for (uint16_t seq = 0; seq < 1000; seq++)
		request(r, ICMP_DIR_IN, seq, 6 * MS);
	assert_int_equal(out(r)->displaced, 2);
	assert_int_equal(reply(r, ICMP_DIR_IN, 2, 9 * MS), 0);
	assert_int_equal(reply(r, ICMP_DIR_IN, 3, 9 * MS), 6 * MS);
	assert_int_equal(reply(r, ICMP_DIR_IN, 5, 9 * MS), 4 * MS);
	rtt_free(r);
}

static void test_overtaken_record(void **state)
{
	struct rtt *r = make(3);

	(void)state;
	request(r, ICMP_DIR_OUT, 1, 5 * MS);
	assert_int_equal(reply(r, ICMP_DIR_IN, 1, 5 * MS - 100), 1);
	rtt_free(r);
}

static void test_buckets(void **state)
{
	struct rtt *r = make(3);
	uint64_t sum = 0;

	(void)state;
	for (int i = 0; i < RTT_BUCKETS; i++) {
		if (i > 0)
			assert_true(rtt_bucket_ns[i] > rtt_bucket_ns[i - 1]);
		/* a bound belongs to its bucket, as "le" says */
		request(r, ICMP_DIR_OUT, 1, 0);
		assert_int_equal(reply(r, ICMP_DIR_IN, 1, rtt_bucket_ns[i]),
				 rtt_bucket_ns[i]);
		assert_int_equal(out(r)->buckets[i], 1);
		sum += (uint64_t)rtt_bucket_ns[i];
	}
	request(r, ICMP_DIR_OUT, 1, 0);
	reply(r, ICMP_DIR_IN, 1, rtt_bucket_ns[RTT_BUCKETS - 1] + 1);
	assert_int_equal(out(r)->answered, RTT_BUCKETS + 1);
	assert_int_equal(out(r)->sum_ns,
			 sum + (uint64_t)rtt_bucket_ns[RTT_BUCKETS - 1] + 1);
	for (int i = 0; i < RTT_BUCKETS; i++)
		assert_int_equal(out(r)->buckets[i], 1);
	rtt_free(r);
}

/* xorshift64: equal seeds give equal streams everywhere */
static uint64_t next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* Requests that nothing has become of yet. */
static uint64_t waiting(const struct rtt *r, enum icmp_direction direction)
{
	const struct rtt_counters *c = rtt_counters(r, direction);

	return c->requests - c->answered - c->unanswered - c->repeated -
	       c->displaced;
}

static void run_random(uint64_t start)
{
	uint64_t x = start;
	size_t max = 1 + next(&x) % 40;
	struct rtt *r = make(max);
	int64_t t = 0;

	for (int i = 0; i < 50000; i++) {
		uint64_t roll = next(&x);
		int direction = (int)(roll >> 8 & 1);
		uint16_t seq = (uint16_t)(roll >> 16 & 63);

		t += (int64_t)(next(&x) % 400) * MS;
		if (roll % 3 == 0)
			reply(r, direction, seq, t);
		else
			request(r, direction, seq, t);
		if (roll % 100 == 0)
			rtt_expire(r, t);
		for (int d = 0; d < ICMP_DIR_COUNT; d++) {
			uint64_t n = waiting(r, (enum icmp_direction)d);

			if (n > max)
				fail_msg("step %d of seed %#llx", i,
					 (unsigned long long)start);
		}
	}
	rtt_expire(r, INT64_MAX);
	assert_int_equal(waiting(r, ICMP_DIR_IN), 0);
	assert_int_equal(waiting(r, ICMP_DIR_OUT), 0);
	rtt_free(r);
}

static void test_every_request_is_counted_once(void **state)
{
	(void)state;
	for (uint64_t start = 1; start <= 10; start++)
		run_random(start * 0x9e3779b97f4a7c15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_pairs_in_both_directions),
		cmocka_unit_test(test_strangers_do_not_pair),
		cmocka_unit_test(test_only_single_echoes),
		cmocka_unit_test(test_unanswered_after_ten_seconds),
		cmocka_unit_test(test_counted_replies_blind),
		cmocka_unit_test(test_repeated_request),
		cmocka_unit_test(test_a_group_owes_no_reply),
		cmocka_unit_test(test_a_router_measures_both_sides),
		cmocka_unit_test(test_full_table_displaces_the_oldest),
		cmocka_unit_test(test_overtaken_record),
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_every_request_is_counted_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
