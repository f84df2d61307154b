/* SPDX-License-Identifier: ISC OR GPL-2.0-only */
#ifndef ICMP_ACCOUNT_H
#define ICMP_ACCOUNT_H

/*
 * Counting. XDP and tc programs run with bottom halves disabled and do not
 * nest, so that a row that belongs to one CPU needs no atomic operation. (They
 * may nest on PREEMPT_RT of Linux 6.18 and newer, unless it was built with
 * CONFIG_PREEMPT_RT_NEEDS_BH_LOCK.)
 */
#include "bpf/detail.h"
#include "bpf/fold.h"
#include "bpf/record.h"

/* Of each CPU in one epoch: packets that get a record of their own. */
const volatile __u32 cfg_budget_records = 1 << 30;
const volatile __u32 cfg_budget_specials = 1 << 30;

__u32 epoch; /* written by user space alone */

/* Sizes are set by user space before load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct icmp_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, ICMP_LINK_SETS);
	__type(key, __u32);
	__type(value, struct icmp_link_set);
} links SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct icmp_cpu);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} records SEC(".maps");

/*
 * Per family and type the codes that were chosen: bit n is code n, the
 * highest bit is that and all above. Read only with cfg_choose_types.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * 256);
	__type(key, __u32);
	__type(value, __u32);
} types SEC(".maps");

static __always_inline int type_chosen(__u8 family, __u8 type, __u8 code)
{
	__u64 key = MAP_KEY((family == 6) * 256 + type);
	__u32 *codes = bpf_map_lookup_elem(&types, &key);

	return codes && *codes >> (code < 31 ? code : 31) & 1;
}

/*
 * Each place is read at its constant offset, found or not: an offset that
 * depends on where the search ended needs CAP_PERFMON.
 */
static __always_inline __u32 link_row(__u32 ifindex)
{
	__u64 key = MAP_KEY(ifindex % ICMP_LINK_SETS);
	struct icmp_link_set *set = bpf_map_lookup_elem(&links, &key);
	__u32 row = 0;
	__u64 way;

	if (!set)
		return 0;
#pragma unroll
	for (int i = 0; i < ICMP_LINK_WAYS; i++) {
		way = *(const volatile __u64 *)&set->way[i];
		if (ICMP_LINK_IFINDEX(way) == ifindex)
			row = ICMP_LINK_ROW(way);
	}
	return row;
}

/* The row of a CPU, interface and direction. */
static __always_inline struct icmp_counters *
counters_row(__u32 cpu, __u32 ifindex, __u32 direction)
{
	__u64 key =
		MAP_KEY(ICMP_COUNTERS_INDEX(cpu, link_row(ifindex), direction));

	return bpf_map_lookup_elem(&counters, &key);
}

static __always_inline void count_unparsed(struct icmp_counters *c,
					   __u32 reason)
{
	volatile __u64 *n = c->unparsed;

#pragma unroll /* constant offsets, as in link_row() */
	for (__u32 i = 0; i < ICMP_UNPARSED_COUNT; i++)
		n[i] += i == reason;
}

/*
 * Packets whose loss from sight would matter most, and which a flood of pings
 * must not hide: errors, redirects, router advertisements.
 */
static __always_inline int is_special(const struct icmp_head *h)
{
	const __u32 v4 = 1 << V4_UNREACHABLE | 1 << V4_SOURCE_QUENCH |
			 1 << V4_REDIRECT | 1 << V4_ROUTER_ADVERTISEMENT |
			 1 << V4_TIME_EXCEEDED | 1 << V4_PARAMETER;

	if (h->family == 4)
		return h->type < 32 && v4 >> h->type & 1;
	return (h->type >= V6_UNREACHABLE && h->type <= V6_PARAMETER) ||
	       h->type == V6_ROUTER_ADVERTISEMENT || h->type == V6_REDIRECT;
}

/* Counters that user space reads while they move: written in this order. */
#define ORDER() asm volatile("" ::: "memory")

/*
 * Enters the epoch of user space. No clock: a budget is for an epoch, and user
 * space ends it after a fixed time.
 */
static __always_inline void cpu_enter(struct icmp_cpu *s)
{
	__u32 now;

	s->enter++;
	ORDER();
	now = *(volatile __u32 *)&epoch;
	if (s->epoch == now)
		return;
	s->epoch = now;
	s->used_records = 0;
	s->used_specials = 0;
}

static __always_inline void cpu_leave(struct icmp_cpu *s)
{
	ORDER();
	s->leave = s->enter;
}

/* Takes one from the budget of the packet's class. */
static __always_inline int budget_take(struct icmp_cpu *s, int special)
{
	if (special) {
		if (s->used_specials >= cfg_budget_specials)
			return 0;
		s->used_specials++;
		return 1;
	}
	if (s->used_records >= cfg_budget_records)
		return 0;
	s->used_records++;
	return 1;
}

/* A full ring is not tried again in this epoch: the attempt takes a lock. */
static __always_inline void budget_empty(struct icmp_cpu *s, int special)
{
	if (special)
		s->used_specials = cfg_budget_specials;
	else
		s->used_records = cfg_budget_records;
}

#endif
