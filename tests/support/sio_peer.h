/* SPDX-License-Identifier: ISC */
#ifndef SIO_PEER_H
#define SIO_PEER_H

/*
 * The other side of a sio_client, without a network: answers its requests as a
 * test says, with a clock of the test's own, and writes down in one line each
 * what the client asks for, sends and tells. A line is one of
 *
 *   WS_OPEN target      GET target      POST target: body
 *   WS_CLOSE            ABORT GET       (or POST, WS)
 *   > text              >b 00ff         a WebSocket message
 *   OPEN sid websocket  UPGRADE         CONNECT nsp sid [recovered]
 *   MESSAGE nsp name json [+00ff]...    [needs ack]
 *   ACK id json         ACK id timed out
 *   CONNECT_ERROR nsp: text json        DISCONNECT nsp
 *   LOST stage status: text             FAILED stage status: text
 *
 * The separator of a payload is shown as '|', the changing value of "&t=" as
 * '*', a cookie behind the target as {a=b}.
 */
#include "tests/support/fail_malloc.h"

#define PEER_HANDSHAKE                                            \
	"0{\"sid\":\"S\",\"upgrades\":[],\"pingInterval\":25000," \
	"\"pingTimeout\":20000,\"maxPayload\":1000000}"

#define PEER_HANDSHAKE_POLLING                          \
	"0{\"sid\":\"S\",\"upgrades\":[\"websocket\"]," \
	"\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000}"

#define PEER_WS	  "/socket.io/?EIO=4&transport=websocket"
#define PEER_POLL "/socket.io/?EIO=4&transport=polling"

struct sio_peer {
	struct fail_malloc memory;
	struct sio_config config;
	struct sio_client *client;
	uint64_t now_ns;

	/* the channels under way, 0 if none */
	uint32_t ws;
	uint32_t get;
	uint32_t post;
	bool ws_is_open;

	uint64_t retry_ns; /* of the last failure */
	int64_t ack_id;	   /* of the last message */
	void *ack_user;	   /* of the last answer */
	size_t n_events;

	char text[65536];
	size_t len;
};

/* Defaults; change p->config before peer_start(). */
void peer_init(struct sio_peer *p);
/* Creates the client if there is none yet, starts it. */
void peer_start(struct sio_peer *p);
/* Frees the client; the test program ends if it leaves memory behind. */
void peer_free(struct sio_peer *p);

/* What has been written down since the last take, everything taken first. */
const char *peer_take(struct sio_peer *p);

/* As a carrier that has nothing to answer: take and forget. */
void peer_skip(struct sio_peer *p);

/* The request under way is answered. */
void peer_ws_open(struct sio_peer *p);
void peer_ws_text(struct sio_peer *p, const char *text);
void peer_ws_binary(struct sio_peer *p, const void *data, size_t len);
void peer_ws_fail(struct sio_peer *p, enum sio_stage stage, int status,
		  const char *text);
void peer_poll(struct sio_peer *p, int status, const char *body);
void peer_poll_fail(struct sio_peer *p, enum sio_stage stage, int status,
		    const char *text);
void peer_posted(struct sio_peer *p, int status, const char *body);

/* The clock goes on by ms; the client is told at each of its deadlines. */
void peer_wait(struct sio_peer *p, uint64_t ms);
/* To the next deadline exactly; the test program ends if there is none. */
void peer_wait_next(struct sio_peer *p);

/* start, WebSocket, handshake: what came of the last is left to take. */
void peer_open_ws(struct sio_peer *p);
/* The same by the next attempt, at its time. */
void peer_reopen_ws(struct sio_peer *p);
/* open, then CONNECT of "/": nothing is left to take. */
void peer_join_ws(struct sio_peer *p);
/* start by polling alone, the GET of the handshake under way. */
void peer_start_polling(struct sio_peer *p);
/* joined by polling, a GET under way. */
void peer_join_polling(struct sio_peer *p);

/* One string argument. */
int peer_emit(struct sio_peer *p, const char *name, const char *text);

#endif
