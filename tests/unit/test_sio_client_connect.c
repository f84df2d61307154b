/* SPDX-License-Identifier: ISC */
/* The client over WebSocket: from start to CONNECT, step by step. */
#include "tests/support/sio_test.h"

static void test_connect(void **state)
{
	const char *payload = "{\"token\":\"t\"}";

	(void)state;
	peer.config.auth = sio_test_auth;
	peer.config.user = &payload;
	peer_start(&peer);
	expect("WS_OPEN " PEER_WS "\n");
	assert_false(sio_client_connected(peer.client, "/"));
	peer_ws_open(&peer);
	expect("");
	peer_ws_text(&peer, PEER_HANDSHAKE);
	expect("> 40{\"token\":\"t\"}\nOPEN S websocket\n");
	peer_ws_text(&peer, "40{\"sid\":\"N\"}");
	expect("CONNECT / N\n");
	assert_true(sio_client_connected(peer.client, "/"));
	assert_int_equal(sio_client_max_payload(peer.client), 1000000);
	assert_int_equal(sio_client_start(peer.client, peer.now_ns),
			 SIO_ERR_STATE);
}

static void test_path_and_query(void **state)
{
	(void)state;
	peer.config.path = "/prefix/socket.io/";
	peer.config.query = "a=b&c=d";
	peer_start(&peer);
	expect("WS_OPEN /prefix/socket.io/?EIO=4&transport=websocket"
	       "&a=b&c=d\n");
}

static void test_config_is_checked(void **state)
{
	static const char *const bad_paths[] = {
		"",    "socket.io/", "/socket.io", "/a b/", "/a\r\nX: y/",
		"/?/", "/a\tb/",     "/\x7f/",
	};
	struct sio_client *c = NULL;
	struct sio_config k;

	(void)state;
	for (size_t i = 0; i < sizeof(bad_paths) / sizeof(bad_paths[0]); i++) {
		sio_config_init(&k);
		k.path = bad_paths[i];
		assert_int_equal(sio_client_new(&k, &c), SIO_ERR_INVALID);
	}
	sio_config_init(&k);
	k.query = "a=b\r\nX: y";
	assert_int_equal(sio_client_new(&k, &c), SIO_ERR_INVALID);
	k.query = "a=\x01";
	assert_int_equal(sio_client_new(&k, &c), SIO_ERR_INVALID);
	sio_config_init(&k);
	k.max_event_bytes = 0;
	assert_int_equal(sio_client_new(&k, &c), SIO_ERR_INVALID);
	sio_config_init(&k);
	k.max_depth = 0;
	assert_int_equal(sio_client_new(&k, &c), SIO_ERR_INVALID);
	sio_config_init(&k);
	k.transports = 0;
	assert_int_equal(sio_client_new(&k, &c), SIO_ERR_INVALID);
	k.transports = 4;
	assert_int_equal(sio_client_new(&k, &c), SIO_ERR_INVALID);
	assert_null(c);
	peer_start(&peer);
}

static void test_handshake_without_max_payload(void **state)
{
	(void)state;
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, "0{\"sid\":\"S\",\"upgrades\":[],"
			    "\"pingInterval\":300,\"pingTimeout\":200}");
	expect("> 40\nOPEN S websocket\n");
	assert_true(sio_client_max_payload(peer.client) == SIZE_MAX);
}

static void test_socket_io_2_is_recognised(void **state)
{
	(void)state;
	peer_open_ws(&peer);
	peer_skip(&peer);
	peer_ws_text(&peer, "40");
	expect("WS_CLOSE\n"
	       "FAILED old server 0: the server speaks Socket.IO 2\n");
	assert_in_range(peer.retry_ns, 5 * S, 10 * S);
}

static void test_silence_at_each_step(void **state)
{
	(void)state;
	peer_start(&peer);
	peer_skip(&peer);
	assert_int_equal(sio_client_deadline(peer.client),
			 peer.now_ns + 20 * S);
	peer_wait_next(&peer);
	expect("ABORT WS\n"
	       "FAILED timeout 0: no answer to the WebSocket request\n");
	peer_wait_next(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_wait_next(&peer);
	expect("ABORT WS\nFAILED timeout 0: no Engine.IO handshake\n");
	peer_reopen_ws(&peer);
	peer_skip(&peer);
	peer_wait_next(&peer);
	expect("ABORT WS\nFAILED timeout 0: no answer to CONNECT of /\n");
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

static void test_strings(void **state)
{
	(void)state;
	for (int i = -20; i < 20; i++)
		assert_true(strlen(sio_strerror(i)) > 0);
	for (int i = 0; i <= SIO_STAGE_LOCAL; i++)
		assert_true(strlen(sio_stage_name((enum sio_stage)i)) > 0);
	assert_string_equal(sio_stage_name((enum sio_stage)99),
			    "unknown stage");
	peer_start(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T_WS(test_connect),
		T_WS(test_path_and_query),
		T_WS(test_config_is_checked),
		T_WS(test_handshake_without_max_payload),
		T_WS(test_socket_io_2_is_recognised),
		T_WS(test_silence_at_each_step),
		T_WS(test_own_log),
		T_WS(test_a_hundred_clients),
		T_WS(test_strings),
	};

	return cmocka_run_group_tests_name("sio_client_connect", tests, NULL,
					   NULL);
}
