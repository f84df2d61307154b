// SPDX-License-Identifier: ISC
#include "agent/event.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool record_valid(const struct icmp_record *r)
{
	if (r->family != 4 && r->family != 6)
		return false;
	return r->direction < ICMP_DIR_COUNT;
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

	if (!record_valid(record))
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
