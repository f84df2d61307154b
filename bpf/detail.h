/* SPDX-License-Identifier: ISC OR GPL-2.0-only */
#ifndef ICMP_DETAIL_H
#define ICMP_DETAIL_H

/*
 * What an ICMP message says beyond its type: read for packets that get a
 * record of their own. A field that the packet does not hold, or holds in
 * part, is left out.
 */
#include "bpf/parse.h"

enum {
	V4_ECHO_REPLY = 0,
	V4_UNREACHABLE = 3,
	V4_SOURCE_QUENCH = 4,
	V4_REDIRECT = 5,
	V4_ECHO = 8,
	V4_ROUTER_ADVERTISEMENT = 9,
	V4_TIME_EXCEEDED = 11,
	V4_PARAMETER = 12,
	V4_TIMESTAMP = 13, /* to 18: timestamp, information, mask */
	V4_MASK_REPLY = 18,
	V4_EXTENDED_ECHO = 42,
	V4_EXTENDED_REPLY = 43,
	V4_CODE_FRAGMENTATION_NEEDED = 4,

	V6_UNREACHABLE = 1,
	V6_TOO_BIG = 2,
	V6_TIME_EXCEEDED = 3,
	V6_PARAMETER = 4,
	V6_ECHO = 128,
	V6_ECHO_REPLY = 129,
	V6_ROUTER_ADVERTISEMENT = 134,
	V6_REDIRECT = 137,
	V6_EXTENDED_ECHO = 160,
	V6_EXTENDED_REPLY = 161,

	/* RFC 4861 s4.5, s4.6.3 */
	ND_REDIRECT_BYTES = 40,
	ND_OPTION_REDIRECTED = 4,
	ND_OPTIONS_MAX = 4,

	PROTO_DCCP = 33,
	PROTO_SCTP = 132,
	PROTO_UDPLITE = 136,
};

PARSE_INLINE int has_ports(__u8 proto)
{
	return proto == PROTO_TCP || proto == PROTO_UDP ||
	       proto == PROTO_SCTP || proto == PROTO_DCCP ||
	       proto == PROTO_UDPLITE;
}

/* As packet_load(), but never beyond the outer packet's own length. */
PARSE_INLINE long inside_load(const struct packet *p, const struct icmp_head *h,
			      __u32 off, void *to, __u32 len)
{
	if (off + len > h->end)
		return -1;
	return packet_load(p, off, to, len);
}

PARSE_INLINE void detail_ports(const struct packet *p,
			       const struct icmp_head *h, __u32 off,
			       struct icmp_record *r)
{
	__u16 ports[2];

	if (!has_ports(r->inner_proto) ||
	    inside_load(p, h, off, ports, sizeof(ports)))
		return;
	r->has |= ICMP_HAS_PORTS;
	r->inner_sport = NET16(ports[0]);
	r->inner_dport = NET16(ports[1]);
}

PARSE_INLINE void detail_inner4(const struct packet *p,
				const struct icmp_head *h, __u32 off,
				struct icmp_record *r)
{
	struct ip4_header ip;
	__u32 header_bytes;

	if (inside_load(p, h, off, &ip, IP4_BYTES))
		return;
	header_bytes = (ip.version_ihl & 0x0f) * 4;
	if (ip.version_ihl >> 4 != 4 || header_bytes < IP4_BYTES)
		return;
	r->has |= ICMP_HAS_INNER;
	__builtin_memcpy(r->inner_src, &ip.src, sizeof(ip.src));
	__builtin_memcpy(r->inner_dst, &ip.dst, sizeof(ip.dst));
	r->inner_proto = ip.protocol;
	if (!(ip.fragment & NET16(IP4_OFFSET_MASK)))
		detail_ports(p, h, off + header_bytes, r);
}

/*
 * Where the chain of extension headers cannot be followed to its end, the
 * protocol is that of the last header reached.
 */
PARSE_INLINE void detail_inner6(const struct packet *p, struct icmp_head *h,
				__u32 off, struct icmp_record *r)
{
	struct extension_walk *w = &h->walk;
	struct ip6_header ip;
	int err;

	if (inside_load(p, h, off, &ip, IP6_BYTES) ||
	    (ip.version_class_flow & NET32(0xf0000000)) != NET32(0x60000000))
		return;
	walk_start(w, off + IP6_BYTES, h->end, ip.next);
	err = walk_extensions(p, w);
	r->has |= ICMP_HAS_INNER;
	__builtin_memcpy(r->inner_src, ip.src, sizeof(ip.src));
	__builtin_memcpy(r->inner_dst, ip.dst, sizeof(ip.dst));
	r->inner_proto = w->next;
	if (!err && !w->later)
		detail_ports(p, h, w->off, r);
}

/*
 * RFC 4861 s4.5: the better hop, then perhaps the packet in an option. Where
 * that begins, or 0.
 */
PARSE_INLINE __u64 detail_redirect6(const struct packet *p,
				    const struct icmp_head *h,
				    struct icmp_record *r)
{
	__u64 off = h->l4 + ND_REDIRECT_BYTES;
	__u8 target[16];
	__u8 option[2]; /* type, length in units of 8 bytes */

	if (inside_load(p, h, h->l4 + ICMP_BYTES, target, sizeof(target)))
		return 0;
	r->has |= ICMP_HAS_GATEWAY;
	__builtin_memcpy(r->gateway, target, sizeof(r->gateway));
	UNROLL
	for (int i = 0; i < ND_OPTIONS_MAX; i++) {
		if (inside_load(p, h, off, option, sizeof(option)) ||
		    option[1] == 0)
			return 0;
		if (option[0] == ND_OPTION_REDIRECTED)
			return off + 8;
		off += option[1] * 8;
	}
	return 0;
}

PARSE_INLINE void detail_id(__u32 rest, struct icmp_record *r)
{
	r->has |= ICMP_HAS_ID;
	r->id = rest >> 16;
	r->seq = rest & 0xffff;
}

/* RFC 8335 s2: the sequence number is one byte. */
PARSE_INLINE void detail_extended_id(__u32 rest, struct icmp_record *r)
{
	r->has |= ICMP_HAS_ID;
	r->id = rest >> 16;
	r->seq = rest >> 8 & 0xff;
}

PARSE_INLINE int v4_has_id(__u8 type)
{
	return type == V4_ECHO || type == V4_ECHO_REPLY ||
	       (type >= V4_TIMESTAMP && type <= V4_MASK_REPLY);
}

PARSE_INLINE int v4_has_inner(__u8 type)
{
	return type == V4_UNREACHABLE || type == V4_SOURCE_QUENCH ||
	       type == V4_REDIRECT || type == V4_TIME_EXCEEDED ||
	       type == V4_PARAMETER;
}

/* Bytes 4 to 7 of ICMP: RFC 792, RFC 1191 s4. */
PARSE_INLINE void detail_rest4(__u8 type, __u8 code, __u32 net_rest,
			       struct icmp_record *r)
{
	__u32 rest = NET32(net_rest);

	if (v4_has_id(type)) {
		detail_id(rest, r);
	} else if (type == V4_EXTENDED_ECHO || type == V4_EXTENDED_REPLY) {
		detail_extended_id(rest, r);
	} else if (type == V4_UNREACHABLE &&
		   code == V4_CODE_FRAGMENTATION_NEEDED && rest & 0xffff) {
		r->has |= ICMP_HAS_MTU; /* 0: a router older than RFC 1191 */
		r->mtu = rest & 0xffff;
	} else if (type == V4_PARAMETER && code == 0) {
		r->has |= ICMP_HAS_POINTER;
		r->pointer = rest >> 24;
	}
}

/* RFC 4443 s3.2, s3.4, s4. */
PARSE_INLINE void detail_rest6(__u8 type, __u32 net_rest, struct icmp_record *r)
{
	__u32 rest = NET32(net_rest);

	if (type == V6_ECHO || type == V6_ECHO_REPLY) {
		detail_id(rest, r);
	} else if (type == V6_EXTENDED_ECHO || type == V6_EXTENDED_REPLY) {
		detail_extended_id(rest, r);
	} else if (type == V6_TOO_BIG) {
		r->has |= ICMP_HAS_MTU;
		r->mtu = rest;
	} else if (type == V6_PARAMETER) {
		r->has |= ICMP_HAS_POINTER;
		r->pointer = rest;
	}
}

/* Whether there is more to it: what only errors and redirects have. */
PARSE_INLINE int detail_has_more(const struct icmp_head *h)
{
	if (!h->has_rest)
		return 0;
	if (h->family == 4)
		return v4_has_inner(h->type);
	return (h->type >= V6_UNREACHABLE && h->type <= V6_PARAMETER) ||
	       h->type == V6_REDIRECT;
}

PARSE_INLINE void detail_more(const struct packet *p, struct icmp_head *h,
			      struct icmp_record *r)
{
	const __u32 gateway = h->rest;
	__u64 off = h->l4 + ICMP_BYTES;

	if (h->family == 4) {
		if (h->type == V4_REDIRECT) {
			r->has |= ICMP_HAS_GATEWAY;
			__builtin_memcpy(r->gateway, &gateway, sizeof(gateway));
		}
		detail_inner4(p, h, off, r);
		return;
	}
	if (h->type == V6_REDIRECT)
		off = detail_redirect6(p, h, r);
	if (off)
		detail_inner6(p, h, off, r);
}

/* Everything but time, interface, direction and detail_more(). */
PARSE_INLINE void detail_head(const struct icmp_head *h, struct icmp_record *r)
{
	r->family = h->family;
	r->type = h->type;
	r->code = h->code;
	__builtin_memcpy(r->src, h->src, sizeof(r->src));
	__builtin_memcpy(r->dst, h->dst, sizeof(r->dst));
	r->length = h->length;
	r->has = h->has;
	r->vlan = h->vlan;
	r->ttl = h->ttl;
	if (!h->has_rest)
		return;
	if (h->family == 4)
		detail_rest4(h->type, h->code, h->rest, r);
	else
		detail_rest6(h->type, h->rest, r);
}

#endif
