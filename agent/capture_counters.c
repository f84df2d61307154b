// SPDX-License-Identifier: ISC
/*
 * Reading the programs' counters. They run on while they are read: seen may be
 * ahead of its parts by the packets that are being handled.
 */
#include "agent/capture_internal.h"

static uint64_t load(const __u64 *n)
{
	return __atomic_load_n(n, __ATOMIC_RELAXED);
}

static void row_add(struct capture_counters *sum,
		    const struct icmp_counters *row)
{
	/* the parts first: what comes in between is seen and not yet counted */
	sum->recorded += load(&row->recorded);
	sum->folded += load(&row->folded);
	sum->remainder += load(&row->remainder);
	sum->filtered += load(&row->filtered);
	for (int i = 0; i < ICMP_UNPARSED_COUNT; i++) {
		uint64_t n = load(&row->unparsed[i]);

		sum->unparsed_reason[i] += n;
		sum->unparsed += n;
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	sum->seen += load(&row->seen);
}

static void row_subtract(struct capture_counters *sum,
			 const struct capture_counters *base)
{
	sum->seen -= base->seen;
	sum->recorded -= base->recorded;
	sum->folded -= base->folded;
	sum->remainder -= base->remainder;
	sum->filtered -= base->filtered;
	sum->unparsed -= base->unparsed;
	for (int i = 0; i < ICMP_UNPARSED_COUNT; i++)
		sum->unparsed_reason[i] -= base->unparsed_reason[i];
}

void capture_counters(const struct capture *c,
		      struct capture_counters *ret_counters)
{
	struct capture_counters sum = {0};

	for (uint32_t row = 0; row <= (uint32_t)c->n_links; row++)
		for (uint32_t dir = 0; dir < ICMP_DIR_COUNT; dir++)
			capture_row_add(c, row, dir, &sum);
	*ret_counters = sum;
}

void capture_row_add(const struct capture *c, uint32_t row, uint32_t direction,
		     struct capture_counters *sum)
{
	for (int cpu = 0; cpu < c->n_cpus; cpu++)
		row_add(sum,
			&c->counters[ICMP_COUNTERS_INDEX(cpu, row, direction)]);
}

bool capture_link_get(const struct capture *c, size_t i,
		      struct capture_link_view *ret_view)
{
	struct capture_link_view v = {0};
	const struct capture_link *l;

	if (i >= (size_t)c->n_links)
		return false;
	l = &c->links[i];
	v.name = l->name;
	v.attached = l->state == LINK_ATTACHED;
	v.in = attach_how_name(l->in.how);
	v.out = attach_how_name(l->out.how);
	for (uint32_t dir = 0; dir < ICMP_DIR_COUNT; dir++) {
		capture_row_add(c, (uint32_t)i + 1, dir, &v.counters[dir]);
		row_subtract(&v.counters[dir], &l->base[dir]);
	}
	*ret_view = v;
	return true;
}
