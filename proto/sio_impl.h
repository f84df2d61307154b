/* SPDX-License-Identifier: ISC */
#ifndef SIO_IMPL_H
#define SIO_IMPL_H

/*
 * The inside of struct sio_client.
 *
 * Files: sio_client.c (life, the five groups), sio_notify.c (what the session
 * tells), sio_nsp.c (namespaces), sio_connect.c (CONNECT and DISCONNECT),
 * sio_decode.c (packets received), sio_emit.c (packets sent), sio_ack.c
 * (acknowledgements awaited), sio_config.c (defaults, limits, copies).
 */
#include "proto/backoff.h"
#include "proto/eio_session.h"
#include "proto/sio_event.h"
#include "proto/sio_packet.h"

/* pid and offset come back in each CONNECT: a longer one is not kept */
#define SIO_MAX_RECOVERY 256

enum sio_state {
	SIO_STATE_NEW,
	SIO_STATE_ACTIVE,   /* a session is being opened, or is open */
	SIO_STATE_WAITING,  /* for retry_at_ns */
	SIO_STATE_STOPPING, /* what is queued still goes out */
	SIO_STATE_STOPPED,
};

enum sio_nsp_state {
	SIO_NSP_OUT,	 /* CONNECT goes out with the next session */
	SIO_NSP_JOINING, /* CONNECT was queued, no answer yet */
	SIO_NSP_JOINED,
	SIO_NSP_REFUSED, /* CONNECT is sent again at retry_at_ns */
};

struct sio_nsp {
	struct sio_nsp *next;
	enum sio_nsp_state state;
	bool leave;	    /* joining, but not wanted any more */
	int64_t generation; /* of the ids that are answered */
	int64_t next_ack;
	uint64_t joined_ns;
	uint64_t
		deadline_ns; /* JOINING: of the answer; REFUSED: of the retry */
	struct sio_backoff refusals;

	/* connection state recovery; "" if none */
	char pid[SIO_MAX_RECOVERY];
	char offset[SIO_MAX_RECOVERY]; /* a JSON string, with quotes */
	/* events that came before CONNECT's answer, and the last's offset */
	struct sio_held held;
	char held_offset[SIO_MAX_RECOVERY];

	size_t name_len;
	char name[];
};

struct sio_ack {
	struct sio_ack *next;
	struct sio_nsp *nsp;
	int64_t id;
	uint64_t deadline_ns;
	/* made beforehand: that no answer came can always be told */
	struct sio_node *timed_out;
};

/* A packet whose attachments are still coming. */
struct sio_partial {
	bool active;
	unsigned int n; /* arrived */
	unsigned int wanted;
	struct sio_buf bytes; /* the text, then the attachments */
	size_t text_len;
	size_t *ends; /* of each attachment in bytes; max_attachments */
};

struct sio_client {
	struct sio_config config; /* its strings are these: */
	char *path;
	char *query;
	const struct sio_mem *mem;
	struct sio_packet_limits limits;
	struct eio_session eio;
	enum sio_state state;
	uint64_t now_ns;
	uint64_t random;

	struct sio_nsp *nsps;
	int64_t generations; /* of CONNECT packets sent */
	bool named;	 /* sio_client_join() was called: "/" is not implied */
	bool was_joined; /* by this session */
	bool is_open;	 /* Engine.IO's handshake is done */

	struct sio_ack *acks;
	struct sio_ack **acks_tail;
	unsigned int n_acks;
	uint64_t ack_deadline_ns; /* not later than the first one's */

	struct sio_events events;
	struct sio_node *last_words; /* an event for when memory is out */
	struct sio_partial partial;

	struct sio_backoff backoff;
	struct sio_backoff slow; /* a server that will not change soon */
	uint64_t retry_at_ns;
	/* a refusal has chosen the delay already; 0 if not */
	uint64_t chosen_retry_ns;
};

/* ---- sio_config.c ---- */

/* SIO_ERR_INVALID, SIO_ERR_NOMEM. Strings become the client's. */
int sio_config_copy(struct sio_client *c, const struct sio_config *config);
void sio_config_release(struct sio_client *c);

/* ---- sio_client.c ---- */

/* A clock that went back is taken as one that stood still. */
void sio_client_set_time(struct sio_client *c, uint64_t now_ns);

/* ---- sio_notify.c ---- */

struct eio_handler sio_client_handler(struct sio_client *c);

void sio_client_log(struct sio_client *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Ends the session, since the client cannot go on. */
void sio_client_out_of_memory(struct sio_client *c);
/* So does this: the application does not take its events. */
void sio_client_overrun(struct sio_client *c);

/*
 * FAILED, LOST or CONNECT_ERROR (nsp and json then, otherwise NULL), also
 * where memory is out.
 */
void sio_client_push_failure(struct sio_client *c, enum sio_event_kind kind,
			     const struct sio_nsp *nsp,
			     const struct sio_failure *failure,
			     const char *json, size_t json_len,
			     uint64_t retry_ns);

/* ---- sio_nsp.c ---- */

struct sio_nsp *sio_nsp_find(const struct sio_client *c, const char *name,
			     size_t len);
int sio_nsp_add(struct sio_client *c, const char *name,
		struct sio_nsp **ret_nsp);
/* The session has ended. */
void sio_nsp_reset_all(struct sio_client *c);
void sio_nsp_free_all(struct sio_client *c);
/* CONNECT was answered with a session id. */
void sio_nsp_joined(struct sio_client *c, struct sio_nsp *nsp, const char *sid,
		    const char *pid);
/*
 * Not let in, or thrown out: tried again slowly, by the same session where
 * another namespace keeps it, otherwise by the next. json: the data of the
 * refusal, or NULL.
 */
void sio_nsp_refused(struct sio_client *c, struct sio_nsp *nsp,
		     enum sio_event_kind kind,
		     const struct sio_failure *failure, const char *json,
		     size_t json_len);
/* The offset that recovery will ask from: a JSON string with its quotes. */
void sio_nsp_set_offset(struct sio_nsp *nsp, const char *json, size_t len);
uint64_t sio_nsp_deadline(const struct sio_client *c);
void sio_nsp_timeout(struct sio_client *c);

/* ---- sio_connect.c ---- */

/* Each may end the session: no memory, or no credentials. */
void sio_nsp_connect(struct sio_client *c, struct sio_nsp *nsp);
void sio_nsp_disconnect(struct sio_client *c, const struct sio_nsp *nsp);
/* The session is open: CONNECT for each. */
void sio_nsp_connect_all(struct sio_client *c);
/* The client stops: DISCONNECT for each that is joined. */
void sio_nsp_disconnect_all(struct sio_client *c);

/* ---- sio_decode.c ---- */

void sio_client_received(struct sio_client *c, bool binary, const char *data,
			 size_t len);

/* ---- sio_ack.c ---- */

int sio_ack_add(struct sio_client *c, struct sio_nsp *nsp, uint64_t timeout_ns,
		void *user, struct sio_ack **ret_ack);
/* Takes it out of those awaited, with its node. NULL if unknown. */
struct sio_ack *sio_ack_find(struct sio_client *c, const struct sio_nsp *nsp,
			     int64_t id);
void sio_ack_free(struct sio_client *c, struct sio_ack *ack);
/* Frees it, too, but tells the application that no answer will come. */
void sio_ack_give_up(struct sio_client *c, struct sio_ack *ack);
/* No answer will come: of one namespace, or of all (NULL). */
void sio_ack_expire(struct sio_client *c, const struct sio_nsp *nsp);
void sio_ack_timeout(struct sio_client *c);

#endif
