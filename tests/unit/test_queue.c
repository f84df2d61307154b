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

#include "agent/queue.h"

static struct message event_of(uint64_t count)
{
	struct message m = {.kind = MESSAGE_EVENT};

	m.event.count = count;
	return m;
}

static void test_bad_sizes(void **state)
{
	struct queue *q = NULL;

	(void)state;
	assert_int_equal(queue_new(0, &q), -EINVAL);
	assert_int_equal(queue_new(SIZE_MAX, &q), -ENOMEM);
	assert_null(q);
	queue_free(NULL);
}

static void test_order_and_emptiness(void **state)
{
	struct message out = {0};
	struct queue *q;

	(void)state;
	assert_int_equal(queue_new(3, &q), 0);
	assert_null(queue_peek(q));
	queue_pop(q); /* nothing to pop: nothing happens */
	assert_int_equal(queue_length(q), 0);

	for (uint64_t i = 1; i <= 3; i++) {
		struct message m = event_of(i);

		assert_int_equal(queue_push(q, &m, &out), 0);
	}
	assert_int_equal(queue_length(q), 3);
	assert_int_equal(queue_packets(q), 6);
	for (uint64_t i = 1; i <= 3; i++) {
		assert_int_equal(queue_peek(q)->event.count, i);
		queue_pop(q);
	}
	assert_null(queue_peek(q));
	assert_int_equal(queue_packets(q), 0);
	queue_free(q);
}

static void test_full_queue_evicts_the_oldest(void **state)
{
	struct message m, out = {0};
	struct queue *q;

	(void)state;
	assert_int_equal(queue_new(2, &q), 0);
	m = event_of(10);
	assert_int_equal(queue_push(q, &m, &out), 0);
	m = event_of(20);
	assert_int_equal(queue_push(q, &m, &out), 0);
	assert_int_equal(out.event.count, 0);
	m = event_of(30);
	assert_int_equal(queue_push(q, &m, &out), 1);
	assert_int_equal(out.event.count, 10);
	assert_int_equal(queue_length(q), 2);
	assert_int_equal(queue_packets(q), 50);
	assert_int_equal(queue_peek(q)->event.count, 20);
	queue_free(q);
}

static void test_notices_are_no_packets(void **state)
{
	struct message m = {.kind = MESSAGE_RATE_EXCEEDED, .number = 7};
	struct message out;
	struct queue *q;

	(void)state;
	m.event.count = 99; /* not looked at */
	assert_int_equal(queue_new(1, &q), 0);
	assert_int_equal(queue_push(q, &m, &out), 0);
	assert_int_equal(queue_packets(q), 0);
	assert_int_equal(queue_push(q, &m, &out), 1);
	assert_int_equal(out.number, 7);
	queue_pop(q);
	assert_int_equal(queue_packets(q), 0);
	queue_free(q);
}

/* The ring goes round many times; what went in comes out or was evicted. */
static void test_wraps_without_loss(void **state)
{
	uint64_t in = 0, out_sum = 0;
	struct queue *q;

	(void)state;
	assert_int_equal(queue_new(7, &q), 0);
	for (uint64_t i = 1; i <= 10000; i++) {
		struct message m = event_of(i), out;

		in += i;
		if (queue_push(q, &m, &out))
			out_sum += out.event.count;
		if (i % 3 == 0 || i % 100 < 10) {
			out_sum += queue_peek(q)->event.count;
			queue_pop(q);
		}
		assert_int_equal(in, out_sum + queue_packets(q));
		assert_in_range(queue_length(q), 0, 7);
	}
	queue_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_sizes),
		cmocka_unit_test(test_order_and_emptiness),
		cmocka_unit_test(test_full_queue_evicts_the_oldest),
		cmocka_unit_test(test_notices_are_no_packets),
		cmocka_unit_test(test_wraps_without_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
