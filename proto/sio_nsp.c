/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "proto/sio_impl.h"
#include "proto/utf8.h"

/* it stands in each packet: nobody needs a long one */
#define MAX_NAME 1024

/* ---- the list ---- */

struct sio_nsp *sio_nsp_find(const struct sio_client *c, const char *name,
			     size_t len)
{
	struct sio_nsp *nsp = c->nsps;

	while (nsp &&
	       (nsp->name_len != len || memcmp(nsp->name, name, len) != 0))
		nsp = nsp->next;
	return nsp;
}

/*
 * No comma, as it would end the name; nothing that is not printed; UTF-8, or a
 * server would end the connection.
 */
static bool is_name(const char *name)
{
	size_t len = strlen(name);
	size_t bad;
	size_t n;

	if (name[0] != '/' || len > MAX_NAME)
		return false;
	for (size_t i = 0; i < len; i += n) {
		n = sio_utf8_sequence(name + i, len - i, &bad);
		if (!n || name[i] == ',' || name[i] == 0x7f ||
		    (unsigned char)name[i] < 0x20)
			return false;
	}
	return true;
}

int sio_nsp_add(struct sio_client *c, const char *name,
		struct sio_nsp **ret_nsp)
{
	struct sio_nsp **end = &c->nsps;
	size_t len = strlen(name);
	struct sio_nsp *nsp;

	if (!is_name(name))
		return SIO_ERR_INVALID;
	nsp = sio_zalloc(c->mem, sizeof(*nsp) + len + 1);
	if (!nsp)
		return SIO_ERR_NOMEM;
	memcpy(nsp->name, name, len + 1);
	nsp->name_len = len;
	nsp->refusals = c->slow;
	sio_backoff_reset(&nsp->refusals);
	while (*end)
		end = &(*end)->next;
	*end = nsp;
	*ret_nsp = nsp;
	return SIO_OK;
}

static void forget_held(struct sio_client *c, struct sio_nsp *nsp)
{
	sio_events_discard(&c->events, &nsp->held);
	nsp->held_offset[0] = '\0';
}

static void forget_recovery(struct sio_nsp *nsp)
{
	nsp->pid[0] = '\0';
	nsp->offset[0] = '\0';
}

static void remove_nsp(struct sio_client *c, struct sio_nsp *nsp)
{
	struct sio_nsp **at = &c->nsps;

	while (*at != nsp)
		at = &(*at)->next;
	*at = nsp->next;
	sio_ack_expire(c, nsp);
	forget_held(c, nsp);
	sio_free(c->mem, nsp);
}

void sio_nsp_free_all(struct sio_client *c)
{
	while (c->nsps)
		remove_nsp(c, c->nsps);
}

/* ---- joining and leaving ---- */

int sio_client_join(struct sio_client *c, const char *name, uint64_t now_ns)
{
	struct sio_nsp *nsp = sio_nsp_find(c, name, strlen(name));
	int err;

	if (c->state >= SIO_STATE_STOPPING)
		return SIO_ERR_STATE;
	if (nsp) {
		nsp->leave = false;
		return SIO_OK;
	}
	err = sio_nsp_add(c, name, &nsp);
	if (err)
		return err;
	c->named = true;
	sio_client_set_time(c, now_ns);
	if (c->is_open)
		sio_nsp_connect(c, nsp);
	return SIO_OK;
}

int sio_client_leave(struct sio_client *c, const char *name, uint64_t now_ns)
{
	struct sio_nsp *nsp = sio_nsp_find(c, name, strlen(name));

	if (!nsp)
		return SIO_ERR_INVALID;
	sio_client_set_time(c, now_ns);
	if (nsp->state == SIO_NSP_JOINING) {
		nsp->leave = true;
		return SIO_OK;
	}
	if (nsp->state == SIO_NSP_JOINED && c->state == SIO_STATE_ACTIVE)
		sio_nsp_disconnect(c, nsp);
	remove_nsp(c, nsp);
	return SIO_OK;
}

static void push_connect(struct sio_client *c, const struct sio_nsp *nsp,
			 const char *sid, bool recovered)
{
	size_t sid_len = strlen(sid);
	size_t room = nsp->name_len + sid_len + 2;
	struct sio_node *node;

	if (sio_events_full(&c->events, room)) {
		sio_client_overrun(c);
		return;
	}
	node = sio_events_make(&c->events, SIO_EVENT_CONNECT, room);
	if (!node) {
		sio_client_out_of_memory(c);
		return;
	}
	node->event.nsp = sio_node_copy(node, nsp->name, nsp->name_len);
	node->event.sid = sio_node_copy(node, sid, sid_len);
	node->event.transport = c->eio.transport;
	node->event.recovered = recovered;
	sio_events_push(&c->events, node);
}

/* Recovered if the server gave the id that was asked for. */
static bool keep_recovery(const struct sio_client *c, struct sio_nsp *nsp,
			  const char *pid)
{
	bool same = pid && pid[0] && strcmp(pid, nsp->pid) == 0;

	if (same && nsp->held_offset[0])
		memcpy(nsp->offset, nsp->held_offset, sizeof(nsp->offset));
	if (same)
		return true;
	forget_recovery(nsp);
	if (pid && c->config.recovery && strlen(pid) < sizeof(nsp->pid))
		memcpy(nsp->pid, pid, strlen(pid) + 1);
	return false;
}

void sio_nsp_joined(struct sio_client *c, struct sio_nsp *nsp, const char *sid,
		    const char *pid)
{
	bool recovered;

	if (nsp->leave) {
		/* so that it is removed here and nowhere else */
		nsp->leave = false;
		sio_nsp_disconnect(c, nsp);
		remove_nsp(c, nsp);
		return;
	}
	recovered = keep_recovery(c, nsp, pid);
	nsp->state = SIO_NSP_JOINED;
	nsp->joined_ns = c->now_ns;
	c->was_joined = true;
	sio_backoff_reset(&c->backoff);
	sio_backoff_reset(&c->slow);
	push_connect(c, nsp, sid, recovered);
	sio_events_release(&c->events, &nsp->held);
	forget_held(c, nsp);
}

void sio_nsp_set_offset(struct sio_nsp *nsp, const char *json, size_t len)
{
	char *to =
		nsp->state == SIO_NSP_JOINED ? nsp->offset : nsp->held_offset;

	if (len >= sizeof(nsp->offset))
		return;
	memcpy(to, json, len);
	to[len] = '\0';
}

/* ---- refusals and the end ---- */

static bool is_kept_by_another(const struct sio_client *c,
			       const struct sio_nsp *nsp)
{
	const struct sio_nsp *n = c->nsps;

	while (n && (n == nsp || n->state == SIO_NSP_REFUSED))
		n = n->next;
	return n != NULL;
}

void sio_nsp_refused(struct sio_client *c, struct sio_nsp *nsp,
		     enum sio_event_kind kind,
		     const struct sio_failure *failure, const char *json,
		     size_t json_len)
{
	bool kept = is_kept_by_another(c, nsp);
	uint64_t delay;

	if (nsp->leave) {
		remove_nsp(c, nsp);
		return;
	}
	/* thrown out after a good while is not the same as not let in */
	if (nsp->state == SIO_NSP_JOINED &&
	    c->now_ns - nsp->joined_ns >= c->config.refusal_max_ns)
		sio_backoff_reset(&nsp->refusals);
	delay = sio_backoff_next(&nsp->refusals, sio_random_next(&c->random));
	sio_ack_expire(c, nsp);
	forget_held(c, nsp);
	forget_recovery(nsp);
	sio_client_push_failure(c, kind, nsp, failure, json, json_len, delay);
	nsp->state = SIO_NSP_REFUSED;
	nsp->deadline_ns = eio_after(c->now_ns, delay);
	if (kept)
		return;
	c->chosen_retry_ns = delay;
	eio_session_fail(&c->eio, failure->stage, failure->status,
			 failure->text);
}

void sio_nsp_reset_all(struct sio_client *c)
{
	struct sio_nsp *next;

	for (struct sio_nsp *nsp = c->nsps; nsp; nsp = next) {
		next = nsp->next;
		forget_held(c, nsp);
		if (nsp->state == SIO_NSP_JOINED)
			sio_backoff_reset(&nsp->refusals);
		nsp->state = SIO_NSP_OUT;
		if (nsp->leave)
			remove_nsp(c, nsp);
	}
}

/* ---- time ---- */

static bool has_deadline(const struct sio_nsp *nsp)
{
	return nsp->state == SIO_NSP_JOINING || nsp->state == SIO_NSP_REFUSED;
}

uint64_t sio_nsp_deadline(const struct sio_client *c)
{
	uint64_t first = SIO_NEVER;

	for (const struct sio_nsp *nsp = c->nsps; nsp; nsp = nsp->next)
		if (has_deadline(nsp) && nsp->deadline_ns < first)
			first = nsp->deadline_ns;
	return first;
}

static void no_answer(struct sio_client *c, const struct sio_nsp *nsp)
{
	eio_session_failf(&c->eio, SIO_STAGE_TIMEOUT, 0,
			  "no answer to CONNECT of %s", nsp->name);
}

void sio_nsp_timeout(struct sio_client *c)
{
	struct sio_nsp *nsp;

	for (nsp = c->nsps; nsp && c->is_open; nsp = nsp->next) {
		if (!has_deadline(nsp) || c->now_ns < nsp->deadline_ns)
			continue;
		if (nsp->state == SIO_NSP_JOINING) {
			/* which frees what was to be left */
			no_answer(c, nsp);
			return;
		}
		sio_nsp_connect(c, nsp);
	}
}
