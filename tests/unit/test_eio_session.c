/* SPDX-License-Identifier: ISC */
/* Engine.IO through the client: polling, fall-back, upgrade, cookies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/guard.h"
#include "tests/support/sio_peer.h"

#define S 1000000000ull

#define GET_SID	 "GET " PEER_POLL "&sid=S&t=*\n"
#define POST_SID "POST " PEER_POLL "&sid=S&t=*: "

static struct sio_peer peer;

static int setup(void **state)
{
	(void)state;
	peer_init(&peer);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	peer_free(&peer);
	return 0;
}

static void expect(const char *lines)
{
	assert_string_equal(peer_take(&peer), lines);
}

/* ---- polling ---- */

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
	peer.config.transports = SIO_POLLING;
	peer_start(&peer);
	peer_skip(&peer);
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
	peer.config.transports = SIO_POLLING;
	peer_start(&peer);
	peer_skip(&peer);
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

/* ---- what HTTP answers ---- */

struct http_error {
	int status;
	const char *body;
	const char *line;
};

static void check_http_error(const struct http_error *e)
{
	peer_init(&peer);
	peer.config.transports = SIO_POLLING;
	peer_start(&peer);
	peer_skip(&peer);
	peer_poll(&peer, e->status, e->body);
	expect(e->line);
	peer_free(&peer);
}

static void test_http_errors_of_the_handshake(void **state)
{
	static const struct http_error errors[] = {
		{400, "{\"code\":0,\"message\":\"Transport unknown\"}",
		 "FAILED Engine.IO 400: Transport unknown\n"},
		{400, "{\"code\":3,\"message\":\"Bad request\"}",
		 "FAILED Engine.IO 400: Bad request\n"},
		{403, "{\"code\":4,\"message\":\"Forbidden\"}",
		 "FAILED Engine.IO 403: Forbidden\n"},
		{400,
		 "{\"code\":5,\"message\":\"Unsupported protocol version\"}",
		 "FAILED Engine.IO 400: Unsupported protocol version\n"},
		{400, "\"Invalid session\"",
		 "FAILED HTTP 400: \"Invalid session\"\n"},
		{400, "plain words\n", "FAILED HTTP 400: plain words \n"},
		{404, "<html>nothing</html>",
		 "FAILED HTTP 404: no Socket.IO server at this path\n"},
		{413, "",
		 "FAILED HTTP 413: a message was larger than the server "
		 "accepts\n"},
		{502, "<html>",
		 "FAILED HTTP 502: the server behind the proxy does not "
		 "answer\n"},
		{500, "", "FAILED HTTP 500: \n"},
		{204, "", "FAILED HTTP 204: \n"},
		{301, "<html>", "FAILED HTTP 301: \n"},
		{200, "", "FAILED Engine.IO 0: not an Engine.IO payload: \n"},
		{200, "<!DOCTYPE html>",
		 "FAILED Engine.IO 0: not an Engine.IO payload: "
		 "<!DOCTYPE html>\n"},
		{200, "40",
		 "FAILED Engine.IO 0: a packet before the "
		 "handshake\n"},
		{200, "6",
		 "FAILED Engine.IO 0: a packet before the "
		 "handshake\n"},
		{200, "bQUJD",
		 "FAILED Engine.IO 0: a packet before the "
		 "handshake\n"},
		{200, "97:0{\"sid\":\"x\"}2:40",
		 "FAILED old server 0: the server speaks Engine.IO 3\n"},
		{200, "0{}", "FAILED Engine.IO 0: not a handshake: {}\n"},
		{200, "0[]", "FAILED Engine.IO 0: not a handshake: []\n"},
		{200, "0", "FAILED Engine.IO 0: not a handshake: \n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		check_http_error(&errors[i]);
	peer_init(&peer);
}

static void test_session_unknown(void **state)
{
	(void)state;
	peer_join_polling(&peer);
	peer_poll(&peer, 400,
		  "{\"code\":1,\"message\":\"Session ID unknown\"}");
	expect("LOST Engine.IO 400: Session ID unknown\n");
	peer_wait_next(&peer);
	/* a new session, without the old id */
	expect("GET " PEER_POLL "&t=*\n");
}

static void test_post_refused(void **state)
{
	(void)state;
	peer_join_polling(&peer);
	(void)peer_emit(&peer, "a", "1");
	peer_skip(&peer);
	peer_posted(&peer, 413, "");
	expect("ABORT GET\nLOST HTTP 413: a message was larger than the "
	       "server accepts\n");
}

static void test_post_cut(void **state)
{
	const struct sio_failure f = {SIO_STAGE_TCP, 0, "broken pipe"};

	(void)state;
	peer_join_polling(&peer);
	(void)peer_emit(&peer, "a", "1");
	peer_skip(&peer);
	sio_client_failed(peer.client, peer.post, &f, peer.now_ns);
	peer.post = 0;
	expect("ABORT GET\nLOST TCP 0: broken pipe\n");
}

static void test_poll_cut(void **state)
{
	(void)state;
	peer_join_polling(&peer);
	peer_poll_fail(&peer, SIO_STAGE_CLOSED, 0, "connection reset");
	expect("LOST closed 0: connection reset\n");
}

static void test_poll_answer_is_bounded(void **state)
{
	static char body[2000];

	(void)state;
	peer.config.max_message_bytes = 1000;
	peer_join_polling(&peer);
	sio_client_http_feed(peer.client, peer.get, body, 1000, peer.now_ns);
	expect("");
	sio_client_http_feed(peer.client, peer.get, body, 1, peer.now_ns);
	expect("ABORT GET\n"
	       "LOST Engine.IO 0: a poll's answer above 1000 bytes\n");
}

/* ---- more messages in one answer than may wait ---- */

static char *many_messages(int n)
{
	static char body[20000];
	size_t len = 0;

	for (int i = 0; i < n; i++)
		len += (size_t)snprintf(body + len, sizeof(body) - len,
					"%s42[\"m\",%d]", i ? "\x1e" : "", i);
	return body;
}

static void test_answer_waits_for_room(void **state)
{
	struct sio_event e;
	struct sio_request r;

	(void)state;
	peer.config.max_events = 10;
	peer_join_polling(&peer);
	peer_poll(&peer, 200, many_messages(1000));
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
	peer_poll(&peer, 200, many_messages(100));
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
	peer_poll(&peer, 200, many_messages(100));
	/* nobody takes them: the pings behind them are not seen */
	peer_wait(&peer, 45000);
	assert_non_null(strstr(peer_take(&peer), "LOST heartbeat lost"));
}

/* ---- cookies ---- */

static void cookie(const char *text)
{
	sio_client_http_cookie(peer.client, peer.get, text, strlen(text));
}

static void test_cookies_are_kept(void **state)
{
	(void)state;
	peer.config.transports = SIO_POLLING;
	peer_start(&peer);
	peer_skip(&peer);
	cookie("AWSALB=abc; Expires=Thu, 01 Jan 2026; Path=/; HttpOnly");
	cookie("io=S");
	cookie("empty=");
	peer_poll(&peer, 200, PEER_HANDSHAKE_POLLING);
	expect("POST " PEER_POLL "&sid=S&t=* {AWSALB=abc; io=S; empty=}: 40\n"
	       "GET " PEER_POLL "&sid=S&t=* {AWSALB=abc; io=S; empty=}\n"
	       "OPEN S polling\n");
	cookie("AWSALB=def");
	cookie("empty=x;max-age=0");
	peer_poll(&peer, 200, "6");
	expect("GET " PEER_POLL "&sid=S&t=* {io=S; AWSALB=def}\n");
	cookie("io=; Max-Age=-1");
	peer_poll(&peer, 200, "6");
	expect("GET " PEER_POLL "&sid=S&t=* {AWSALB=def}\n");
	cookie("AWSALB=; Max-Age=0");
	peer_poll(&peer, 200, "6");
	expect(GET_SID);
}

/* At a guard page, as headers are not ended by NUL. */
static void test_cookies_are_read_to_their_end(void **state)
{
	static const char *const cookies[] = {
		"a=b",	       "a=b                ; x",
		"a=b   ;",     "c=d; max-age=",
		"c=d;max-age", "c=d    ; max-age=0",
	};

	(void)state;
	peer.config.transports = SIO_POLLING;
	peer_start(&peer);
	peer_skip(&peer);
	for (size_t i = 0; i < sizeof(cookies) / sizeof(cookies[0]); i++) {
		struct guard g = guard_copy(cookies[i], strlen(cookies[i]));

		sio_client_http_cookie(peer.client, peer.get, g.data, g.len);
		guard_free(&g);
	}
	peer_poll(&peer, 200, PEER_HANDSHAKE_POLLING);
	expect("POST " PEER_POLL "&sid=S&t=* {a=b}: 40\n"
	       "GET " PEER_POLL "&sid=S&t=* {a=b}\n"
	       "OPEN S polling\n");
}

static void test_bad_cookies_are_ignored(void **state)
{
	static const char *const bad[] = {
		"", ";", "=x", "name", "a=b\r\nX: y", "a b=c", "a=\x01", " a=b",
	};
	char big[5000];

	(void)state;
	peer.config.transports = SIO_POLLING;
	peer_start(&peer);
	peer_skip(&peer);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cookie(bad[i]);
	memset(big, 'x', sizeof(big));
	big[1] = '=';
	sio_client_http_cookie(peer.client, peer.get, big, sizeof(big));
	cookie("good=1");
	peer_poll(&peer, 200, PEER_HANDSHAKE_POLLING);
	expect("POST " PEER_POLL "&sid=S&t=* {good=1}: 40\n"
	       "GET " PEER_POLL "&sid=S&t=* {good=1}\n"
	       "OPEN S polling\n");
}

/* ---- WebSocket first, polling where it is refused ---- */

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

/* ---- upgrade ---- */

/* Joined by polling, the WebSocket for the upgrade wanted. */
static void begin_upgrade(void)
{
	peer.config.polling_first = true;
	peer_start(&peer);
	expect("GET " PEER_POLL "&t=*\n");
	peer_poll(&peer, 200, PEER_HANDSHAKE_POLLING);
	expect("WS_OPEN " PEER_WS "&sid=S\n"
	       "POST " PEER_POLL "&sid=S&t=*: 40\n" GET_SID "OPEN S polling\n");
	peer_posted(&peer, 200, "ok");
	peer_poll(&peer, 200, "40{\"sid\":\"N\"}");
	expect(GET_SID "CONNECT / N\n");
}

static void test_upgrade(void **state)
{
	(void)state;
	begin_upgrade();
	peer_ws_open(&peer);
	expect("> 2probe\n");
	peer_ws_text(&peer, "3probe");
	/* the poll is awaited; what is emitted now goes out behind the "5" */
	(void)peer_emit(&peer, "a", "1");
	expect("");
	peer_poll(&peer, 200,
		  "42[\"before\"]\x1e"
		  "6");
	expect("> 5\n> 42[\"a\",\"1\"]\nMESSAGE / before []\nUPGRADE\n");
	peer_ws_text(&peer, "42[\"after\"]");
	expect("MESSAGE / after []\n");
	peer_ws_text(&peer, "2");
	expect("> 3\n");
}

static void test_upgrade_awaits_the_post(void **state)
{
	(void)state;
	begin_upgrade();
	(void)peer_emit(&peer, "a", "1");
	peer_ws_open(&peer);
	expect(POST_SID "42[\"a\",\"1\"]\n> 2probe\n");
	(void)peer_emit(&peer, "b", "2");
	peer_ws_text(&peer, "3probe");
	peer_poll(&peer, 200, "6");
	expect("");
	peer_posted(&peer, 200, "ok");
	expect("> 5\n> 42[\"b\",\"2\"]\nUPGRADE\n");
}

/* A body that was built but not fetched yet is not lost. */
static void test_upgrade_with_a_post_about_to_leave(void **state)
{
	struct sio_request r;

	(void)state;
	begin_upgrade();
	peer_ws_open(&peer);
	expect("> 2probe\n");
	peer_poll(&peer, 200, "42[\"x\"]");
	(void)peer_emit(&peer, "a", "1");
	/* the POST is wanted, then taken; the GET is wanted only */
	assert_int_equal(sio_client_next_request(peer.client, &r), SIO_OK);
	assert_int_equal(r.op, SIO_OP_HTTP_POST);
	peer.post = r.channel;
	peer_ws_text(&peer, "3probe");
	expect("MESSAGE / x []\n");
	(void)peer_emit(&peer, "b", "2");
	peer_posted(&peer, 200, "ok");
	expect("> 5\n> 42[\"b\",\"2\"]\nUPGRADE\n");
}

static void test_ping_during_the_upgrade(void **state)
{
	(void)state;
	begin_upgrade();
	peer_ws_open(&peer);
	peer_skip(&peer);
	peer_ws_text(&peer, "3probe");
	peer_poll(&peer, 200, "2");
	expect("> 5\n> 3\nUPGRADE\n");
}

static void test_probe_answered_wrongly(void **state)
{
	static const char *const answers[] = {"3", "3Probe", "2probe", "6",
					      "40"};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		begin_upgrade();
		peer_ws_open(&peer);
		expect("> 2probe\n");
		peer_ws_text(&peer, answers[i]);
		expect("WS_CLOSE\n");
		peer_poll(&peer, 200, "42[\"still\"]");
		expect(GET_SID "MESSAGE / still []\n");
		peer_free(&peer);
		peer_init(&peer);
	}
}

static void test_probe_answered_before_it_was_sent(void **state)
{
	(void)state;
	begin_upgrade();
	peer_ws_open(&peer);
	peer_ws_text(&peer, "3probe");
	expect("WS_CLOSE\n");
}

static void test_probe_not_answered(void **state)
{
	(void)state;
	begin_upgrade();
	peer_ws_open(&peer);
	peer_skip(&peer);
	peer_wait(&peer, 10000);
	expect("WS_CLOSE\n");
	(void)peer_emit(&peer, "a", "1");
	expect(POST_SID "42[\"a\",\"1\"]\n");
}

static void test_upgrade_refused(void **state)
{
	(void)state;
	begin_upgrade();
	peer_ws_fail(&peer, SIO_STAGE_HTTP, 403, "");
	expect("");
	peer_poll(&peer, 200, "42[\"still\"]");
	expect(GET_SID "MESSAGE / still []\n");
}

/* Cut between "3probe" and "5": nothing was switched yet. */
static void test_websocket_cut_while_pausing(void **state)
{
	(void)state;
	begin_upgrade();
	peer_ws_open(&peer);
	peer_skip(&peer);
	peer_ws_text(&peer, "3probe");
	(void)peer_emit(&peer, "a", "1");
	expect("");
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1006, "");
	expect(POST_SID "42[\"a\",\"1\"]\n");
}

static void test_pause_never_ends(void **state)
{
	(void)state;
	begin_upgrade();
	peer_ws_open(&peer);
	peer_skip(&peer);
	peer_ws_text(&peer, "3probe");
	peer_wait(&peer, 10000);
	expect("WS_CLOSE\n");
	peer_poll(&peer, 200, "42[\"late\"]");
	expect(GET_SID "MESSAGE / late []\n");
}

static void test_session_lost_while_probing(void **state)
{
	(void)state;
	begin_upgrade();
	peer_ws_open(&peer);
	peer_skip(&peer);
	peer_poll(&peer, 400,
		  "{\"code\":1,\"message\":\"Session ID unknown\"}");
	expect("WS_CLOSE\nLOST Engine.IO 400: Session ID unknown\n");
}

static void test_websocket_lost_after_the_upgrade(void **state)
{
	(void)state;
	begin_upgrade();
	peer_ws_open(&peer);
	peer_skip(&peer);
	peer_ws_text(&peer, "3probe");
	peer_poll(&peer, 200, "6");
	peer_skip(&peer);
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1006, "");
	expect("LOST closed 1006: the connection was cut\n");
}

static void test_stop_while_probing(void **state)
{
	(void)state;
	begin_upgrade();
	peer_ws_open(&peer);
	peer_skip(&peer);
	sio_client_stop(peer.client, peer.now_ns);
	expect("WS_CLOSE\n" POST_SID "41|1\n");
	peer_posted(&peer, 200, "ok");
	expect("ABORT GET\n");
}

static void test_stop_while_the_websocket_is_opening(void **state)
{
	(void)state;
	begin_upgrade();
	sio_client_stop(peer.client, peer.now_ns);
	expect("ABORT WS\n" POST_SID "41|1\n");
}

/* The switch waits, too: what came by polling is told before. */
static void test_upgrade_with_an_answer_waiting(void **state)
{
	struct sio_output o;
	struct sio_event e;

	(void)state;
	peer.config.max_events = 10;
	begin_upgrade();
	peer_ws_open(&peer);
	peer_skip(&peer);
	peer_ws_text(&peer, "3probe");
	peer_poll(&peer, 200, many_messages(100));
	for (int i = 0; i < 100; i++) {
		if (i < 90)
			assert_int_equal(
				sio_client_peek_output(peer.client, &o),
				SIO_NONE);
		assert_int_equal(sio_client_next_event(peer.client, &e), 0);
		assert_int_equal(atoi(e.json + 1), i);
	}
	expect("> 5\nUPGRADE\n");
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

/*
 * Messages numbered in both directions, the switch at each possible moment:
 * none is lost, none is out of order.
 */
static void emit_number(int *n)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (*n)++);
	assert_int_equal(peer_emit(&peer, "n", text), SIO_OK);
}

/* Takes all, finds the numbers sent and received. */
static void follow(int *sent, int *received)
{
	const char *p = peer_take(&peer);
	const char *begin = p;

	for (; (p = strstr(p, "42[\"n\",\"")); p += 8)
		assert_int_equal(atoi(p + 8), (*sent)++);
	for (p = begin; (p = strstr(p, "MESSAGE / m [")); p += 13)
		assert_int_equal(atoi(p + 13), (*received)++);
}

static void answer_poll(int *n)
{
	char text[64];

	snprintf(text, sizeof(text),
		 "42[\"m\",%d]\x1e"
		 "42[\"m\",%d]",
		 *n, *n + 1);
	*n += 2;
	peer_poll(&peer, 200, text);
}

static void run_switch(int when)
{
	int emitted = 0;
	int sent = 0;
	int told = 0;
	int received = 0;

	begin_upgrade();
	for (int step = 0; step < 30; step++) {
		char text[32];

		emit_number(&emitted);
		follow(&sent, &received);
		emit_number(&emitted);
		if (step == when)
			peer_ws_open(&peer);
		if (step == when + 2)
			peer_ws_text(&peer, "3probe");
		if (peer.post && step % 3 != 1)
			peer_posted(&peer, 200, "ok");
		if (peer.get && step % 2)
			answer_poll(&told);
		follow(&sent, &received);
		if (!peer.get && peer.ws_is_open && step > when + 4) {
			snprintf(text, sizeof(text), "42[\"m\",%d]", told++);
			peer_ws_text(&peer, text);
		}
	}
	follow(&sent, &received);
	assert_int_equal(sent, emitted);
	assert_int_equal(received, told);
}

static void test_nothing_is_lost_in_the_switch(void **state)
{
	(void)state;
	for (int when = 0; when < 8; when++) {
		run_switch(when);
		peer_free(&peer);
		peer_init(&peer);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
		T(test_http_errors_of_the_handshake),
		T(test_session_unknown),
		T(test_post_refused),
		T(test_post_cut),
		T(test_poll_cut),
		T(test_poll_answer_is_bounded),
		T(test_answer_waits_for_room),
		T(test_stop_with_an_answer_waiting),
		T(test_heartbeat_with_an_answer_waiting),
		T(test_upgrade_with_an_answer_waiting),
		T(test_cookies_are_kept),
		T(test_cookies_are_read_to_their_end),
		T(test_bad_cookies_are_ignored),
		T(test_fall_back),
		T(test_fall_back_where_upgrades_are_swallowed),
		T(test_fall_back_after_garbage),
		T(test_no_fall_back_without_a_server),
		T(test_refused_both_ways),
		T(test_no_polling_where_it_is_not_allowed),
		T(test_websocket_is_tried_again),
		T(test_upgrade),
		T(test_upgrade_awaits_the_post),
		T(test_upgrade_with_a_post_about_to_leave),
		T(test_ping_during_the_upgrade),
		T(test_probe_answered_wrongly),
		T(test_probe_answered_before_it_was_sent),
		T(test_probe_not_answered),
		T(test_upgrade_refused),
		T(test_websocket_cut_while_pausing),
		T(test_pause_never_ends),
		T(test_session_lost_while_probing),
		T(test_websocket_lost_after_the_upgrade),
		T(test_stop_while_probing),
		T(test_stop_while_the_websocket_is_opening),
		T(test_server_without_websocket),
		T(test_nothing_is_lost_in_the_switch),
	};

	return cmocka_run_group_tests_name("eio_session", tests, NULL, NULL);
}
