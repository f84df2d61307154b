/* SPDX-License-Identifier: ISC OR GPL-2.0-only */
#ifndef ICMP_RECORD_H
#define ICMP_RECORD_H

/*
 * What the BPF programs and user space share. Both sides compile this file
 * and both assert every size and offset below, so a change that only one of
 * them sees does not build.
 *
 * Numbers are in host byte order. Addresses are in network byte order; an
 * IPv4 address takes the first 4 bytes and the other 12 are zero.
 */
#include <linux/types.h>

enum icmp_direction {
	ICMP_DIR_IN = 0,
	ICMP_DIR_OUT = 1,
	ICMP_DIR_COUNT,
};

/* Which of the fields below hold something that the packet really said. */
enum icmp_has {
	ICMP_HAS_ID = 1 << 0,	    /* id, seq: echo, timestamp, information */
	ICMP_HAS_MTU = 1 << 1,	    /* RFC 1191 s4, RFC 4443 s3.2 */
	ICMP_HAS_GATEWAY = 1 << 2,  /* RFC 792 Redirect, RFC 4861 s4.5 */
	ICMP_HAS_POINTER = 1 << 3,  /* Parameter Problem */
	ICMP_HAS_VLAN = 1 << 4,	    /* vlan: the outer tag's VLAN id */
	ICMP_HAS_INNER = 1 << 5,    /* inner_src, inner_dst, inner_proto */
	ICMP_HAS_PORTS = 1 << 6,    /* inner_sport, inner_dport */
	ICMP_HAS_FRAGMENT = 1 << 7, /* the first fragment of a datagram */
};

/*
 * One packet. Fields without their bit in `has` are zero. `length` is what
 * the IP header says (IPv4 total length; IPv6 payload length plus 40), not
 * the frame.
 */
struct icmp_record {
	__u64 time_ns; /* CLOCK_BOOTTIME */
	__u32 ifindex;
	__u8 family;	/* 4 or 6 */
	__u8 direction; /* enum icmp_direction */
	__u8 type;
	__u8 code;
	__u8 src[16];
	__u8 dst[16];
	__u32 length; /* bytes */
	__u16 has;    /* enum icmp_has */
	__u16 vlan;
	__u16 id;
	__u16 seq;
	__u32 mtu;     /* bytes */
	__u32 pointer; /* byte offset into the inner packet */
	__u8 ttl;      /* IPv4 TTL or IPv6 hop limit */
	__u8 inner_proto;
	__u16 inner_sport;
	__u16 inner_dport;
	__u16 reserved[3];
	__u8 gateway[16];
	__u8 inner_src[16];
	__u8 inner_dst[16];
};

_Static_assert(sizeof(struct icmp_record) == 128, "record: size");
_Static_assert(__builtin_offsetof(struct icmp_record, family) == 12, "family");
_Static_assert(__builtin_offsetof(struct icmp_record, src) == 16, "src");
_Static_assert(__builtin_offsetof(struct icmp_record, length) == 48, "length");
_Static_assert(__builtin_offsetof(struct icmp_record, mtu) == 60, "mtu");
_Static_assert(__builtin_offsetof(struct icmp_record, ttl) == 68, "ttl");
_Static_assert(__builtin_offsetof(struct icmp_record, gateway) == 80,
	       "gateway");
_Static_assert(__builtin_offsetof(struct icmp_record, inner_dst) == 112,
	       "inner");

#endif
