/* SPDX-License-Identifier: ISC OR GPL-2.0-only */
#ifndef ICMP_PARSE_H
#define ICMP_PARSE_H

/*
 * From a frame to its ICMP header. Two ways lead there. parse_fast() reads the
 * usual layouts directly, at constant offsets: a program without CAP_PERFMON
 * may not add a variable to a packet pointer. parse_walk() reads every layout
 * through packet_load(), a helper call a header. Whatever parse_fast() takes,
 * parse_walk() would read the same.
 */
#include "bpf/packet.h"

/* ---- the usual layouts, directly ---- */

/*
 * The head, begun. Only for a packet that is ICMP, so that others do not pay
 * for it. `tag` is NULL where there is none.
 */
PARSE_INLINE struct icmp_head *fast_head(const struct packet *p,
					 const struct vlan_header *tag,
					 struct icmp_head **ret_head)
{
	struct icmp_head *h = packet_head(p);

	*ret_head = h;
	if (!h)
		return h;
	head_start(h, p);
	if (tag)
		head_set_vlan(h, NET16(tag->tci));
	return h;
}

PARSE_INLINE int fast_ip4(const struct packet *p, __u32 l3,
			  const struct vlan_header *tag,
			  struct icmp_head **ret_head)
{
	const struct ip4_header *ip = (const void *)(p->data + l3);
	const struct icmp_header *icmp =
		(const void *)(p->data + l3 + IP4_BYTES);
	struct icmp_head *h;

	if (p->data + l3 + IP4_BYTES > p->end)
		return PARSE_SLOW;
	if (ip->protocol != PROTO_ICMP)
		return PARSE_OTHER;
	if (p->data + l3 + IP4_BYTES + ICMP_BYTES > p->end)
		return PARSE_SLOW;
	if (ip->version_ihl != 0x45 ||
	    ip->fragment & NET16(IP4_OFFSET_MASK | IP4_MORE) ||
	    NET16(ip->length) < IP4_BYTES + ICMP_BYTES)
		return PARSE_SLOW;
	h = fast_head(p, tag, ret_head);
	if (!h)
		return PARSE_OTHER;
	head_set_ip4(h, l3, ip, IP4_BYTES);
	head_set_icmp(h, icmp);
	KEEP_BRANCH();
	return PARSE_ICMP;
}

PARSE_INLINE int fast_ip6(const struct packet *p, __u32 l3,
			  const struct vlan_header *tag,
			  struct icmp_head **ret_head)
{
	const struct ip6_header *ip = (const void *)(p->data + l3);
	const struct icmp_header *icmp =
		(const void *)(p->data + l3 + IP6_BYTES);
	struct icmp_head *h;

	if (p->data + l3 + IP6_BYTES > p->end)
		return PARSE_SLOW;
	if (ip->next == PROTO_TCP || ip->next == PROTO_UDP)
		return PARSE_OTHER;
	if (ip->next != PROTO_ICMPV6 ||
	    p->data + l3 + IP6_BYTES + ICMP_BYTES > p->end)
		return PARSE_SLOW;
	if ((ip->version_class_flow & NET32(0xf0000000)) != NET32(0x60000000) ||
	    NET16(ip->payload_length) < ICMP_BYTES)
		return PARSE_SLOW;
	h = fast_head(p, tag, ret_head);
	if (!h)
		return PARSE_OTHER;
	head_set_ip6(h, l3, ip);
	head_set_icmp(h, icmp);
	KEEP_BRANCH();
	return PARSE_ICMP;
}

/* At most one tag: a second one is for parse_walk(). */
PARSE_INLINE int fast_tagged(const struct packet *p,
			     struct icmp_head **ret_head)
{
	const struct vlan_header *tag = (const void *)(p->data + ETH_BYTES);

	if (p->data + ETH_BYTES + VLAN_BYTES > p->end)
		return PARSE_SLOW;
	if (tag->proto == NET16(ETHERTYPE_IP4))
		return fast_ip4(p, ETH_BYTES + VLAN_BYTES, tag, ret_head);
	if (tag->proto == NET16(ETHERTYPE_IP6))
		return fast_ip6(p, ETH_BYTES + VLAN_BYTES, tag, ret_head);
	return is_vlan(tag->proto) ? PARSE_SLOW : PARSE_OTHER;
}

/*
 * Sets *ret_head, and all of the head, where it returns PARSE_ICMP. The order
 * is by how often a packet comes; what is none of ours leaves after a few
 * instructions.
 */
PARSE_INLINE int parse_fast(const struct packet *p, struct icmp_head **ret_head)
{
	const struct eth_header *eth = (const void *)p->data;
	const __u32 l3 = p->layer3 ? 0 : ETH_BYTES;
	__u16 proto = p->l3_proto;

	if (!p->layer3) {
		if (p->data + ETH_BYTES > p->end)
			return PARSE_SLOW;
		proto = eth->proto;
	}
	if (proto == NET16(ETHERTYPE_IP4))
		return fast_ip4(p, l3, NULL, ret_head);
	if (proto == NET16(ETHERTYPE_IP6))
		return fast_ip6(p, l3, NULL, ret_head);
	if (p->layer3 || !is_vlan(proto))
		return PARSE_OTHER;
	return fast_tagged(p, ret_head);
}

/* ---- every layout, by helper calls ---- */

/* Reads the ICMP header at h->l4; bytes 4 to 7 only where they exist. */
PARSE_INLINE int walk_icmp(const struct packet *p, struct icmp_head *h)
{
	struct icmp_header icmp = {0};

	if (h->l4 + ICMP_BYTES <= h->end &&
	    packet_load(p, h->l4, &icmp, ICMP_BYTES) == 0) {
		head_set_icmp(h, &icmp);
		return PARSE_ICMP;
	}
	if (h->l4 + ICMP_MIN_BYTES > h->end ||
	    packet_load(p, h->l4, &icmp, ICMP_MIN_BYTES))
		return PARSE_UNPARSED(ICMP_UNPARSED_TRUNCATED);
	h->type = icmp.type;
	h->code = icmp.code;
	h->rest = 0;
	h->has_rest = 0;
	return PARSE_ICMP;
}

PARSE_INLINE int walk_ip4(const struct packet *p, __u32 l3, struct icmp_head *h)
{
	struct ip4_header ip;
	__u32 header_bytes;

	if (packet_load(p, l3, &ip, IP4_BYTES))
		return PARSE_UNPARSED(ICMP_UNPARSED_TRUNCATED);
	if (ip.protocol != PROTO_ICMP)
		return PARSE_OTHER;
	header_bytes = (ip.version_ihl & 0x0f) * 4;
	if (ip.version_ihl >> 4 != 4 || header_bytes < IP4_BYTES ||
	    NET16(ip.length) < header_bytes)
		return PARSE_UNPARSED(ICMP_UNPARSED_HEADER);
	if (ip.fragment & NET16(IP4_OFFSET_MASK))
		return PARSE_UNPARSED(ICMP_UNPARSED_FRAGMENT);
	if (ip.fragment & NET16(IP4_MORE))
		h->has |= ICMP_HAS_FRAGMENT;
	head_set_ip4(h, l3, &ip, header_bytes);
	return walk_icmp(p, h);
}

PARSE_INLINE int is_extension(__u8 next)
{
	return next == PROTO_HOP_OPTIONS || next == PROTO_ROUTING ||
	       next == PROTO_FRAGMENT || next == PROTO_AH ||
	       next == PROTO_DST_OPTIONS;
}

PARSE_INLINE __u32 extension_bytes(__u8 kind, const struct ip6_extension *x)
{
	if (kind == PROTO_FRAGMENT)
		return 8;
	if (kind == PROTO_AH)
		return (x->length + 2) * 4; /* RFC 4302 s2.2 */
	return (x->length + 1) * 8;
}

PARSE_INLINE void walk_start(struct extension_walk *w, __u32 off, __u32 end,
			     __u8 next)
{
	w->off = off;
	w->end = end;
	w->next = next;
	w->fragment = 0;
	w->later = 0;
}

/*
 * Passes over extension headers. 0, or PARSE_UNPARSED(). In a later fragment
 * what stands behind the fragment header is not a header: it stops there.
 */
PARSE_INLINE int walk_extensions(const struct packet *p,
				 struct extension_walk *w)
{
	struct ip6_extension x;
	__u16 fragment;

	UNROLL
	for (int i = 0; i < EXTENSIONS_MAX; i++) {
		if (!is_extension(w->next))
			return 0;
		if (w->off + 8 > w->end ||
		    packet_load(p, w->off, &x, sizeof(x)))
			return PARSE_UNPARSED(ICMP_UNPARSED_TRUNCATED);
		if (w->next == PROTO_FRAGMENT) {
			fragment = NET16(x.fragment);
			w->later = (fragment & IP6_OFFSET_MASK) != 0;
			w->fragment |= (fragment & IP6_MORE) != 0;
		}
		w->off += extension_bytes(w->next, &x);
		w->next = x.next;
		if (w->later)
			return 0;
	}
	return is_extension(w->next) ? PARSE_UNPARSED(ICMP_UNPARSED_EXTENSION)
				     : 0;
}

PARSE_INLINE int walk_ip6(const struct packet *p, __u32 l3, struct icmp_head *h)
{
	struct extension_walk *w = &h->walk;
	struct ip6_header ip;
	int err;

	if (packet_load(p, l3, &ip, IP6_BYTES))
		return PARSE_UNPARSED(ICMP_UNPARSED_TRUNCATED);
	if (ip.next != PROTO_ICMPV6 && !is_extension(ip.next))
		return PARSE_OTHER;
	if ((ip.version_class_flow & NET32(0xf0000000)) != NET32(0x60000000))
		return PARSE_UNPARSED(ICMP_UNPARSED_HEADER);
	head_set_ip6(h, l3, &ip);
	walk_start(w, h->l4, h->end, ip.next);
	err = walk_extensions(p, w);
	if (err)
		return err;
	if (w->next != PROTO_ICMPV6)
		return PARSE_OTHER;
	if (w->later)
		return PARSE_UNPARSED(ICMP_UNPARSED_FRAGMENT);
	if (w->fragment)
		h->has |= ICMP_HAS_FRAGMENT;
	h->l4 = w->off;
	return walk_icmp(p, h);
}

PARSE_INLINE int walk_ip(const struct packet *p, __u16 proto, __u32 l3,
			 struct icmp_head *h)
{
	if (proto == NET16(ETHERTYPE_IP4))
		return walk_ip4(p, l3, h);
	if (proto == NET16(ETHERTYPE_IP6))
		return walk_ip6(p, l3, h);
	return PARSE_OTHER;
}

PARSE_INLINE int parse_walk(const struct packet *p, struct icmp_head *h)
{
	struct eth_header eth;
	struct vlan_header tag;
	__u64 l3 = ETH_BYTES;
	__u16 proto;

	head_start(h, p);
	if (p->layer3)
		return walk_ip(p, p->l3_proto, 0, h);
	if (packet_load(p, 0, &eth, sizeof(eth)))
		return PARSE_UNPARSED(ICMP_UNPARSED_TRUNCATED);
	proto = eth.proto;
	UNROLL
	for (int i = 0; i < VLAN_TAGS_MAX && is_vlan(proto); i++) {
		if (packet_load(p, l3, &tag, sizeof(tag)))
			return PARSE_UNPARSED(ICMP_UNPARSED_TRUNCATED);
		head_set_vlan(h, NET16(tag.tci));
		proto = tag.proto;
		l3 += VLAN_BYTES;
	}
	if (is_vlan(proto))
		return PARSE_UNPARSED(ICMP_UNPARSED_VLAN);
	return walk_ip(p, proto, l3, h);
}

#endif
