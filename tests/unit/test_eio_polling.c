/* SPDX-License-Identifier: ISC */
/* Engine.IO by HTTP long-polling: GET and POST, and what HTTP answers. */
#include "tests/support/sio_test.h"

static void test_polling(void **state)
{
	(void)state;
	peer.config.transports = SIO_POLLING;
	peer_start(&peer);
	expect("GET " PEER_POLL "&t=*\n");
	peer_poll(&peer, 200, PEER_HANDSHAKE_POLLING);
	expect("POST " PEER_POLL "&sid=S&t=*: 40\n" GET_SID "OPEN S polling\n");
	peer_posted(&peer, 200, "ok");
	peer_poll(&peer, 200, "40{\"sid\":\"N\"}");
	expect(GET_SID "CONNECT / N\n");
	peer_poll(&peer, 200,
		  "42[\"a\"]\x1e"
		  "2\x1e"
		  "42[\"b\"]");
	expect(POST_SID "3\n" GET_SID "MESSAGE / a []\nMESSAGE / b []\n");
}

static void test_connect_in_the_handshakes_body(void **state)
{
	(void)state;
	peer_start_polling(&peer);
	peer_poll(&peer, 200,
		  PEER_HANDSHAKE_POLLING "\x1e"
					 "6\x1e"
					 "2");
	expect("POST " PEER_POLL "&sid=S&t=*: 3|40\n" GET_SID
	       "OPEN S polling\n");
}

static void test_query_is_on_every_request(void **state)
{
	(void)state;
	peer.config.transports = SIO_POLLING;
	peer.config.query = "a=b";
	peer_start(&peer);
	expect("GET " PEER_POLL "&t=*&a=b\n");
	peer_poll(&peer, 200, PEER_HANDSHAKE_POLLING);
	expect("POST " PEER_POLL "&sid=S&t=*&a=b: 40\n"
	       "GET " PEER_POLL "&sid=S&t=*&a=b\n"
	       "OPEN S polling\n");
}

/* A server chose it: it must not write our headers. */
static void test_sid_is_encoded(void **state)
{
	(void)state;
	peer_start_polling(&peer);
	peer_poll(&peer, 200,
		  "0{\"sid\":\"a b\\r\\n&x=\xc3\xa9-_.~\",\"upgrades\":[],"
		  "\"pingInterval\":300,\"pingTimeout\":200}");
	expect("POST " PEER_POLL "&sid=a%20b%0D%0A%26x%3D%C3%A9-_.~&t=*: 40\n"
	       "GET " PEER_POLL "&sid=a%20b%0D%0A%26x%3D%C3%A9-_.~&t=*\n"
	       "OPEN a b\r\n&x=\xc3\xa9-_.~ polling\n");
}

/* A second POST would end the session. */
static void test_one_post_at_a_time(void **state)
{
	(void)state;
	peer_join_polling(&peer);
	(void)peer_emit(&peer, "a", "1");
	expect(POST_SID "42[\"a\",\"1\"]\n");
	(void)peer_emit(&peer, "b", "2");
	(void)peer_emit(&peer, "c", "3");
	expect("");
	/* what is in the POST still counts */
	assert_true(sio_client_output_bytes(peer.client) > 30);
	peer_posted(&peer, 200, "ok");
	expect(POST_SID "42[\"b\",\"2\"]|42[\"c\",\"3\"]\n");
	peer_posted(&peer, 200, "ok");
	assert_int_equal(sio_client_output_bytes(peer.client), 0);
	expect("");
}

static void count_packets(size_t *ret_packets, size_t *ret_bytes)
{
	const char *body = strstr(peer_take(&peer), ": ");

	assert_non_null(body);
	*ret_packets = 1;
	*ret_bytes = strcspn(body + 2, "\n");
	for (body += 2; *body; body++)
		*ret_packets += *body == '|';
}

static void test_at_most_sixteen_packets(void **state)
{
	size_t packets;
	size_t bytes;

	(void)state;
	peer_join_polling(&peer);
	for (int i = 0; i < 40; i++)
		assert_int_equal(peer_emit(&peer, "a", "1"), SIO_OK);
	count_packets(&packets, &bytes);
	assert_int_equal(packets, 16);
	peer_posted(&peer, 200, "ok");
	count_packets(&packets, &bytes);
	assert_int_equal(packets, 16);
	peer_posted(&peer, 200, "ok");
	count_packets(&packets, &bytes);
	assert_int_equal(packets, 8);
}

/* maxPayload is 1000 here; it holds for the whole body. */
static void test_body_stays_below_max_payload(void **state)
{
	size_t packets;
	size_t bytes;
	char text[301];
	size_t sum = 0;

	(void)state;
	peer_join_polling(&peer);
	memset(text, 'x', 300);
	text[300] = '\0';
	for (int i = 0; i < 10; i++)
		assert_int_equal(peer_emit(&peer, "data", text), SIO_OK);
	while (sum < 10) {
		count_packets(&packets, &bytes);
		assert_true(bytes <= 1000);
		sum += packets;
		assert_true(packets == 3 || sum == 10);
		peer_posted(&peer, 200, "ok");
	}
	assert_int_equal(sum, 10);
}

static int emit_binary(size_t len)
{
	static const char bytes[2000];
	const struct sio_value arg = {
		.type = SIO_BINARY, .data = bytes, .len = len};
	const struct sio_emit emit = {.name = "b", .args = &arg, .n_args = 1};

	return sio_client_emit(peer.client, &emit, peer.now_ns);
}

static void test_binary_is_base64(void **state)
{
	(void)state;
	peer_join_polling(&peer);
	assert_int_equal(emit_binary(2), SIO_OK);
	expect(POST_SID "451-[\"b\",{\"_placeholder\":true,\"num\":0}]"
			"|bAAA=\n");
	peer_poll(&peer, 200,
		  "451-[\"b\",{\"_placeholder\":true,\"num\":0}]\x1e"
		  "b/wA=");
	expect(GET_SID "MESSAGE / b [{\"_placeholder\":true,\"num\":0}] "
		       "+ff00\n");
	/* its size is that of the base64: 749 bytes make 1000 + 'b' */
	assert_int_equal(emit_binary(747), SIO_OK);
	assert_int_equal(emit_binary(750), SIO_ERR_TOO_BIG);
}

static void test_volatile_waits_for_no_post(void **state)
{
	const struct sio_emit emit = {.name = "v", .flags = SIO_VOLATILE};

	(void)state;
	peer_join_polling(&peer);
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns), 0);
	peer_skip(&peer);
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns),
			 SIO_NONE);
	peer_posted(&peer, 200, "ok");
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns), 0);
}

static void test_polling_close(void **state)
{
	(void)state;
	peer_join_polling(&peer);
	peer_poll(&peer, 200,
		  "42[\"a\"]\x1e"
		  "1\x1e"
		  "42[\"late\"]");
	expect("MESSAGE / a []\n"
	       "LOST closed 0: the server closed the session\n");
}

static void test_polling_refusal_drops_the_get(void **state)
{
	(void)state;
	peer_join_polling(&peer);
	peer_poll(&peer, 200, "41");
	expect("DISCONNECT /\n"
	       "LOST refused 0: the server ended the connection\n");
}

static void test_polling_stop(void **state)
{
	(void)state;
	peer_join_polling(&peer);
	(void)peer_emit(&peer, "a", "1");
	sio_client_stop(peer.client, peer.now_ns);
	expect(POST_SID "42[\"a\",\"1\"]|41|1\n");
	assert_false(sio_client_stopped(peer.client));
	peer_posted(&peer, 200, "ok");
	expect("ABORT GET\n");
	assert_true(sio_client_stopped(peer.client));
}

/* CLOSE counts, too: 996 + "41" and "1" with two separators are 1001 bytes. */
static void test_polling_stop_below_max_payload(void **state)
{
	size_t packets;
	size_t bytes;
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t len = 970; len < 985; len++) {
		peer_join_polling(&peer);
		text[len] = '\0';
		assert_int_equal(peer_emit(&peer, "data", text), SIO_OK);
		text[len] = 'x';
		sio_client_stop(peer.client, peer.now_ns);
		for (int i = 0; i < 3 && !sio_client_stopped(peer.client);
		     i++) {
			count_packets(&packets, &bytes);
			assert_in_range(bytes, 1, 1000);
			peer_posted(&peer, 200, "ok");
		}
		assert_true(sio_client_stopped(peer.client));
		peer_free(&peer);
		peer_init(&peer);
	}
}

static void test_polling_stop_behind_a_post(void **state)
{
	(void)state;
	peer_join_polling(&peer);
	for (int i = 0; i < 17; i++)
		(void)peer_emit(&peer, "a", "1");
	peer_skip(&peer);
	sio_client_stop(peer.client, peer.now_ns);
	expect("");
	peer_posted(&peer, 200, "ok");
	expect(POST_SID "42[\"a\",\"1\"]|41|1\n");
	peer_posted(&peer, 200, "ok");
	assert_true(sio_client_stopped(peer.client));
}

static void test_polling_heartbeat_lost(void **state)
{
	(void)state;
	peer_join_polling(&peer);
	(void)peer_emit(&peer, "a", "1");
	peer_skip(&peer);
	peer_wait(&peer, 45000);
	expect("ABORT GET\nABORT POST\n"
	       "LOST heartbeat lost 0: no ping for 45 s\n");
}

/* ---- more messages in one answer than may wait ---- */

static void test_answer_waits_for_room(void **state)
{
	struct sio_event e;
	struct sio_request r;

	(void)state;
	peer.config.max_events = 10;
	peer_join_polling(&peer);
	peer_poll(&peer, 200, sio_test_many_messages(1000));
	for (int i = 0; i < 1000; i++) {
		/* no GET before all of it was taken */
		assert_int_equal(sio_client_next_request(peer.client, &r),
				 SIO_NONE);
		assert_int_equal(sio_client_next_event(peer.client, &e), 0);
		assert_int_equal(atoi(e.json + 1), i);
	}
	expect(GET_SID);
}

static void test_stop_with_an_answer_waiting(void **state)
{
	(void)state;
	peer.config.max_events = 10;
	peer_join_polling(&peer);
	peer_poll(&peer, 200, sio_test_many_messages(100));
	sio_client_stop(peer.client, peer.now_ns);
	assert_non_null(strstr(peer_take(&peer), "41|1\n"));
	peer_posted(&peer, 200, "ok");
	peer_skip(&peer);
	assert_true(sio_client_stopped(peer.client));
}

static void test_heartbeat_with_an_answer_waiting(void **state)
{
	(void)state;
	peer.config.max_events = 10;
	peer_join_polling(&peer);
	peer_poll(&peer, 200, sio_test_many_messages(100));
	/* nobody takes them: the pings behind them are not seen */
	peer_wait(&peer, 45000);
	assert_non_null(strstr(peer_take(&peer), "LOST heartbeat lost"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_polling),
		T(test_connect_in_the_handshakes_body),
		T(test_query_is_on_every_request),
		T(test_sid_is_encoded),
		T(test_one_post_at_a_time),
		T(test_at_most_sixteen_packets),
		T(test_body_stays_below_max_payload),
		T(test_binary_is_base64),
		T(test_volatile_waits_for_no_post),
		T(test_polling_close),
		T(test_polling_refusal_drops_the_get),
		T(test_polling_stop),
		T(test_polling_stop_behind_a_post),
		T(test_polling_heartbeat_lost),
		T(test_answer_waits_for_room),
		T(test_stop_with_an_answer_waiting),
		T(test_heartbeat_with_an_answer_waiting),
		T(test_polling_stop_below_max_payload),
	};

	return cmocka_run_group_tests_name("eio_polling", tests, NULL, NULL);
}
