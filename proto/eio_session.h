/* SPDX-License-Identifier: ISC */
#ifndef EIO_SESSION_H
#define EIO_SESSION_H

/*
 * One Engine.IO session at a time: handshake, heartbeat, the two transports
 * and the way from one to the other (engine.io-protocol v4). What the messages
 * mean is the owner's affair.
 *
 * A session begins with eio_session_connect() and ends with exactly one call
 * of `closed`, after which another may begin. Only the time of the caller is
 * used, kept in now_ns. Reused buffers keep their memory between sessions.
 *
 * Files: eio_session.c (states, packets), eio_time.c (deadlines),
 * eio_channel.c (requests to the carrier), eio_cookie.c, eio_polling.c (GET
 * and POST), eio_websocket.c (messages in and out), eio_upgrade.c (probe and
 * switch).
 */
#include "proto/eio_packet.h"
#include "proto/eio_queue.h"

#define EIO_MAX_SID	256
#define EIO_MAX_COOKIES 4096
#define EIO_TEXT_SIZE	256

/* python-engineio refuses a payload of more (payload.py, max_decode_packets) */
#define EIO_MAX_PAYLOAD_PACKETS 16

enum eio_state {
	EIO_IDLE,
	EIO_OPENING, /* no handshake yet */
	EIO_OPENED,
	EIO_CLOSING, /* what is queued goes out, then CLOSE */
};

enum eio_upgrade_state {
	EIO_UP_NONE,
	EIO_UP_OPENING, /* the WebSocket is being opened */
	EIO_UP_PROBING, /* 2probe goes out, 3probe is awaited */
	EIO_UP_PAUSING, /* the GET and POST under way are awaited */
};

enum eio_channel_state {
	EIO_CH_NONE,
	EIO_CH_WANTED, /* a request that the carrier has not taken yet */
	EIO_CH_ACTIVE, /* taken, an answer is awaited */
	EIO_CH_OPEN,   /* a WebSocket */
};

struct eio_channel {
	enum eio_channel_state state;
	uint32_t id;
};

/* What eio_session_peek() showed and _commit() will take. */
enum eio_output {
	EIO_OUT_NONE,
	EIO_OUT_PROBE,
	EIO_OUT_UPGRADE,
	EIO_OUT_PONG,
	EIO_OUT_QUEUE,
	EIO_OUT_CLOSE,
};

/* Called with `user`; each may call back into the session. */
struct eio_handler {
	void *user;
	void (*opened)(void *user);
	void (*upgraded)(void *user);
	/* a MESSAGE; data are valid during the call */
	void (*message)(void *user, bool binary, const char *data, size_t len);
	/* true: no more messages now, see eio_session_resume() */
	bool (*is_full)(void *user);
	/* the end; NULL after eio_session_close() */
	void (*closed)(void *user, const struct sio_failure *failure);
	void (*log)(void *user, const char *line);
};

struct eio_config {
	const char *path; /* borrowed */
	const char *query;
	unsigned int transports;
	bool polling_first;
	uint64_t connect_timeout_ns;
	size_t max_message_bytes;
	size_t max_output_bytes;
	uint64_t seed;
	const struct sio_mem *mem;
};

struct eio_session {
	struct eio_config config;
	struct eio_handler handler;
	enum eio_state state;
	enum sio_transport transport;
	uint64_t now_ns;

	/* the handshake's */
	char sid[EIO_MAX_SID + 1];
	uint64_t heartbeat_ns; /* pingInterval + pingTimeout */
	size_t max_payload;    /* SIZE_MAX if the server set none */

	uint64_t connect_deadline_ns;
	uint64_t ping_deadline_ns;
	uint64_t close_deadline_ns;

	/* channels */
	struct eio_channel ws;
	struct eio_channel get;
	struct eio_channel post;
	uint32_t last_channel;
	struct {
		enum sio_op op;
		uint32_t channel;
	} ending[3];
	unsigned int n_ending;
	struct sio_buf target;
	struct sio_buf cookies; /* "a=b; c=d" */
	bool fell_back;		/* to polling, as WebSocket was refused */

	/* output */
	struct eio_queue queue;
	enum eio_output peeked;
	bool pong_due;
	bool close_sent;
	struct sio_buf post_body;

	/* input */
	struct sio_buf ws_in;
	struct sio_buf get_in;
	struct sio_buf post_in;
	/* of a poll's answer, what waits until there is room for its messages */
	char *rest;
	size_t rest_len;

	/* upgrade */
	enum eio_upgrade_state upgrade;
	bool server_upgrades; /* the handshake offered "websocket" */
	bool probe_sent;
	bool upgrade_due; /* UPGRADE is the next thing to be sent */
	uint64_t upgrade_deadline_ns;
	/* WebSocket was refused: begin by polling until then */
	uint64_t ws_avoid_until_ns;
	uint64_t ws_avoid_ns; /* and how long the next time */
};

/* `delay_ns` later; SIO_NEVER, and what is about as long, is never. */
static inline uint64_t eio_after(uint64_t now_ns, uint64_t delay_ns)
{
	return delay_ns < SIO_NEVER - now_ns ? now_ns + delay_ns : SIO_NEVER;
}

/* Copies the structs; allocates nothing. */
void eio_session_init(struct eio_session *s, const struct eio_config *config,
		      const struct eio_handler *handler);
void eio_session_free(struct eio_session *s);

/* Begins an attempt; only while EIO_IDLE. */
void eio_session_connect(struct eio_session *s, uint64_t now_ns);

/*
 * Sends what is queued, then CLOSE, then ends; without a session it ends at
 * once. `closed` is called with NULL, whatever happens in the meantime.
 */
void eio_session_close(struct eio_session *s, uint64_t now_ns);

/*
 * Ends it now: channels are closed or dropped, what is queued is lost. `text`
 * is copied.
 */
void eio_session_fail(struct eio_session *s, enum sio_stage stage, int status,
		      const char *text);

/* As fail, with the reason in the printf manner. */
void eio_session_failf(struct eio_session *s, enum sio_stage stage, int status,
		       const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* There is room again for what is_full() has stopped. */
void eio_session_resume(struct eio_session *s);

/* SIO_ERR_TOO_BIG: a message of this size would end the connection. */
int eio_session_check_size(const struct eio_session *s, bool binary,
			   size_t len);

/* True if nothing waits in front of a message that is queued now. */
bool eio_session_is_writable(const struct eio_session *s);

/* Queued, or in a POST that was not answered yet. */
size_t eio_session_output_bytes(const struct eio_session *s);

/* ---- the five groups of sio.h ---- */

int eio_session_next_request(struct eio_session *s,
			     struct sio_request *ret_request);
void eio_session_ws_open(struct eio_session *s, uint32_t channel);
void eio_session_ws_feed(struct eio_session *s, uint32_t channel, bool binary,
			 const void *data, size_t len, bool last);
void eio_session_http_cookie(struct eio_session *s, uint32_t channel,
			     const char *set_cookie, size_t len);
void eio_session_http_feed(struct eio_session *s, uint32_t channel,
			   const void *data, size_t len);
void eio_session_http_end(struct eio_session *s, uint32_t channel, int status);
void eio_session_channel_failed(struct eio_session *s, uint32_t channel,
				const struct sio_failure *failure);
int eio_session_peek(struct eio_session *s, struct sio_output *ret_output);
void eio_session_commit(struct eio_session *s);
uint64_t eio_session_deadline(const struct eio_session *s);
void eio_session_timeout(struct eio_session *s, uint64_t now_ns);

/* ---- between the files of the session ---- */

/* Any packet; during OPENING the first must be the handshake. */
void eio_session_packet(struct eio_session *s, const struct eio_packet *p);
void eio_session_log(struct eio_session *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* All was sent in order: the end that eio_session_close() asked for. */
void eio_session_finish(struct eio_session *s);

/* WebSocket was refused: the same attempt goes on by polling. */
void eio_session_fall_back(struct eio_session *s);

bool eio_channel_is(const struct eio_channel *ch, uint32_t id);
/* Asks the carrier to end it, gracefully if it is an open WebSocket. */
void eio_channel_end(struct eio_session *s, struct eio_channel *ch,
		     bool graceful);

/* It has ended by itself: nothing needs to be asked any more. */
void eio_channel_forget(struct eio_session *s, uint32_t id);

/* Wants a GET and, if there is something to send, a POST. */
void eio_polling_pump(struct eio_session *s);
void eio_polling_end(struct eio_session *s, int status);
void eio_posting_end(struct eio_session *s, int status);

void eio_websocket_message(struct eio_session *s, bool binary, const char *data,
			   size_t len);

void eio_upgrade_begin(struct eio_session *s);
void eio_upgrade_message(struct eio_session *s, bool binary, const char *data,
			 size_t len);
/* Goes on polling; the WebSocket is dropped. */
void eio_upgrade_give_up(struct eio_session *s, const char *why);
/* An exchange has ended: perhaps it was the last that was awaited. */
void eio_upgrade_check_paused(struct eio_session *s);

/* WebSocket was refused where polling works: longer each time. */
void eio_upgrade_avoid_ws(struct eio_session *s);

/* What a WebSocket close code means, RFC 6455 section 7.4.1; "" if unknown. */
const char *eio_close_code_text(int code);

#endif
