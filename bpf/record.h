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

/* Why a packet that may be ICMP could not be read. */
enum icmp_unparsed {
	ICMP_UNPARSED_TRUNCATED = 0, /* ends inside a header */
	ICMP_UNPARSED_HEADER = 1,    /* ihl below 5, wrong version or length */
	ICMP_UNPARSED_VLAN = 2,	     /* more than two tags */
	ICMP_UNPARSED_EXTENSION = 3, /* too many IPv6 extension headers */
	ICMP_UNPARSED_FRAGMENT = 4,  /* not the first: has no ICMP header */
	ICMP_UNPARSED_COUNT,
};

/*
 * Packets of one interface, direction and CPU. Monotonic: the programs alone
 * write here, user space reads and subtracts. Once a CPU is at rest,
 * seen == recorded + folded + remainder.
 */
struct icmp_counters {
	__u64 seen;
	__u64 recorded;	 /* a record in the ring buffer */
	__u64 folded;	 /* counted in the flow table */
	__u64 remainder; /* counted without addresses */
	__u64 filtered;	 /* not chosen by the settings; not in seen */
	__u64 unparsed[ICMP_UNPARSED_COUNT]; /* not in seen */
	__u64 reserved[6];
};

/*
 * Which row of counters an interface has: a set-associative table, the set
 * chosen by the low bits of the index. User space fills it in before it
 * attaches. Row 0 is for interfaces that are not in
 * the table.
 */
enum {
	ICMP_LINK_SETS = 512, /* power of two */
	ICMP_LINK_WAYS = 4,
	ICMP_ROWS = 512,
};

struct icmp_link_set {
	__u64 way[ICMP_LINK_WAYS]; /* ICMP_LINK(ifindex, row), 0: free */
};

#define ICMP_LINK(ifindex, row) ((__u64)(row) << 32 | (__u32)(ifindex))
#define ICMP_LINK_IFINDEX(link) ((__u32)(link))
#define ICMP_LINK_ROW(link)	((__u32)((link) >> 32))

/* Where in the map of counters a CPU, row and direction stand. */
#define ICMP_COUNTERS_INDEX(cpu, row, direction) \
	(((cpu)*ICMP_ROWS + (row)) * ICMP_DIR_COUNT + (direction))

/*
 * What one CPU is at. `enter` counts packets that it began to account for,
 * `leave` follows when it is done: where leave has reached what enter was, all
 * that was written before is there. User space learns from this when nobody
 * writes to a retired table any more.
 */
struct icmp_cpu {
	__u64 enter;
	__u64 leave;
	__u64 folds;	     /* writes to the tables below */
	__u32 epoch;	     /* as last seen by this CPU */
	__u32 used_records;  /* of the budgets, in this epoch */
	__u32 used_specials; /* errors, redirects, router advertisements */
	__u32 reserved[7];
};

/*
 * Packets beyond the budget, one entry a flow. There are two tables for each
 * CPU; the low bit of the epoch says which one is in use. User space flips the
 * epoch, reads the other one and clears it by setting count to 0. The ways of
 * a set are taken in order, so that the first free one ends the search.
 */
struct icmp_flow {
	__u64 kind;
	__u64 src[2]; /* as in the packet, IPv4 in the first 4 bytes */
	__u64 dst[2];
	__u64 count; /* 0: free */
	__u64 bytes;
	__u64 tags; /* in the first way: 16 bits of each way's hash, 0: free */
};

/* Packets whose set of flows was full: the same without the addresses. */
struct icmp_type {
	__u64 kind;
	__u64 count; /* 0: free */
	__u64 bytes;
	__u64 reserved;
};

/* What a fold has in common beside the addresses. */
#define ICMP_KIND(ifindex, family, direction, type, code) \
	((__u64)(ifindex) << 32 | (__u32)(family) << 24 | \
	 (__u32)(direction) << 16 | (__u32)(type) << 8 | (__u32)(code))
#define ICMP_KIND_IFINDEX(kind)	  ((__u32)((kind) >> 32))
#define ICMP_KIND_FAMILY(kind)	  ((__u8)((kind) >> 24))
#define ICMP_KIND_DIRECTION(kind) ((__u8)((kind) >> 16))
#define ICMP_KIND_TYPE(kind)	  ((__u8)((kind) >> 8))
#define ICMP_KIND_CODE(kind)	  ((__u8)(kind))

enum {
	ICMP_FLOW_WAYS = 4,
	ICMP_TYPE_WAYS = 4,
	ICMP_TYPE_SETS = 32, /* power of two */
};

#define ICMP_FLOW_INDEX(cpu, epoch, sets, set) \
	((((cpu)*2 + ((epoch)&1)) * (sets) + (set)) * ICMP_FLOW_WAYS)
#define ICMP_TYPE_INDEX(cpu, epoch, set) \
	((((cpu)*2 + ((epoch)&1)) * ICMP_TYPE_SETS + (set)) * ICMP_TYPE_WAYS)

/*
 * Where even that was full: a monotonic count of each direction, family and
 * type, of all interfaces and codes.
 */
#define ICMP_REST_PER_CPU (ICMP_DIR_COUNT * 2 * 256)
#define ICMP_REST_INDEX(cpu, direction, family, type)                         \
	((((cpu)*ICMP_DIR_COUNT + (direction)) * 2 + ((family) == 6)) * 256 + \
	 (type))

_Static_assert(sizeof(struct icmp_cpu) == 64, "cpu: one line");
_Static_assert(sizeof(struct icmp_flow) == 64, "flow: one line");
_Static_assert(sizeof(struct icmp_type) == 32, "type: half a line");
_Static_assert(sizeof(struct icmp_counters) == 128, "counters: two lines");
_Static_assert(sizeof(struct icmp_link_set) == 32, "links: half a line");
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
