/* SPDX-License-Identifier: ISC */
/* The client over WebSocket: from start to stop, events, reconnection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/sio_peer.h"

#define MS 1000000ull
#define S  1000000000ull

static struct sio_peer peer;

static int setup(void **state)
{
	(void)state;
	peer_init(&peer);
	peer.config.transports = SIO_WEBSOCKET;
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

/* ---- the way in ---- */

static int auth(void *user, const char *nsp, char *buf, size_t size)
{
	const char *text = *(const char **)user;

	(void)nsp;
	return text ? snprintf(buf, size, "%s", text) : -1;
}

static void test_connect(void **state)
{
	const char *payload = "{\"token\":\"t\"}";

	(void)state;
	peer.config.auth = auth;
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
		"", "socket.io/", "/socket.io", "/a b/", "/a\r\nX: y/", "/?/",
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

/* The token is asked for at each attempt; a refusal is retried slowly. */
static void test_connect_error_then_another_token(void **state)
{
	const char *payload = "{\"token\":1}";

	(void)state;
	peer.config.auth = auth;
	peer.config.user = &payload;
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	peer_skip(&peer);
	peer_ws_text(&peer, "44{\"message\":\"Invalid token\"}");
	expect("WS_CLOSE\n"
	       "CONNECT_ERROR /: Invalid token {\"message\":\"Invalid token\"}\n"
	       "FAILED refused 0: Invalid token\n");
	assert_in_range(peer.retry_ns, 5 * S, 10 * S);
	payload = "{\"token\":2}";
	peer_wait_next(&peer);
	expect("WS_OPEN " PEER_WS "\n");
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	expect("> 40{\"token\":2}\nOPEN S websocket\n");
}

static void test_connect_error_as_a_string(void **state)
{
	(void)state;
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	peer_skip(&peer);
	peer_ws_text(&peer, "44\"Unable to connect\"");
	expect("WS_CLOSE\n"
	       "CONNECT_ERROR /: Unable to connect \"Unable to connect\"\n"
	       "FAILED refused 0: Unable to connect\n");
}

static void test_refusals_slow_down_to_a_minute(void **state)
{
	static const uint64_t bounds[] = {10, 20, 40, 60, 60};

	(void)state;
	for (int i = 0; i < 5; i++) {
		if (i)
			peer_wait_next(&peer);
		else
			peer_start(&peer);
		peer_skip(&peer);
		peer_ws_open(&peer);
		peer_ws_text(&peer, PEER_HANDSHAKE);
		peer_skip(&peer);
		peer_ws_text(&peer, "44{\"message\":\"no\"}");
		peer_skip(&peer);
		assert_in_range(peer.retry_ns, 5 * S, bounds[i] * S);
	}
}

static void rejoin(void)
{
	peer_wait_next(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	peer_ws_text(&peer, "40{\"sid\":\"N\"}");
	peer_skip(&peer);
}

static void thrown_out(void)
{
	peer_ws_text(&peer, "41");
	peer_skip(&peer);
}

static void thrown_out_thrice(uint64_t seed)
{
	peer.config.seed = seed;
	peer_join_ws(&peer);
	thrown_out();
	rejoin();
	thrown_out();
	rejoin();
	thrown_out();
	rejoin();
}

/* Who is let in and thrown out at once is not let in. */
static void test_refusals_count_on_while_thrown_out(void **state)
{
	uint64_t longest = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		thrown_out_thrice(seed);
		thrown_out();
		if (peer.retry_ns > longest)
			longest = peer.retry_ns;
		peer_free(&peer);
		setup(NULL);
	}
	assert_in_range(longest, 30 * S, 60 * S);
}

static void test_refusals_start_again_after_a_good_while(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		thrown_out_thrice(seed);
		peer_wait(&peer, 40000);
		peer_ws_text(&peer, "2");
		peer_wait(&peer, 20000);
		thrown_out();
		assert_in_range(peer.retry_ns, 5 * S, 10 * S);
		peer_free(&peer);
		setup(NULL);
	}
}

static void test_refusals_start_again_after_another_loss(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		thrown_out_thrice(seed);
		peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1006, "");
		peer_skip(&peer);
		rejoin();
		thrown_out();
		assert_in_range(peer.retry_ns, 5 * S, 10 * S);
		peer_free(&peer);
		setup(NULL);
	}
}

/* ---- credentials ---- */

/* Remembers the block that they are written into, looks at it as it goes. */
struct witness {
	struct sio_mem mem;
	void *block;
	size_t size;
	bool seen;
};

static void *witness_malloc(void *user, size_t size)
{
	struct witness *w = user;
	void *p = malloc(size);

	if (size >= 8192) {
		w->block = p;
		w->size = size;
	}
	return p;
}

static void *witness_realloc(void *user, void *ptr, size_t size)
{
	(void)user;
	return realloc(ptr, size);
}

static void witness_free(void *user, void *ptr)
{
	struct witness *w = user;

	if (ptr && ptr == w->block) {
		w->block = NULL;
		w->seen = memmem(ptr, w->size, "swordfish", 9) != NULL;
	}
	free(ptr);
}

static void test_credentials_are_wiped(void **state)
{
	const char *payload = "{\"token\":\"swordfish\"}";
	/* the client is freed behind the test */
	static struct witness w = {.seen = true};

	(void)state;
	w.mem = (struct sio_mem){&w, witness_malloc, witness_realloc,
				 witness_free};
	peer.config.mem = &w.mem;
	peer.config.auth = auth;
	peer.config.user = &payload;
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	assert_false(w.seen);
	assert_non_null(strstr(peer_take(&peer), "swordfish"));
}

static void test_no_credentials(void **state)
{
	const char *payload = NULL;

	(void)state;
	peer.config.auth = auth;
	peer.config.user = &payload;
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	expect("WS_CLOSE\nOPEN S websocket\n"
	       "CONNECT_ERROR /: the credentials are not available \n"
	       "FAILED local 0: the credentials are not available\n");
	assert_in_range(peer.retry_ns, 5 * S, 10 * S);
}

/* A payload that is no object would end the connection. */
static void test_credentials_are_checked(void **state)
{
	const char *payload = "null";

	(void)state;
	peer.config.auth = auth;
	peer.config.user = &payload;
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	expect("WS_CLOSE\nOPEN S websocket\n"
	       "CONNECT_ERROR /: the credentials are not a JSON object \n"
	       "FAILED local 0: the credentials are not a JSON object\n");
}

static void test_socket_io_2_is_recognised(void **state)
{
	(void)state;
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	peer_skip(&peer);
	peer_ws_text(&peer, "40");
	expect("WS_CLOSE\n"
	       "FAILED old server 0: the server speaks Socket.IO 2\n");
	assert_in_range(peer.retry_ns, 5 * S, 10 * S);
}

/* ---- events ---- */

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

/* ---- acknowledgements ---- */

static int emit_ack(uint64_t timeout_ns, void *user)
{
	const struct sio_emit emit = {
		.name = "q",
		.want_ack = true,
		.ack_timeout_ns = timeout_ns,
		.ack_user = user,
	};

	return sio_client_emit(peer.client, &emit, peer.now_ns);
}

static void test_ack_received(void **state)
{
	int a;
	int b;

	(void)state;
	peer_join_ws(&peer);
	assert_int_equal(emit_ack(0, &a), SIO_OK);
	assert_int_equal(emit_ack(0, &b), SIO_OK);
	expect("> 420[\"q\"]\n> 421[\"q\"]\n");
	peer_ws_text(&peer, "431[1,\"x\"]");
	expect("ACK 1 [1,\"x\"]\n");
	assert_ptr_equal(peer.ack_user, &b);
	peer_ws_text(&peer, "430[]");
	expect("ACK 0 []\n");
	assert_ptr_equal(peer.ack_user, &a);
	/* a second answer, and one that nobody asked for */
	peer_ws_text(&peer, "430[]");
	peer_ws_text(&peer, "4399[]");
	expect("");
}

static void test_ack_timeout(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	assert_int_equal(emit_ack(2 * S, NULL), SIO_OK);
	assert_int_equal(emit_ack(1 * S, NULL), SIO_OK);
	assert_int_equal(emit_ack(0, NULL), SIO_OK);
	peer_skip(&peer);
	peer_wait(&peer, 999);
	expect("");
	peer_wait(&peer, 1);
	expect("ACK 1 timed out\n");
	peer_wait(&peer, 1000);
	expect("ACK 0 timed out\n");
	/* too late: it was told already */
	peer_ws_text(&peer, "430[]");
	expect("");
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1006, "");
	expect("ACK 2 timed out\n"
	       "LOST closed 1006: the connection was cut\n");
}

/* An emit that was refused has taken no id, and no answer will come. */
static void test_refused_emit_takes_no_id(void **state)
{
	static const char big[1000001];
	const struct sio_value arg = {
		.type = SIO_BINARY, .data = big, .len = sizeof(big)};
	const struct sio_emit emit = {
		.name = "q", .args = &arg, .n_args = 1, .want_ack = true};

	(void)state;
	peer_join_ws(&peer);
	assert_int_equal(sio_client_emit(peer.client, &emit, peer.now_ns),
			 SIO_ERR_TOO_BIG);
	assert_int_equal(emit_ack(0, NULL), SIO_OK);
	expect("> 420[\"q\"]\n");
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1006, "");
	expect("ACK 0 timed out\nLOST closed 1006: the connection was cut\n");
}

static void test_acks_are_bounded(void **state)
{
	(void)state;
	peer.config.max_acks = 2;
	peer_join_ws(&peer);
	assert_int_equal(emit_ack(0, NULL), SIO_OK);
	assert_int_equal(emit_ack(0, NULL), SIO_OK);
	assert_int_equal(emit_ack(0, NULL), SIO_ERR_FULL);
	peer_skip(&peer);
	peer_ws_text(&peer, "430[]");
	assert_int_equal(emit_ack(0, NULL), SIO_OK);
	expect("> 422[\"q\"]\nACK 0 []\n");
}

static void test_ack_answered(void **state)
{
	const struct sio_value arg = {.type = SIO_INT, .number = 7};

	(void)state;
	peer_join_ws(&peer);
	peer_ws_text(&peer, "4212[\"q\"]");
	expect("MESSAGE / q [] needs ack\n");
	assert_int_equal(sio_client_ack(peer.client, "/", peer.ack_id, &arg, 1,
					peer.now_ns),
			 SIO_OK);
	expect("> 4312[7]\n");
	assert_int_equal(sio_client_ack(peer.client, NULL, peer.ack_id, NULL, 0,
					peer.now_ns),
			 SIO_OK);
	expect("> 4312[]\n");
	assert_int_equal(
		sio_client_ack(peer.client, "/", -1, NULL, 0, peer.now_ns),
		SIO_ERR_INVALID);
}

/* A server ends the connection on an ACK for what it does not know. */
static void test_late_ack_is_never_sent(void **state)
{
	int64_t id;

	(void)state;
	peer_join_ws(&peer);
	peer_ws_text(&peer, "4212[\"q\"]");
	peer_skip(&peer);
	id = peer.ack_id;
	peer_ws_text(&peer, "41");
	assert_int_equal(
		sio_client_ack(peer.client, "/", id, NULL, 0, peer.now_ns), 0);
	peer_skip(&peer);
	peer_wait(&peer, 10000);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	peer_ws_text(&peer, "40{\"sid\":\"N2\"}");
	peer_skip(&peer);
	/* joined again, but the id is of the session before */
	assert_int_equal(
		sio_client_ack(peer.client, "/", id, NULL, 0, peer.now_ns), 0);
	expect("");
	assert_int_equal(
		sio_client_ack(peer.client, "/none", id, NULL, 0, peer.now_ns),
		0);
	expect("");
}

/* ---- heartbeat ---- */

static void test_ping_is_answered(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	peer_wait(&peer, 25000);
	peer_ws_text(&peer, "2");
	expect("> 3\n");
}

static void test_heartbeat_lost(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	peer_wait(&peer, 40000);
	/* only a ping counts, not other traffic */
	peer_ws_text(&peer, "42[\"x\"]");
	peer_skip(&peer);
	peer_wait(&peer, 4999);
	expect("");
	peer_wait(&peer, 1);
	expect("ABORT WS\nLOST heartbeat lost 0: no ping for 45 s\n");
	assert_in_range(peer.retry_ns, 100 * MS, 1 * S);
}

/* The time is said as it is, however short. */
static void test_heartbeat_lost_in_words(void **state)
{
	static const struct {
		const char *interval;
		const char *timeout;
		const char *seconds;
	} rows[] = {
		{"25000", "20000", "45"}, {"600", "400", "1"},
		{"1000", "500", "1.5"},	  {"200", "100", "0.3"},
		{"40", "5", "0.045"},	  {"33.3", "0.001", "0.033301"},
		{"5", "5", "0.01"},	  {"8640000", "1e99", "95040"},
	};

	(void)state;
	peer_start(&peer);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[160];

		peer_skip(&peer);
		peer_ws_open(&peer);
		snprintf(text, sizeof(text),
			 "0{\"sid\":\"S\",\"upgrades\":[],\"pingInterval\":%s,"
			 "\"pingTimeout\":%s}",
			 rows[i].interval, rows[i].timeout);
		peer_ws_text(&peer, text);
		peer_ws_text(&peer, "40{\"sid\":\"N\"}");
		peer_skip(&peer);
		peer_wait_next(&peer);
		snprintf(text, sizeof(text),
			 "ABORT WS\nLOST heartbeat lost 0: no ping for %s s\n",
			 rows[i].seconds);
		expect(text);
		peer_wait_next(&peer);
	}
}

static void test_heartbeat_restarts_with_each_ping(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	for (int i = 0; i < 5; i++) {
		peer_wait(&peer, 44000);
		peer_ws_text(&peer, "2");
		expect("> 3\n");
	}
}

/* A pong goes in front of what is queued, a message that was shown stays. */
static void test_pong_overtakes_the_queue(void **state)
{
	struct sio_output o;

	(void)state;
	peer_join_ws(&peer);
	(void)peer_emit(&peer, "a", "1");
	(void)peer_emit(&peer, "b", "2");
	assert_int_equal(sio_client_peek_output(peer.client, &o), SIO_OK);
	peer_ws_text(&peer, "2");
	assert_int_equal(sio_client_peek_output(peer.client, &o), SIO_OK);
	assert_memory_equal(o.data, "42[\"a\",\"1\"]", 11);
	sio_client_commit_output(peer.client);
	expect("> 3\n> 42[\"b\",\"2\"]\n");
}

/* ---- losing and coming back ---- */

static void test_backoff_doubles_with_full_jitter(void **state)
{
	static const uint64_t bounds[] = {1, 2, 4, 8, 16, 30, 30, 30};

	(void)state;
	peer_start(&peer);
	for (int i = 0; i < 8; i++) {
		expect("WS_OPEN " PEER_WS "\n");
		peer_ws_fail(&peer, SIO_STAGE_TCP, 0, "connection refused");
		expect("FAILED TCP 0: connection refused\n");
		assert_in_range(peer.retry_ns, 100 * MS, bounds[i] * S);
		peer_wait_next(&peer);
	}
}

static void test_backoff_starts_again_once_joined(void **state)
{
	(void)state;
	peer_start(&peer);
	for (int i = 0; i < 6; i++) {
		peer_skip(&peer);
		peer_ws_fail(&peer, SIO_STAGE_DNS, 0, "no such host");
		expect("FAILED DNS 0: no such host\n");
		peer_wait_next(&peer);
	}
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	peer_ws_text(&peer, "40{\"sid\":\"N\"}");
	peer_skip(&peer);
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1012, "");
	expect("LOST closed 1012: the server restarts\n");
	assert_in_range(peer.retry_ns, 100 * MS, 1 * S);
}

static void test_retry_now(void **state)
{
	(void)state;
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_fail(&peer, SIO_STAGE_TCP, 0, "unreachable");
	peer_skip(&peer);
	sio_client_retry_now(peer.client, peer.now_ns);
	expect("WS_OPEN " PEER_WS "\n");
	/* not while one is under way */
	sio_client_retry_now(peer.client, peer.now_ns);
	expect("");
}

static void test_server_disconnect_is_retried_slowly(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	peer_ws_text(&peer, "41");
	expect("WS_CLOSE\nDISCONNECT /\n"
	       "LOST refused 0: the server ended the connection\n");
	assert_in_range(peer.retry_ns, 5 * S, 10 * S);
}

static void test_engine_close(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	peer_ws_text(&peer, "1");
	expect("WS_CLOSE\nLOST closed 0: the server closed the session\n");
	assert_in_range(peer.retry_ns, 100 * MS, 1 * S);
}

static void test_close_codes_in_words(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1009, "");
	expect("LOST closed 1009: a message was larger than the server "
	       "accepts\n");
	peer_wait_next(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 4001, "go\naway");
	expect("FAILED closed 4001: go away\n");
	peer_wait_next(&peer);
	peer_skip(&peer);
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1008, "not you");
	expect("FAILED closed 1008: policy violation: not you\n");
	peer_wait_next(&peer);
	peer_skip(&peer);
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1004, NULL);
	expect("FAILED closed 1004: \n");
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
	peer_wait_next(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	peer_skip(&peer);
	peer_wait_next(&peer);
	expect("ABORT WS\nFAILED timeout 0: no answer to CONNECT of /\n");
}

/* What comes for a channel of the past must not touch the present one. */
static void test_late_answers_are_ignored(void **state)
{
	const struct sio_failure f = {SIO_STAGE_CLOSED, 1006, ""};
	uint32_t old;

	(void)state;
	peer_join_ws(&peer);
	old = peer.ws;
	peer_ws_text(&peer, "1");
	peer_skip(&peer);
	peer_wait(&peer, 1000);
	expect("WS_OPEN " PEER_WS "\n");
	assert_int_not_equal(peer.ws, old);
	sio_client_ws_open(peer.client, old, peer.now_ns);
	sio_client_ws_feed(peer.client, old, false, "x", 1, true, peer.now_ns);
	sio_client_http_feed(peer.client, old, "x", 1, peer.now_ns);
	sio_client_http_end(peer.client, old, 500, peer.now_ns);
	sio_client_http_cookie(peer.client, old, "a=b", 3);
	sio_client_failed(peer.client, old, &f, peer.now_ns);
	sio_client_failed(peer.client, 0, &f, peer.now_ns);
	sio_client_failed(peer.client, 12345, &f, peer.now_ns);
	sio_client_commit_output(peer.client);
	expect("");
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
	expect("> 40\nOPEN S websocket\n");
}

/* ---- the way out ---- */

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

static void test_stop_tells_that_no_ack_will_come(void **state)
{
	(void)state;
	peer_join_ws(&peer);
	assert_int_equal(emit_ack(0, NULL), SIO_OK);
	sio_client_stop(peer.client, peer.now_ns);
	expect("> 420[\"q\"]\n> 41\n> 1\nACK 0 timed out\nWS_CLOSE\n");
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
	peer_start(&peer);
	peer_skip(&peer);
	peer_ws_open(&peer);
	peer_ws_text(&peer, PEER_HANDSHAKE);
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

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_connect),
		T(test_path_and_query),
		T(test_config_is_checked),
		T(test_handshake_without_max_payload),
		T(test_connect_error_then_another_token),
		T(test_connect_error_as_a_string),
		T(test_refusals_slow_down_to_a_minute),
		T(test_refusals_count_on_while_thrown_out),
		T(test_refusals_start_again_after_a_good_while),
		T(test_refusals_start_again_after_another_loss),
		T(test_credentials_are_wiped),
		T(test_no_credentials),
		T(test_credentials_are_checked),
		T(test_socket_io_2_is_recognised),
		T(test_event_received),
		T(test_event_in_pieces),
		T(test_event_sent),
		T(test_emit_needs_a_joined_namespace),
		T(test_emit_checks_its_arguments),
		T(test_max_payload_is_never_exceeded),
		T(test_output_is_bounded),
		T(test_volatile_leaves_now_or_never),
		T(test_ack_received),
		T(test_ack_timeout),
		T(test_refused_emit_takes_no_id),
		T(test_acks_are_bounded),
		T(test_ack_answered),
		T(test_late_ack_is_never_sent),
		T(test_ping_is_answered),
		T(test_heartbeat_lost),
		T(test_heartbeat_lost_in_words),
		T(test_heartbeat_restarts_with_each_ping),
		T(test_pong_overtakes_the_queue),
		T(test_backoff_doubles_with_full_jitter),
		T(test_backoff_starts_again_once_joined),
		T(test_retry_now),
		T(test_server_disconnect_is_retried_slowly),
		T(test_engine_close),
		T(test_close_codes_in_words),
		T(test_silence_at_each_step),
		T(test_late_answers_are_ignored),
		T(test_stop_in_order),
		T(test_stop_gives_up_where_nothing_leaves),
		T(test_stop_tells_that_no_ack_will_come),
		T(test_stop_before_start),
		T(test_stop_while_opening),
		T(test_stop_before_connect_is_answered),
		T(test_stop_while_waiting),
		T(test_lost_while_stopping),
		T(test_strings),
	};

	return cmocka_run_group_tests_name("sio_client", tests, NULL, NULL);
}
