/* SPDX-License-Identifier: ISC */
/*
 * A server that breaks the rules, one rule at a time. The client must notice
 * it or bear it, say so in words, and come back; it must never crash, hang or
 * answer with something that a correct server would not expect.
 */
#include "tests/support/sio_test.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))
#define HS(sid, interval, timeout, more)                               \
	"0{\"sid\":" sid ",\"upgrades\":[],\"pingInterval\":" interval \
	",\"pingTimeout\":" timeout more "}"

enum start {
	WS_OPEN,   /* the WebSocket is open */
	OPENED,	   /* and the handshake was made */
	JOINED,	   /* and "/" joined */
	POLL_OPEN, /* the first GET is out */
	POLLING,   /* joined by polling, a GET is out */
};

struct scenario {
	const char *rule;
	enum start start;
	/* "b:" is a binary message, "c:" a close with that code */
	const char *frames[5];
	const char *lines;
};

#define ENGINE(text)	"WS_CLOSE\nFAILED Engine.IO 0: " text "\n"
#define LOST(text)	"WS_CLOSE\nLOST Engine.IO 0: " text "\n"
#define SOCKET(text)	"WS_CLOSE\nLOST Socket.IO 0: " text "\n"
#define NO_PACKET(text) SOCKET("not a Socket.IO packet: " text)

static const struct scenario scenarios[] = {
	/* ---- Engine.IO: the handshake ---- */
	{"handshake comes first: message",
	 WS_OPEN,
	 {"42[\"a\"]"},
	 ENGINE("a packet before the handshake")},
	{"handshake comes first: ping",
	 WS_OPEN,
	 {"2"},
	 ENGINE("a packet before the handshake")},
	{"handshake comes first: noop",
	 WS_OPEN,
	 {"6"},
	 ENGINE("a packet before the handshake")},
	{"handshake comes first: close",
	 WS_OPEN,
	 {"1"},
	 ENGINE("a packet before the handshake")},
	{"handshake is text",
	 WS_OPEN,
	 {"b:0{}"},
	 ENGINE("a packet before the handshake")},
	{"handshake has JSON", WS_OPEN, {"0"}, ENGINE("not a handshake: ")},
	{"handshake is valid JSON",
	 WS_OPEN,
	 {"0{\"sid\""},
	 ENGINE("not a handshake: {\"sid\"")},
	{"handshake is an object",
	 WS_OPEN,
	 {"0[]"},
	 ENGINE("not a handshake: []")},
	{"handshake nests little",
	 WS_OPEN,
	 {"0{\"a\":[[[[[[[[[]]]]]]]]]}"},
	 ENGINE("not a handshake: {\"a\":[[[[[[[[[]]]]]]]]]}")},
	{"sid is a string",
	 WS_OPEN,
	 {HS("1", "1", "1", "")},
	 ENGINE("not a handshake: {\"sid\":1,\"upgrades\":[],\"pingInterval\":"
		"1,\"pingTimeout\":1}")},
	{"sid is not empty",
	 WS_OPEN,
	 {HS("\"\"", "1", "1", "")},
	 ENGINE("not a handshake: {\"sid\":\"\",\"upgrades\":[],"
		"\"pingInterval\":1,\"pingTimeout\":1}")},
	{"pingInterval is a number",
	 WS_OPEN,
	 {HS("\"s\"", "\"1\"", "1", "")},
	 ENGINE("not a handshake: {\"sid\":\"s\",\"upgrades\":[],"
		"\"pingInterval\":\"1\",\"pingTimeout\":1}")},
	{"pingInterval is above zero",
	 WS_OPEN,
	 {HS("\"s\"", "0", "1", "")},
	 ENGINE("not a handshake: {\"sid\":\"s\",\"upgrades\":[],"
		"\"pingInterval\":0,\"pingTimeout\":1}")},
	{"pingTimeout is above zero",
	 WS_OPEN,
	 {HS("\"s\"", "1", "-5", "")},
	 ENGINE("not a handshake: {\"sid\":\"s\",\"upgrades\":[],"
		"\"pingInterval\":1,\"pingTimeout\":-5}")},
	{"maxPayload may be absent",
	 WS_OPEN,
	 {HS("\"s\"", "1", "1", "")},
	 "> 40\nOPEN s websocket\n"},
	{"maxPayload that is no number counts as none",
	 WS_OPEN,
	 {HS("\"s\"", "1", "1", ",\"maxPayload\":\"x\"")},
	 "> 40\nOPEN s websocket\n"},
	{"an endless interval is a day",
	 WS_OPEN,
	 {HS("\"s\"", "1e999", "1e999", "")},
	 "> 40\nOPEN s websocket\n"},
	{"one handshake a session",
	 JOINED,
	 {PEER_HANDSHAKE},
	 LOST("a second handshake")},
	/* ---- Engine.IO: packets ---- */
	{"a packet has a type",
	 JOINED,
	 {""},
	 LOST("not an Engine.IO packet: ")},
	{"packet types end at 6",
	 JOINED,
	 {"7"},
	 LOST("not an Engine.IO packet: 7")},
	{"a packet is no JSON",
	 JOINED,
	 {"{\"error\":1}"},
	 LOST("not an Engine.IO packet: {\"error\":1}")},
	{"HTTP ends at the 101",
	 WS_OPEN,
	 {"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"},
	 "WS_CLOSE\nFAILED Engine.IO 400: not an Engine.IO packet: HTTP/1.1 "
	 "400 Bad Request  Connection: close    \n"},
	{"noop means nothing", JOINED, {"6", "6"}, ""},
	{"a pong was not asked for", JOINED, {"3", "3probe"}, ""},
	{"only a client upgrades", JOINED, {"5"}, ""},
	{"several pings are answered by one pong", JOINED, {"2", "2"}, "> 3\n"},
	{"a ping with data is a ping", JOINED, {"2probe"}, "> 3\n"},
	{"close ends the session",
	 JOINED,
	 {"1", "42[\"late\"]"},
	 "WS_CLOSE\nLOST closed 0: the server closed the session\n"},
	{"nothing follows the close of the WebSocket",
	 JOINED,
	 {"c:1000", "42[\"late\"]"},
	 "LOST closed 1000: normal closure\n"},
	{"a close may have no status",
	 JOINED,
	 {"c:1005"},
	 "LOST closed 1005: closed without a reason\n"},
	{"1009 is named",
	 JOINED,
	 {"c:1009"},
	 "LOST closed 1009: a message was larger than the server accepts\n"},
	/* ---- Socket.IO: CONNECT ---- */
	{"CONNECT is answered with an id",
	 OPENED,
	 {"40{}"},
	 "WS_CLOSE\nFAILED old server 0: the server speaks Socket.IO 2\n"},
	{"the id is a string",
	 OPENED,
	 {"40{\"sid\":1}"},
	 "WS_CLOSE\nFAILED old server 0: the server speaks Socket.IO 2\n"},
	{"CONNECT carries an object",
	 OPENED,
	 {"40[]"},
	 "WS_CLOSE\nFAILED Socket.IO 0: not a Socket.IO packet: 0[]\n"},
	{"CONNECT is answered once",
	 JOINED,
	 {"40{\"sid\":\"X\"}", "42[\"a\"]"},
	 "MESSAGE / a []\n"},
	{"CONNECT of a namespace not asked for",
	 OPENED,
	 {"40/x,{\"sid\":\"X\"}"},
	 ""},
	{"an event for a namespace not asked for",
	 JOINED,
	 {"42/x,[\"a\"]", "41/x,", "44/x,\"no\"", "43/x,0[]"},
	 ""},
	{"an event waits for CONNECT",
	 OPENED,
	 {"42[\"a\"]", "40{\"sid\":\"N\"}"},
	 "CONNECT / N\nMESSAGE / a []\n"},
	{"an event that waited is not told after a refusal",
	 OPENED,
	 {"42[\"a\"]", "44\"no\""},
	 "WS_CLOSE\nCONNECT_ERROR /: no \"no\"\nFAILED refused 0: no\n"},
	{"DISCONNECT of what was never joined", OPENED, {"41"}, ""},
	{"an ACK of what was never joined", OPENED, {"430[]"}, ""},
	{"CONNECT_ERROR may have no message",
	 OPENED,
	 {"44{}"},
	 "WS_CLOSE\nCONNECT_ERROR /: the server gave no reason {}\n"
	 "FAILED refused 0: the server gave no reason\n"},
	{"CONNECT_ERROR may have nothing",
	 OPENED,
	 {"44"},
	 "WS_CLOSE\nCONNECT_ERROR /: the server gave no reason \n"
	 "FAILED refused 0: the server gave no reason\n"},
	{"CONNECT_ERROR's message is a string",
	 OPENED,
	 {"44{\"message\":{}}"},
	 "WS_CLOSE\nCONNECT_ERROR /: the server gave no reason "
	 "{\"message\":{}}\nFAILED refused 0: the server gave no reason\n"},
	{"a message is one line",
	 OPENED,
	 {"44{\"message\":\"a\\nb\\u001b[2J\"}"},
	 "WS_CLOSE\nCONNECT_ERROR /: a b [2J "
	 "{\"message\":\"a\\nb\\u001b[2J\"}\nFAILED refused 0: a b [2J\n"},
	{"CONNECT_ERROR after CONNECT throws out",
	 JOINED,
	 {"44\"no\""},
	 "WS_CLOSE\nCONNECT_ERROR /: no \"no\"\nLOST refused 0: no\n"},
	{"DISCONNECT has no data", JOINED, {"41{}"}, NO_PACKET("1{}")},
	/* ---- Socket.IO: packets ---- */
	{"a packet is not empty", JOINED, {"4"}, NO_PACKET("")},
	{"packet types end at 6 here, too",
	 JOINED,
	 {"47[\"a\"]"},
	 NO_PACKET("7[\"a\"]")},
	{"an event has a name", JOINED, {"42[]"}, NO_PACKET("2[]")},
	{"a name is a string or a number",
	 JOINED,
	 {"42[null]"},
	 NO_PACKET("2[null]")},
	{"reserved names",
	 JOINED,
	 {"42[\"disconnect\"]"},
	 NO_PACKET("2[\"disconnect\"]")},
	{"an event is JSON", JOINED, {"42[\"a\""}, NO_PACKET("2[\"a\"")},
	{"text is UTF-8",
	 JOINED,
	 {"42[\"a\",\"\xc3(\"]"},
	 NO_PACKET("2[\"a\",\"\xef\xbf\xbd(\"]")},
	{"JSON nests at most 32 deep",
	 JOINED,
	 {"42[\"a\",[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]"
	  "]]]]]]"},
	 NO_PACKET("2[\"a\",[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"
		   "]]]]]]]]]]]]]]]]")},
	{"an id is a number that fits",
	 JOINED,
	 {"4299999999999999999999[\"a\"]"},
	 SOCKET("a packet with too many attachments or digits")},
	{"an ACK is an array", JOINED, {"430{}"}, NO_PACKET("30{}")},
	{"an ACK that nobody waits for", JOINED, {"437[]", "43[]"}, ""},
	/* ---- Socket.IO: attachments ---- */
	{"a packet announces its attachments",
	 JOINED,
	 {"b:x"},
	 SOCKET("an attachment that belongs to no packet")},
	{"attachments follow at once",
	 JOINED,
	 {"451-[\"a\"," PH(0) "]", "42[\"b\"]"},
	 SOCKET("a packet where an attachment should be")},
	{"as many attachments as announced",
	 JOINED,
	 {"451-[\"a\"," PH(0) "]", "b:x", "b:y"},
	 "WS_CLOSE\nMESSAGE / a [" PH(
		 0) "] +78\n"
		    "LOST Socket.IO 0: an attachment that belongs to no packet\n"},
	{"no attachments is not binary",
	 JOINED,
	 {"450-[\"a\"]"},
	 NO_PACKET("50-[\"a\"]")},
	{"at most ten attachments",
	 JOINED,
	 {"4511-[\"a\"]"},
	 SOCKET("a packet with too many attachments or digits")},
	{"a placeholder has its attachment",
	 JOINED,
	 {"451-[\"a\"," PH(1) "]"},
	 SOCKET("a placeholder without its attachment")},
	{"a placeholder's number is an integer",
	 JOINED,
	 {"451-[\"a\"," PH(0.5) "]"},
	 SOCKET("a placeholder without its attachment")},
	{"a placeholder's number is not negative",
	 JOINED,
	 {"451-[\"a\"," PH(-1) "]"},
	 SOCKET("a placeholder without its attachment")},
	{"attachments of a namespace not joined are taken with it",
	 JOINED,
	 {"451-/x,[\"a\"," PH(0) "]", "b:x", "42[\"b\"]"},
	 "MESSAGE / b []\n"},
	{"attachments die with the session",
	 JOINED,
	 {"451-[\"a\"," PH(0) "]", "c:1006"},
	 "LOST closed 1006: the connection was cut\n"},
	/* ---- polling ---- */
	{"a payload is not empty",
	 POLL_OPEN,
	 {""},
	 "FAILED Engine.IO 0: not an Engine.IO payload: \n"},
	{"a payload is packets",
	 POLLING,
	 {"ok"},
	 "LOST Engine.IO 0: not an Engine.IO payload: ok\n"},
	{"a separator separates",
	 POLLING,
	 {"6\x1e"},
	 "LOST Engine.IO 0: not an Engine.IO payload: 6 \n"},
	{"what precedes the fault counts",
	 POLLING,
	 {"42[\"a\"]\x1e"
	  "9"},
	 "MESSAGE / a []\n"
	 "LOST Engine.IO 0: not an Engine.IO payload: 9\n"},
	{"base64 is base64",
	 POLLING,
	 {"451-[\"a\"," PH(0) "]\x1e"
			      "b%%%%"},
	 "LOST Engine.IO 0: not an Engine.IO payload: b%%%%\n"},
	{"a binary message needs its packet here, too",
	 POLLING,
	 {"bAA=="},
	 "LOST Socket.IO 0: an attachment that belongs to no packet\n"},
	{"a handshake by polling is made once",
	 POLLING,
	 {"6\x1e" PEER_HANDSHAKE},
	 "LOST Engine.IO 0: a second handshake\n"},
	{"Engine.IO 3 is named",
	 POLL_OPEN,
	 {"85:0{\"sid\":\"x\"}2:40"},
	 "FAILED old server 0: the server speaks Engine.IO 3\n"},
};

static void begin(enum start start)
{
	peer_init(&peer);
	switch (start) {
	case WS_OPEN:
	case OPENED:
		peer.config.transports = SIO_WEBSOCKET;
		peer_start(&peer);
		peer_skip(&peer);
		peer_ws_open(&peer);
		if (start == OPENED)
			peer_ws_text(&peer, PEER_HANDSHAKE);
		break;
	case JOINED:
		peer.config.transports = SIO_WEBSOCKET;
		peer_join_ws(&peer);
		break;
	case POLL_OPEN:
		peer.config.transports = SIO_POLLING;
		peer_start(&peer);
		break;
	case POLLING:
		peer_join_polling(&peer);
		break;
	}
	peer_skip(&peer);
}

static void feed(const struct scenario *s, const char *frame)
{
	if (s->start >= POLL_OPEN)
		peer_poll(&peer, 200, frame);
	else if (strncmp(frame, "b:", 2) == 0)
		peer_ws_binary(&peer, frame + 2, strlen(frame + 2));
	else if (strncmp(frame, "c:", 2) == 0)
		peer_ws_fail(&peer, SIO_STAGE_CLOSED, atoi(frame + 2), "");
	else
		peer_ws_text(&peer, frame);
}

/* Whatever happened: it comes back, and it can be stopped. */
static void recover(void)
{
	const char *p;

	for (int i = 0; i < 5 && !peer.ws && !peer.get; i++) {
		peer_wait_next(&peer);
		peer_skip(&peer);
	}
	assert_true(peer.ws || peer.get);
	sio_client_stop(peer.client, peer.now_ns);
	p = peer_take(&peer);
	assert_null(strstr(p, "OVERLAP"));
	assert_null(strstr(p, "WITHOUT"));
	peer_wait(&peer, 6000);
	assert_true(sio_client_stopped(peer.client));
}

static void test_scenarios(void **state)
{
	(void)state;
	assert_true(LEN(scenarios) >= 60);
	for (size_t i = 0; i < LEN(scenarios); i++) {
		const struct scenario *s = &scenarios[i];
		const char *p;
		char out[4096];

		begin(s->start);
		for (int f = 0; f < 5 && s->frames[f]; f++)
			feed(s, s->frames[f]);
		p = peer_take(&peer);
		/* by polling, what goes on is beside the point */
		for (; strncmp(p, "GET ", 4) == 0; p = strchr(p, '\n') + 1)
			;
		snprintf(out, sizeof(out), "%s", p);
		if (strcmp(out, s->lines) != 0)
			fail_msg("%s:\n%sinstead of\n%s", s->rule, out,
				 s->lines);
		recover();
		peer_free(&peer);
	}
}

/* ---- the same in each state ---- */

static void test_prefix_of_a_handshake_then_silence(void **state)
{
	static const char hs[] = PEER_HANDSHAKE;

	(void)state;
	for (size_t n = 0; n < strlen(hs); n++) {
		begin(WS_OPEN);
		sio_client_ws_feed(peer.client, peer.ws, false, hs, n, false,
				   peer.now_ns);
		assert_string_equal(peer_take(&peer), "");
		peer_wait_next(&peer);
		assert_string_equal(
			peer_take(&peer),
			"ABORT WS\nFAILED timeout 0: no Engine.IO handshake\n");
		recover();
		peer_free(&peer);
	}
}

static void test_prefix_of_a_handshake_as_a_message(void **state)
{
	static const char hs[] = PEER_HANDSHAKE;

	(void)state;
	for (size_t n = 0; n < strlen(hs); n++) {
		begin(WS_OPEN);
		sio_client_ws_feed(peer.client, peer.ws, false, hs, n, true,
				   peer.now_ns);
		assert_non_null(
			strstr(peer_take(&peer), "FAILED Engine.IO 0: not a"));
		recover();
		peer_free(&peer);
	}
}

static void test_split_at_each_byte(void **state)
{
	static const char hs[] = PEER_HANDSHAKE;

	(void)state;
	for (size_t n = 0; n <= strlen(hs); n++) {
		begin(WS_OPEN);
		sio_client_ws_feed(peer.client, peer.ws, false, hs, n, false,
				   peer.now_ns);
		sio_client_ws_feed(peer.client, peer.ws, false, hs + n,
				   strlen(hs) - n, true, peer.now_ns);
		assert_string_equal(peer_take(&peer),
				    "> 40\nOPEN S websocket\n");
		peer_free(&peer);
	}
}

static void test_body_split_at_each_byte(void **state)
{
	static const char body[] = "42[\"a\"]\x1e"
				   "451-[\"b\"," PH(0) "]\x1e"
						       "bAAEC\x1e"
						       "2";

	(void)state;
	for (size_t n = 0; n <= strlen(body); n++) {
		begin(POLLING);
		sio_client_http_feed(peer.client, peer.get, body, n,
				     peer.now_ns);
		peer_poll(&peer, 200, body + n);
		assert_non_null(strstr(
			peer_take(&peer),
			"MESSAGE / a []\nMESSAGE / b [" PH(0) "] +000102\n"));
		peer_free(&peer);
	}
}

static void test_cut_in_each_state(void **state)
{
	(void)state;
	for (int start = WS_OPEN; start <= POLLING; start++) {
		begin((enum start)start);
		if (start < POLL_OPEN)
			peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1006, "");
		else
			peer_poll_fail(&peer, SIO_STAGE_CLOSED, 0, "reset");
		assert_non_null(strstr(peer_take(&peer), " closed "));
		recover();
		peer_free(&peer);
	}
}

static void test_silence_in_each_state(void **state)
{
	(void)state;
	for (int start = WS_OPEN; start <= POLLING; start++) {
		begin((enum start)start);
		peer_wait_next(&peer);
		peer_skip(&peer);
		/* every one of them ends by itself */
		assert_false(sio_client_connected(peer.client, "/"));
		recover();
		peer_free(&peer);
	}
}

static void test_garbage_in_each_state(void **state)
{
	(void)state;
	for (int start = WS_OPEN; start <= POLLING; start++) {
		for (int c = 0; c < 256; c++) {
			char text[] = {(char)c, '[', '\0'};

			begin((enum start)start);
			if (start < POLL_OPEN)
				peer_ws_text(&peer, text);
			else
				peer_poll(&peer, 200, text);
			peer_skip(&peer);
			recover();
			peer_free(&peer);
		}
	}
}

/* The carrier opens twice, answers for the wrong channel, ends what ended. */
static void test_confused_carrier(void **state)
{
	const struct sio_failure f = {SIO_STAGE_TCP, 0, NULL};
	uint32_t ws;

	(void)state;
	begin(JOINED);
	ws = peer.ws;
	sio_client_ws_open(peer.client, ws, peer.now_ns);
	sio_client_http_feed(peer.client, ws, "x", 1, peer.now_ns);
	sio_client_http_end(peer.client, ws, 200, peer.now_ns);
	sio_client_commit_output(peer.client);
	assert_string_equal(peer_take(&peer), "");
	sio_client_failed(peer.client, ws, &f, peer.now_ns);
	sio_client_failed(peer.client, ws, &f, peer.now_ns);
	assert_string_equal(peer_take(&peer), "LOST TCP 0: \n");
	peer.ws = 0;
	recover();
	peer_free(&peer);
}

/* The end was told before the client's wish to end it was taken. */
static void test_end_told_twice(void **state)
{
	(void)state;
	begin(JOINED);
	peer_ws_text(&peer, "7");
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1006, "");
	assert_string_equal(peer_take(&peer),
			    "LOST Engine.IO 0: not an Engine.IO packet: 7\n");
	peer_free(&peer);
	begin(POLLING);
	(void)peer_emit(&peer, "a", "b");
	peer_skip(&peer);
	peer_poll(&peer, 200, "7");
	peer_posted(&peer, 200, "ok");
	assert_string_equal(peer_take(&peer),
			    "LOST Engine.IO 0: not an Engine.IO payload: 7\n");
	peer_free(&peer);
}

static void test_clock_that_goes_back(void **state)
{
	(void)state;
	begin(JOINED);
	sio_client_timeout(peer.client, 0);
	sio_client_ws_feed(peer.client, peer.ws, false, "2", 1, true, 0);
	assert_string_equal(peer_take(&peer), "> 3\n");
	assert_int_equal(sio_client_deadline(peer.client),
			 peer.now_ns + UINT64_C(45000000000));
	peer_free(&peer);
}

/* A carrier that writes nothing for a while, then everything. */
static void test_slow_reader(void **state)
{
	int n = 0;

	(void)state;
	begin(JOINED);
	for (int i = 0; i < 100000; i++)
		n += peer_emit(&peer, "data", "0123456789") == SIO_OK;
	assert_in_range(n, 20000, 50000);
	assert_true(sio_client_output_bytes(peer.client) <= 1000000);
	for (int i = 0; i < 10; i++)
		peer_ws_text(&peer, "2");
	/* the pong is still the first */
	assert_memory_equal(peer_take(&peer), "> 3\n> 42[", 9);
	assert_int_equal(sio_client_output_bytes(peer.client), 0);
	peer_free(&peer);
}

static void test_flood_of_events(void **state)
{
	(void)state;
	begin(JOINED);
	for (int i = 0; i < 100000; i++) {
		struct sio_event e;

		peer_ws_text(&peer, "42[\"a\",1]");
		assert_int_equal(sio_client_next_event(peer.client, &e), 0);
	}
	assert_true(peer.memory.live < 40);
	peer_free(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenarios),
		cmocka_unit_test(test_prefix_of_a_handshake_then_silence),
		cmocka_unit_test(test_prefix_of_a_handshake_as_a_message),
		cmocka_unit_test(test_split_at_each_byte),
		cmocka_unit_test(test_body_split_at_each_byte),
		cmocka_unit_test(test_cut_in_each_state),
		cmocka_unit_test(test_silence_in_each_state),
		cmocka_unit_test(test_garbage_in_each_state),
		cmocka_unit_test(test_confused_carrier),
		cmocka_unit_test(test_end_told_twice),
		cmocka_unit_test(test_clock_that_goes_back),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_flood_of_events),
	};

	return cmocka_run_group_tests_name("sio_adversary", tests, NULL, NULL);
}
