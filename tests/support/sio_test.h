/* SPDX-License-Identifier: ISC */
#ifndef SIO_TEST_H
#define SIO_TEST_H

/*
 * What the tests of the client have in common: cmocka, and one peer that each
 * test finds new and leaves to be freed.
 */
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

/* in the lines of a peer, joined by polling */
#define GET_SID	 "GET " PEER_POLL "&sid=S&t=*\n"
#define POST_SID "POST " PEER_POLL "&sid=S&t=*: "

/* JSON: the n-th attachment */
#define PH(n) "{\"_placeholder\":true,\"num\":" #n "}"

extern struct sio_peer peer;

/* For cmocka: with both transports, or with WebSocket alone. */
int sio_test_setup(void **state);
int sio_test_setup_ws(void **state);
int sio_test_teardown(void **state);

#define T(name) \
	cmocka_unit_test_setup_teardown(name, sio_test_setup, sio_test_teardown)
#define T_WS(name)                                               \
	cmocka_unit_test_setup_teardown(name, sio_test_setup_ws, \
					sio_test_teardown)

/* No function, so that a failure names the line of the test. */
#define expect(lines) assert_string_equal(peer_take(&peer), lines)

/* A CONNECT payload: `user` points to its text; NULL there is none. */
int sio_test_auth(void *user, const char *nsp, char *buf, size_t size);

/* The event "q", which asks for an acknowledgement. */
int sio_test_emit_ack(uint64_t timeout_ns, void *ack_user);

/* The session is cut; by the next the handshake is made. */
void sio_test_lose_and_reopen(void);

/* A body of n events "m", numbered from 0; valid until the next call. */
const char *sio_test_many_messages(int n);

#endif
