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

#include "agent/fold.h"

#define S INT64_C(1000000000)

static const uint8_t seed[SIPHASH_KEY_BYTES] = {9, 8, 7};

#define MAX_EMITTED 4096

struct emitted {
	struct icmp_event events[MAX_EMITTED];
	size_t n;
};

static struct emitted out;

static void keep(void *user, const struct icmp_event *event)
{
	struct emitted *e = user;

	assert_true(e->n < MAX_EMITTED);
	e->events[e->n++] = *event;
}

static size_t close_window(struct fold *f, size_t budget)
{
	size_t n;

	out.n = 0;
	n = fold_close(f, budget, keep, &out);
	assert_int_equal(n, out.n);
	assert_true(n <= budget);
	return n;
}

static struct fold *make(size_t max_flows)
{
	struct fold *f;

	assert_int_equal(fold_new(max_flows, seed, &f), 0);
	return f;
}

static struct icmp_event packet(uint8_t type, uint32_t source, int64_t ns)
{
	struct icmp_event e = {.count = 1,
			       .bytes = 84,
			       .single = true,
			       .ttl = 64,
			       .length = 84,
			       .first_ns = ns,
			       .last_ns = ns};

	e.key.family = 4;
	e.key.type = type;
	e.key.ifindex = 2;
	memcpy(e.key.src, &source, sizeof(source));
	e.key.dst[0] = 10;
	strcpy(e.ifname, "eth0");
	return e;
}

static void add(struct fold *f, uint8_t type, uint32_t source, int packets)
{
	for (int i = 0; i < packets; i++) {
		struct icmp_event e = packet(type, source, S + i);

		fold_add(f, &e);
	}
}

static void assert_out(size_t i, uint8_t type, uint32_t source, uint64_t count)
{
	const struct icmp_event *e = &out.events[i];
	uint32_t got;

	assert_true(i < out.n);
	memcpy(&got, e->key.src, sizeof(got));
	assert_int_equal(e->key.type, type);
	assert_int_equal(got, source);
	assert_int_equal(e->count, count);
	assert_int_equal(e->others, source == 0);
}

static void test_sizes(void **state)
{
	struct fold *f = NULL;

	(void)state;
	assert_int_equal(fold_new(0, seed, &f), -EINVAL);
	assert_int_equal(fold_new(SIZE_MAX, seed, &f), -EINVAL);
	assert_null(f);
	fold_free(NULL);
	f = make(1);
	assert_int_equal(close_window(f, SIZE_MAX), 0);
	assert_int_equal(fold_packets(f), 0);
	assert_int_equal(fold_length(f), 0);
	fold_free(f);
}

static void test_a_fold_of_one_keeps_its_detail(void **state)
{
	struct icmp_event e = packet(8, 1, 5 * S);
	struct fold *f = make(4);

	(void)state;
	e.has = ICMP_HAS_ID;
	e.id = 77;
	fold_add(f, &e);
	assert_int_equal(fold_length(f), 1);
	assert_int_equal(close_window(f, 10), 1);
	assert_memory_equal(&out.events[0], &e, sizeof(e));
	assert_int_equal(fold_length(f), 0);
	fold_free(f);
}

static void test_packets_of_a_flow_merge(void **state)
{
	struct icmp_event late = packet(8, 1, 7 * S);
	struct icmp_event early = packet(8, 1, 5 * S);
	struct icmp_event many = packet(8, 1, 6 * S);
	const struct icmp_event *e = &out.events[0];
	struct fold *f = make(4);

	(void)state;
	late.has = ICMP_HAS_ID;
	late.id = 77;
	late.rtt_ns = 5;
	many.count = 40;
	many.bytes = 4000;
	many.single = false;
	many.last_ns = 9 * S;
	fold_add(f, &late);
	fold_add(f, &early);
	fold_add(f, &many);
	assert_int_equal(fold_packets(f), 42);
	assert_int_equal(close_window(f, 10), 1);
	assert_int_equal(e->count, 42);
	assert_int_equal(e->bytes, 84 + 84 + 4000);
	assert_int_equal(e->first_ns, 5 * S);
	assert_int_equal(e->last_ns, 9 * S);
	assert_string_equal(e->ifname, "eth0");
	assert_false(e->others);
	assert_false(e->single);
	assert_int_equal(e->has, 0);
	assert_int_equal(e->id, 0);
	assert_int_equal(e->rtt_ns, 0);

	/* bytes with an unknown part are unknown */
	many.bytes = 0;
	fold_add(f, &late);
	fold_add(f, &many);
	close_window(f, 10);
	assert_int_equal(e->bytes, 0);
	fold_free(f);
}

/* Each part of the key keeps flows apart. */
static void test_what_makes_a_flow(void **state)
{
	struct icmp_event e[8];
	struct fold *f = make(16);

	(void)state;
	for (size_t i = 0; i < 8; i++)
		e[i] = packet(8, 1, S);
	e[1].key.ifindex = 3;
	e[2].key.family = 6;
	e[3].key.direction = ICMP_DIR_OUT;
	e[4].key.type = 0;
	e[5].key.code = 1;
	e[6].key.src[15] = 1;
	e[7].key.dst[15] = 1;
	for (size_t i = 0; i < 8; i++)
		fold_add(f, &e[i]);
	assert_int_equal(close_window(f, 100), 8);
	fold_free(f);
}

static void test_order(void **state)
{
	struct fold *f = make(16);

	(void)state;
	add(f, 8, 1, 5);  /* echo */
	add(f, 13, 2, 2); /* timestamp */
	add(f, 8, 3, 9);
	add(f, 3, 4, 1); /* unreachable */
	add(f, 5, 5, 3); /* redirect */
	assert_int_equal(close_window(f, 5), 5);
	assert_out(0, 5, 5, 3);
	assert_out(1, 3, 4, 1);
	assert_out(2, 13, 2, 2);
	assert_out(3, 8, 3, 9);
	assert_out(4, 8, 1, 5);
	fold_free(f);
}

/* With a budget of 4: the three largest, the rest as "other hosts". */
static void test_rest_is_from_other_hosts(void **state)
{
	struct fold *f = make(16);

	(void)state;
	for (uint32_t source = 1; source <= 10; source++)
		add(f, 8, source, (int)source);
	assert_int_equal(close_window(f, 4), 4);
	assert_out(0, 8, 10, 10);
	assert_out(1, 8, 9, 9);
	assert_out(2, 8, 8, 8);
	assert_out(3, 8, 0, 28); /* 1 + ... + 7 */
	assert_int_equal(out.events[3].bytes, 28 * 84);
	assert_string_equal(out.events[3].ifname, "eth0");
	assert_int_equal(out.events[3].key.ifindex, 2);
	assert_false(out.events[3].any_code);
	assert_int_equal(fold_packets(f), 0);
	fold_free(f);
}

/* What would be alone in its fold is worth its address. */
static void test_alone_in_its_fold(void **state)
{
	struct fold *f = make(16);

	(void)state;
	add(f, 8, 1, 5);
	add(f, 8, 2, 4);
	add(f, 3, 3, 1);
	assert_int_equal(close_window(f, 2), 2);
	assert_out(0, 3, 3, 1);
	assert_out(1, 8, 0, 9);

	/* too little even for the folds: the best leave, the rest waits */
	add(f, 8, 1, 5);
	add(f, 0, 2, 4);
	add(f, 3, 3, 1);
	assert_int_equal(close_window(f, 2), 2);
	assert_out(0, 3, 3, 1);
	assert_out(1, 8, 1, 5);
	assert_int_equal(fold_packets(f), 4);
	assert_int_equal(fold_length(f), 1);
	add(f, 0, 9, 1);
	assert_int_equal(close_window(f, 0), 0);
	assert_int_equal(fold_packets(f), 5);
	assert_int_equal(close_window(f, 2), 1);
	assert_out(0, 0, 0, 5);
	fold_free(f);
}

/* Of what does not fit, the best leaves first, but nothing waits for ever. */
static void test_nothing_waits_for_ever(void **state)
{
	static const uint8_t once[] = {8, 0, 13, 14, 15, 16};
	unsigned int left = 0, urgent = 0;
	struct fold *f = make(64);

	(void)state;
	for (size_t i = 0; i < sizeof(once); i++)
		add(f, once[i], 0, 1);
	for (int window = 0; window < 12; window++) {
		add(f, 3, 1, 9);
		add(f, 5, 1, 9);
		add(f, 11, 1, 9);
		close_window(f, 2);
		for (size_t i = 0; i < out.n; i++) {
			if (fold_class_of(4, out.events[i].key.type))
				left++;
			else
				urgent++;
		}
		assert_int_equal(fold_class_of(4, out.events[0].key.type),
				 FOLD_URGENT);
	}
	assert_int_equal(left, sizeof(once));
	assert_int_equal(urgent, 24 - sizeof(once));
	fold_free(f);
}

static void test_full_table(void **state)
{
	struct fold *f = make(2);

	(void)state;
	add(f, 8, 1, 1);
	add(f, 8, 2, 1);
	add(f, 8, 3, 1); /* no place of its own any more */
	add(f, 8, 1, 1); /* but these still have */
	assert_int_equal(fold_length(f), 3);
	add(f, 8, 4, 1);
	assert_int_equal(fold_length(f), 3);
	assert_int_equal(close_window(f, 10), 3);
	assert_out(0, 8, 1, 2);
	assert_out(1, 8, 2, 1);
	assert_out(2, 8, 0, 2);

	/* and the table is empty again */
	add(f, 8, 3, 1);
	add(f, 8, 4, 1);
	assert_int_equal(close_window(f, 10), 2);
	assert_out(0, 8, 3, 1);
	assert_out(1, 8, 4, 1);
	fold_free(f);
}

static void test_others_from_the_kernel(void **state)
{
	struct icmp_event e = packet(8, 0, S);
	struct fold *f = make(4);

	(void)state;
	e.others = true;
	e.single = false;
	e.count = 1000;
	e.bytes = 0;
	fold_add(f, &e);
	fold_add(f, &e);
	add(f, 8, 1, 3);
	assert_int_equal(close_window(f, 2), 2);
	assert_out(0, 8, 1, 3);
	assert_out(1, 8, 0, 2000);

	fold_add(f, &e);
	add(f, 8, 1, 3);
	assert_int_equal(close_window(f, 1), 1);
	assert_out(0, 8, 0, 1003);
	fold_free(f);
}

/* More codes than groups: then the code goes, the type never does. */
static void test_too_many_groups(void **state)
{
	uint64_t sum = 0;
	size_t any = 0;
	struct fold *f = make(1);

	(void)state;
	for (unsigned int i = 0; i < 2000; i++) {
		struct icmp_event e = packet((uint8_t)(8 * (i & 1)), i, S);

		e.key.code = (uint8_t)(i >> 1);
		e.key.ifindex = 1 + i % 7;
		fold_add(f, &e);
	}
	assert_int_equal(fold_packets(f), 2000);
	close_window(f, MAX_EMITTED);
	/* 256 groups, one flow, two types of any code */
	assert_int_equal(out.n, 256 + 1 + 2);
	for (size_t i = 0; i < out.n; i++) {
		const struct icmp_event *e = &out.events[i];

		sum += e->count;
		if (!e->any_code)
			continue;
		any++;
		assert_true(e->others);
		assert_int_equal(e->key.ifindex, 0);
		assert_string_equal(e->ifname, "");
	}
	assert_int_equal(any, 2);
	assert_int_equal(sum, 2000);
	fold_free(f);
}

/* Codes of each window are forgotten with it: later ones have groups again. */
static void test_groups_are_of_a_window(void **state)
{
	struct fold *f = make(1);

	(void)state;
	for (unsigned int i = 0; i < 20 * 256; i++) {
		struct icmp_event e = packet(8, i, S);

		e.key.code = (uint8_t)i;
		e.key.ifindex = i / 256;
		fold_add(f, &e);
		if (i % 256 != 255)
			continue;
		assert_int_equal(close_window(f, MAX_EMITTED), 256);
		for (size_t n = 0; n < out.n; n++)
			assert_false(out.events[n].any_code);
	}
	fold_free(f);
}

/* What left as "any code" may come back, from a queue that is full. */
static void test_any_code_stays_so(void **state)
{
	struct icmp_event e = packet(8, 0, S);
	struct fold *f = make(4);

	(void)state;
	e.single = false;
	e.others = true;
	e.any_code = true;
	e.count = 10;
	e.key.ifindex = 0;
	fold_add(f, &e);
	e.any_code = false;
	e.count = 5;
	fold_add(f, &e);
	assert_int_equal(close_window(f, 10), 2);
	assert_true(out.events[0].any_code);
	assert_int_equal(out.events[0].count, 10);
	assert_false(out.events[1].any_code);
	fold_free(f);
}

static void test_classes(void **state)
{
	(void)state;
	assert_int_equal(fold_class_of(4, 8), FOLD_ECHO);
	assert_int_equal(fold_class_of(4, 0), FOLD_ECHO);
	assert_int_equal(fold_class_of(4, 3), FOLD_URGENT);
	assert_int_equal(fold_class_of(4, 5), FOLD_URGENT);
	assert_int_equal(fold_class_of(4, 9), FOLD_URGENT);
	assert_int_equal(fold_class_of(4, 13), FOLD_NORMAL);
	assert_int_equal(fold_class_of(4, 128), FOLD_NORMAL);
	assert_int_equal(fold_class_of(6, 128), FOLD_ECHO);
	assert_int_equal(fold_class_of(6, 129), FOLD_ECHO);
	assert_int_equal(fold_class_of(6, 2), FOLD_URGENT);
	assert_int_equal(fold_class_of(6, 8), FOLD_URGENT);
	assert_int_equal(fold_class_of(6, 134), FOLD_URGENT);
	assert_int_equal(fold_class_of(6, 137), FOLD_URGENT);
	assert_int_equal(fold_class_of(6, 135), FOLD_NORMAL);
}

static void test_same_input_same_output(void **state)
{
	static struct emitted first;

	(void)state;
	for (int round = 0; round < 2; round++) {
		struct fold *f = make(64);

		for (uint32_t i = 0; i < 500; i++)
			add(f, i % 3 ? 8 : 3, 1 + i * i % 97, 1);
		close_window(f, 20);
		if (round == 0)
			first = out;
		fold_free(f);
	}
	assert_int_equal(first.n, out.n);
	assert_memory_equal(first.events, out.events,
			    out.n * sizeof(out.events[0]));
}

/* ---- random streams --------------------------------------------------------- */

/* xorshift64: equal seeds give equal streams everywhere */
static uint64_t next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* Packets by family, direction and type: what no fold may mix up. */
struct tally {
	uint64_t packets[2][ICMP_DIR_COUNT][256];
};

static void tally_event(struct tally *t, const struct icmp_event *e)
{
	t->packets[e->key.family == 6][e->key.direction][e->key.type] +=
		e->count;
}

struct random_run {
	uint64_t start; /* the seed, printed where something is wrong */
	uint64_t x;
	uint32_t sources; /* how many there are to choose from */
	uint32_t codes;
	uint64_t in;
	uint64_t reported;
	struct tally tally_in, tally_out;
};

#define check(run, condition)                                       \
	do {                                                        \
		if (!(condition))                                   \
			fail_msg("seed %#llx: " #condition,         \
				 (unsigned long long)(run)->start); \
	} while (0)

static struct icmp_event random_event(struct random_run *r)
{
	static const uint8_t types[] = {0, 3, 5, 8, 8, 8, 11, 128, 129, 200};
	uint64_t roll = next(&r->x);
	struct icmp_event e = packet(types[roll % sizeof(types)],
				     (uint32_t)(next(&r->x) % r->sources),
				     (int64_t)(next(&r->x) % 1000) * S);

	e.key.family = roll >> 8 & 1 ? 6 : 4;
	e.key.direction = roll >> 9 & 1;
	e.key.code = (uint8_t)(next(&r->x) % r->codes);
	e.key.ifindex = 1 + (roll >> 10 & 1);
	if ((roll >> 16) % 10 == 0) {
		e.single = false;
		e.count = 1 + (roll >> 32) % 5000;
		e.last_ns += (int64_t)(roll >> 48) * 1000;
	}
	if ((roll >> 20) % 50 == 0) {
		e.others = true;
		e.single = false;
		memset(e.key.src, 0, sizeof(e.key.src));
		memset(e.key.dst, 0, sizeof(e.key.dst));
	}
	return e;
}

/* Flows that all fit leave by class, then by size. */
static void test_order_of_many(void **state)
{
	struct random_run r = {
		.start = 1, .x = 4711, .sources = 40000, .codes = 16};
	struct fold *f = make(1000);

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct icmp_event e = random_event(&r);

		e.count = 1 + next(&r.x) % 50;
		e.others = false;
		fold_add(f, &e);
	}
	assert_true(close_window(f, MAX_EMITTED) > 900);
	for (size_t i = 1; i < out.n; i++) {
		const struct icmp_event *a = &out.events[i - 1];
		const struct icmp_event *b = &out.events[i];
		enum fold_class class_a =
			fold_class_of(a->key.family, a->key.type);
		enum fold_class class_b =
			fold_class_of(b->key.family, b->key.type);

		assert_true(class_a <= class_b);
		assert_true(class_a < class_b || a->count >= b->count);
	}
	fold_free(f);
}

static void take_random(void *user, const struct icmp_event *e)
{
	struct random_run *r = user;

	check(r, e->count > 0);
	check(r, e->last_ns >= e->first_ns);
	check(r, !e->single || (e->count == 1 && !e->others));
	check(r, !e->any_code || e->others);
	r->reported += e->count;
	tally_event(&r->tally_out, e);
}

static void close_random(struct random_run *r, struct fold *f, size_t budget)
{
	uint64_t before = r->reported;
	uint64_t held = fold_packets(f);
	size_t length = fold_length(f);
	size_t n;

	n = fold_close(f, budget, take_random, r);
	check(r, n <= budget);
	check(r, held - (r->reported - before) == fold_packets(f));
	/* nothing waits that the budget had room for */
	check(r, n == budget || fold_packets(f) == 0);
	check(r, length > budget || n == length);
}

static void run_random(uint64_t start, int steps)
{
	struct random_run r = {.start = start, .x = start};
	struct fold *f;

	for (int i = 0; i < 8; i++)
		next(&r.x);
	r.sources = 1u << next(&r.x) % 16;
	r.codes = 1u << next(&r.x) % 9;
	f = make(1 + next(&r.x) % 300);
	for (int i = 0; i < steps; i++) {
		struct icmp_event e = random_event(&r);

		r.in += e.count;
		tally_event(&r.tally_in, &e);
		fold_add(f, &e);
		check(&r, r.in == r.reported + fold_packets(f));
		if (next(&r.x) % 256 == 0)
			close_random(&r, f, next(&r.x) % 64);
	}
	close_random(&r, f, SIZE_MAX);
	check(&r, fold_packets(f) == 0 && fold_length(f) == 0);
	check(&r, r.in == r.reported);
	check(&r, memcmp(&r.tally_in, &r.tally_out, sizeof(r.tally_in)) == 0);
	fold_free(f);
}

static void test_counts_are_conserved(void **state)
{
	const char *one = getenv("FOLD_SEED");

	(void)state;
	if (one) {
		run_random(strtoull(one, NULL, 0), 20000);
		return;
	}
	for (uint64_t i = 1; i <= 50; i++)
		run_random(i * 0x9e3779b97f4a7c15, 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_a_fold_of_one_keeps_its_detail),
		cmocka_unit_test(test_packets_of_a_flow_merge),
		cmocka_unit_test(test_what_makes_a_flow),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_rest_is_from_other_hosts),
		cmocka_unit_test(test_alone_in_its_fold),
		cmocka_unit_test(test_nothing_waits_for_ever),
		cmocka_unit_test(test_full_table),
		cmocka_unit_test(test_others_from_the_kernel),
		cmocka_unit_test(test_too_many_groups),
		cmocka_unit_test(test_groups_are_of_a_window),
		cmocka_unit_test(test_any_code_stays_so),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_same_input_same_output),
		cmocka_unit_test(test_order_of_many),
		cmocka_unit_test(test_counts_are_conserved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
