/* SPDX-License-Identifier: ISC */
#ifndef CHANNEL_H
#define CHANNEL_H

/*
 * One WebSocket or one HTTP exchange on libwebsockets 4.1.6 and newer, from
 * the race for an address to its end.
 *
 * The race (RFC 8305, section 5): all addresses are tried, each 250 ms after
 * the one before or as soon as that one failed. Whoever first has its TCP and
 * TLS connection up, and is therefore asked for its HTTP headers, wins; the
 * others are dropped before they have sent a request.
 */
#include <openssl/ssl.h>
#include <stddef.h>

#include "agent/loop_lws.h"
#include "agent/proxy.h"
#include "agent/resolve.h"
#include "agent/url.h"
#include "proto/sio.h"

struct channel;

struct candidate {
	struct channel *channel;
	struct lws *wsi; /* NULL: not tried yet, or over */
	size_t address;	 /* index into the host's addresses */
	bool starting;	 /* within lws_client_connect_via_info() */
};

/* What a channel needs to know of its owner, the same for all of them. */
struct channel_host {
	struct loop *loop;
	struct lws_vhost *vhost;
	struct sio_client *client;
	const struct url *url;
	struct proxy *proxy; /* NULL: none */
	struct resolve_result addresses;
	size_t preferred; /* the address that won last */
	loop_fn kick;	  /* the client wants to be asked again */
	loop_fn writable; /* nothing to send: more may be emitted */
	void *user;
};

struct channel {
	struct channel_host *host;
	struct loop_timer *timer; /* the next address; or closing takes long */
	uint32_t id;		  /* the client's; 0: free */
	enum sio_op op;
	char *target;
	char *cookie;
	const char *body; /* the client's, until the exchange has ended */
	size_t body_len;
	size_t body_sent;

	struct candidate candidates[RESOLVE_MAX_ADDRESSES];
	size_t n_started;
	struct candidate *winner;
	bool open;    /* WebSocket: established */
	bool closing; /* WebSocket: close once the output is drained */
	int status;   /* HTTP status, or the peer's close code */
	bool chunked; /* HTTP: so the answer's end is marked */
	bool reading; /* HTTP: within lws_http_client_read() */
	bool at_end;  /* HTTP: which found the connection's end */
	bool fed;     /* HTTP: and gave some of the answer */
	struct sio_failure failure; /* of the candidate that failed last */
	char failure_text[512];
};

/* Negative errno. */
int channel_init(struct channel *ch, struct channel_host *host);
void channel_destroy(struct channel *ch);

/* Takes a request up. Negative errno; the channel is free again. */
int channel_open(struct channel *ch, const struct sio_request *request);

/*
 * Begins the race, or goes on with it: starts the next address and fails the
 * channel when none is left. host->addresses must be there.
 */
void channel_start_next(struct channel *ch);

/* Its connection stands: true if it is the first, and the race is over. */
bool channel_candidate_wins(struct candidate *c);

/* Tells the client that it failed, then frees the channel. */
void channel_fail(struct channel *ch, const struct sio_failure *failure);

/* Frees the channel without a word. */
void channel_drop(struct channel *ch);

/*
 * Closes a WebSocket once its output is drained, and drops it after 2 s: a
 * peer that takes nothing would hold it for ever.
 */
void channel_close(struct channel *ch);

/* Asks libwebsockets for room to write. */
void channel_want_write(struct channel *ch);

/*
 * Sets ch->failure to where and why this candidate failed, in the words of
 * the kernel or OpenSSL, which libwebsockets itself does not pass on.
 */
void channel_note_failure(struct candidate *c, struct lws *wsi);

/* So that failures of its connections come in OpenSSL's words. */
void channel_watch_tls(SSL_CTX *ctx);

/* libwebsockets' callback for the protocol "sio". */
int channel_callback(struct lws *wsi, enum lws_callback_reasons reason,
		     void *session, void *in, size_t len);

#endif
