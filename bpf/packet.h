/* SPDX-License-Identifier: ISC OR GPL-2.0-only */
#ifndef ICMP_PACKET_H
#define ICMP_PACKET_H

/*
 * What parsing reads, and what it writes. The same code runs in the kernel and,
 * for tests and fuzzing, in user space: it touches a packet only through
 * `data`, `end` and packet_load().
 */
#include "bpf/record.h"

#define PARSE_INLINE static inline __attribute__((always_inline))

enum packet_kind {
	PACKET_XDP,
	PACKET_SKB,
	PACKET_BUFFER, /* user space */
};

struct packet {
	void *ctx;		/* xdp_md, __sk_buff; user space: the buffer */
	struct icmp_head *head; /* user space: where the result goes */
	const __u8 *data;	/* what can be read directly ... */
	const __u8 *end;	/* ... up to here; there may be more */
	__u32 total_bytes;	/* user space: of the buffer */
	__u16 l3_proto;		/* its ethertype where layer3 is set */
	_Bool layer3;		/* begins with the IP header, no Ethernet */
	enum packet_kind kind;
};

/* Where the search behind IPv6 extension headers has come to. */
struct extension_walk {
	__u32 off;     /* in: the first extension header; out: behind all */
	__u32 end;     /* offset behind the packet */
	__u8 next;     /* protocol of the header at `off` */
	__u8 fragment; /* more fragments follow */
	__u8 later;    /* a fragment, and not the first */
};

/*
 * What parsing found of a packet that is ICMP. In the kernel it stands in a
 * map, not on the stack: the verifier remembers each value on the stack, and
 * so would check what follows once for each way of parsing, which takes ten
 * times as long. Of a map's memory it knows nothing.
 */
struct icmp_head {
	__u64 src[2]; /* as they lie in the packet, IPv4 in the first 4 bytes */
	__u64 dst[2];
	__u32 l4;     /* offset of the ICMP header in the frame */
	__u32 end;    /* offset behind the last byte of the IP packet */
	__u32 length; /* of the IP packet, from its header */
	__u32 rest;   /* bytes 4 to 7 of ICMP, network order, see has_rest */
	__u16 has;
	__u16 vlan;
	__u8 family;
	__u8 ttl;
	__u8 type;
	__u8 code;
	__u8 has_rest;
	struct extension_walk walk; /* in use while one is made */
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
 * Where a counter would be spilled in 4 bytes, see MAP_KEY(), or lose its
 * bounds in the verifier of Linux 6.1.
 */
#define UNROLL	      _Pragma("unroll")

/* One for each CPU, which has one packet at a time: see account.h. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct icmp_head);
} heads SEC(".maps");
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

/*
 * A key on the stack, in 8 bytes: before Linux 6.7 a program without
 * CAP_PERFMON may not write a part of a stack slot that holds a number
 * ("attempt to corrupt spilled pointer").
 */
#define MAP_KEY(index) WORD64((__u32)(index), 0)

/* Where to write what is found of a packet. NULL is what cannot be. */
PARSE_INLINE struct icmp_head *packet_head(const struct packet *p)
{
#ifdef __bpf__
	__u64 key = MAP_KEY(0);

	return bpf_map_lookup_elem(&heads, &key);
#else
	return p->head;
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

/* Begins a head: with the tag that the kernel keeps beside an skb. */
PARSE_INLINE void head_start(struct icmp_head *h, const struct packet *p)
{
	h->has = 0;
	h->vlan = 0;
	if (p->kind != PACKET_SKB)
		return;
#ifdef __bpf__
	const struct __sk_buff *skb = p->ctx;

	if (skb->vlan_present)
		head_set_vlan(h, skb->vlan_tci);
#endif
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

#endif
