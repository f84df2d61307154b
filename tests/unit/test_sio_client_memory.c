/* SPDX-License-Identifier: ISC */
/* At a guard page, byte by byte, and without memory. */
#include "tests/support/guard.h"
#include "tests/support/sio_test.h"

/* All that a client can meet, from start to stop, by a carrier that takes. */
static void feed_script(bool by_byte)
{
	static const struct {
		bool binary;
		const char *text;
	} script[] = {
		{false, PEER_HANDSHAKE},
		{false, "40{\"sid\":\"N\",\"pid\":\"P\"}"},
		{false, "40/a,{\"sid\":\"A\"}"},
		{false, "2"},
		{false, "42[\"data\",{\"message\":\"m\",\"client\":\"c\"}]"},
		{false, "42[\"\\u0061\",\"offset\"]"},
		{false, "4217[\"ask\"]"},
		{false, "452-[\"b\"," PH(1) "," PH(0) "]"},
		{true, "one"},
		{true, "two"},
		{false, "430[1]"},
		{false, "44/a,{\"message\":\"thrown out\"}"},
		{false, "41"},
	};

	for (size_t i = 0; i < sizeof(script) / sizeof(script[0]); i++) {
		struct guard g =
			guard_copy(script[i].text, strlen(script[i].text));
		size_t step = by_byte ? 1 : g.len;

		for (size_t at = 0; at < g.len; at += step)
			sio_client_ws_feed(peer.client, peer.ws,
					   script[i].binary, g.data + at, step,
					   at + step == g.len, peer.now_ns);
		guard_free(&g);
		if (i == 9) {
			(void)sio_test_emit_ack(0, NULL);
			(void)peer_emit(&peer, "data", "text");
		}
		peer_skip(&peer);
	}
}

static void begin_script(void)
{
	static const char *auth = "{ \"token\":1}";

	peer.config.recovery = true;
	peer.config.auth = sio_test_auth;
	peer.config.user = &auth;
}

static void run_script(bool by_byte)
{
	(void)sio_client_join(peer.client, "/", peer.now_ns);
	(void)sio_client_join(peer.client, "/a", peer.now_ns);
	if (sio_client_start(peer.client, peer.now_ns) != SIO_OK)
		return;
	peer_skip(&peer);
	peer_ws_open(&peer);
	feed_script(by_byte);
}

static void test_byte_by_byte_is_the_same(void **state)
{
	size_t whole;

	(void)state;
	begin_script();
	assert_int_equal(sio_client_new(&peer.config, &peer.client), SIO_OK);
	run_script(false);
	whole = peer.n_events;
	assert_int_equal(whole, 11);
	peer_free(&peer);
	sio_test_setup_ws(NULL);
	begin_script();
	assert_int_equal(sio_client_new(&peer.config, &peer.client), SIO_OK);
	run_script(true);
	assert_int_equal(peer.n_events, whole);
}

/* ---- without memory ---- */

/* Stopped in order, or after an error; either way nothing stays behind. */
static void wind_up(void)
{
	if (!peer.client)
		return;
	sio_client_stop(peer.client, peer.now_ns);
	peer_skip(&peer);
	peer_wait(&peer, 6000);
	assert_true(sio_client_stopped(peer.client));
}

static size_t run_without(size_t n, bool for_ever)
{
	size_t failures;

	sio_test_setup_ws(NULL);
	begin_script();
	fail_malloc_arm(&peer.memory, n, for_ever);
	if (sio_client_new(&peer.config, &peer.client) == SIO_OK)
		run_script(false);
	else
		peer.client = NULL;
	failures = peer.memory.failures;
	/* whoever had memory again would come back */
	fail_malloc_arm(&peer.memory, 0, false);
	wind_up();
	peer_free(&peer);
	return failures;
}

static void test_each_allocation_failing(void **state)
{
	size_t n = 1;

	(void)state;
	while (run_without(n, false))
		n++;
	/* the script does allocate */
	assert_true(n > 15);
	for (n = 1; run_without(n, true); n++)
		;
	sio_test_setup_ws(NULL);
}

static void test_each_allocation_failing_while_polling(void **state)
{
	size_t failures;
	size_t n = 1;

	(void)state;
	do {
		peer_init(&peer);
		peer.config.polling_first = true;
		fail_malloc_arm(&peer.memory, n++, false);
		if (sio_client_new(&peer.config, &peer.client) != SIO_OK) {
			peer.client = NULL;
			peer_free(&peer);
			failures = 1;
			continue;
		}
		if (sio_client_start(peer.client, peer.now_ns) == SIO_OK) {
			peer_skip(&peer);
			sio_client_http_cookie(peer.client, peer.get, "a=b", 3);
			peer_poll(&peer, 200, PEER_HANDSHAKE_POLLING);
			peer_skip(&peer);
			peer_ws_open(&peer);
			peer_posted(&peer, 200, "ok");
			peer_poll(&peer, 200, "40{\"sid\":\"N\"}");
			(void)peer_emit(&peer, "a", "1");
			peer_skip(&peer);
			peer_posted(&peer, 200, "ok");
			peer_ws_text(&peer, "3probe");
			peer_poll(&peer, 200, "6");
			peer_skip(&peer);
		}
		failures = peer.memory.failures;
		wind_up();
		peer_free(&peer);
	} while (failures);
	assert_true(n > 10);
	sio_test_setup_ws(NULL);
}

/* A client that found no memory comes back by itself. */
static void test_out_of_memory_is_told_and_survived(void **state)
{
	static char text[5000];

	(void)state;
	peer_join_ws(&peer);
	fail_malloc_arm(&peer.memory, 1, true);
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "42[\"x\",\"", 8);
	memcpy(text + sizeof(text) - 3, "\"]", 2);
	peer_ws_text(&peer, text);
	assert_int_not_equal(peer.memory.failures, 0);
	expect("WS_CLOSE\nLOST local 0: out of memory\n");
	fail_malloc_arm(&peer.memory, 0, false);
	peer_wait_next(&peer);
	expect("WS_OPEN " PEER_WS "\n");
}

static void test_out_of_memory_in_a_fragment(void **state)
{
	static const char text[5000];

	(void)state;
	peer_join_ws(&peer);
	fail_malloc_arm(&peer.memory, 1, false);
	sio_client_ws_feed(peer.client, peer.ws, false, text, sizeof(text),
			   false, peer.now_ns);
	expect("WS_CLOSE\nLOST local 0: out of memory\n");
}

static void test_out_of_memory_for_attachments(void **state)
{
	static const char big[5000];

	(void)state;
	peer_join_ws(&peer);
	peer_ws_text(&peer, "451-[\"b\"," PH(0) "]");
	fail_malloc_arm(&peer.memory, 1, false);
	peer_ws_binary(&peer, big, sizeof(big));
	expect("WS_CLOSE\nLOST local 0: out of memory\n");
}

static void test_out_of_memory_while_stopping(void **state)
{
	static char text[2000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	peer_join_ws(&peer);
	(void)sio_client_join(peer.client, "/a-name-of-some-length", 0);
	peer_ws_text(&peer, "40/a-name-of-some-length,{\"sid\":\"A\"}");
	peer_skip(&peer);
	/* what is left of the queue has no room for a DISCONNECT of that */
	fail_malloc_arm(&peer.memory, 1, true);
	while (peer_emit(&peer, "x", text) == SIO_OK)
		;
	while (peer_emit(&peer, "x", "") == SIO_OK)
		;
	assert_true(sio_client_connected(peer.client, "/"));
	sio_client_stop(peer.client, peer.now_ns);
	/* nothing can be sent in order, so it ends at once */
	assert_true(sio_client_stopped(peer.client));
	assert_non_null(strstr(peer_take(&peer), "WS_CLOSE\n"));
}

static void stream(int n, bool polling)
{
	for (int i = 0; i < n; i++) {
		if (polling)
			peer_poll(&peer, 200, "42[\"data\",1,\"offset\"]");
		else
			peer_ws_text(&peer, "42[\"data\",1,\"offset\"]");
		(void)peer_emit(&peer, "data", "text");
		peer_skip(&peer);
		if (polling)
			peer_posted(&peer, 200, "ok");
	}
}

static void test_steady_stream_allocates_nothing(void **state)
{
	size_t before;

	(void)state;
	peer_join_ws(&peer);
	stream(3, false);
	before = peer.memory.requests;
	stream(1000, false);
	assert_int_equal(peer.memory.requests, before);
}

static void test_steady_polling_allocates_nothing(void **state)
{
	size_t before;

	(void)state;
	peer_join_polling(&peer);
	stream(3, true);
	before = peer.memory.requests;
	stream(1000, true);
	assert_int_equal(peer.memory.requests, before);
}

/* The offset of each event is kept. */
static void test_steady_recovery_allocates_nothing(void **state)
{
	size_t before;

	(void)state;
	peer.config.recovery = true;
	peer_open_ws(&peer);
	peer_ws_text(&peer, "40{\"sid\":\"N\",\"pid\":\"P\"}");
	stream(3, false);
	before = peer.memory.requests;
	stream(1000, false);
	assert_int_equal(peer.memory.requests, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T_WS(test_byte_by_byte_is_the_same),
		T_WS(test_each_allocation_failing),
		T_WS(test_each_allocation_failing_while_polling),
		T_WS(test_out_of_memory_is_told_and_survived),
		T_WS(test_out_of_memory_in_a_fragment),
		T_WS(test_out_of_memory_while_stopping),
		T_WS(test_steady_stream_allocates_nothing),
		T_WS(test_steady_polling_allocates_nothing),
		T_WS(test_steady_recovery_allocates_nothing),
		T_WS(test_out_of_memory_for_attachments),
	};

	return cmocka_run_group_tests_name("sio_client_memory", tests, NULL,
					   NULL);
}
