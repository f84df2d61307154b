/* SPDX-License-Identifier: ISC */
/* Packets with attachments, both ways. */
#include "tests/support/sio_test.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		T_WS(test_binary_sent),
		T_WS(test_binary_received),
		T_WS(test_binary_in_pieces),
		T_WS(test_binary_acks),
		T_WS(test_attachments_sent_are_bounded),
		T_WS(test_attachment_too_big_takes_its_packet_back),
	};

	return cmocka_run_group_tests_name("sio_client_binary", tests, NULL,
					   NULL);
}
