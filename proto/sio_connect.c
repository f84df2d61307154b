/* SPDX-License-Identifier: ISC */
/* CONNECT and DISCONNECT, as they are sent. */
#include <string.h>

#include "proto/json.h"
#include "proto/sio_impl.h"

/* what an auth callback may write; tokens are rarely above 8 KB */
#define AUTH_SIZE 16384

static void sent(struct sio_client *c, size_t mark, int err)
{
	if (!err)
		return;
	eio_queue_rollback(&c->eio.queue, mark);
	eio_session_fail(&c->eio, SIO_STAGE_LOCAL, 0, sio_strerror(err));
}

/* {"pid":..,"offset":.., and what the application adds, if anything */
static void write_recovery(struct sio_buf *b, const struct sio_nsp *nsp,
			   const char *auth, size_t auth_len)
{
	const char *end = auth + auth_len;
	const char *rest = auth_len ? sio_json_space(auth + 1, end) : end;

	sio_buf_puts(b, "{\"pid\":");
	sio_json_write_string(b, nsp->pid, strlen(nsp->pid));
	sio_buf_puts(b, ",\"offset\":");
	sio_buf_puts(b, nsp->offset);
	if (rest == end) {
		sio_buf_putc(b, '}');
		return;
	}
	if (*rest != '}')
		sio_buf_putc(b, ',');
	sio_buf_append(b, rest, (size_t)(end - rest));
}

static void send_connect(struct sio_client *c, struct sio_nsp *nsp,
			 const char *auth, size_t auth_len)
{
	struct eio_queue *q = &c->eio.queue;
	size_t mark = eio_queue_mark(q);
	struct sio_buf *b = eio_queue_begin(q);
	size_t len;

	sio_buf_putc(b, EIO_MESSAGE);
	sio_packet_encode_head(b, SIO_PACKET_CONNECT, 0, nsp->name, -1);
	if (c->config.recovery && nsp->pid[0] && nsp->offset[0])
		write_recovery(b, nsp, auth, auth_len);
	else if (auth_len)
		sio_buf_append(b, auth, auth_len);
	nsp->state = SIO_NSP_JOINING;
	nsp->generation = ++c->generations & 0x7fff;
	nsp->deadline_ns = eio_after(c->now_ns, c->config.connect_timeout_ns);
	sent(c, mark, eio_queue_end(q, false, &len));
}

static void no_auth(struct sio_client *c, struct sio_nsp *nsp, const char *text)
{
	const struct sio_failure failure = {SIO_STAGE_LOCAL, 0, text};

	sio_nsp_refused(c, nsp, SIO_EVENT_CONNECT_ERROR, &failure, NULL, 0);
}

static bool is_object(const struct sio_client *c, const char *text, size_t len)
{
	return text[0] == '{' && sio_json_valid(text, len, c->limits.max_depth);
}

static void connect_with_auth(struct sio_client *c, struct sio_nsp *nsp,
			      char *auth)
{
	int n = c->config.auth(c->config.user, nsp->name, auth, AUTH_SIZE);

	if (n < 0)
		no_auth(c, nsp, "the credentials are not available");
	else if (n > AUTH_SIZE)
		no_auth(c, nsp, "the credentials are too long");
	else if (n && !is_object(c, auth, (size_t)n))
		no_auth(c, nsp, "the credentials are not a JSON object");
	else
		send_connect(c, nsp, auth, (size_t)n);
}

void sio_nsp_connect(struct sio_client *c, struct sio_nsp *nsp)
{
	char *auth;

	if (!c->config.auth) {
		send_connect(c, nsp, "", 0);
		return;
	}
	auth = sio_malloc(c->mem, AUTH_SIZE);
	if (!auth) {
		sio_client_out_of_memory(c);
		return;
	}
	connect_with_auth(c, nsp, auth);
	/* a password shall not stay in memory that others get */
	explicit_bzero(auth, AUTH_SIZE);
	sio_free(c->mem, auth);
}

void sio_nsp_connect_all(struct sio_client *c)
{
	struct sio_nsp *nsp;

	for (nsp = c->nsps; nsp && c->is_open; nsp = nsp->next)
		sio_nsp_connect(c, nsp);
}

void sio_nsp_disconnect(struct sio_client *c, const struct sio_nsp *nsp)
{
	struct eio_queue *q = &c->eio.queue;
	size_t mark = eio_queue_mark(q);
	struct sio_buf *b = eio_queue_begin(q);
	size_t len;

	sio_buf_putc(b, EIO_MESSAGE);
	sio_packet_encode_head(b, SIO_PACKET_DISCONNECT, 0, nsp->name, -1);
	sent(c, mark, eio_queue_end(q, false, &len));
}

void sio_nsp_disconnect_all(struct sio_client *c)
{
	struct sio_nsp *nsp;

	/* to one that has not answered yet it would be against the protocol */
	for (nsp = c->nsps; nsp && c->is_open; nsp = nsp->next)
		if (nsp->state == SIO_NSP_JOINED)
			sio_nsp_disconnect(c, nsp);
}
