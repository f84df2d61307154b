/* SPDX-License-Identifier: ISC */
/* The way out, from every state. */
#include "tests/support/sio_test.h"

static void test_stop_in_order(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	(void)peer_emit(&peer, "last", "words");
	sio_client_stop(peer.client, peer.now_ns);
	assert_false(sio_client_stopped(peer.client));
	assert_int_equal(peer_emit(&peer, "late", ""), SIO_ERR_STATE);
	expect("> 42[\"last\",\"words\"]\n> 41\n> 1\nWS_CLOSE\n");
	assert_true(sio_client_stopped(peer.client));
	assert_true(sio_client_deadline(peer.client) == SIO_NEVER);
	sio_client_stop(peer.client, peer.now_ns);
	assert_int_equal(sio_client_start(peer.client, peer.now_ns),
			 SIO_ERR_STATE);
	assert_int_equal(sio_client_join(peer.client, "/x", peer.now_ns),
			 SIO_ERR_STATE);
	expect("");
}

static void test_stop_gives_up_where_nothing_leaves(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	sio_client_stop(peer.client, peer.now_ns);
	/* the carrier never takes the output */
	assert_int_equal(sio_client_deadline(peer.client), peer.now_ns + 5 * S);
	sio_client_timeout(peer.client, peer.now_ns + 5 * S);
	assert_true(sio_client_stopped(peer.client));
	expect("WS_CLOSE\n");
}

static void test_stop_before_start(void **state)
{
	(void)state;
	if (sio_client_new(&peer.config, &peer.client) != SIO_OK)
		fail();
	sio_client_stop(peer.client, peer.now_ns);
	assert_true(sio_client_stopped(peer.client));
}

static void test_stop_while_opening(void **state)
{
	(void)state;
	peer_start(&peer);
	peer_skip(&peer);
	sio_client_stop(peer.client, peer.now_ns);
	assert_true(sio_client_stopped(peer.client));
	expect("ABORT WS\n");
}

static void test_stop_before_connect_is_answered(void **state)
{
	(void)state;
	peer_open_ws(&peer);
	peer_skip(&peer);
	sio_client_stop(peer.client, peer.now_ns);
	/* no 41: it would be against the protocol */
	expect("> 1\nWS_CLOSE\n");
	assert_true(sio_client_stopped(peer.client));
}

static void test_stop_while_waiting(void **state)
{
	(void)state;
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_fail(&peer, SIO_STAGE_TLS, 0, "self-signed certificate");
	peer_skip(&peer);
	sio_client_stop(peer.client, peer.now_ns);
	assert_true(sio_client_stopped(peer.client));
	peer_wait(&peer, 60000);
	expect("");
}

static void test_lost_while_stopping(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	sio_client_stop(peer.client, peer.now_ns);
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1006, "");
	assert_true(sio_client_stopped(peer.client));
	expect("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T_WS(test_stop_in_order),
		T_WS(test_stop_gives_up_where_nothing_leaves),
		T_WS(test_stop_before_start),
		T_WS(test_stop_while_opening),
		T_WS(test_stop_before_connect_is_answered),
		T_WS(test_stop_while_waiting),
		T_WS(test_lost_while_stopping),
	};

	return cmocka_run_group_tests_name("sio_client_stop", tests, NULL,
					   NULL);
}
