/* SPDX-License-Identifier: ISC */
/* Events, received and sent: their encoding, and when one may leave. */
#include "tests/support/sio_test.h"

static void test_event_received(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	peer_ws_text(&peer, "42[\"data\",{\"a\":[1]}, \"b\"]");
	expect("MESSAGE / data [{\"a\":[1]}, \"b\"]\n");
	peer_ws_text(&peer, "42[\"none\"]");
	expect("MESSAGE / none []\n");
	peer_ws_text(&peer, "42[\"\\u0065\\n\\u0000z\",1]");
	expect("MESSAGE / e\n (4) [1]\n");
	peer_ws_text(&peer, "42[7,8]");
	expect("MESSAGE / 7 [8]\n");
}

static void test_event_in_pieces(void **state)
{
	static const char text[] = "42[\"data\",1]";

	(void)state;
	peer_join_ws(&peer);
	for (size_t i = 0; i < strlen(text); i++)
		sio_client_ws_feed(peer.client, peer.ws, false, text + i, 1,
				   false, peer.now_ns);
	expect("");
	sio_client_ws_feed(peer.client, peer.ws, false, NULL, 0, true,
			   peer.now_ns);
	expect("MESSAGE / data [1]\n");
}

static void test_event_sent(void **state)
{
	const struct sio_value args[] = {
		{.type = SIO_STRING, .data = "a\"\xff", .len = 3},
		{.type = SIO_JSON, .data = "{\"x\":1}", .len = 7},
		{.type = SIO_NULL},
		{.type = SIO_BOOL, .number = 1},
		{.type = SIO_BOOL},
		{.type = SIO_INT, .number = -5},
		{.type = SIO_STRING},
	};
	const struct sio_emit emit = {.name = "d\n", .args = args, .n_args = 7};

	(void)state;
	peer_join_ws(&peer);
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns), 0);
	expect("> 42[\"d\\n\",\"a\\\"\xef\xbf\xbd\",{\"x\":1},null,true,false,"
	       "-5,\"\"]\n");
}

static void test_emit_needs_a_joined_namespace(void **state)
{
	(void)state;
	peer_start(&peer);
	assert_int_equal(peer_emit(&peer, "data", "x"), SIO_ERR_STATE);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	assert_int_equal(peer_emit(&peer, "data", "x"), SIO_ERR_STATE);
	peer_ws_text(&peer, "40{\"sid\":\"N\"}");
	assert_int_equal(peer_emit(&peer, "data", "x"), SIO_OK);
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1006, "");
	assert_int_equal(peer_emit(&peer, "data", "x"), SIO_ERR_STATE);
}

static void test_emit_checks_its_arguments(void **state)
{
	const struct sio_value bad = {
		.type = SIO_JSON, .data = "{x}", .len = 3};
	struct sio_emit emit = {.name = "a", .args = &bad, .n_args = 1};

	(void)state;
	peer_join_ws(&peer);
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns),
			 SIO_ERR_SYNTAX);
	assert_int_equal(peer_emit(&peer, "disconnect", ""), SIO_ERR_INVALID);
	emit.name = NULL;
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns),
			 SIO_ERR_INVALID);
	expect("");
}

/* What may be sent may come back: an echo counts the array around it. */
static void test_depth_is_the_same_both_ways(void **state)
{
	char text[80] = "";
	struct sio_value arg = {.type = SIO_JSON, .data = text};
	const struct sio_emit emit = {.name = "a", .args = &arg, .n_args = 1};
	char echo[128];

	(void)state;
	peer_join_ws(&peer);
	for (size_t depth = 30; depth <= 33; depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		arg.len = 2 * depth;
		if (sio_client_emit(peer.client, &emit, peer.now_ns))
			break;
		snprintf(echo, sizeof(echo), "42[\"a\",%.*s]", (int)arg.len,
			 text);
		peer_ws_text(&peer, echo);
		assert_non_null(strstr(peer_take(&peer), "MESSAGE / a"));
	}
	assert_int_equal(arg.len, 2 * 32);
}

/* 42["data","..."] is 13 bytes around the text, and a limit counts them. */
static void test_max_payload_is_never_exceeded(void **state)
{
	char text[1001];

	(void)state;
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, "0{\"sid\":\"S\",\"upgrades\":[],\"pingInterval\":"
			    "300,\"pingTimeout\":200,\"maxPayload\":1000}");
	peer_ws_text(&peer, "40{\"sid\":\"N\"}");
	peer_skip(&peer);
	memset(text, 'x', sizeof(text));
	text[1000 - 13] = '\0';
	assert_int_equal(peer_emit(&peer, "data", text), SIO_OK);
	text[1000 - 13] = 'x';
	text[1000 - 12] = '\0';
	assert_int_equal(peer_emit(&peer, "data", text), SIO_ERR_TOO_BIG);
	(void)peer_take(&peer);
	assert_int_equal(peer.len, 2 + 1000 + 1);
}

static void test_output_is_bounded(void **state)
{
	char text[101];
	int n = 0;

	(void)state;
	peer.config.max_output_bytes = 1000;
	peer_join_ws(&peer);
	memset(text, 'x', 100);
	text[100] = '\0';
	while (peer_emit(&peer, "data", text) == SIO_OK)
		n++;
	assert_int_equal(n, 8);
	assert_int_equal(peer_emit(&peer, "data", text), SIO_ERR_FULL);
	assert_int_equal(sio_client_output_bytes(peer.client), 8 * 121);
	peer_skip(&peer);
	assert_int_equal(sio_client_output_bytes(peer.client), 0);
	assert_int_equal(peer_emit(&peer, "data", text), SIO_OK);
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

static void test_volatile_leaves_now_or_never(void **state)
{
	const struct sio_emit emit = {.name = "v", .flags = SIO_VOLATILE};

	(void)state;
	peer_start(&peer);
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns),
			 SIO_NONE);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	peer_ws_text(&peer, "40{\"sid\":\"N\"}");
	peer_skip(&peer);
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns), 0);
	/* the first still waits to be written */
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns),
			 SIO_NONE);
	expect("> 42[\"v\"]\n");
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns), 0);
	expect("> 42[\"v\"]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T_WS(test_event_received),
		T_WS(test_event_in_pieces),
		T_WS(test_event_sent),
		T_WS(test_emit_needs_a_joined_namespace),
		T_WS(test_emit_checks_its_arguments),
		T_WS(test_max_payload_is_never_exceeded),
		T_WS(test_output_is_bounded),
		T_WS(test_message_above_the_buffer),
		T_WS(test_volatile_leaves_now_or_never),
		T_WS(test_depth_is_the_same_both_ways),
	};

	return cmocka_run_group_tests_name("sio_client_event", tests, NULL,
					   NULL);
}
