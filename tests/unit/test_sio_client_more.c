/* SPDX-License-Identifier: ISC */
/* The client: binary data, namespaces, recovery, limits, want of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/guard.h"
#include "tests/support/sio_peer.h"

#define S 1000000000ull

#define PH(n) "{\"_placeholder\":true,\"num\":" #n "}"

static struct sio_peer peer;

static int setup(void **state)
{
	(void)state;
	peer_init(&peer);
	peer.config.transports = SIO_WEBSOCKET;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	peer_free(&peer);
	return 0;
}

static void expect(const char *lines)
{
	assert_string_equal(peer_take(&peer), lines);
}

/* ---- binary ---- */

static void test_binary_sent(void **state)
{
	static const struct sio_binary more[] = {{"\x04\x05", 2}, {"", 0}};
	const struct sio_value args[] = {
		{.type = SIO_BINARY, .data = "\x01", .len = 1},
		{.type = SIO_JSON,
		 .data = "{\"x\":[" PH(2) "," PH(3) "]}",
		 .len = strlen("{\"x\":[" PH(2) "," PH(3) "]}")},
		{.type = SIO_BINARY, .data = "\x02\x03", .len = 2},
	};
	const struct sio_emit emit = {
		.name = "b",
		.args = args,
		.n_args = 3,
		.attachments = more,
		.n_attachments = 2,
	};

	(void)state;
	peer_join_ws(&peer);
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns), 0);
	expect("> 454-[\"b\"," PH(0) ",{\"x\":[" PH(2) "," PH(3) "]}," PH(
		1) "]\n"
		   ">b 01\n>b 0203\n>b 0405\n>b \n");
}

static void test_binary_received(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	peer_ws_text(&peer, "452-[\"b\",{\"x\":[" PH(1) "]}," PH(0) "]");
	expect("");
	peer_ws_binary(&peer, "\x01\x00\xff", 3);
	expect("");
	peer_ws_binary(&peer, "", 0);
	expect("MESSAGE / b [{\"x\":[" PH(1) "]}," PH(0) "] +0100ff +\n");
	/* a ping between packet and attachment is no message */
	peer_ws_text(&peer, "451-[\"b\"," PH(0) "]");
	peer_ws_text(&peer, "2");
	peer_ws_binary(&peer, "\x07", 1);
	expect("> 3\nMESSAGE / b [" PH(0) "] +07\n");
}

static void test_binary_in_pieces(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	peer_ws_text(&peer, "451-[\"b\"," PH(0) "]");
	for (int i = 0; i < 3; i++)
		sio_client_ws_feed(peer.client, peer.ws, true, "\xab", 1,
				   i == 2, peer.now_ns);
	expect("MESSAGE / b [" PH(0) "] +ababab\n");
}

static void test_binary_acks(void **state)
{
	const struct sio_value arg = {
		.type = SIO_BINARY, .data = "\x09", .len = 1};
	const struct sio_emit emit = {.name = "q", .want_ack = true};

	(void)state;
	peer_join_ws(&peer);
	peer_ws_text(&peer, "4213[\"q\"]");
	peer_skip(&peer);
	assert_int_equal(sio_client_ack(peer.client, "/", peer.ack_id, &arg, 1,
					peer.now_ns),
			 SIO_OK);
	expect("> 461-13[" PH(0) "]\n>b 09\n");
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns), 0);
	peer_skip(&peer);
	peer_ws_text(&peer, "461-0[" PH(0) "]");
	peer_ws_binary(&peer, "\x0a", 1);
	expect("ACK 0 [" PH(0) "] +0a\n");
}

static void test_attachments_sent_are_bounded(void **state)
{
	struct sio_value args[11];
	struct sio_emit emit = {.name = "b", .args = args, .n_args = 11};

	(void)state;
	for (int i = 0; i < 11; i++)
		args[i] = (struct sio_value){.type = SIO_BINARY};
	peer_join_ws(&peer);
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns),
			 SIO_ERR_TOO_BIG);
	expect("");
	emit.n_args = 10;
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns), 0);
}

/* All of a packet or nothing of it. */
static void test_attachment_too_big_takes_its_packet_back(void **state)
{
	static const char big[1000001];
	const struct sio_value args[] = {
		{.type = SIO_BINARY, .data = big, .len = 10},
		{.type = SIO_BINARY, .data = big, .len = sizeof(big)},
	};
	const struct sio_emit emit = {.name = "b", .args = args, .n_args = 2};

	(void)state;
	peer.config.max_output_bytes = 4000000;
	peer_join_ws(&peer);
	assert_int_equal(peer_emit(&peer, "a", "1"), SIO_OK);
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns),
			 SIO_ERR_TOO_BIG);
	assert_int_equal(peer_emit(&peer, "a", "2"), SIO_OK);
	expect("> 42[\"a\",\"1\"]\n> 42[\"a\",\"2\"]\n");
}

static void test_message_above_the_buffer(void **state)
{
	static const char big[300000];
	const struct sio_value arg = {
		.type = SIO_BINARY, .data = big, .len = sizeof(big)};
	const struct sio_emit emit = {.name = "b", .args = &arg, .n_args = 1};

	(void)state;
	peer.config.max_output_bytes = 1000;
	peer_join_ws(&peer);
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns),
			 SIO_ERR_TOO_BIG);
	assert_int_equal(peer_emit(&peer, "a", "1"), SIO_OK);
	/* something waits: it might fit later, and is told then */
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns),
			 SIO_ERR_FULL);
	expect("> 42[\"a\",\"1\"]\n");
}

/* ---- namespaces ---- */

static void test_several_namespaces(void **state)
{
	const struct sio_emit emit = {.nsp = "/b", .name = "x"};

	(void)state;
	if (sio_client_new(&peer.config, &peer.client) != SIO_OK)
		fail();
	assert_int_equal(sio_client_join(peer.client, "/a", peer.now_ns), 0);
	assert_int_equal(sio_client_join(peer.client, "/b", peer.now_ns), 0);
	assert_int_equal(sio_client_join(peer.client, "/b", peer.now_ns), 0);
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	expect("> 40/a,\n> 40/b,\nOPEN S websocket\n");
	peer_ws_text(&peer, "40/b,{\"sid\":\"B\"}");
	expect("CONNECT /b B\n");
	assert_true(sio_client_connected(peer.client, "/b"));
	assert_false(sio_client_connected(peer.client, "/a"));
	assert_false(sio_client_connected(peer.client, NULL));
	peer_ws_text(&peer, "40/a,{\"sid\":\"A\"}");
	expect("CONNECT /a A\n");
	peer_ws_text(&peer, "42/a,[\"x\"]");
	peer_ws_text(&peer, "42/b,[\"y\"]");
	peer_ws_text(&peer, "42/c,[\"z\"]");
	peer_ws_text(&peer, "42[\"z\"]");
	expect("MESSAGE /a x []\nMESSAGE /b y []\n");
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns), 0);
	expect("> 42/b,[\"x\"]\n");
	sio_client_stop(peer.client, peer.now_ns);
	expect("> 41/a,\n> 41/b,\n> 1\nWS_CLOSE\n");
}

static void test_join_and_leave_while_connected(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	assert_int_equal(sio_client_join(peer.client, "/a", peer.now_ns), 0);
	expect("> 40/a,\n");
	peer_ws_text(&peer, "40/a,{\"sid\":\"A\"}");
	expect("CONNECT /a A\n");
	assert_int_equal(sio_client_leave(peer.client, "/a", peer.now_ns), 0);
	expect("> 41/a,\n");
	assert_int_equal(sio_client_leave(peer.client, "/a", peer.now_ns),
			 SIO_ERR_INVALID);
	/* what was under way for it */
	peer_ws_text(&peer, "42/a,[\"x\"]");
	expect("");
}

static void test_leave_before_the_answer(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	(void)sio_client_join(peer.client, "/a", peer.now_ns);
	(void)sio_client_join(peer.client, "/b", peer.now_ns);
	(void)sio_client_join(peer.client, "/c", peer.now_ns);
	peer_skip(&peer);
	(void)sio_client_leave(peer.client, "/a", peer.now_ns);
	(void)sio_client_leave(peer.client, "/b", peer.now_ns);
	(void)sio_client_leave(peer.client, "/c", peer.now_ns);
	/* and one changes its mind */
	(void)sio_client_join(peer.client, "/c", peer.now_ns);
	expect("");
	peer_ws_text(&peer, "40/a,{\"sid\":\"A\"}");
	expect("> 41/a,\n");
	peer_ws_text(&peer, "44/b,{\"message\":\"no\"}");
	expect("");
	peer_ws_text(&peer, "40/c,{\"sid\":\"C\"}");
	expect("CONNECT /c C\n");
}

static void test_left_before_a_session(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	(void)sio_client_join(peer.client, "/a", peer.now_ns);
	(void)sio_client_leave(peer.client, "/a", peer.now_ns);
	peer_skip(&peer);
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1006, "");
	(void)sio_client_join(peer.client, "/b", peer.now_ns);
	(void)sio_client_leave(peer.client, "/b", peer.now_ns);
	peer_wait_next(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	expect("> 40\nOPEN S websocket\n");
}

static void test_bad_namespaces(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	assert_int_equal(sio_client_join(peer.client, "a", 0), SIO_ERR_INVALID);
	assert_int_equal(sio_client_join(peer.client, "", 0), SIO_ERR_INVALID);
	assert_int_equal(sio_client_join(peer.client, "/a,b", 0),
			 SIO_ERR_INVALID);
	assert_int_equal(sio_client_join(peer.client, "/a\n", 0),
			 SIO_ERR_INVALID);
	expect("");
}

/* One is refused, the other keeps the session: tried again by the same. */
static void test_one_of_two_refused(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	(void)sio_client_join(peer.client, "/admin", peer.now_ns);
	peer_skip(&peer);
	peer_ws_text(&peer, "44/admin,{\"message\":\"no\"}");
	expect("CONNECT_ERROR /admin: no {\"message\":\"no\"}\n");
	assert_in_range(peer.retry_ns, 5 * S, 10 * S);
	peer_wait(&peer, 10000);
	expect("> 40/admin,\n");
	peer_ws_text(&peer, "40/admin,{\"sid\":\"A\"}");
	expect("CONNECT /admin A\n");
	peer_ws_text(&peer, "41/admin,");
	expect("DISCONNECT /admin\n");
	assert_true(sio_client_connected(peer.client, "/"));
	/* without the last one nothing keeps it */
	peer_ws_text(&peer, "41");
	expect("WS_CLOSE\nDISCONNECT /\n"
	       "LOST refused 0: the server ended the connection\n");
}

static void test_acks_of_a_namespace_end_with_it(void **state)
{
	struct sio_emit emit = {.nsp = "/a", .name = "q", .want_ack = true};

	(void)state;
	peer_join_ws(&peer);
	(void)sio_client_join(peer.client, "/a", peer.now_ns);
	peer_ws_text(&peer, "40/a,{\"sid\":\"A\"}");
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns), 0);
	emit.nsp = "/";
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns), 0);
	peer_skip(&peer);
	/* each namespace counts for itself */
	peer_ws_text(&peer, "41/a,");
	expect("ACK 0 timed out\nDISCONNECT /a\n");
	peer_ws_text(&peer, "430[]");
	expect("ACK 0 []\n");
}

/* ---- connection state recovery ---- */

static int auth_token(void *user, const char *nsp, char *buf, size_t size)
{
	(void)user;
	(void)nsp;
	return snprintf(buf, size, "{ \"token\":1}");
}

static void lose_and_reopen(void)
{
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1006, "");
	peer_skip(&peer);
	peer_wait_next(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
}

static void join_recoverable(void)
{
	peer.config.recovery = true;
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	peer_ws_text(&peer, "40{\"sid\":\"N\",\"pid\":\"P\\\"\"}");
	peer_ws_text(&peer, "42[\"a\",1,\"off\\\"1\"]");
	peer_skip(&peer);
}

static void test_recovery(void **state)
{
	(void)state;
	peer.config.auth = auth_token;
	join_recoverable();
	lose_and_reopen();
	expect("> 40{\"pid\":\"P\\\"\",\"offset\":\"off\\\"1\",\"token\":1}\n"
	       "OPEN S websocket\n");
	/* what was missed comes before the answer, and is told behind it */
	peer_ws_text(&peer, "42[\"missed\",\"off2\"]");
	peer_ws_text(&peer, "42[\"missed\",\"off3\"]");
	expect("");
	peer_ws_text(&peer, "40{\"sid\":\"N\",\"pid\":\"P\\\"\"}");
	expect("CONNECT / N recovered\nMESSAGE / missed [\"off2\"]\n"
	       "MESSAGE / missed [\"off3\"]\n");
	lose_and_reopen();
	expect("> 40{\"pid\":\"P\\\"\",\"offset\":\"off3\",\"token\":1}\n"
	       "OPEN S websocket\n");
}

static void test_recovery_without_credentials(void **state)
{
	(void)state;
	join_recoverable();
	lose_and_reopen();
	expect("> 40{\"pid\":\"P\\\"\",\"offset\":\"off\\\"1\"}\n"
	       "OPEN S websocket\n");
}

/* Lost again before the answer: what was held was never told. */
static void test_recovery_cut_in_the_middle(void **state)
{
	(void)state;
	join_recoverable();
	lose_and_reopen();
	peer_ws_text(&peer, "42[\"missed\",\"off2\"]");
	peer_skip(&peer);
	lose_and_reopen();
	expect("> 40{\"pid\":\"P\\\"\",\"offset\":\"off\\\"1\"}\n"
	       "OPEN S websocket\n");
}

static void test_recovery_refused_by_a_new_id(void **state)
{
	(void)state;
	join_recoverable();
	lose_and_reopen();
	peer_ws_text(&peer, "40{\"sid\":\"N2\",\"pid\":\"Q\"}");
	peer_skip(&peer);
	/* without an offset of the new session there is nothing to ask for */
	lose_and_reopen();
	expect("> 40\nOPEN S websocket\n");
}

static void test_no_offset_no_recovery(void **state)
{
	(void)state;
	peer.config.recovery = true;
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	peer_ws_text(&peer, "40{\"sid\":\"N\",\"pid\":\"P\"}");
	peer_ws_text(&peer, "42[\"a\",1]");
	peer_skip(&peer);
	lose_and_reopen();
	expect("> 40\nOPEN S websocket\n");
}

static void test_recovery_only_if_asked_for(void **state)
{
	(void)state;
	join_recoverable();
	peer_free(&peer);
	setup(NULL);
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	peer_ws_text(&peer, "40{\"sid\":\"N\",\"pid\":\"P\"}");
	peer_ws_text(&peer, "42[\"a\",\"off\"]");
	lose_and_reopen();
	peer_skip(&peer);
	lose_and_reopen();
	expect("> 40\nOPEN S websocket\n");
}

/* ---- limits ---- */

static void test_message_size_is_bounded(void **state)
{
	static char big[1001];

	(void)state;
	memset(big, '4', sizeof(big));
	peer.config.max_message_bytes = 1000;
	peer_join_ws(&peer);
	sio_client_ws_feed(peer.client, peer.ws, false, big, 1001, true,
			   peer.now_ns);
	expect("WS_CLOSE\nLOST Engine.IO 0: a message above 1000 bytes\n");
}

static void test_fragmented_message_size_is_bounded(void **state)
{
	(void)state;
	peer.config.max_message_bytes = 1000;
	peer_join_ws(&peer);
	for (int i = 0; i < 1000; i++)
		sio_client_ws_feed(peer.client, peer.ws, false, "4", 1, false,
				   peer.now_ns);
	expect("");
	sio_client_ws_feed(peer.client, peer.ws, false, "4", 1, false,
			   peer.now_ns);
	expect("WS_CLOSE\nLOST Engine.IO 0: a message above 1000 bytes\n");
}

static void test_events_not_taken_are_bounded(void **state)
{
	(void)state;
	peer.config.max_events = 10;
	peer_join_ws(&peer);
	for (int i = 0; i < 10; i++)
		peer_ws_text(&peer, "42[\"x\"]");
	assert_true(sio_client_connected(peer.client, "/"));
	peer_ws_text(&peer, "42[\"x\"]");
	assert_false(sio_client_connected(peer.client, "/"));
	assert_non_null(strstr(peer_take(&peer), "LOST local 0: "));
	assert_int_equal(peer.n_events, 2 + 10 + 1);
}

static void test_bytes_not_taken_are_bounded(void **state)
{
	static char text[60000];
	int n = 0;

	(void)state;
	peer.config.max_event_bytes = 500000;
	peer_join_ws(&peer);
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "42[\"x\",\"", 8);
	memcpy(text + sizeof(text) - 3, "\"]", 2);
	while (sio_client_connected(peer.client, "/") && n < 100) {
		peer_ws_text(&peer, text);
		n++;
	}
	assert_int_equal(n, 9);
}

static void test_held_events_are_bounded(void **state)
{
	(void)state;
	peer.config.max_events = 10;
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	peer_skip(&peer);
	for (int i = 0; i < 11; i++)
		peer_ws_text(&peer, "42[\"x\"]");
	expect("WS_CLOSE\n"
	       "FAILED local 0: received events were not taken in time\n");
}

static void test_attachments_are_bounded(void **state)
{
	static char big[1000];

	(void)state;
	peer.config.max_event_bytes = 5000;
	peer_join_ws(&peer);
	peer_ws_text(&peer, "4510-[\"b\"]");
	for (int i = 0; i < 5; i++)
		peer_ws_binary(&peer, big, sizeof(big));
	expect("WS_CLOSE\n"
	       "LOST local 0: received events were not taken in time\n");
}

static void test_failures_not_taken_are_bounded(void **state)
{
	struct sio_event e;
	struct sio_request r;
	int n = 0;

	(void)state;
	peer.config.max_events = 5;
	peer_start(&peer);
	for (int i = 0; i < 50; i++) {
		const struct sio_failure f = {SIO_STAGE_DNS, i, "no"};

		while (sio_client_next_request(peer.client, &r) == SIO_OK)
			if (r.op == SIO_OP_WS_OPEN)
				sio_client_failed(peer.client, r.channel, &f,
						  peer.now_ns);
		peer_wait_next(&peer);
	}
	while (sio_client_next_event(peer.client, &e) == SIO_OK)
		n++;
	assert_int_equal(n, 6);
	/* the newest is among them */
	assert_int_equal(e.failure.status, 49);
}

/* ---- byte by byte, at a guard page, without memory ---- */

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
			const struct sio_emit emit = {
				.name = "q",
				.want_ack = true,
			};

			(void)sio_client_emit(peer.client, &emit, peer.now_ns);
			(void)peer_emit(&peer, "data", "text");
		}
		peer_skip(&peer);
	}
}

static void begin_script(void)
{
	peer.config.recovery = true;
	peer.config.auth = auth_token;
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
	setup(NULL);
	begin_script();
	assert_int_equal(sio_client_new(&peer.config, &peer.client), SIO_OK);
	run_script(true);
	assert_int_equal(peer.n_events, whole);
}

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

	setup(NULL);
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
	setup(NULL);
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
	setup(NULL);
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

/* The carrier takes requests and never events. */
static void test_no_room_for_connect(void **state)
{
	(void)state;
	peer.config.max_events = 1;
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	peer_ws_text(&peer, "40{\"sid\":\"N\"}");
	expect("WS_CLOSE\nOPEN S websocket\nLOST local 0: local\n");
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

static int auth_too_long(void *user, const char *nsp, char *buf, size_t size)
{
	(void)user;
	(void)nsp;
	/* as snprintf() says how much it would have been */
	return snprintf(buf, size, "{\"t\":\"%020000d\"}", 1);
}

static void test_credentials_too_long(void **state)
{
	(void)state;
	peer.config.auth = auth_too_long;
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	expect("WS_CLOSE\nOPEN S websocket\n"
	       "CONNECT_ERROR /: the credentials are too long \n"
	       "FAILED local 0: the credentials are too long\n");
}

static void test_steady_stream_allocates_nothing(void **state)
{
	size_t before;

	(void)state;
	peer_join_ws(&peer);
	for (int i = 0; i < 3; i++) {
		peer_ws_text(&peer, "42[\"data\",{\"message\":\"m\"}]");
		(void)peer_emit(&peer, "data", "text");
		peer_skip(&peer);
	}
	before = peer.memory.requests;
	for (int i = 0; i < 1000; i++) {
		peer_ws_text(&peer, "42[\"data\",{\"message\":\"m\"}]");
		(void)peer_emit(&peer, "data", "text");
		peer_skip(&peer);
	}
	assert_int_equal(peer.memory.requests, before);
}

static void test_a_thousand_reconnections_leave_nothing(void **state)
{
	size_t live;

	(void)state;
	peer_join_ws(&peer);
	live = peer.memory.live;
	for (int i = 0; i < 1000; i++) {
		const struct sio_emit emit = {.name = "q", .want_ack = true};

		(void)sio_client_emit(peer.client, &emit, peer.now_ns);
		peer_ws_text(&peer, "451-[\"b\"," PH(0) "]");
		lose_and_reopen();
		peer_ws_text(&peer, "40{\"sid\":\"N\"}");
		peer_skip(&peer);
		assert_true(sio_client_connected(peer.client, "/"));
	}
	/* buffers may have grown once */
	assert_in_range(peer.memory.live, live, live + 4);
}

static void test_a_hundred_clients(void **state)
{
	static struct sio_peer peers[100];

	(void)state;
	for (int i = 0; i < 100; i++) {
		peer_init(&peers[i]);
		peers[i].config.seed = (uint64_t)i;
		peer_join_ws(&peers[i]);
	}
	for (int i = 0; i < 100; i++) {
		char text[32];

		snprintf(text, sizeof(text), "42[\"n\",%d]", i);
		peer_ws_text(&peers[i], text);
		snprintf(text, sizeof(text), "MESSAGE / n [%d]\n", i);
		assert_string_equal(peer_take(&peers[i]), text);
	}
	for (int i = 0; i < 100; i++)
		peer_free(&peers[i]);
	peer_start(&peer);
}

static void count_line(void *user, const char *line)
{
	int *n = user;

	*n += strlen(line) > 0;
}

static void test_own_log(void **state)
{
	int n = 0;

	(void)state;
	peer.config.log = count_line;
	peer.config.user = &n;
	peer_join_ws(&peer);
	assert_int_equal(n, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_binary_sent),
		T(test_binary_received),
		T(test_binary_in_pieces),
		T(test_binary_acks),
		T(test_attachments_sent_are_bounded),
		T(test_attachment_too_big_takes_its_packet_back),
		T(test_message_above_the_buffer),
		T(test_several_namespaces),
		T(test_join_and_leave_while_connected),
		T(test_leave_before_the_answer),
		T(test_left_before_a_session),
		T(test_bad_namespaces),
		T(test_one_of_two_refused),
		T(test_acks_of_a_namespace_end_with_it),
		T(test_recovery),
		T(test_recovery_without_credentials),
		T(test_recovery_cut_in_the_middle),
		T(test_recovery_refused_by_a_new_id),
		T(test_no_offset_no_recovery),
		T(test_recovery_only_if_asked_for),
		T(test_message_size_is_bounded),
		T(test_fragmented_message_size_is_bounded),
		T(test_events_not_taken_are_bounded),
		T(test_bytes_not_taken_are_bounded),
		T(test_held_events_are_bounded),
		T(test_attachments_are_bounded),
		T(test_failures_not_taken_are_bounded),
		T(test_byte_by_byte_is_the_same),
		T(test_each_allocation_failing),
		T(test_each_allocation_failing_while_polling),
		T(test_out_of_memory_is_told_and_survived),
		T(test_out_of_memory_in_a_fragment),
		T(test_no_room_for_connect),
		T(test_out_of_memory_while_stopping),
		T(test_credentials_too_long),
		T(test_steady_stream_allocates_nothing),
		T(test_a_thousand_reconnections_leave_nothing),
		T(test_a_hundred_clients),
		T(test_own_log),
	};

	return cmocka_run_group_tests_name("sio_client_more", tests, NULL,
					   NULL);
}
