/* SPDX-License-Identifier: ISC */
#ifndef SIO_H
#define SIO_H

/*
 * A Socket.IO client that performs no I/O.
 *
 * Protocols: Engine.IO 4 ("eio" below) and Socket.IO 5, as the documents
 * engine.io-protocol/v4-current and socket.io-protocol/v5-current in the
 * repository socketio/socket.io describe them.
 *
 * The caller owns sockets, TLS, WebSocket framing, HTTP, clock and loop (the
 * "carrier"). It and the client talk in five steps, in any order and from one
 * thread at a time:
 *
 *   1. sio_client_next_request()  what the client wants the carrier to do:
 *                                 open a WebSocket, GET, POST, close;
 *   2. sio_client_ws_open(), _ws_feed(), _http_feed(), _http_end(),
 *      sio_client_failed()        what came of it, bytes as they arrive;
 *   3. sio_client_peek_output(), _commit_output()
 *                                 WebSocket messages to be written;
 *   4. sio_client_deadline(), _timeout()
 *                                 the next instant at which time alone
 *                                 changes something;
 *   5. sio_client_next_event()    what the application wants to know.
 *
 * After any call that may change something ask all of 1, 3, 4 and 5 again,
 * until none has more: a commit (3) or an event that was taken (5) may be what
 * the next request (1) waits for.
 *
 * Time is `now_ns`, a clock that never goes back (CLOCK_MONOTONIC), in
 * nanoseconds; it must not be smaller than in an earlier call.
 *
 * Nothing here is global: any number of clients may live in one process.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SIO_NEVER UINT64_MAX

/* 0 is success, 1 an expected "nothing there", negative a failure. */
enum sio_err {
	SIO_OK = 0,
	SIO_NONE = 1,
	SIO_ERR_NOMEM = -1,   /* the allocator returned NULL */
	SIO_ERR_INVALID = -2, /* an argument; nothing changed */
	SIO_ERR_STATE = -3,   /* not now: not connected, already stopped */
	SIO_ERR_FULL = -4,    /* the output buffer is; try after a commit */
	SIO_ERR_TOO_BIG = -5, /* above the server's maxPayload or a limit */
	SIO_ERR_SYNTAX = -6,  /* not a packet, or not JSON */
};

/* In words, English, never NULL. */
const char *sio_strerror(int err);

/* All three as in the C library; `user` is passed through. */
struct sio_mem {
	void *user;
	void *(*malloc)(void *user, size_t size);
	void *(*realloc)(void *user, void *ptr, size_t size);
	void (*free)(void *user, void *ptr);
};

enum sio_transport {
	SIO_WEBSOCKET = 1 << 0,
	SIO_POLLING = 1 << 1,
};

/*
 * Where an attempt or a session failed. The first four are the carrier's to
 * report; the others are found here.
 */
enum sio_stage {
	SIO_STAGE_DNS,
	SIO_STAGE_TCP,
	SIO_STAGE_PROXY,
	SIO_STAGE_TLS,
	SIO_STAGE_HTTP,	     /* status: what the server answered, or 0 */
	SIO_STAGE_ENGINE,    /* Engine.IO: handshake, packet, error object */
	SIO_STAGE_SOCKET,    /* Socket.IO: a packet against the protocol */
	SIO_STAGE_VERSION,   /* the server speaks Socket.IO 2 or older */
	SIO_STAGE_REFUSED,   /* CONNECT_ERROR, or DISCONNECT by the server */
	SIO_STAGE_HEARTBEAT, /* no ping within pingInterval + pingTimeout */
	SIO_STAGE_TIMEOUT,   /* no answer within connect_timeout */
	SIO_STAGE_CLOSED,    /* the connection ended; status: close code */
	SIO_STAGE_LOCAL,     /* out of memory, or no auth payload */
};

/* One or two words for a log line, e.g. "DNS", "Engine.IO"; never NULL. */
const char *sio_stage_name(enum sio_stage stage);

struct sio_failure {
	enum sio_stage stage;
	int status;	  /* HTTP status or WebSocket close code, 0 if none */
	const char *text; /* in words, UTF-8, "" if nothing is known */
};

/*
 * Writes the CONNECT payload of a namespace, a JSON object, into buf and
 * returns its length (at most `size`), 0 for no payload. Negative: there is
 * none now (a password file that cannot be read); the attempt counts as
 * refused and is made again slowly. Asked anew at each attempt, since
 * credentials change.
 */
typedef int (*sio_auth_fn)(void *user, const char *nsp, char *buf, size_t size);

struct sio_config {
	/* "/socket.io/", with a prefix where the URL has one; both slashes */
	const char *path;
	/* more of the query, "a=b&c=d" as it shall be sent, or NULL */
	const char *query;
	/* SIO_WEBSOCKET first, SIO_POLLING where that fails, if both */
	unsigned int transports;
	/* with both: begin by polling and upgrade, as browsers do */
	bool polling_first;

	/* each step: WebSocket and handshake, those by polling, CONNECT */
	uint64_t connect_timeout_ns;
	uint64_t backoff_min_ns; /* the bound of the first delay */
	uint64_t backoff_max_ns; /* the bound that doubling ends at */
	/* those after a refusal, when none is below half of the first bound */
	uint64_t refusal_min_ns;
	uint64_t refusal_max_ns;

	size_t max_message_bytes; /* one received message or HTTP body */
	size_t max_output_bytes;  /* encoded and not yet committed */
	/*
	 * Received and not yet taken, and the memory of those. An answer to a
	 * poll that has more waits; a WebSocket that brings more ends the
	 * session.
	 */
	size_t max_events;
	size_t max_event_bytes;
	unsigned int max_attachments; /* of one packet, both ways; to 1024 */
	unsigned int max_depth;	      /* nesting of JSON, both ways; to 256 */
	unsigned int max_acks;	      /* acknowledgements awaited */

	/* connection state recovery: send pid and offset, see v5 */
	bool recovery;

	uint64_t seed; /* of the jitter; different in each process */

	/* NULL: the C library's; not copied, so it must outlive the client */
	const struct sio_mem *mem;
	/* one line, for debugging; may be NULL */
	void (*log)(void *user, const char *line);
	sio_auth_fn auth; /* may be NULL: no payload */
	/* for log and auth, which must not call the client */
	void *user;
};

/* The defaults: both transports, WebSocket first, 1 s to 30 s, 1 MB. */
void sio_config_init(struct sio_config *config);

struct sio_client;

/*
 * Copies what it needs of config. The namespace "/" is joined unless
 * sio_client_join() named others before sio_client_start(). SIO_ERR_INVALID: a
 * path or query that cannot stand in a request, or a 0 with which nothing works
 * (bytes, max_events, max_depth, connect_timeout_ns).
 */
int sio_client_new(const struct sio_config *config,
		   struct sio_client **ret_client);

/* In every state, also from within an event. NULL is fine. */
void sio_client_free(struct sio_client *c);

/* Begins to connect and never gives up. SIO_ERR_STATE: already started. */
int sio_client_start(struct sio_client *c, uint64_t now_ns);

/*
 * Leaves in order: DISCONNECT for each namespace, Engine.IO close, close.
 * What was emitted before goes out first. sio_client_stopped() turns true once
 * all of it was committed (by polling: answered), or at once where there is no
 * connection; after 5 s in any case.
 */
void sio_client_stop(struct sio_client *c, uint64_t now_ns);
bool sio_client_stopped(const struct sio_client *c);

/*
 * Gives up the waiting time of the backoff, if there is one: the network is
 * known to be back.
 */
void sio_client_retry_now(struct sio_client *c, uint64_t now_ns);

/*
 * A namespace begins with '/', is UTF-8 of at most 1024 bytes, and has no comma
 * or control character, else SIO_ERR_INVALID. It is joined now if there is a
 * connection, and by each that follows; joining twice is joining once.
 * SIO_ERR_STATE: stopped.
 */
int sio_client_join(struct sio_client *c, const char *nsp, uint64_t now_ns);
/* SIO_ERR_INVALID: it was not joined. */
int sio_client_leave(struct sio_client *c, const char *nsp, uint64_t now_ns);

/* ---- 1. what the carrier shall do ---- */

enum sio_op {
	/* open a WebSocket to target; answer ws_open or failed */
	SIO_OP_WS_OPEN,
	/* close handshake with status 1000, after the output is drained */
	SIO_OP_WS_CLOSE,
	/* GET target; answer http_feed*, http_end or failed */
	SIO_OP_HTTP_GET,
	/* POST body to target, Content-Type text/plain;charset=UTF-8 */
	SIO_OP_HTTP_POST,
	/* drop the channel at once and silently; no answer is expected */
	SIO_OP_ABORT,
};

/*
 * `channel` names one WebSocket or one HTTP exchange; it is not used again.
 * Pointers are valid until the next call on the client, but `body`, which
 * stays until that exchange has ended or failed.
 */
struct sio_request {
	enum sio_op op;
	uint32_t channel;
	const char *target; /* path and query, "/socket.io/?EIO=4&..." */
	const char *cookie; /* value of the Cookie header, or NULL */
	const char *body;
	size_t body_len;
};

/* SIO_OK, or SIO_NONE. */
int sio_client_next_request(struct sio_client *c,
			    struct sio_request *ret_request);

/* ---- 2. what came of it ---- */

/* An unknown or ended channel is ignored in all of these: a late answer. */
void sio_client_ws_open(struct sio_client *c, uint32_t channel,
			uint64_t now_ns);

/*
 * A piece of a WebSocket message, however it was fragmented; `last` ends it.
 * `binary` is the message's opcode.
 */
void sio_client_ws_feed(struct sio_client *c, uint32_t channel, bool binary,
			const void *data, size_t len, bool last,
			uint64_t now_ns);

/*
 * A Set-Cookie header of an HTTP answer; name=value is kept for the rest of
 * the session.
 */
void sio_client_http_cookie(struct sio_client *c, uint32_t channel,
			    const char *set_cookie, size_t len);

void sio_client_http_feed(struct sio_client *c, uint32_t channel,
			  const void *data, size_t len, uint64_t now_ns);
void sio_client_http_end(struct sio_client *c, uint32_t channel, int status,
			 uint64_t now_ns);

/*
 * The channel could not be opened, or ended. For a WebSocket that was open
 * use SIO_STAGE_CLOSED with the close code. `failure` is copied.
 */
void sio_client_failed(struct sio_client *c, uint32_t channel,
		       const struct sio_failure *failure, uint64_t now_ns);

/* ---- 3. WebSocket output ---- */

struct sio_output {
	uint32_t channel;
	bool binary; /* the opcode to use */
	const void *data;
	size_t len;
};

/*
 * The next whole WebSocket message, valid until the next call on the client.
 * The same again until sio_client_commit_output(), which says that it was
 * handed to the transport whole. SIO_OK, or SIO_NONE.
 */
int sio_client_peek_output(struct sio_client *c, struct sio_output *ret_output);
void sio_client_commit_output(struct sio_client *c);

/*
 * Bytes encoded and not yet committed, or posted and not yet answered; 8 are
 * added for each message. For back-pressure.
 */
size_t sio_client_output_bytes(const struct sio_client *c);

/* ---- 4. time ---- */

/* SIO_NEVER if only input can change something. */
uint64_t sio_client_deadline(const struct sio_client *c);
void sio_client_timeout(struct sio_client *c, uint64_t now_ns);

/* ---- 5. what the application wants to know ---- */

enum sio_event_kind {
	SIO_EVENT_OPEN,		 /* Engine.IO session: sid, transport */
	SIO_EVENT_UPGRADE,	 /* from polling to WebSocket */
	SIO_EVENT_CONNECT,	 /* namespace joined: nsp, sid, recovered */
	SIO_EVENT_CONNECT_ERROR, /* refused: nsp, failure, json: the data */
	SIO_EVENT_DISCONNECT,	 /* by the server: nsp */
	SIO_EVENT_MESSAGE,	 /* EVENT: nsp, name, json, ack_id */
	SIO_EVENT_ACK,		 /* answer: ack_id, json; or timed_out */
	SIO_EVENT_LOST,		 /* the session ended: failure, retry_ns */
	SIO_EVENT_FAILED,	 /* an attempt failed: failure, retry_ns */
};

struct sio_binary {
	const void *data;
	size_t len;
};

/*
 * Pointers are valid until the next call of sio_client_next_event() or
 * sio_client_free(). Strings end with NUL and are never NULL: "" where the
 * kind has none.
 */
struct sio_event {
	enum sio_event_kind kind;
	const char *nsp;
	const char *sid;
	enum sio_transport transport;
	bool recovered;
	struct sio_failure failure;
	uint64_t retry_ns; /* the delay before the next attempt */

	const char *name; /* MESSAGE: decoded from JSON, UTF-8 */
	size_t name_len;
	/*
	 * MESSAGE, ACK: the arguments as a JSON array without the name, valid
	 * JSON as received; binary arguments are placeholders
	 * {"_placeholder":true,"num":n} into `attachments`.
	 */
	const char *json;
	size_t json_len;
	const struct sio_binary *attachments;
	size_t n_attachments;

	int64_t ack_id; /* to be given to sio_client_ack(); -1 if none */
	void *ack_user; /* ACK: as given to sio_client_emit() */
	bool timed_out; /* ACK: no answer came in time, or never will */
};

/* SIO_OK, or SIO_NONE. */
int sio_client_next_event(struct sio_client *c, struct sio_event *ret_event);

/* ---- emitting ---- */

enum sio_value_type {
	SIO_STRING, /* bytes; invalid UTF-8 becomes U+FFFD */
	SIO_JSON,   /* valid JSON, sent as it is */
	SIO_BINARY, /* an attachment */
	SIO_NULL,
	SIO_BOOL,
	SIO_INT,
};

struct sio_value {
	enum sio_value_type type;
	const void *data; /* STRING, JSON, BINARY */
	size_t len;
	int64_t number; /* BOOL, INT */
};

enum sio_emit_flags {
	/* drop it unless it is the next to leave: joined, nothing queued */
	SIO_VOLATILE = 1 << 0,
};

struct sio_emit {
	const char *nsp; /* NULL is "/" */
	const char *name;
	const struct sio_value *args;
	size_t n_args;
	/*
	 * More attachments, behind those of SIO_BINARY arguments in number:
	 * for placeholders that the caller wrote into SIO_JSON.
	 */
	const struct sio_binary *attachments;
	size_t n_attachments;
	unsigned int flags;
	bool want_ack;		 /* an SIO_EVENT_ACK will come, always */
	uint64_t ack_timeout_ns; /* 0: until the connection ends */
	void *ack_user;
};

/*
 * Encodes an EVENT into the output buffer; everything is copied. It needs a
 * joined namespace: SIO_ERR_STATE otherwise (buffering while offline is the
 * caller's, who knows what may be lost). SIO_NONE: volatile and dropped.
 * SIO_ERR_TOO_BIG: the packet or an attachment is above the server's
 * maxPayload and was not sent, since the server would end the connection; or
 * it has more than max_attachments. SIO_ERR_FULL: it might fit later; also
 * where max_acks are awaited. SIO_ERR_SYNTAX: an SIO_JSON value is not JSON.
 * SIO_ERR_INVALID: no name, or a reserved one ("connect", "disconnect", ...).
 */
int sio_client_emit(struct sio_client *c, const struct sio_emit *emit,
		    uint64_t now_ns);

/*
 * Answers an event's ack_id. Silently nothing where the namespace was left in
 * the meantime: a server ends the connection on a late ACK.
 */
int sio_client_ack(struct sio_client *c, const char *nsp, int64_t ack_id,
		   const struct sio_value *args, size_t n_args,
		   uint64_t now_ns);

/* ---- state ---- */

bool sio_client_connected(const struct sio_client *c, const char *nsp);

/* What one WebSocket message may hold; SIZE_MAX where the server set none. */
size_t sio_client_max_payload(const struct sio_client *c);

#ifdef __cplusplus
}
#endif

#endif
