/* SPDX-License-Identifier: ISC */
#ifndef SIO_PACKET_H
#define SIO_PACKET_H

/*
 * Socket.IO packets (socket.io-protocol v5, "Packet encoding"):
 *
 *   <type>[<attachments>-][<namespace>,][<id>][<json>]
 */
#include "proto/buf.h"

enum sio_packet_type {
	SIO_PACKET_CONNECT = '0',
	SIO_PACKET_DISCONNECT = '1',
	SIO_PACKET_EVENT = '2',
	SIO_PACKET_ACK = '3',
	SIO_PACKET_CONNECT_ERROR = '4',
	SIO_PACKET_BINARY_EVENT = '5',
	SIO_PACKET_BINARY_ACK = '6',
};

/* The greatest id that is taken: it leaves room for a generation in 63 bits */
#define SIO_PACKET_MAX_ID ((INT64_C(1) << 48) - 1)

struct sio_packet_limits {
	unsigned int max_attachments;
	unsigned int max_depth;
};

/* Pointers lie in the decoded text, or in a literal. */
struct sio_packet {
	enum sio_packet_type type;
	unsigned int attachments;
	const char *nsp; /* "/" if the packet names none */
	size_t nsp_len;
	int64_t id; /* -1 if none */
	const char *json;
	size_t json_len; /* 0 if none */

	/* EVENT: the first element, still escaped if it is a string */
	const char *name;
	size_t name_len;
	bool name_escaped;
	/* EVENT: from the first argument to the bracket's end; or empty */
	const char *args;
	size_t args_len;
	/* EVENT: the last argument, if it is a string, with its quotes */
	const char *last;
	size_t last_len;
};

/*
 * Validates everything: JSON, UTF-8, the shape that the type asks for
 * (socket.io-parser, isPayloadValid). SIO_ERR_SYNTAX, or SIO_ERR_TOO_BIG for
 * more attachments or digits than allowed.
 */
int sio_packet_decode(const char *text, size_t len,
		      const struct sio_packet_limits *limits,
		      struct sio_packet *ret_packet);

/* True for the names that no event may have, e.g. "connect". */
bool sio_packet_is_reserved(const char *name, size_t len);

/*
 * Appends everything up to the JSON; nsp ends with NUL, id -1 is none. Errors
 * stick in b.
 */
void sio_packet_encode_head(struct sio_buf *b, enum sio_packet_type type,
			    unsigned int attachments, const char *nsp,
			    int64_t id);

#endif
