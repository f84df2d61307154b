// SPDX-License-Identifier: ISC
#include "agent/event.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool valid(unsigned int family, unsigned int direction)
{
	return (family == 4 || family == 6) && direction < ICMP_DIR_COUNT;
}

static void event_set_key(struct icmp_event *e, const struct icmp_record *r)
{
	e->key.ifindex = r->ifindex;
	e->key.family = r->family;
	e->key.direction = r->direction;
	e->key.type = r->type;
	e->key.code = r->code;
	memcpy(e->key.src, r->src, sizeof(e->key.src));
	memcpy(e->key.dst, r->dst, sizeof(e->key.dst));
}

static void event_set_detail(struct icmp_event *e, const struct icmp_record *r)
{
	e->single = true;
	e->has = r->has;
	e->boot_ns = (int64_t)r->time_ns;
	e->vlan = r->vlan;
	e->id = r->id;
	e->seq = r->seq;
	e->ttl = r->ttl;
	e->length = r->length;
	e->mtu = r->mtu;
	e->pointer = r->pointer;
	memcpy(e->gateway, r->gateway, sizeof(e->gateway));
	memcpy(e->inner.src, r->inner_src, sizeof(e->inner.src));
	memcpy(e->inner.dst, r->inner_dst, sizeof(e->inner.dst));
	e->inner.proto = r->inner_proto;
	e->inner.sport = r->inner_sport;
	e->inner.dport = r->inner_dport;
}

int event_from_record(const struct icmp_record *record, const char *ifname,
		      int64_t unix_minus_boot_ns, struct icmp_event *ret_event)
{
	struct icmp_event e = {0};

	if (!valid(record->family, record->direction))
		return -EBADMSG;
	event_set_key(&e, record);
	event_set_detail(&e, record);
	snprintf(e.ifname, sizeof(e.ifname), "%s", ifname);
	e.count = 1;
	e.bytes = record->length;
	e.first_ns = (int64_t)record->time_ns + unix_minus_boot_ns;
	e.last_ns = e.first_ns;
	*ret_event = e;
	return 0;
}

/* All but the addresses. */
static int event_set_fold(struct icmp_event *e, uint64_t kind,
			  const char *ifname, const struct event_window *window)
{
	if (!valid(ICMP_KIND_FAMILY(kind), ICMP_KIND_DIRECTION(kind)) ||
	    e->count == 0)
		return -EBADMSG;
	e->key.ifindex = ICMP_KIND_IFINDEX(kind);
	e->key.family = ICMP_KIND_FAMILY(kind);
	e->key.direction = ICMP_KIND_DIRECTION(kind);
	e->key.type = ICMP_KIND_TYPE(kind);
	e->key.code = ICMP_KIND_CODE(kind);
	snprintf(e->ifname, sizeof(e->ifname), "%s", ifname);
	e->last_ns = window->last_ns;
	/* where the clock was set back, what it says now holds */
	e->first_ns =
		window->first_ns < e->last_ns ? window->first_ns : e->last_ns;
	return 0;
}

int event_from_flow(const struct icmp_flow *flow, const char *ifname,
		    const struct event_window *window,
		    struct icmp_event *ret_event)
{
	struct icmp_event e = {.count = flow->count, .bytes = flow->bytes};
	int err = event_set_fold(&e, flow->kind, ifname, window);

	if (err)
		return err;
	memcpy(e.key.src, flow->src, sizeof(e.key.src));
	memcpy(e.key.dst, flow->dst, sizeof(e.key.dst));
	*ret_event = e;
	return 0;
}

int event_from_type(const struct icmp_type *type, const char *ifname,
		    const struct event_window *window,
		    struct icmp_event *ret_event)
{
	struct icmp_event e = {
		.count = type->count, .bytes = type->bytes, .others = true};
	int err = event_set_fold(&e, type->kind, ifname, window);

	if (err)
		return err;
	*ret_event = e;
	return 0;
}
