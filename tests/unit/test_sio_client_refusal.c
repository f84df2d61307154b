/* SPDX-License-Identifier: ISC */
/* The client is not let in, or thrown out: credentials, and slow retries. */
#include "tests/support/sio_test.h"

/* The handshake is made, CONNECT sent with that payload. */
static void open_with(const char **payload)
{
	peer.config.auth = sio_test_auth;
	peer.config.user = payload;
	peer_open_ws(&peer);
}

/* ---- refused ---- */

/* The token is asked for at each attempt; a refusal is retried slowly. */
static void test_connect_error_then_another_token(void **state)
{
	const char *payload = "{\"token\":1}";

	(void)state;
	open_with(&payload);
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
	peer_open_ws(&peer);
	peer_skip(&peer);
	peer_ws_text(&peer, "44\"Unable to connect\"");
	expect("WS_CLOSE\n"
	       "CONNECT_ERROR /: Unable to connect \"Unable to connect\"\n"
	       "FAILED refused 0: Unable to connect\n");
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

static void test_refusals_slow_down_to_a_minute(void **state)
{
	static const uint64_t bounds[] = {10, 20, 40, 60, 60};

	(void)state;
	for (int i = 0; i < 5; i++) {
		if (i)
			peer_reopen_ws(&peer);
		else
			peer_open_ws(&peer);
		peer_skip(&peer);
		peer_ws_text(&peer, "44{\"message\":\"no\"}");
		peer_skip(&peer);
		assert_in_range(peer.retry_ns, 5 * S, bounds[i] * S);
	}
}

static void rejoin(void)
{
	peer_reopen_ws(&peer);
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
		sio_test_setup_ws(NULL);
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
		sio_test_setup_ws(NULL);
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
		sio_test_setup_ws(NULL);
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
	open_with(&payload);
	assert_false(w.seen);
	assert_non_null(strstr(peer_take(&peer), "swordfish"));
}

static void test_no_credentials(void **state)
{
	const char *payload = NULL;

	(void)state;
	open_with(&payload);
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
	open_with(&payload);
	expect("WS_CLOSE\nOPEN S websocket\n"
	       "CONNECT_ERROR /: the credentials are not a JSON object \n"
	       "FAILED local 0: the credentials are not a JSON object\n");
}

static int auth_too_long(void *user, const char *nsp, char *buf, size_t size)
{
	(void)user;
	(void)nsp;
	/* as snprintf() says how much it would have been */
	return snprintf(buf, size, "{\"t\":\"%020000d\"}", 1);
}

static void test_credentials_too_long(void **state)
{
	(void)state;
	peer.config.auth = auth_too_long;
	peer_open_ws(&peer);
	expect("WS_CLOSE\nOPEN S websocket\n"
	       "CONNECT_ERROR /: the credentials are too long \n"
	       "FAILED local 0: the credentials are too long\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T_WS(test_connect_error_then_another_token),
		T_WS(test_connect_error_as_a_string),
		T_WS(test_server_disconnect_is_retried_slowly),
		T_WS(test_refusals_slow_down_to_a_minute),
		T_WS(test_refusals_count_on_while_thrown_out),
		T_WS(test_refusals_start_again_after_a_good_while),
		T_WS(test_refusals_start_again_after_another_loss),
		T_WS(test_credentials_are_wiped),
		T_WS(test_no_credentials),
		T_WS(test_credentials_are_checked),
		T_WS(test_credentials_too_long),
	};

	return cmocka_run_group_tests_name("sio_client_refusal", tests, NULL,
					   NULL);
}
