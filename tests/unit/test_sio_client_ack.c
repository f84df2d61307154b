/* SPDX-License-Identifier: ISC */
/* Acknowledgements, awaited and given. */
#include "tests/support/sio_test.h"

static void test_ack_received(void **state)
{
	int a;
	int b;

	(void)state;
	peer_join_ws(&peer);
	assert_int_equal(sio_test_emit_ack(0, &a), SIO_OK);
	assert_int_equal(sio_test_emit_ack(0, &b), SIO_OK);
	expect("> 420[\"q\"]\n> 421[\"q\"]\n");
	peer_ws_text(&peer, "431[1,\"x\"]");
	expect("ACK 1 [1,\"x\"]\n");
	assert_ptr_equal(peer.ack_user, &b);
	peer_ws_text(&peer, "430[]");
	expect("ACK 0 []\n");
	assert_ptr_equal(peer.ack_user, &a);
	/* a second answer, and one that nobody asked for */
	peer_ws_text(&peer, "430[]");
	peer_ws_text(&peer, "4399[]");
	expect("");
}

static void test_ack_timeout(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	assert_int_equal(sio_test_emit_ack(2 * S, NULL), SIO_OK);
	assert_int_equal(sio_test_emit_ack(1 * S, NULL), SIO_OK);
	assert_int_equal(sio_test_emit_ack(0, NULL), SIO_OK);
	peer_skip(&peer);
	peer_wait(&peer, 999);
	expect("");
	peer_wait(&peer, 1);
	expect("ACK 1 timed out\n");
	peer_wait(&peer, 1000);
	expect("ACK 0 timed out\n");
	/* too late: it was told already */
	peer_ws_text(&peer, "430[]");
	expect("");
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1006, "");
	expect("ACK 2 timed out\n"
	       "LOST closed 1006: the connection was cut\n");
}

/* An emit that was refused has taken no id, and no answer will come. */
static void test_refused_emit_takes_no_id(void **state)
{
	static const char big[1000001];
	const struct sio_value arg = {
		.type = SIO_BINARY, .data = big, .len = sizeof(big)};
	const struct sio_emit emit = {
		.name = "q", .args = &arg, .n_args = 1, .want_ack = true};

	(void)state;
	peer_join_ws(&peer);
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns),
			 SIO_ERR_TOO_BIG);
	assert_int_equal(sio_test_emit_ack(0, NULL), SIO_OK);
	expect("> 420[\"q\"]\n");
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1006, "");
	expect("ACK 0 timed out\nLOST closed 1006: the connection was cut\n");
}

static void test_acks_are_bounded(void **state)
{
	(void)state;
	peer.config.max_acks = 2;
	peer_join_ws(&peer);
	assert_int_equal(sio_test_emit_ack(0, NULL), SIO_OK);
	assert_int_equal(sio_test_emit_ack(0, NULL), SIO_OK);
	assert_int_equal(sio_test_emit_ack(0, NULL), SIO_ERR_FULL);
	peer_skip(&peer);
	peer_ws_text(&peer, "430[]");
	assert_int_equal(sio_test_emit_ack(0, NULL), SIO_OK);
	expect("> 422[\"q\"]\nACK 0 []\n");
}

static void test_stop_tells_that_no_ack_will_come(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	assert_int_equal(sio_test_emit_ack(0, NULL), SIO_OK);
	sio_client_stop(peer.client, peer.now_ns);
	expect("> 420[\"q\"]\n> 41\n> 1\nACK 0 timed out\nWS_CLOSE\n");
}

/* It came, and there was no room to tell what it said: told once all the same. */
static void test_ack_without_room_is_told_once(void **state)
{
	(void)state;
	peer.config.max_events = 2;
	peer_join_ws(&peer);
	assert_int_equal(sio_test_emit_ack(0, NULL), SIO_OK);
	assert_int_equal(sio_test_emit_ack(0, NULL), SIO_OK);
	peer_skip(&peer);
	peer_ws_text(&peer, "42[\"x\"]");
	peer_ws_text(&peer, "42[\"y\"]");
	peer_ws_text(&peer, "430[1]");
	expect("WS_CLOSE\nMESSAGE / x []\nMESSAGE / y []\nACK 1 timed out\n"
	       "LOST local 0: local\nACK 0 timed out\n");
}

static void test_ack_answered(void **state)
{
	const struct sio_value arg = {.type = SIO_INT, .number = 7};

	(void)state;
	peer_join_ws(&peer);
	peer_ws_text(&peer, "4212[\"q\"]");
	expect("MESSAGE / q [] needs ack\n");
	assert_int_equal(sio_client_ack(peer.client, "/", peer.ack_id, &arg, 1,
					peer.now_ns),
			 SIO_OK);
	expect("> 4312[7]\n");
	assert_int_equal(sio_client_ack(peer.client, NULL, peer.ack_id, NULL, 0,
					peer.now_ns),
			 SIO_OK);
	expect("> 4312[]\n");
	assert_int_equal(
		sio_client_ack(peer.client, "/", -1, NULL, 0, peer.now_ns),
		SIO_ERR_INVALID);
}

/* A server ends the connection on an ACK for what it does not know. */
static void test_late_ack_is_never_sent(void **state)
{
	int64_t id;

	(void)state;
	peer_join_ws(&peer);
	peer_ws_text(&peer, "4212[\"q\"]");
	peer_skip(&peer);
	id = peer.ack_id;
	peer_ws_text(&peer, "41");
	assert_int_equal(
		sio_client_ack(peer.client, "/", id, NULL, 0, peer.now_ns), 0);
	peer_skip(&peer);
	peer_wait(&peer, 10000);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	peer_ws_text(&peer, "40{\"sid\":\"N2\"}");
	peer_skip(&peer);
	/* joined again, but the id is of the session before */
	assert_int_equal(
		sio_client_ack(peer.client, "/", id, NULL, 0, peer.now_ns), 0);
	expect("");
	assert_int_equal(
		sio_client_ack(peer.client, "/none", id, NULL, 0, peer.now_ns),
		0);
	expect("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T_WS(test_ack_received),
		T_WS(test_ack_timeout),
		T_WS(test_refused_emit_takes_no_id),
		T_WS(test_acks_are_bounded),
		T_WS(test_stop_tells_that_no_ack_will_come),
		T_WS(test_ack_answered),
		T_WS(test_late_ack_is_never_sent),
		T_WS(test_ack_without_room_is_told_once),
	};

	return cmocka_run_group_tests_name("sio_client_ack", tests, NULL, NULL);
}
