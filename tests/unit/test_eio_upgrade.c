/* SPDX-License-Identifier: ISC */
/* From polling to WebSocket: the probe, the switch, and what comes between. */
#include "tests/support/sio_test.h"

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

/* The WebSocket is open, the probe sent. */
static void begin_probe(void)
{
	begin_upgrade();
	peer_ws_open(&peer);
	expect("> 2probe\n");
}

/* The probe is answered: the GET under way is awaited. */
static void begin_pause(void)
{
	begin_probe();
	peer_ws_text(&peer, "3probe");
}

static void test_upgrade(void **state)
{
	(void)state;
	begin_pause();
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
	begin_probe();
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
	begin_pause();
	peer_poll(&peer, 200, "2");
	expect("> 5\n> 3\nUPGRADE\n");
}

static void test_probe_answered_wrongly(void **state)
{
	static const char *const answers[] = {"3", "3Probe", "2probe", "6",
					      "40"};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		begin_probe();
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
	begin_probe();
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

static void keep_line(void *user, const char *line)
{
	snprintf(user, 256, "%s", line);
}

/* A reason that a server chose cannot write a line of its own. */
static void test_log_is_one_line(void **state)
{
	char line[256] = "";

	(void)state;
	peer.config.log = keep_line;
	peer.config.user = line;
	begin_upgrade();
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 4000, "no\nroot: \x1b[31m\xff");
	assert_string_equal(line, "no upgrade to WebSocket: no root:  [31m"
				  "\xef\xbf\xbd");
	peer_free(&peer);
	peer_init(&peer);
}

/* Cut between "3probe" and "5": nothing was switched yet. */
static void test_websocket_cut_while_pausing(void **state)
{
	(void)state;
	begin_pause();
	(void)peer_emit(&peer, "a", "1");
	expect("");
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1006, "");
	expect(POST_SID "42[\"a\",\"1\"]\n");
}

static void test_pause_never_ends(void **state)
{
	(void)state;
	begin_pause();
	peer_wait(&peer, 10000);
	expect("WS_CLOSE\n");
	peer_poll(&peer, 200, "42[\"late\"]");
	expect(GET_SID "MESSAGE / late []\n");
}

/* The event that tells of it finds no memory. */
static void test_upgrade_out_of_memory(void **state)
{
	(void)state;
	begin_pause();
	fail_malloc_arm(&peer.memory, 1, true);
	/* the memory of the last event is there still: a message takes it */
	peer_poll(&peer, 200, "42[\"x\"]");
	assert_string_equal(peer_take(&peer), "WS_CLOSE\nMESSAGE / x []\n"
					      "LOST local 0: local\n");
	fail_malloc_arm(&peer.memory, 0, false);
}

static void test_session_lost_while_probing(void **state)
{
	(void)state;
	begin_probe();
	peer_poll(&peer, 400,
		  "{\"code\":1,\"message\":\"Session ID unknown\"}");
	expect("WS_CLOSE\nLOST Engine.IO 400: Session ID unknown\n");
}

static void test_websocket_lost_after_the_upgrade(void **state)
{
	(void)state;
	begin_pause();
	peer_poll(&peer, 200, "6");
	peer_skip(&peer);
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1006, "");
	expect("LOST closed 1006: the connection was cut\n");
}

static void test_stop_while_probing(void **state)
{
	(void)state;
	begin_probe();
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
	begin_pause();
	peer_poll(&peer, 200, sio_test_many_messages(100));
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

/* ---- the switch at each possible moment ---- */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_upgrade),
		T(test_upgrade_awaits_the_post),
		T(test_upgrade_with_a_post_about_to_leave),
		T(test_ping_during_the_upgrade),
		T(test_probe_answered_wrongly),
		T(test_probe_answered_before_it_was_sent),
		T(test_probe_not_answered),
		T(test_upgrade_refused),
		T(test_log_is_one_line),
		T(test_websocket_cut_while_pausing),
		T(test_pause_never_ends),
		T(test_session_lost_while_probing),
		T(test_websocket_lost_after_the_upgrade),
		T(test_stop_while_probing),
		T(test_stop_while_the_websocket_is_opening),
		T(test_upgrade_with_an_answer_waiting),
		T(test_nothing_is_lost_in_the_switch),
		T(test_upgrade_out_of_memory),
	};

	return cmocka_run_group_tests_name("eio_upgrade", tests, NULL, NULL);
}
