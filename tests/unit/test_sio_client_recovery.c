/* SPDX-License-Identifier: ISC */
/* Connection state recovery: what was missed is told in order. */
#include "tests/support/sio_test.h"

static void join_recoverable(void)
{
	peer.config.recovery = true;
	peer_open_ws(&peer);
	peer_ws_text(&peer, "40{\"sid\":\"N\",\"pid\":\"P\\\"\"}");
	peer_ws_text(&peer, "42[\"a\",1,\"off\\\"1\"]");
	peer_skip(&peer);
}

static void test_recovery(void **state)
{
	static const char *auth = "{ \"token\":1}";

	(void)state;
	peer.config.auth = sio_test_auth;
	peer.config.user = &auth;
	join_recoverable();
	sio_test_lose_and_reopen();
	expect("> 40{\"pid\":\"P\\\"\",\"offset\":\"off\\\"1\",\"token\":1}\n"
	       "OPEN S websocket\n");
	/* what was missed comes before the answer, and is told behind it */
	peer_ws_text(&peer, "42[\"missed\",\"off2\"]");
	peer_ws_text(&peer, "42[\"missed\",\"off3\"]");
	expect("");
	peer_ws_text(&peer, "40{\"sid\":\"N\",\"pid\":\"P\\\"\"}");
	expect("CONNECT / N recovered\nMESSAGE / missed [\"off2\"]\n"
	       "MESSAGE / missed [\"off3\"]\n");
	sio_test_lose_and_reopen();
	expect("> 40{\"pid\":\"P\\\"\",\"offset\":\"off3\",\"token\":1}\n"
	       "OPEN S websocket\n");
}

static void test_recovery_without_credentials(void **state)
{
	(void)state;
	join_recoverable();
	sio_test_lose_and_reopen();
	expect("> 40{\"pid\":\"P\\\"\",\"offset\":\"off\\\"1\"}\n"
	       "OPEN S websocket\n");
}

/* Lost again before the answer: what was held was never told. */
static void test_recovery_cut_in_the_middle(void **state)
{
	(void)state;
	join_recoverable();
	sio_test_lose_and_reopen();
	peer_ws_text(&peer, "42[\"missed\",\"off2\"]");
	peer_skip(&peer);
	sio_test_lose_and_reopen();
	expect("> 40{\"pid\":\"P\\\"\",\"offset\":\"off\\\"1\"}\n"
	       "OPEN S websocket\n");
}

static void test_recovery_refused_by_a_new_id(void **state)
{
	(void)state;
	join_recoverable();
	sio_test_lose_and_reopen();
	peer_ws_text(&peer, "40{\"sid\":\"N2\",\"pid\":\"Q\"}");
	peer_skip(&peer);
	/* without an offset of the new session there is nothing to ask for */
	sio_test_lose_and_reopen();
	expect("> 40\nOPEN S websocket\n");
}

static void test_no_offset_no_recovery(void **state)
{
	(void)state;
	peer.config.recovery = true;
	peer_open_ws(&peer);
	peer_ws_text(&peer, "40{\"sid\":\"N\",\"pid\":\"P\"}");
	peer_ws_text(&peer, "42[\"a\",1]");
	peer_skip(&peer);
	sio_test_lose_and_reopen();
	expect("> 40\nOPEN S websocket\n");
}

/* A last argument so long is no offset, and does not replace one. */
static void test_long_text_is_no_offset(void **state)
{
	char text[400];

	(void)state;
	join_recoverable();
	snprintf(text, sizeof(text), "42[\"a\",\"%0300d\"]", 0);
	peer_ws_text(&peer, text);
	peer_skip(&peer);
	sio_test_lose_and_reopen();
	expect("> 40{\"pid\":\"P\\\"\",\"offset\":\"off\\\"1\"}\n"
	       "OPEN S websocket\n");
}

static void test_recovery_only_if_asked_for(void **state)
{
	(void)state;
	join_recoverable();
	peer_free(&peer);
	sio_test_setup_ws(NULL);
	peer_open_ws(&peer);
	peer_ws_text(&peer, "40{\"sid\":\"N\",\"pid\":\"P\"}");
	peer_ws_text(&peer, "42[\"a\",\"off\"]");
	sio_test_lose_and_reopen();
	peer_skip(&peer);
	sio_test_lose_and_reopen();
	expect("> 40\nOPEN S websocket\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T_WS(test_recovery),
		T_WS(test_recovery_without_credentials),
		T_WS(test_recovery_cut_in_the_middle),
		T_WS(test_recovery_refused_by_a_new_id),
		T_WS(test_no_offset_no_recovery),
		T_WS(test_recovery_only_if_asked_for),
		T_WS(test_long_text_is_no_offset),
	};

	return cmocka_run_group_tests_name("sio_client_recovery", tests, NULL,
					   NULL);
}
