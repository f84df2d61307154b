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
	assert_null(queue_peek(q, 0));
	queue_pop(q); /* nothing to pop: nothing happens */
	assert_int_equal(queue_length(q), 0);

	for (uint64_t i = 1; i <= 3; i++) {
		struct message m = event_of(i);

		assert_int_equal(queue_push(q, &m, &out), 0);
	}
	assert_int_equal(queue_length(q), 3);
	assert_int_equal(queue_packets(q), 6);
	for (uint64_t i = 1; i <= 3; i++) {
		assert_int_equal(queue_peek(q, 0)->event.count, i);
		queue_pop(q);
	}
	assert_null(queue_peek(q, 0));
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
	assert_int_equal(queue_peek(q, 0)->event.count, 20);
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
			out_sum += queue_peek(q, 0)->event.count;
			queue_pop(q);
		}
		assert_int_equal(in, out_sum + queue_packets(q));
		assert_in_range(queue_length(q), 0, 7);
	}
	queue_free(q);
}

static void push(struct queue *q, uint64_t count)
{
	struct message m = event_of(count), out;

	assert_int_equal(queue_push(q, &m, &out), QUEUE_PUSHED);
}

static void test_sent_messages_stay_until_popped(void **state)
{
	struct queue *q;

	(void)state;
	assert_int_equal(queue_new(4, &q), 0);
	for (uint64_t i = 1; i <= 4; i++)
		push(q, i);
	queue_sent(q, 1, 11, 1);
	queue_sent(q, 2, 23, 2);
	assert_int_equal(queue_length(q), 4);
	assert_int_equal(queue_unsent(q), 1);
	assert_int_equal(queue_peek(q, 0)->event.count, 4);
	assert_null(queue_peek(q, 1));
	assert_int_equal(queue_peek_sent(q, 0)->echo, 11);
	assert_int_equal(queue_peek_sent(q, 1)->echo, 0);
	assert_int_equal(queue_peek_sent(q, 2)->echo, 23);
	assert_null(queue_peek_sent(q, 3));
	queue_pop(q);
	assert_int_equal(queue_peek_sent(q, 0)->event.count, 2);
	assert_int_equal(queue_packets(q), 9);
	queue_free(q);
}

static void test_rewind_sends_in_order_again(void **state)
{
	struct queue *q;

	(void)state;
	assert_int_equal(queue_new(4, &q), 0);
	for (uint64_t i = 1; i <= 3; i++)
		push(q, i);
	queue_sent(q, 2, 5, 1);
	assert_int_equal(queue_rewind(q), 2);
	assert_int_equal(queue_unsent(q), 3);
	assert_int_equal(queue_peek(q, 0)->event.count, 1);
	assert_int_equal(queue_rewind(q), 0);
	queue_free(q);
}

static void test_more_cannot_be_sent_than_there_is(void **state)
{
	struct queue *q;

	(void)state;
	assert_int_equal(queue_new(4, &q), 0);
	push(q, 1);
	queue_sent(q, 3, 5, 1);
	assert_int_equal(queue_unsent(q), 0);
	assert_int_equal(queue_length(q), 1);
	queue_free(q);
}

/* What was sent may have to be sent again: it is not what goes. */
static void test_full_queue_keeps_what_was_sent(void **state)
{
	struct message m = event_of(3), out;
	struct queue *q;

	(void)state;
	assert_int_equal(queue_new(2, &q), 0);
	push(q, 1);
	push(q, 2);
	queue_sent(q, 1, 7, 1);
	assert_int_equal(queue_push(q, &m, &out), QUEUE_EVICTED);
	assert_int_equal(out.event.count, 3);
	assert_int_equal(queue_packets(q), 3);
	queue_pop(q);
	push(q, 4);
	assert_int_equal(queue_push(q, &m, &out), QUEUE_EVICTED);
	assert_int_equal(out.event.count, 2);
	queue_free(q);
}

/* One from behind those that were sent, wherever the ring begins. */
static void test_pop_unsent(void **state)
{
	struct queue *q;

	(void)state;
	assert_int_equal(queue_new(4, &q), 0);
	for (uint64_t begin = 0; begin < 4; begin++) {
		for (uint64_t i = 1; i <= 4; i++)
			push(q, i);
		queue_sent(q, 2, 7, 9);
		queue_pop_unsent(q);
		assert_int_equal(queue_packets(q), 7);
		assert_int_equal(queue_peek_sent(q, 0)->event.count, 1);
		assert_int_equal(queue_peek_sent(q, 1)->event.count, 2);
		assert_int_equal(queue_peek_sent(q, 1)->order, 9);
		assert_int_equal(queue_peek(q, 0)->event.count, 4);
		assert_null(queue_peek(q, 1));
		queue_pop_unsent(q);
		queue_pop_unsent(q); /* there is none */
		assert_int_equal(queue_length(q), 2);
		queue_pop(q);
		queue_pop(q);
		push(q, 1); /* the next round begins one further on */
		queue_pop(q);
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
		cmocka_unit_test(test_sent_messages_stay_until_popped),
		cmocka_unit_test(test_rewind_sends_in_order_again),
		cmocka_unit_test(test_more_cannot_be_sent_than_there_is),
		cmocka_unit_test(test_full_queue_keeps_what_was_sent),
		cmocka_unit_test(test_pop_unsent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
