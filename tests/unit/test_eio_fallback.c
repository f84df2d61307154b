/* SPDX-License-Identifier: ISC */
/* WebSocket first, polling where it is refused. */
#include "tests/support/sio_test.h"

static void test_fall_back(void **state)
{
	(void)state;
	peer_start(&peer);
	expect("WS_OPEN " PEER_WS "\n");
	peer_ws_fail(&peer, SIO_STAGE_HTTP, 400, "Bad Request");
	expect("GET " PEER_POLL "&t=*\n");
	peer_poll(&peer, 200, PEER_HANDSHAKE_POLLING);
	/* it was refused a moment ago: no probe */
	expect("POST " PEER_POLL "&sid=S&t=*: 40\n" GET_SID "OPEN S polling\n");
	peer_posted(&peer, 200, "ok");
	peer_poll(&peer, 200, "40{\"sid\":\"N\"}");
	expect(GET_SID "CONNECT / N\n");
	/* what worked is remembered */
	peer_poll_fail(&peer, SIO_STAGE_CLOSED, 0, "reset");
	expect("LOST closed 0: reset\n");
	peer_wait_next(&peer);
	expect("GET " PEER_POLL "&t=*\n");
}

static void test_fall_back_where_upgrades_are_swallowed(void **state)
{
	(void)state;
	peer_start(&peer);
	peer_skip(&peer);
	peer_wait_next(&peer);
	expect("ABORT WS\nGET " PEER_POLL "&t=*\n");
}

/* 101, and then no frame ever. */
static void test_fall_back_where_frames_are_swallowed(void **state)
{
	(void)state;
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_wait_next(&peer);
	expect("ABORT WS\nGET " PEER_POLL "&t=*\n");
}

/* Raw HTTP behind a 101: the carrier sees frames that are none. */
static void test_fall_back_after_garbage(void **state)
{
	(void)state;
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1002, "invalid frame");
	expect("GET " PEER_POLL "&t=*\n");
}

static void test_no_fall_back_without_a_server(void **state)
{
	static const enum sio_stage stages[] = {SIO_STAGE_DNS, SIO_STAGE_TCP,
						SIO_STAGE_TLS, SIO_STAGE_PROXY};

	(void)state;
	peer_start(&peer);
	for (int i = 0; i < 4; i++) {
		peer_skip(&peer);
		peer_ws_fail(&peer, stages[i], 0, "no");
		assert_non_null(strstr(peer_take(&peer), "FAILED"));
		peer_wait_next(&peer);
	}
	expect("WS_OPEN " PEER_WS "\n");
}

/* Both refused: WebSocket is not held to be the culprit. */
static void test_refused_both_ways(void **state)
{
	(void)state;
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_fail(&peer, SIO_STAGE_HTTP, 502, "");
	peer_skip(&peer);
	peer_poll(&peer, 502, "");
	expect("FAILED HTTP 502: the server behind the proxy does not "
	       "answer\n");
	peer_wait_next(&peer);
	expect("WS_OPEN " PEER_WS "\n");
}

static void test_no_polling_where_it_is_not_allowed(void **state)
{
	(void)state;
	peer.config.transports = SIO_WEBSOCKET;
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_fail(&peer, SIO_STAGE_HTTP, 403, "Forbidden");
	expect("FAILED HTTP 403: Forbidden\n");
}

/* After five minutes WebSocket is tried again, by the session that is open. */
static void test_websocket_is_tried_again(void **state)
{
	(void)state;
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_fail(&peer, SIO_STAGE_HTTP, 400, "");
	peer_skip(&peer);
	peer_poll(&peer, 200, PEER_HANDSHAKE_POLLING);
	peer_skip(&peer);
	peer_posted(&peer, 200, "ok");
	peer_poll(&peer, 200, "40{\"sid\":\"N\"}");
	peer_skip(&peer);
	for (int i = 0; i < 7; i++) {
		peer_wait(&peer, 40000);
		peer_poll(&peer, 200, "2");
		expect(POST_SID "3\n" GET_SID);
		peer_posted(&peer, 200, "ok");
	}
	peer_wait(&peer, 20000);
	expect("WS_OPEN " PEER_WS "&sid=S\n");
	/* refused again: the next time is later */
	peer_ws_fail(&peer, SIO_STAGE_HTTP, 400, "");
	peer_poll(&peer, 200, "2");
	expect(POST_SID "3\n" GET_SID);
	peer_posted(&peer, 200, "ok");
	for (int i = 0; i < 14; i++) {
		peer_wait(&peer, 40000);
		peer_poll(&peer, 200, "2");
		expect(POST_SID "3\n" GET_SID);
		peer_posted(&peer, 200, "ok");
	}
	peer_wait(&peer, 40000);
	expect("WS_OPEN " PEER_WS "&sid=S\n");
}

static void test_server_without_websocket(void **state)
{
	(void)state;
	peer.config.polling_first = true;
	peer_start(&peer);
	peer_skip(&peer);
	peer_poll(&peer, 200, PEER_HANDSHAKE);
	expect("POST " PEER_POLL "&sid=S&t=*: 40\n" GET_SID "OPEN S polling\n");
	peer_wait(&peer, 15000);
	expect("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_fall_back),
		T(test_fall_back_where_upgrades_are_swallowed),
		T(test_fall_back_after_garbage),
		T(test_no_fall_back_without_a_server),
		T(test_refused_both_ways),
		T(test_no_polling_where_it_is_not_allowed),
		T(test_websocket_is_tried_again),
		T(test_server_without_websocket),
		T(test_fall_back_where_frames_are_swallowed),
	};

	return cmocka_run_group_tests_name("eio_fallback", tests, NULL, NULL);
}
