// SPDX-License-Identifier: ISC
/* What the kernel folded: from the retired tables to events. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

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
	FINISH_TURNS = 10,
};
#define MS_NS	  1000000ULL
#define WINDOW_NS (CAPTURE_WINDOW_MS * MS_NS)
#define IDLE_NS	  (1000 * MS_NS)
/*
 * A store of one CPU is seen by the others within far less than this, whatever
 * the machine; so no packet pays for a barrier.
 */
#define SETTLE_NS (10 * MS_NS)

/* ---- set-up ---- */

static int64_t unix_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
}

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
	k->window_ns = unix_now();
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

struct harvest {
	struct capture *c;
	capture_event_fn fn;
	void *user;
	int n_events;
};

static void give(struct harvest *h, const struct icmp_event *event)
{
	h->fn(h->user, event);
	h->n_events++;
}

static void harvest_flows(struct harvest *h, uint32_t cpu)
{
	const struct collect *k = &h->c->collect;
	struct icmp_flow *flow = &k->flows[ICMP_FLOW_INDEX(
		cpu, k->retired_epoch, k->flow_sets, 0)];
	struct icmp_event event;

	for (uint32_t i = 0; i < k->flow_sets * ICMP_FLOW_WAYS; i++, flow++) {
		if (flow->count == 0)
			continue;
		if (event_from_flow(flow,
				    capture_link_name(h->c, flow->ifindex),
				    &k->retired, &event) == 0)
			give(h, &event);
		flow->count = 0;
	}
}

static void harvest_types(struct harvest *h, uint32_t cpu)
{
	const struct collect *k = &h->c->collect;
	struct icmp_type *type =
		&k->types[ICMP_TYPE_INDEX(cpu, k->retired_epoch, 0)];
	struct icmp_event event;

	for (uint32_t i = 0; i < ICMP_TYPE_SETS * ICMP_TYPE_WAYS; i++, type++) {
		if (type->count == 0)
			continue;
		if (event_from_type(type,
				    capture_link_name(h->c, type->ifindex),
				    &k->retired, &event) == 0)
			give(h, &event);
		type->count = 0;
	}
}

/* Monotonic, so that it matters not when it is read. */
static void harvest_rest(struct harvest *h, uint32_t cpu)
{
	const struct collect *k = &h->c->collect;

	for (uint32_t i = 0; i < ICMP_REST_PER_CPU; i++) {
		uint32_t at = cpu * ICMP_REST_PER_CPU + i;
		uint64_t n = __atomic_load_n(&k->rest[at], __ATOMIC_RELAXED);
		struct icmp_event event = {
			.key.direction = (uint8_t)(i >> 9),
			.key.family = i >> 8 & 1 ? 6 : 4,
			.key.type = (uint8_t)i,
			.count = n - k->rest_read[at],
			.first_ns = k->retired.first_ns,
			.last_ns = k->retired.last_ns,
			.others = true,
			.any_code = true,
		};

		if (event.count == 0)
			continue;
		k->rest_read[at] = n;
		give(h, &event);
	}
}

/* ---- the states ---- */

static uint64_t load(const __u64 *n)
{
	return __atomic_load_n(n, __ATOMIC_ACQUIRE);
}

static bool nothing_entered(const struct capture *c)
{
	for (int i = 0; i < c->n_cpus; i++)
		if (load(&c->collect.rows[i].enter) != c->collect.cpus[i].enter)
			return false;
	return true;
}

/* What is read here is read before the flip: later writes differ from it. */
static void flip(struct capture *c)
{
	struct collect *k = &c->collect;
	int64_t now_ns = unix_now();

	for (int i = 0; i < c->n_cpus; i++) {
		k->cpus[i].retired_folds = k->cpus[i].folds;
		k->cpus[i].folds = load(&k->rows[i].folds);
		k->cpus[i].enter = load(&k->rows[i].enter);
	}
	k->retired = (struct event_window){k->window_ns, now_ns};
	k->window_ns = now_ns;
	k->retired_epoch = c->skel->bss->epoch;
	__atomic_store_n(&c->skel->bss->epoch, k->retired_epoch + 1,
			 __ATOMIC_RELEASE);
}

static void state_open(struct capture *c, uint64_t now_ns)
{
	struct collect *k = &c->collect;

	k->flip_ns = now_ns;
	if (nothing_entered(c)) {
		k->window_ns = unix_now();
		k->deadline_ns = now_ns + IDLE_NS;
		return;
	}
	flip(c);
	k->state = COLLECT_SETTLING;
	k->deadline_ns = now_ns + SETTLE_NS;
}

static void state_draining(struct capture *c, uint64_t now_ns)
{
	struct collect *k = &c->collect;

	k->deadline_ns = now_ns + SETTLE_NS;
	for (int i = 0; i < c->n_cpus; i++)
		if ((int64_t)(load(&k->rows[i].leave) - k->cpus[i].mark) < 0)
			return;
	k->state = COLLECT_READY;
}

/* From here on whoever enters is in the new epoch. */
static void state_settling(struct capture *c, uint64_t now_ns)
{
	struct collect *k = &c->collect;

	for (int i = 0; i < c->n_cpus; i++)
		k->cpus[i].mark = load(&k->rows[i].enter);
	k->state = COLLECT_DRAINING;
	state_draining(c, now_ns);
}

static int state_ready(struct capture *c, capture_event_fn fn, void *user)
{
	struct harvest h = {.c = c, .fn = fn, .user = user};
	struct collect *k = &c->collect;

	for (int i = 0; i < c->n_cpus; i++) {
		if (load(&k->rows[i].folds) == k->cpus[i].retired_folds)
			continue;
		harvest_flows(&h, (uint32_t)i);
		harvest_types(&h, (uint32_t)i);
		harvest_rest(&h, (uint32_t)i);
	}
	k->n_harvests++;
	k->state = COLLECT_OPEN;
	k->deadline_ns = k->flip_ns + WINDOW_NS;
	return h.n_events;
}

/* ---- the interface ---- */

uint64_t capture_deadline(const struct capture *c)
{
	return c->collect.deadline_ns;
}

void capture_collect_hasten(struct capture *c)
{
	struct collect *k = &c->collect;

	if (k->state == COLLECT_OPEN && k->deadline_ns > k->flip_ns + WINDOW_NS)
		k->deadline_ns = k->flip_ns + WINDOW_NS;
}

int capture_collect(struct capture *c, uint64_t now_ns, capture_event_fn fn,
		    void *user)
{
	if (now_ns < c->collect.deadline_ns)
		return 0;
	switch (c->collect.state) {
	case COLLECT_OPEN:
		state_open(c, now_ns);
		break;
	case COLLECT_SETTLING:
		state_settling(c, now_ns);
		break;
	case COLLECT_DRAINING:
		state_draining(c, now_ns);
		break;
	case COLLECT_READY:
		return state_ready(c, fn, user);
	}
	return 0;
}

static uint64_t monotonic_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

/*
 * A program that was running when its attachment went may still be: what it
 * writes is found by the second of two harvests.
 */
int capture_finish(struct capture *c, capture_event_fn fn, void *user)
{
	const struct timespec settle = {.tv_nsec = (long)SETTLE_NS};
	const uint64_t enough = c->collect.n_harvests + 2;
	int err;

	capture_links_release(c);
	for (int i = 0; i < FINISH_TURNS && c->collect.n_harvests < enough;
	     i++) {
		uint64_t now_ns = monotonic_now();

		c->collect.deadline_ns = now_ns;
		if (c->collect.state == COLLECT_OPEN && nothing_entered(c))
			break;
		capture_collect(c, now_ns, fn, user);
		nanosleep(&settle, NULL);
	}
	do {
		err = capture_dispatch(c, 4096, fn, user);
	} while (err == 4096);
	return err < 0 ? err : 0;
}
