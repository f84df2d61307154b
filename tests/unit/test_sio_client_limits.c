/* SPDX-License-Identifier: ISC */
/* Whatever a server can make grow has a limit. */
#include <limits.h>

#include "tests/support/sio_test.h"

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
	peer_open_ws(&peer);
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
	expect("WS_CLOSE\nLOST Socket.IO 0: a packet above 5000 bytes\n");
}

/* What was not taken of one session leaves no room for the next. */
static void test_no_room_for_open(void **state)
{
	struct sio_request r;

	(void)state;
	peer.config.max_events = 2;
	peer_join_ws(&peer);
	peer_ws_text(&peer, "42[\"x\"]");
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1006, "");
	peer_wait_next(&peer);
	/* the carrier takes requests, the application no events */
	assert_int_equal(sio_client_next_request(peer.client, &r), SIO_OK);
	assert_int_equal(r.op, SIO_OP_WS_OPEN);
	peer.ws = r.channel;
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	expect("WS_CLOSE\nMESSAGE / x []\n"
	       "LOST closed 1006: the connection was cut\n"
	       "FAILED local 0: local\n");
}

/* A limit that is no limit. */
static void test_limits_may_be_the_greatest_numbers(void **state)
{
	static const char big[300000];
	const struct sio_value arg = {
		.type = SIO_BINARY, .data = big, .len = sizeof(big)};
	const struct sio_emit emit = {.name = "b", .args = &arg, .n_args = 1};

	(void)state;
	peer.config.max_message_bytes = SIZE_MAX;
	peer.config.max_output_bytes = SIZE_MAX;
	peer.config.max_events = SIZE_MAX;
	peer.config.max_event_bytes = SIZE_MAX;
	peer.config.max_attachments = UINT_MAX;
	peer.config.max_depth = UINT_MAX;
	peer.config.max_acks = UINT_MAX;
	peer_join_ws(&peer);
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns), 0);
	peer_skip(&peer);
	peer_ws_text(&peer, "453-[\"b\"," PH(2) "]");
	for (int i = 0; i < 3; i++)
		peer_ws_binary(&peer, "x", 1);
	expect("MESSAGE / b [" PH(2) "] +78 +78 +78\n");
	/* these two have limits of their own */
	peer_ws_text(&peer, "451025-[\"b\"]");
	expect("WS_CLOSE\nLOST Socket.IO 0: a packet with too many attachments "
	       "or digits\n");
}

static void test_times_may_be_for_ever(void **state)
{
	(void)state;
	peer.config.connect_timeout_ns = SIO_NEVER;
	peer.config.backoff_max_ns = SIO_NEVER;
	peer.config.refusal_min_ns = SIO_NEVER;
	peer.config.refusal_max_ns = SIO_NEVER;
	peer_start(&peer);
	peer_skip(&peer);
	assert_true(sio_client_deadline(peer.client) == SIO_NEVER);
	peer_wait(&peer, 100000);
	expect("");
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	peer_ws_text(&peer, "40{\"sid\":\"N\"}");
	peer_skip(&peer);
	assert_int_equal(sio_test_emit_ack(SIO_NEVER, NULL), SIO_OK);
	peer_skip(&peer);
	peer_wait(&peer, 40000);
	expect("");
	peer_ws_text(&peer, "430[]");
	expect("ACK 0 []\n");
	/* half of the longest delay is the shortest */
	peer_ws_text(&peer, "41");
	peer_skip(&peer);
	peer_wait(&peer, UINT64_C(1000000000000));
	expect("");
}

/* Refused by a server that answers at once, and a config without patience. */
static void test_refusals_never_spin(void **state)
{
	(void)state;
	peer.config.refusal_min_ns = 0;
	peer.config.refusal_max_ns = 0;
	peer_join_ws(&peer);
	(void)sio_client_join(peer.client, "/a", peer.now_ns);
	peer_skip(&peer);
	peer_ws_text(&peer, "44/a,{\"message\":\"no\"}");
	peer_skip(&peer);
	assert_in_range(peer.retry_ns, 100 * MS, S);
	assert_true(sio_client_deadline(peer.client) > peer.now_ns);
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

/* The carrier takes requests and never events. */
static void test_no_room_for_connect(void **state)
{
	(void)state;
	peer.config.max_events = 1;
	peer_open_ws(&peer);
	peer_ws_text(&peer, "40{\"sid\":\"N\"}");
	expect("WS_CLOSE\nOPEN S websocket\nLOST local 0: local\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T_WS(test_message_size_is_bounded),
		T_WS(test_fragmented_message_size_is_bounded),
		T_WS(test_events_not_taken_are_bounded),
		T_WS(test_bytes_not_taken_are_bounded),
		T_WS(test_held_events_are_bounded),
		T_WS(test_attachments_are_bounded),
		T_WS(test_failures_not_taken_are_bounded),
		T_WS(test_no_room_for_connect),
		T_WS(test_limits_may_be_the_greatest_numbers),
		T_WS(test_times_may_be_for_ever),
		T_WS(test_refusals_never_spin),
		T_WS(test_no_room_for_open),
	};

	return cmocka_run_group_tests_name("sio_client_limits", tests, NULL,
					   NULL);
}
