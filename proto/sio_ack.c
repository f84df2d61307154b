/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "proto/sio_impl.h"

static struct sio_node *make_timed_out(struct sio_client *c,
				       const struct sio_nsp *nsp, int64_t id,
				       void *user)
{
	struct sio_node *node =
		sio_events_make(&c->events, SIO_EVENT_ACK, nsp->name_len + 1);

	if (!node)
		return NULL;
	node->event.nsp = sio_node_copy(node, nsp->name, nsp->name_len);
	node->event.ack_id = id;
	node->event.ack_user = user;
	node->event.timed_out = true;
	node->event.json = "[]";
	node->event.json_len = 2;
	return node;
}

int sio_ack_add(struct sio_client *c, struct sio_nsp *nsp, uint64_t timeout_ns,
		void *user, struct sio_ack **ret_ack)
{
	struct sio_ack *ack;

	if (c->n_acks >= c->config.max_acks)
		return SIO_ERR_FULL;
	ack = sio_zalloc(c->mem, sizeof(*ack));
	if (!ack)
		return SIO_ERR_NOMEM;
	ack->timed_out = make_timed_out(c, nsp, nsp->next_ack, user);
	if (!ack->timed_out) {
		sio_free(c->mem, ack);
		return SIO_ERR_NOMEM;
	}
	ack->nsp = nsp;
	ack->id = nsp->next_ack++;
	ack->deadline_ns =
		timeout_ns ? eio_after(c->now_ns, timeout_ns) : SIO_NEVER;
	if (ack->deadline_ns < c->ack_deadline_ns)
		c->ack_deadline_ns = ack->deadline_ns;
	*c->acks_tail = ack;
	c->acks_tail = &ack->next;
	c->n_acks++;
	*ret_ack = ack;
	return SIO_OK;
}

/* Out of the list; `at` is where the pointer to it stands. */
static struct sio_ack *unlink_ack(struct sio_client *c, struct sio_ack **at)
{
	struct sio_ack *ack = *at;

	*at = ack->next;
	if (!*at)
		c->acks_tail = at;
	c->n_acks--;
	return ack;
}

struct sio_ack *sio_ack_find(struct sio_client *c, const struct sio_nsp *nsp,
			     int64_t id)
{
	struct sio_ack **at = &c->acks;

	while (*at && ((*at)->nsp != nsp || (*at)->id != id))
		at = &(*at)->next;
	return *at ? unlink_ack(c, at) : NULL;
}

void sio_ack_free(struct sio_client *c, struct sio_ack *ack)
{
	if (!ack)
		return;
	sio_events_drop(&c->events, ack->timed_out);
	sio_free(c->mem, ack);
}

void sio_ack_give_up(struct sio_client *c, struct sio_ack *ack)
{
	sio_events_push(&c->events, ack->timed_out);
	sio_free(c->mem, ack);
}

void sio_ack_expire(struct sio_client *c, const struct sio_nsp *nsp)
{
	struct sio_ack **at = &c->acks;

	while (*at) {
		if (!nsp || (*at)->nsp == nsp)
			sio_ack_give_up(c, unlink_ack(c, at));
		else
			at = &(*at)->next;
	}
	if (!c->acks)
		c->ack_deadline_ns = SIO_NEVER;
}

void sio_ack_timeout(struct sio_client *c)
{
	struct sio_ack **at = &c->acks;
	uint64_t first = SIO_NEVER;

	if (c->now_ns < c->ack_deadline_ns)
		return;
	while (*at) {
		if ((*at)->deadline_ns <= c->now_ns) {
			sio_ack_give_up(c, unlink_ack(c, at));
			continue;
		}
		if ((*at)->deadline_ns < first)
			first = (*at)->deadline_ns;
		at = &(*at)->next;
	}
	c->ack_deadline_ns = first;
}
