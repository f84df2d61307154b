/* SPDX-License-Identifier: ISC OR GPL-2.0-only */
#ifndef ICMP_FOLD_H
#define ICMP_FOLD_H

/*
 * What happens to a packet that gets no record of its own: a flow table, then
 * a table of types, then a count that always has room. The tables are arrays
 * that only one CPU writes: a kernel hash costs ten times as much once it is
 * full of random sources.
 */
#include "bpf/parse.h"
#include "bpf/record.h"

/* Entries of all maps here are set by user space before load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct icmp_flow);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct icmp_type);
} flow_types SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} rest SEC(".maps");

const volatile __u32 cfg_flow_sets = 1; /* of each CPU and epoch: 2^n */
const volatile __u64 cfg_seed;		/* so that nobody chooses the sets */

/* What the tables are told beside the packet. */
struct fold_place {
	__u64 kind;
	__u64 direction;
	__u64 cpu;
	__u64 epoch;
};

static __always_inline __u64 mix(__u64 x, __u64 word)
{
	x = (x ^ word) * 0x9e3779b97f4a7c15ULL; /* 2^64 / golden ratio */
	return x ^ x >> 32;
}

static __always_inline __u64 flow_hash(const struct icmp_head *h, __u64 kind)
{
	__u64 x = mix(mix(cfg_seed ^ kind, h->src[0]), h->dst[0]);

	if (h->family == 6)
		x = mix(mix(x, h->src[1]), h->dst[1]);
	return x;
}

static __always_inline int flow_same(const struct icmp_flow *f,
				     const struct icmp_head *h, __u64 kind)
{
	return f->kind == kind && f->src[0] == h->src[0] &&
	       f->dst[0] == h->dst[0] && f->src[1] == h->src[1] &&
	       f->dst[1] == h->dst[1];
}

static __always_inline void flow_claim(struct icmp_flow *f,
				       const struct icmp_head *h, __u64 kind)
{
	f->kind = kind;
	f->src[0] = h->src[0];
	f->src[1] = h->src[1];
	f->dst[0] = h->dst[0];
	f->dst[1] = h->dst[1];
	f->bytes = h->length;
	f->count = 1;
}

/* 1 where the packet is counted, 0 where the set is full. */
static __always_inline int flow_add(const struct icmp_head *h,
				    const struct fold_place *at)
{
	__u64 hash = flow_hash(h, at->kind);
	__u32 set = hash & (cfg_flow_sets - 1);
	__u32 first = ICMP_FLOW_INDEX(at->cpu, at->epoch, cfg_flow_sets, set);
	__u64 tag = hash >> 48 | 1;
	__u64 key = MAP_KEY(first);
	struct icmp_flow *head = bpf_map_lookup_elem(&flows, &key);
	__u64 tags;

	if (!head)
		return 0;
	tags = head->tags;
#pragma unroll
	for (__u32 way = 0; way < ICMP_FLOW_WAYS; way++, tags >>= 16) {
		struct icmp_flow *f;

		if ((__u16)tags != tag && (__u16)tags != 0)
			continue;
		key = MAP_KEY(first + way);
		f = way ? bpf_map_lookup_elem(&flows, &key) : head;
		if (!f)
			return 0;
		if ((__u16)tags == 0) {
			head->tags |= tag << 16 * way;
			flow_claim(f, h, at->kind);
			return 1;
		}
		if (flow_same(f, h, at->kind)) {
			f->bytes += h->length;
			f->count++;
			return 1;
		}
	}
	return 0;
}

static __always_inline int type_add(const struct icmp_head *h,
				    const struct fold_place *at)
{
	__u32 set = mix(cfg_seed, at->kind) & (ICMP_TYPE_SETS - 1);
	__u32 first = ICMP_TYPE_INDEX(at->cpu, at->epoch, set);

#pragma unroll
	for (__u32 way = 0; way < ICMP_TYPE_WAYS; way++) {
		__u64 key = MAP_KEY(first + way);
		struct icmp_type *t = bpf_map_lookup_elem(&flow_types, &key);

		if (!t)
			return 0;
		if (t->count != 0 && t->kind != at->kind)
			continue;
		t->kind = at->kind;
		t->bytes += h->length;
		t->count++;
		return 1;
	}
	return 0;
}

static __always_inline void rest_add(const struct icmp_head *h,
				     const struct fold_place *at)
{
	__u64 key = MAP_KEY(
		ICMP_REST_INDEX(at->cpu, at->direction, h->family, h->type));
	__u64 *n = bpf_map_lookup_elem(&rest, &key);

	if (n)
		(*n)++;
}

#endif
