/* SPDX-License-Identifier: ISC OR GPL-2.0-only */
#ifndef ICMP_PARSE_H
#define ICMP_PARSE_H

/*
 * From a frame to its ICMP header. The same code runs in the kernel and, for
 * tests and fuzzing, in user space: it touches a packet only through `data`,
 * `end` and packet_load().
 *
 * Two ways lead to the header. parse_fast() reads the usual layouts directly,
 * at constant offsets: a program without CAP_PERFMON may not add a variable
 * to a packet pointer. parse_walk() reads every layout through packet_load(),
 * a helper call a header. Whatever parse_fast() takes, parse_walk() would
 * read the same.
 */
#include "bpf/record.h"

#define PARSE_INLINE static inline __attribute__((always_inline))

enum packet_kind {
	PACKET_XDP,
	PACKET_SKB,
	PACKET_BUFFER, /* user space */
};

struct packet {
	void *ctx;	   /* xdp_md, __sk_buff; user space: the buffer */
	const __u8 *data;  /* what can be read directly ... */
	const __u8 *end;   /* ... up to here; there may be more */
	__u32 total_bytes; /* user space: of the buffer */
	__u16 l3_proto;	   /* its ethertype where layer3 is set */
	_Bool layer3;	   /* begins with the IP header, no Ethernet */
	enum packet_kind kind;
};

/*
 * What parsing found of a packet that is ICMP. Each field has 8 bytes, whatever
 * it holds: before Linux 6.7 a program without CAP_PERFMON may not write a part
 * of a stack slot that holds a number ("attempt to corrupt spilled pointer").
 */
struct icmp_head {
	__u64 src[2]; /* as they lie in the packet, IPv4 in the first 4 bytes */
	__u64 dst[2];
	__u64 l4;     /* offset of the ICMP header in the frame */
	__u64 end;    /* offset behind the last byte of the IP packet */
	__u64 length; /* of the IP packet, from its header */
	__u64 rest;   /* bytes 4 to 7 of ICMP, network order, see has_rest */
	__u64 has;
	__u64 vlan;
	__u64 family;
	__u64 ttl;
	__u64 type;
	__u64 code;
	__u64 has_rest;
};

/* The results of parsing; anything below 0 is PARSE_UNPARSED(reason). */
enum {
	PARSE_OTHER = 0, /* not ICMP */
	PARSE_ICMP = 1,
	PARSE_SLOW = 2, /* parse_fast() alone: take parse_walk() */
};
#define PARSE_UNPARSED(reason) (-1 - (int)(reason))
#define PARSE_REASON(result)   ((__u32)(-1 - (result)))

/* ---- formats: only what is read here ---- */

/*
 * In the kernel a header may be read wherever it stands (and where a machine
 * minds, IP is aligned to 4 bytes); in user space the compiler must be told.
 */
#ifdef __bpf__
#define PACKET_STRUCT
/*
 * Keeps the compiler from merging the tails of two branches that differ in a
 * constant offset: the offset would become a variable, and adding a variable
 * to a packet pointer needs CAP_PERFMON.
 */
#define KEEP_BRANCH() asm volatile("")
/*
 * Where a counter would be spilled in 4 bytes, see struct icmp_head, or lose
 * its bounds in the verifier of Linux 6.1.
 */
#define UNROLL	      _Pragma("unroll")
#else
#define UNROLL
#define PACKET_STRUCT __attribute__((packed))
#define KEEP_BRANCH() ((void)0)
#endif

struct eth_header {
	__u8 dst[6];
	__u8 src[6];
	__u16 proto;
} PACKET_STRUCT;

struct vlan_header { /* behind the ethertype that announces it */
	__u16 tci;
	__u16 proto;
} PACKET_STRUCT;

struct ip4_header { /* RFC 791 s3.1 */
	__u8 version_ihl;
	__u8 tos;
	__u16 length;
	__u16 id;
	__u16 fragment;
	__u8 ttl;
	__u8 protocol;
	__u16 checksum;
	__u32 src;
	__u32 dst;
} PACKET_STRUCT;

struct ip6_header { /* RFC 8200 s3 */
	__u32 version_class_flow;
	__u16 payload_length;
	__u8 next;
	__u8 hop_limit;
	__u32 src[4];
	__u32 dst[4];
} PACKET_STRUCT;

struct ip6_extension { /* RFC 8200 s4, RFC 4302 s2: the first 4 bytes */
	__u8 next;
	__u8 length;
	__u16 fragment; /* fragment header: offset and M */
} PACKET_STRUCT;

struct icmp_header {
	__u8 type;
	__u8 code;
	__u16 checksum;
	__u32 rest;
} PACKET_STRUCT;

enum {
	ETH_BYTES = 14,
	VLAN_BYTES = 4,
	IP4_BYTES = 20,
	IP6_BYTES = 40,
	ICMP_MIN_BYTES = 4, /* type, code, checksum */
	ICMP_BYTES = 8,

	PROTO_HOP_OPTIONS = 0,
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_AH = 51,
	PROTO_ICMPV6 = 58,
	PROTO_DST_OPTIONS = 60,

	VLAN_TAGS_MAX = 2,
	EXTENSIONS_MAX = 8,
};

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NET16(x)	      ((__u16)__builtin_bswap16(x))
#define NET32(x)	      ((__u32)__builtin_bswap32(x))
/* 8 bytes of memory from two times 4 */
#define WORD64(first, second) ((__u64)(second) << 32 | (first))
#else
#define NET16(x)	      ((__u16)(x))
#define NET32(x)	      ((__u32)(x))
#define WORD64(first, second) ((__u64)(first) << 32 | (second))
#endif

#define ETHERTYPE_IP4	 0x0800
#define ETHERTYPE_IP6	 0x86dd
#define ETHERTYPE_8021Q	 0x8100
#define ETHERTYPE_8021AD 0x88a8

#define IP4_OFFSET_MASK 0x1fff
#define IP4_MORE	0x2000
#define IP6_OFFSET_MASK 0xfff8
#define IP6_MORE	0x0001

/* Copies len bytes at off. 0, or negative where the packet has not as many. */
PARSE_INLINE long packet_load(const struct packet *p, __u32 off, void *to,
			      __u32 len)
{
#ifdef __bpf__
	if (p->kind == PACKET_XDP)
		return bpf_xdp_load_bytes(p->ctx, off, to, len);
	return bpf_skb_load_bytes(p->ctx, off, to, len);
#else
	if (off > p->total_bytes || len > p->total_bytes - off)
		return -1;
	__builtin_memcpy(to, (const __u8 *)p->ctx + off, len);
	return 0;
#endif
}

PARSE_INLINE int is_vlan(__u16 proto)
{
	return proto == NET16(ETHERTYPE_8021Q) ||
	       proto == NET16(ETHERTYPE_8021AD);
}

PARSE_INLINE void head_set_vlan(struct icmp_head *h, __u16 tci)
{
	if (h->has & ICMP_HAS_VLAN)
		return; /* the outer tag is the one reported */
	h->has |= ICMP_HAS_VLAN;
	h->vlan = tci & 0x0fff;
}

PARSE_INLINE void head_set_icmp(struct icmp_head *h,
				const struct icmp_header *icmp)
{
	h->type = icmp->type;
	h->code = icmp->code;
	h->rest = icmp->rest;
	h->has_rest = 1;
}

PARSE_INLINE void head_set_ip4(struct icmp_head *h, __u32 l3,
			       const struct ip4_header *ip, __u32 header_bytes)
{
	h->family = 4;
	h->ttl = ip->ttl;
	h->length = NET16(ip->length);
	h->l4 = l3 + header_bytes;
	h->end = l3 + h->length;
	h->src[0] = WORD64(ip->src, 0);
	h->src[1] = 0;
	h->dst[0] = WORD64(ip->dst, 0);
	h->dst[1] = 0;
}

PARSE_INLINE void head_set_ip6(struct icmp_head *h, __u32 l3,
			       const struct ip6_header *ip)
{
	h->family = 6;
	h->ttl = ip->hop_limit;
	h->length = NET16(ip->payload_length) + IP6_BYTES;
	h->l4 = l3 + IP6_BYTES;
	h->end = l3 + h->length;
	h->src[0] = WORD64(ip->src[0], ip->src[1]);
	h->src[1] = WORD64(ip->src[2], ip->src[3]);
	h->dst[0] = WORD64(ip->dst[0], ip->dst[1]);
	h->dst[1] = WORD64(ip->dst[2], ip->dst[3]);
}

/* ---- the usual layouts, directly ---- */

PARSE_INLINE int fast_ip4(const struct packet *p, __u32 l3, struct icmp_head *h)
{
	const struct ip4_header *ip = (const void *)(p->data + l3);
	const struct icmp_header *icmp =
		(const void *)(p->data + l3 + IP4_BYTES);

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
	head_set_ip4(h, l3, ip, IP4_BYTES);
	head_set_icmp(h, icmp);
	KEEP_BRANCH();
	return PARSE_ICMP;
}

PARSE_INLINE int fast_ip6(const struct packet *p, __u32 l3, struct icmp_head *h)
{
	const struct ip6_header *ip = (const void *)(p->data + l3);
	const struct icmp_header *icmp =
		(const void *)(p->data + l3 + IP6_BYTES);

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
	head_set_ip6(h, l3, ip);
	head_set_icmp(h, icmp);
	KEEP_BRANCH();
	return PARSE_ICMP;
}

/* At most one tag: a second one is for parse_walk(). */
PARSE_INLINE int fast_tagged(const struct packet *p, struct icmp_head *h)
{
	const struct vlan_header *tag = (const void *)(p->data + ETH_BYTES);

	if (p->data + ETH_BYTES + VLAN_BYTES > p->end)
		return PARSE_SLOW;
	if (tag->proto == NET16(ETHERTYPE_IP4)) {
		head_set_vlan(h, NET16(tag->tci));
		return fast_ip4(p, ETH_BYTES + VLAN_BYTES, h);
	}
	if (tag->proto == NET16(ETHERTYPE_IP6)) {
		head_set_vlan(h, NET16(tag->tci));
		return fast_ip6(p, ETH_BYTES + VLAN_BYTES, h);
	}
	return is_vlan(tag->proto) ? PARSE_SLOW : PARSE_OTHER;
}

/*
 * Expects has and vlan to be set, and sets all the rest where it returns
 * PARSE_ICMP. The order is by how often a packet comes; what is none of ours
 * leaves after a few instructions.
 */
PARSE_INLINE int parse_fast(const struct packet *p, struct icmp_head *h)
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
		return fast_ip4(p, l3, h);
	if (proto == NET16(ETHERTYPE_IP6))
		return fast_ip6(p, l3, h);
	if (p->layer3 || !is_vlan(proto))
		return PARSE_OTHER;
	return fast_tagged(p, h);
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

struct extension_walk {
	__u64 off;	/* in: the first extension header; out: behind all */
	__u64 end;	/* offset behind the packet */
	__u64 next;	/* protocol of the header at `off` */
	__u64 fragment; /* more fragments follow */
	__u64 later;	/* a fragment, and not the first */
};

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
	struct ip6_header ip;
	struct extension_walk w = {0};
	int err;

	if (packet_load(p, l3, &ip, IP6_BYTES))
		return PARSE_UNPARSED(ICMP_UNPARSED_TRUNCATED);
	if (ip.next != PROTO_ICMPV6 && !is_extension(ip.next))
		return PARSE_OTHER;
	if ((ip.version_class_flow & NET32(0xf0000000)) != NET32(0x60000000))
		return PARSE_UNPARSED(ICMP_UNPARSED_HEADER);
	head_set_ip6(h, l3, &ip);
	w.off = h->l4;
	w.end = h->end;
	w.next = ip.next;
	err = walk_extensions(p, &w);
	if (err)
		return err;
	if (w.next != PROTO_ICMPV6)
		return PARSE_OTHER;
	if (w.later)
		return PARSE_UNPARSED(ICMP_UNPARSED_FRAGMENT);
	if (w.fragment)
		h->has |= ICMP_HAS_FRAGMENT;
	h->l4 = w.off;
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

/* Expects has and vlan to be set, as parse_fast() does. */
PARSE_INLINE int parse_walk(const struct packet *p, struct icmp_head *h)
{
	struct eth_header eth;
	struct vlan_header tag;
	__u64 l3 = ETH_BYTES;
	__u16 proto;

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
