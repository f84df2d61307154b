/* SPDX-License-Identifier: ISC */
#ifndef EIO_PACKET_H
#define EIO_PACKET_H

/*
 * Engine.IO packets and the payload of HTTP long-polling
 * (engine.io-protocol v4, "Packet encoding").
 *
 * Over WebSocket a text message is <digit><data> and a binary message is the
 * data of a MESSAGE. Over polling, packets are joined by U+001E and a binary
 * one is 'b' and base64.
 */
#include "proto/buf.h"

enum eio_type {
	EIO_OPEN = '0',
	EIO_CLOSE = '1',
	EIO_PING = '2',
	EIO_PONG = '3',
	EIO_MESSAGE = '4',
	EIO_UPGRADE = '5',
	EIO_NOOP = '6',
};

struct eio_packet {
	enum eio_type type;
	bool binary; /* a MESSAGE whose data are bytes */
	const char *data;
	size_t len;
};

/* A text message of a WebSocket. SIO_ERR_SYNTAX: none. */
int eio_packet_decode(const char *text, size_t len,
		      struct eio_packet *ret_packet);

/*
 * Takes the next packet from *text. Binary data are decoded in place, so the
 * bytes behind *text change. SIO_NONE at the end, SIO_ERR_SYNTAX.
 */
int eio_payload_next(char **text, size_t *len, struct eio_packet *ret_packet);

/* What a message takes in a payload, the separator not counted. */
size_t eio_payload_size(bool binary, size_t len);

/*
 * Appends a packet to a payload: text as it stands (with its digit), bytes as
 * 'b' and base64. Errors stick in b.
 */
void eio_payload_append(struct sio_buf *b, bool binary, const void *data,
			size_t len);

/*
 * True if the text is the payload of an Engine.IO 3 server, "<n>:0{...", as
 * Socket.IO 2 answers whatever version is asked for.
 */
bool eio_payload_is_v3(const char *text, size_t len);

#endif
