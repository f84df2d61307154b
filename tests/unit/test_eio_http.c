/* SPDX-License-Identifier: ISC */
/* What HTTP may answer to a poll or a post, and the cookies that it sets. */
#include "tests/support/guard.h"
#include "tests/support/sio_test.h"

/* ---- answers ---- */

struct http_error {
	int status;
	const char *body;
	const char *line;
};

static void check_http_error(const struct http_error *e)
{
	peer_init(&peer);
	peer_start_polling(&peer);
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
		{500, "", "FAILED HTTP 500: the server answered 500\n"},
		{204, "", "FAILED HTTP 204: the server answered 204\n"},
		{301, "<html>", "FAILED HTTP 301: the server answered 301\n"},
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

/* ---- cookies ---- */

static void cookie(const char *text)
{
	sio_client_http_cookie(peer.client, peer.get, text, strlen(text));
}

static void test_cookies_are_kept(void **state)
{
	(void)state;
	peer_start_polling(&peer);
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
	peer_start_polling(&peer);
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
	peer_start_polling(&peer);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_http_errors_of_the_handshake),
		T(test_session_unknown),
		T(test_post_refused),
		T(test_post_cut),
		T(test_poll_cut),
		T(test_poll_answer_is_bounded),
		T(test_cookies_are_kept),
		T(test_cookies_are_read_to_their_end),
		T(test_bad_cookies_are_ignored),
	};

	return cmocka_run_group_tests_name("eio_http", tests, NULL, NULL);
}
