/* SPDX-License-Identifier: ISC OR GPL-2.0-only */
#ifndef ICMP_ACCOUNT_H
#define ICMP_ACCOUNT_H

/*
 * Counting. XDP and tc programs run with bottom halves disabled and do not
 * nest, so that a row that belongs to one CPU needs no atomic operation.
 */
#include "bpf/parse.h"
#include "bpf/record.h"

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
	__u32 key = (family == 6) * 256 + type;
	__u32 *codes = bpf_map_lookup_elem(&types, &key);

	return codes && *codes >> (code < 31 ? code : 31) & 1;
}

static __always_inline __u32 link_row(__u32 ifindex)
{
	__u32 key = ifindex % ICMP_LINK_SETS;
	struct icmp_link_set *set = bpf_map_lookup_elem(&links, &key);
	__u32 row = 0;
	__u64 way;

	if (!set)
		return 0;
		/*
	 * Each place is read at its constant offset, found or not: an offset
	 * that depends on where the search ended needs CAP_PERFMON.
	 */
#pragma unroll
	for (int i = 0; i < ICMP_LINK_WAYS; i++) {
		way = *(const volatile __u64 *)&set->way[i];
		if (ICMP_LINK_IFINDEX(way) == ifindex)
			row = ICMP_LINK_ROW(way);
	}
	return row;
}

/* The row of this CPU, interface and direction. */
static __always_inline struct icmp_counters *counters_row(__u32 ifindex,
							  __u32 direction)
{
	__u32 key = ICMP_COUNTERS_INDEX(bpf_get_smp_processor_id(),
					link_row(ifindex), direction);

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

#endif
