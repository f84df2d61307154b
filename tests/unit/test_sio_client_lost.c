/* SPDX-License-Identifier: ISC */
/* Heartbeat, the ends of a session, and coming back. */
#include <limits.h>

#include "tests/support/sio_test.h"

/* ---- heartbeat ---- */

static void test_ping_is_answered(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	peer_wait(&peer, 25000);
	peer_ws_text(&peer, "2");
	expect("> 3\n");
}

static void test_heartbeat_lost(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	peer_wait(&peer, 40000);
	/* only a ping counts, not other traffic */
	peer_ws_text(&peer, "42[\"x\"]");
	peer_skip(&peer);
	peer_wait(&peer, 4999);
	expect("");
	peer_wait(&peer, 1);
	expect("ABORT WS\nLOST heartbeat lost 0: no ping for 45 s\n");
	assert_in_range(peer.retry_ns, 100 * MS, 1 * S);
}

/* The time is said as it is, however short. */
static void test_heartbeat_lost_in_words(void **state)
{
	static const struct {
		const char *interval;
		const char *timeout;
		const char *seconds;
	} rows[] = {
		{"25000", "20000", "45"}, {"600", "400", "1"},
		{"1000", "500", "1.5"},	  {"200", "100", "0.3"},
		{"40", "5", "0.045"},	  {"33.3", "0.001", "0.033301"},
		{"5", "5", "0.01"},	  {"8640000", "1e99", "95040"},
	};

	(void)state;
	peer_start(&peer);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[160];

		peer_skip(&peer);
		peer_ws_open(&peer);
		snprintf(text, sizeof(text),
			 "0{\"sid\":\"S\",\"upgrades\":[],\"pingInterval\":%s,"
			 "\"pingTimeout\":%s}",
			 rows[i].interval, rows[i].timeout);
		peer_ws_text(&peer, text);
		peer_ws_text(&peer, "40{\"sid\":\"N\"}");
		peer_skip(&peer);
		peer_wait_next(&peer);
		snprintf(text, sizeof(text),
			 "ABORT WS\nLOST heartbeat lost 0: no ping for %s s\n",
			 rows[i].seconds);
		expect(text);
		peer_wait_next(&peer);
	}
}

static void test_heartbeat_restarts_with_each_ping(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	for (int i = 0; i < 5; i++) {
		peer_wait(&peer, 44000);
		peer_ws_text(&peer, "2");
		expect("> 3\n");
	}
}

/* A pong goes in front of what is queued, a message that was shown stays. */
static void test_pong_overtakes_the_queue(void **state)
{
	struct sio_output o;

	(void)state;
	peer_join_ws(&peer);
	(void)peer_emit(&peer, "a", "1");
	(void)peer_emit(&peer, "b", "2");
	assert_int_equal(sio_client_peek_output(peer.client, &o), SIO_OK);
	peer_ws_text(&peer, "2");
	assert_int_equal(sio_client_peek_output(peer.client, &o), SIO_OK);
	assert_memory_equal(o.data, "42[\"a\",\"1\"]", 11);
	sio_client_commit_output(peer.client);
	expect("> 3\n> 42[\"b\",\"2\"]\n");
}

/* ---- losing and coming back ---- */

static void test_backoff_doubles_with_full_jitter(void **state)
{
	static const uint64_t bounds[] = {1, 2, 4, 8, 16, 30, 30, 30};

	(void)state;
	peer_start(&peer);
	for (int i = 0; i < 8; i++) {
		expect("WS_OPEN " PEER_WS "\n");
		peer_ws_fail(&peer, SIO_STAGE_TCP, 0, "connection refused");
		expect("FAILED TCP 0: connection refused\n");
		assert_in_range(peer.retry_ns, 100 * MS, bounds[i] * S);
		peer_wait_next(&peer);
	}
}

static void test_backoff_starts_again_once_joined(void **state)
{
	(void)state;
	peer_start(&peer);
	for (int i = 0; i < 6; i++) {
		peer_skip(&peer);
		peer_ws_fail(&peer, SIO_STAGE_DNS, 0, "no such host");
		expect("FAILED DNS 0: no such host\n");
		peer_wait_next(&peer);
	}
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	peer_ws_text(&peer, "40{\"sid\":\"N\"}");
	peer_skip(&peer);
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1012, "");
	expect("LOST closed 1012: the server restarts\n");
	assert_in_range(peer.retry_ns, 100 * MS, 1 * S);
}

static void test_retry_now(void **state)
{
	(void)state;
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_fail(&peer, SIO_STAGE_TCP, 0, "unreachable");
	peer_skip(&peer);
	sio_client_retry_now(peer.client, peer.now_ns);
	expect("WS_OPEN " PEER_WS "\n");
	/* not while one is under way */
	sio_client_retry_now(peer.client, peer.now_ns);
	expect("");
}

static void test_engine_close(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	peer_ws_text(&peer, "1");
	expect("WS_CLOSE\nLOST closed 0: the server closed the session\n");
	assert_in_range(peer.retry_ns, 100 * MS, 1 * S);
}

static void test_close_codes_in_words(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1009, "");
	expect("LOST closed 1009: a message was larger than the server "
	       "accepts\n");
	peer_wait_next(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 4001, "go\naway");
	expect("FAILED closed 4001: go away\n");
	peer_wait_next(&peer);
	peer_skip(&peer);
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1008, "not you");
	expect("FAILED closed 1008: policy violation: not you\n");
	peer_wait_next(&peer);
	peer_skip(&peer);
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1004, NULL);
	expect("FAILED closed 1004: \n");
}

/* A carrier may give any number. */
static void test_close_codes_out_of_range(void **state)
{
	static const int codes[] = {INT_MIN, -1, 0, 999, 1016, INT_MAX};

	(void)state;
	peer_start(&peer);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		char line[64];

		peer_skip(&peer);
		peer_ws_fail(&peer, SIO_STAGE_CLOSED, codes[i], "");
		snprintf(line, sizeof(line), "FAILED closed %d: \n", codes[i]);
		expect(line);
		peer_wait_next(&peer);
	}
}

/* What comes for a channel of the past must not touch the present one. */
static void test_late_answers_are_ignored(void **state)
{
	const struct sio_failure f = {SIO_STAGE_CLOSED, 1006, ""};
	uint32_t old;

	(void)state;
	peer_join_ws(&peer);
	old = peer.ws;
	peer_ws_text(&peer, "1");
	peer_skip(&peer);
	peer_wait(&peer, 1000);
	expect("WS_OPEN " PEER_WS "\n");
	assert_int_not_equal(peer.ws, old);
	sio_client_ws_open(peer.client, old, peer.now_ns);
	sio_client_ws_feed(peer.client, old, false, "x", 1, true, peer.now_ns);
	sio_client_http_feed(peer.client, old, "x", 1, peer.now_ns);
	sio_client_http_end(peer.client, old, 500, peer.now_ns);
	sio_client_http_cookie(peer.client, old, "a=b", 3);
	sio_client_failed(peer.client, old, &f, peer.now_ns);
	sio_client_failed(peer.client, 0, &f, peer.now_ns);
	sio_client_failed(peer.client, 12345, &f, peer.now_ns);
	sio_client_commit_output(peer.client);
	expect("");
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	expect("> 40\nOPEN S websocket\n");
}

static void test_a_thousand_reconnections_leave_nothing(void **state)
{
	size_t live;

	(void)state;
	peer_join_ws(&peer);
	live = peer.memory.live;
	for (int i = 0; i < 1000; i++) {
		(void)sio_test_emit_ack(0, NULL);
		peer_ws_text(&peer, "451-[\"b\"," PH(0) "]");
		sio_test_lose_and_reopen();
		peer_ws_text(&peer, "40{\"sid\":\"N\"}");
		peer_skip(&peer);
		assert_true(sio_client_connected(peer.client, "/"));
	}
	/* buffers may have grown once */
	assert_in_range(peer.memory.live, live, live + 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T_WS(test_ping_is_answered),
		T_WS(test_heartbeat_lost),
		T_WS(test_heartbeat_lost_in_words),
		T_WS(test_heartbeat_restarts_with_each_ping),
		T_WS(test_pong_overtakes_the_queue),
		T_WS(test_backoff_doubles_with_full_jitter),
		T_WS(test_backoff_starts_again_once_joined),
		T_WS(test_retry_now),
		T_WS(test_engine_close),
		T_WS(test_close_codes_in_words),
		T_WS(test_late_answers_are_ignored),
		T_WS(test_a_thousand_reconnections_leave_nothing),
		T_WS(test_close_codes_out_of_range),
	};

	return cmocka_run_group_tests_name("sio_client_lost", tests, NULL,
					   NULL);
}
