/* SPDX-License-Identifier: ISC */
/* Several namespaces on one session. */
#include "tests/support/sio_test.h"

static void test_several_namespaces(void **state)
{
	const struct sio_emit emit = {.nsp = "/b", .name = "x"};

	(void)state;
	if (sio_client_new(&peer.config, &peer.client) != SIO_OK)
		fail();
	assert_int_equal(sio_client_join(peer.client, "/a", peer.now_ns), 0);
	assert_int_equal(sio_client_join(peer.client, "/b", peer.now_ns), 0);
	assert_int_equal(sio_client_join(peer.client, "/b", peer.now_ns), 0);
	peer_open_ws(&peer);
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
	peer_reopen_ws(&peer);
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
	assert_int_equal(sio_client_join(peer.client, "/a\x7f", 0),
			 SIO_ERR_INVALID);
	/* a server ends the connection on a frame that is not UTF-8 */
	assert_int_equal(sio_client_join(peer.client, "/\xff", 0),
			 SIO_ERR_INVALID);
	assert_int_equal(sio_client_join(peer.client, "/\xc3", 0),
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		T_WS(test_several_namespaces),
		T_WS(test_join_and_leave_while_connected),
		T_WS(test_leave_before_the_answer),
		T_WS(test_left_before_a_session),
		T_WS(test_bad_namespaces),
		T_WS(test_one_of_two_refused),
		T_WS(test_acks_of_a_namespace_end_with_it),
	};

	return cmocka_run_group_tests_name("sio_client_nsp", tests, NULL, NULL);
}
