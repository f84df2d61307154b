/* SPDX-License-Identifier: ISC */
/* The loop, and what stands on it alone: sink and resolve. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/loop.h"
#include "agent/resolve.h"
#include "agent/sink.h"

#define MS UINT64_C(1000000)

struct fixture {
	struct loop *loop;
	struct loop_timer *guard; /* ends a test that would hang */
	int calls;
	int pipe[2];
	struct loop_watch *watch;
	struct loop_timer *timer;
	struct resolve_result result;
	bool timed_out;
};

static void on_guard(void *user)
{
	struct fixture *f = user;

	f->timed_out = true;
	loop_stop(f->loop);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(f->pipe, O_CLOEXEC), 0);
	assert_int_equal(loop_new(&f->loop), 0);
	assert_int_equal(loop_timer_new(f->loop, on_guard, f, &f->guard), 0);
	loop_timer_set(f->guard, loop_now(f->loop) + 5000 * MS);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	loop_timer_free(f->timer);
	loop_watch_free(f->watch);
	loop_timer_free(f->guard);
	loop_free(f->loop);
	close(f->pipe[0]);
	close(f->pipe[1]);
	free(f);
	return 0;
}

static void stop_after_three(void *user)
{
	struct fixture *f = user;

	if (++f->calls == 3)
		loop_stop(f->loop);
}

/* Level-triggered: nobody reads, so it is called again. */
static void watch_is_called_while_readable(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(write(f->pipe[1], "x", 1), 1);
	assert_int_equal(loop_watch_new(f->loop, f->pipe[0], stop_after_three,
					f, &f->watch),
			 0);
	assert_int_equal(loop_run(f->loop), 0);
	assert_int_equal(f->calls, 3);
	assert_false(f->timed_out);
}

static void free_own_watch(void *user)
{
	struct fixture *f = user;

	f->calls++;
	loop_watch_free(f->watch);
	f->watch = NULL;
	loop_timer_set(f->guard, loop_now(f->loop) + 50 * MS);
}

static void watch_may_be_freed_in_its_callback(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(write(f->pipe[1], "x", 1), 1);
	assert_int_equal(loop_watch_new(f->loop, f->pipe[0], free_own_watch, f,
					&f->watch),
			 0);
	assert_int_equal(loop_run(f->loop), 0);
	assert_int_equal(f->calls, 1);
	/* the caller's descriptor is still its own */
	assert_true(fcntl(f->pipe[0], F_GETFD) >= 0);
}

static void count(void *user)
{
	struct fixture *f = user;

	f->calls++;
}

static void watch_tells_of_room_once(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_watch_new(f->loop, f->pipe[1], stop_after_three,
					f, &f->watch),
			 0);
	loop_watch_writable(f->watch, count);
	loop_timer_set(f->guard, loop_now(f->loop) + 50 * MS);
	assert_int_equal(loop_run(f->loop), 0);
	assert_int_equal(f->calls, 1);
}

static void ask_again(void *user)
{
	struct fixture *f = user;

	if (++f->calls == 3)
		loop_stop(f->loop);
	else
		loop_watch_writable(f->watch, ask_again);
}

/* Who could write a part alone waits for more room. */
static void watch_may_be_asked_again_in_its_callback(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		loop_watch_new(f->loop, f->pipe[1], on_guard, f, &f->watch), 0);
	loop_watch_writable(f->watch, ask_again);
	assert_int_equal(loop_run(f->loop), 0);
	assert_int_equal(f->calls, 3);
	assert_false(f->timed_out);
}

static void free_when_asked_again(void *user)
{
	struct fixture *f = user;

	loop_watch_writable(f->watch, on_guard);
	free_own_watch(f);
}

static void watch_may_be_freed_when_it_is_writable(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		loop_watch_new(f->loop, f->pipe[1], on_guard, f, &f->watch), 0);
	loop_watch_writable(f->watch, free_when_asked_again);
	assert_int_equal(loop_run(f->loop), 0);
	assert_int_equal(f->calls, 1);
}

static void count_and_stop(void *user);

/* As for a connection that is refused while nothing is read from it. */
static void watch_that_waits_for_room_hears_of_the_end(void **state)
{
	struct fixture *f = *state;
	char buf[65536] = {0};

	assert_int_equal(fcntl(f->pipe[1], F_SETFL, O_NONBLOCK), 0);
	while (write(f->pipe[1], buf, sizeof(buf)) > 0)
		;
	assert_int_equal(
		loop_watch_new(f->loop, f->pipe[1], on_guard, f, &f->watch), 0);
	loop_watch_pause(f->watch, true);
	loop_watch_writable(f->watch, count_and_stop);
	close(f->pipe[0]);
	f->pipe[0] = -1;
	assert_int_equal(loop_run(f->loop), 0);
	assert_int_equal(f->calls, 1);
	assert_false(f->timed_out);
}

static void resume_watch(void *user)
{
	struct fixture *f = user;

	assert_int_equal(f->calls, 0);
	loop_watch_pause(f->watch, false);
}

static void watch_that_is_paused_stays_silent(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(write(f->pipe[1], "x", 1), 1);
	assert_int_equal(loop_watch_new(f->loop, f->pipe[0], stop_after_three,
					f, &f->watch),
			 0);
	loop_watch_pause(f->watch, true);
	assert_int_equal(loop_timer_new(f->loop, resume_watch, f, &f->timer),
			 0);
	loop_timer_set(f->timer, loop_now(f->loop) + 40 * MS);
	assert_int_equal(loop_run(f->loop), 0);
	assert_int_equal(f->calls, 3);
	assert_false(f->timed_out);
}

static void watch_hears_of_the_end(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_watch_new(f->loop, f->pipe[0], free_own_watch, f,
					&f->watch),
			 0);
	close(f->pipe[1]);
	f->pipe[1] = -1;
	assert_int_equal(loop_run(f->loop), 0);
	assert_int_equal(f->calls, 1);
}

static void count_and_stop(void *user)
{
	struct fixture *f = user;

	f->calls++;
	loop_stop(f->loop);
}

static void timer_fires_once_and_not_early(void **state)
{
	struct fixture *f = *state;
	uint64_t start = loop_now(f->loop);

	assert_int_equal(loop_timer_new(f->loop, count_and_stop, f, &f->timer),
			 0);
	loop_timer_set(f->timer, start + 20 * MS);
	assert_int_equal(loop_run(f->loop), 0);
	assert_int_equal(f->calls, 1);
	assert_true(loop_now(f->loop) >= start + 20 * MS);
	assert_false(f->timed_out);
}

static void timer_in_the_past_fires_at_once(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_timer_new(f->loop, count_and_stop, f, &f->timer),
			 0);
	loop_timer_set(f->timer, 1);
	assert_int_equal(loop_run(f->loop), 0);
	assert_int_equal(f->calls, 1);
	assert_false(f->timed_out);
}

static void timer_that_is_disarmed_stays_silent(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_timer_new(f->loop, count_and_stop, f, &f->timer),
			 0);
	loop_timer_set(f->timer, loop_now(f->loop) + 10 * MS);
	loop_timer_set(f->timer, LOOP_NEVER);
	loop_timer_set(f->guard, loop_now(f->loop) + 40 * MS);
	assert_int_equal(loop_run(f->loop), 0);
	assert_int_equal(f->calls, 0);
	assert_true(f->timed_out);
}

static void on_result(void *user, const struct resolve_result *result)
{
	struct fixture *f = user;

	f->result = *result;
	loop_stop(f->loop);
}

static void name_is_resolved(void **state)
{
	struct fixture *f = *state;
	struct resolve *r;

	assert_int_equal(resolve_new(f->loop, "localhost", on_result, f, &r),
			 0);
	assert_int_equal(loop_run(f->loop), 0);
	assert_false(f->timed_out);
	assert_true(f->result.n_addresses >= 1);
	assert_true(!strcmp(f->result.address[0], "127.0.0.1") ||
		    !strcmp(f->result.address[0], "::1"));
	resolve_free(r);
}

static void name_without_address_says_why(void **state)
{
	struct fixture *f = *state;
	struct resolve *r;

	/* a label of 64 bytes, which no name server is asked for */
	assert_int_equal(
		resolve_new(f->loop,
			    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			    "aaaaaaaaaaaaaaaa.localhost",
			    on_result, f, &r),
		0);
	assert_int_equal(loop_run(f->loop), 0);
	assert_false(f->timed_out);
	assert_int_equal(f->result.n_addresses, 0);
	assert_true(f->result.error[0] != '\0');
	resolve_free(r);
}

static void lookup_may_be_given_up(void **state)
{
	struct fixture *f = *state;
	struct resolve *r;

	assert_int_equal(resolve_new(f->loop, "localhost", on_result, f, &r),
			 0);
	resolve_free(r);
	loop_timer_set(f->guard, loop_now(f->loop) + 50 * MS);
	assert_int_equal(loop_run(f->loop), 0);
	assert_true(f->timed_out);
	assert_int_equal(f->result.n_addresses, 0);
}

static void sink_writes_lines(void **state)
{
	struct fixture *f = *state;
	struct sink *s;
	char buf[32];

	assert_int_equal(
		sink_new(f->loop, f->pipe[1], on_guard, on_guard, f, &s), 0);
	assert_int_equal(sink_write(s, "one", 3), 0);
	assert_int_equal(sink_write(s, "two", 3), 0);
	assert_false(sink_empty(s));
	sink_flush(s);
	assert_true(sink_empty(s));
	assert_int_equal(read(f->pipe[0], buf, sizeof(buf)), 8);
	assert_memory_equal(buf, "one\ntwo\n", 8);
	sink_free(s);
}

static void fill(struct sink *s)
{
	char line[1000];

	memset(line, 'x', sizeof(line));
	while (!sink_full(s))
		assert_int_equal(sink_write(s, line, sizeof(line)), 0);
}

static size_t read_all(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char buf[4096];
	size_t total = 0;

	while (poll(&p, 1, 0) == 1) {
		ssize_t n = read(fd, buf, sizeof(buf));

		assert_true(n > 0);
		total += (size_t)n;
	}
	return total;
}

/* Nothing blocks, nothing is lost, and the owner hears of the room. */
static void sink_waits_for_a_slow_reader(void **state)
{
	struct fixture *f = *state;
	struct sink *s;
	size_t got = 0;
	int rounds = 0;

	assert_int_equal(
		sink_new(f->loop, f->pipe[1], count_and_stop, on_guard, f, &s),
		0);
	fill(s);
	while (!sink_empty(s) && rounds++ < 1000) {
		sink_flush(s);
		got += read_all(f->pipe[0]);
	}
	assert_int_equal(f->calls, 1);
	assert_int_equal(got % 1001, 0);
	assert_true(got >= 512 * 1024);
	sink_free(s);
}

static void sink_refuses_what_does_not_fit(void **state)
{
	struct fixture *f = *state;
	struct sink *s;
	char line[4096] = {0};
	int n = 0;

	assert_int_equal(
		sink_new(f->loop, f->pipe[1], on_guard, on_guard, f, &s), 0);
	while (n < 1000 && !sink_write(s, line, sizeof(line)))
		n++;
	assert_true(n > 200 && n < 257);
	assert_int_equal(sink_write(s, line, sizeof(line)), -ENOBUFS);
	sink_free(s);
}

static void sink_notices_that_the_reader_has_gone(void **state)
{
	struct fixture *f = *state;
	struct sink *s;

	assert_int_equal(
		sink_new(f->loop, f->pipe[1], on_guard, count_and_stop, f, &s),
		0);
	close(f->pipe[0]);
	f->pipe[0] = -1;
	assert_int_equal(loop_run(f->loop), 0);
	assert_int_equal(f->calls, 1);
	assert_false(f->timed_out);
	sink_free(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(watch_is_called_while_readable),
		TEST(watch_may_be_freed_in_its_callback),
		TEST(watch_tells_of_room_once),
		TEST(watch_may_be_asked_again_in_its_callback),
		TEST(watch_may_be_freed_when_it_is_writable),
		TEST(watch_that_waits_for_room_hears_of_the_end),
		TEST(watch_that_is_paused_stays_silent),
		TEST(watch_hears_of_the_end),
		TEST(timer_fires_once_and_not_early),
		TEST(timer_in_the_past_fires_at_once),
		TEST(timer_that_is_disarmed_stays_silent),
		TEST(name_is_resolved),
		TEST(name_without_address_says_why),
		TEST(lookup_may_be_given_up),
		TEST(sink_writes_lines),
		TEST(sink_waits_for_a_slow_reader),
		TEST(sink_refuses_what_does_not_fit),
		TEST(sink_notices_that_the_reader_has_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
