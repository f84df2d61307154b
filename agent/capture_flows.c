// SPDX-License-Identifier: ISC
/* The tables of folded packets: their sizes, and reading a retired one. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "agent/capture_internal.h"

#pragma GCC diagnostic push /* what bpftool generates is not ours to mend */
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "icmp_monitor.skel.h"
#pragma GCC diagnostic pop

enum {
	FLOW_SETS_DEFAULT = 1024,
	FLOW_SETS_MIN = 64,
	FLOW_SETS_ALL_CPUS = 16384, /* 8 MiB */
	BUDGET_RECORDS = 4096,
	BUDGET_SPECIALS = 1024,
};

static uint32_t flow_sets(const struct capture *c)
{
	uint32_t sets = c->config.flow_sets;

	if (sets)
		return sets;
	sets = FLOW_SETS_DEFAULT;
	while (sets > FLOW_SETS_MIN &&
	       sets * (uint32_t)c->n_cpus > FLOW_SETS_ALL_CPUS)
		sets /= 2;
	return sets;
}

static uint32_t n_flows(const struct capture *c)
{
	return (uint32_t)c->n_cpus * 2 * c->collect.flow_sets * ICMP_FLOW_WAYS;
}

static uint32_t n_types(const struct capture *c)
{
	return (uint32_t)c->n_cpus * 2 * ICMP_TYPE_SETS * ICMP_TYPE_WAYS;
}

static uint32_t n_rest(const struct capture *c)
{
	return (uint32_t)c->n_cpus * ICMP_REST_PER_CPU;
}

int capture_collect_prepare(struct capture *c)
{
	struct icmp_monitor_bpf *s = c->skel;
	uint64_t seed = 0;
	int err;

	c->collect.flow_sets = flow_sets(c);
	if (c->collect.flow_sets & (c->collect.flow_sets - 1))
		return -EINVAL;
	/* without a seed the table is as good, but its sets can be chosen */
	(void)!getrandom(&seed, sizeof(seed), GRND_NONBLOCK);
	s->rodata->cfg_seed = seed;
	s->rodata->cfg_flow_sets = c->collect.flow_sets;
	s->rodata->cfg_budget_records = c->config.budget_records
						? c->config.budget_records
						: BUDGET_RECORDS;
	s->rodata->cfg_budget_specials = c->config.budget_specials
						 ? c->config.budget_specials
						 : BUDGET_SPECIALS;
	err = bpf_map__set_max_entries(s->maps.cpus, (__u32)c->n_cpus);
	if (err == 0)
		err = bpf_map__set_max_entries(s->maps.flows, n_flows(c));
	if (err == 0)
		err = bpf_map__set_max_entries(s->maps.flow_types, n_types(c));
	if (err == 0)
		err = bpf_map__set_max_entries(s->maps.rest, n_rest(c));
	return err;
}

static int map_tables(struct capture *c)
{
	const struct icmp_monitor_bpf *s = c->skel;
	struct collect *k = &c->collect;

	k->rows = capture_map_shared(
		s->maps.cpus, sizeof(*k->rows) * (size_t)c->n_cpus, PROT_READ);
	k->flows = capture_map_shared(s->maps.flows,
				      sizeof(*k->flows) * n_flows(c),
				      PROT_READ | PROT_WRITE);
	k->types = capture_map_shared(s->maps.flow_types,
				      sizeof(*k->types) * n_types(c),
				      PROT_READ | PROT_WRITE);
	k->rest = capture_map_shared(s->maps.rest, sizeof(*k->rest) * n_rest(c),
				     PROT_READ);
	return k->rows && k->flows && k->types && k->rest ? 0 : -errno;
}

int capture_collect_open(struct capture *c)
{
	struct collect *k = &c->collect;

	k->cpus = calloc((size_t)c->n_cpus, sizeof(*k->cpus));
	k->rest_read = calloc(n_rest(c), sizeof(*k->rest_read));
	if (!k->cpus || !k->rest_read)
		return -ENOMEM;
	k->window_ns = capture_unix_now();
	return map_tables(c);
}

static void unmap(const void *p, size_t bytes)
{
	if (p)
		munmap((void *)(uintptr_t)p, bytes);
}

void capture_collect_close(struct capture *c)
{
	struct collect *k = &c->collect;

	unmap(k->rows, sizeof(*k->rows) * (size_t)c->n_cpus);
	unmap(k->flows, sizeof(*k->flows) * n_flows(c));
	unmap(k->types, sizeof(*k->types) * n_types(c));
	unmap(k->rest, sizeof(*k->rest) * n_rest(c));
	free(k->cpus);
	free(k->rest_read);
}

/* ---- reading a retired table ---- */

/*
 * The places of one CPU are numbered through: flows, then types, then the
 * rest. Each of these gives what stands at one place, and clears it; 1 where
 * there was something.
 */

static int take_flow(struct capture *c, uint32_t i,
		     struct icmp_event *ret_event)
{
	const struct collect *k = &c->collect;
	struct icmp_flow *flow =
		&k->flows[ICMP_FLOW_INDEX(k->at_cpu, k->retired_epoch,
					  k->flow_sets, 0) +
			  i];
	int err;

	if (flow->count == 0)
		return 0;
	err = event_from_flow(
		flow, capture_link_name(c, ICMP_KIND_IFINDEX(flow->kind)),
		&k->retired, ret_event);
	flow->count = 0;
	flow->tags = 0;
	return err == 0;
}

static int take_type(struct capture *c, uint32_t i,
		     struct icmp_event *ret_event)
{
	const struct collect *k = &c->collect;
	struct icmp_type *type =
		&k->types[ICMP_TYPE_INDEX(k->at_cpu, k->retired_epoch, 0) + i];
	int err;

	if (type->count == 0)
		return 0;
	err = event_from_type(
		type, capture_link_name(c, ICMP_KIND_IFINDEX(type->kind)),
		&k->retired, ret_event);
	type->count = 0;
	type->bytes = 0;
	return err == 0;
}

/* Monotonic, so that it matters not when it is read. */
static int take_rest(struct capture *c, uint32_t i,
		     struct icmp_event *ret_event)
{
	const struct collect *k = &c->collect;
	uint32_t at = k->at_cpu * ICMP_REST_PER_CPU + i;
	uint64_t n = __atomic_load_n(&k->rest[at], __ATOMIC_RELAXED);

	if (n == k->rest_read[at])
		return 0;
	*ret_event = (struct icmp_event){
		.key.direction = (uint8_t)(i / (2 * 256)),
		.key.family = i / 256 % 2 ? 6 : 4,
		.key.type = (uint8_t)(i % 256),
		.count = n - k->rest_read[at],
		.first_ns = k->retired.first_ns,
		.last_ns = k->retired.last_ns,
		.others = true,
		.any_code = true,
	};
	k->rest_read[at] = n;
	return 1;
}

static int take_place(struct capture *c, uint32_t i,
		      struct icmp_event *ret_event)
{
	const uint32_t n_flow = c->collect.flow_sets * ICMP_FLOW_WAYS;
	const uint32_t n_type = ICMP_TYPE_SETS * ICMP_TYPE_WAYS;

	if (i < n_flow)
		return take_flow(c, i, ret_event);
	if (i < n_flow + n_type)
		return take_type(c, i - n_flow, ret_event);
	return take_rest(c, i - n_flow - n_type, ret_event);
}

/* Whether the CPU has written anything since this table came into use. */
static bool cpu_folded(const struct collect *k)
{
	return __atomic_load_n(&k->rows[k->at_cpu].folds, __ATOMIC_ACQUIRE) !=
	       k->cpus[k->at_cpu].retired_folds;
}

int capture_collect_take(struct capture *c, int budget, capture_event_fn fn,
			 void *user)
{
	struct collect *k = &c->collect;
	const uint32_t places = k->flow_sets * ICMP_FLOW_WAYS +
				ICMP_TYPE_SETS * ICMP_TYPE_WAYS +
				ICMP_REST_PER_CPU;
	struct icmp_event event;
	int n = 0;

	for (; k->at_cpu < (uint32_t)c->n_cpus; k->at_cpu++, k->at_place = 0) {
		if (k->at_place == 0 && !cpu_folded(k))
			continue;
		while (k->at_place < places) {
			if (n == budget)
				return n;
			if (!take_place(c, k->at_place++, &event))
				continue;
			fn(user, &event);
			n++;
		}
	}
	return n;
}
