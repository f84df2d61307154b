// SPDX-License-Identifier: ISC
/* When the tables of folded packets are flipped and read. */
#include <time.h>

#include "agent/capture_internal.h"

#pragma GCC diagnostic push /* what bpftool generates is not ours to mend */
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "icmp_monitor.skel.h"
#pragma GCC diagnostic pop

enum {
	FINISH_TURNS = 10,
	FINISH_EVENTS = 1 << 30,
};
#define MS_NS	  1000000ULL
#define WINDOW_NS (CAPTURE_WINDOW_MS * MS_NS)
#define IDLE_NS	  (1000 * MS_NS)
/*
 * A store of one CPU is seen by the others within far less than this, whatever
 * the machine; so no packet pays for a barrier.
 */
#define SETTLE_NS (10 * MS_NS)

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
	int64_t now_ns = capture_unix_now();

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
		k->window_ns = capture_unix_now();
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

/* The table is quiet: it may be read over as many turns as it takes. */
static int state_ready(struct capture *c, uint64_t now_ns, int budget,
		       capture_event_fn fn, void *user)
{
	struct collect *k = &c->collect;
	int n = capture_collect_take(c, budget, fn, user);

	if (k->at_cpu < (uint32_t)c->n_cpus) {
		k->deadline_ns = now_ns;
		return n;
	}
	k->at_cpu = 0;
	k->n_harvests++;
	k->state = COLLECT_OPEN;
	k->deadline_ns = k->flip_ns + WINDOW_NS;
	return n;
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

int capture_collect(struct capture *c, uint64_t now_ns, int budget,
		    capture_event_fn fn, void *user)
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
		return state_ready(c, now_ns, budget, fn, user);
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
		capture_collect(c, now_ns, FINISH_EVENTS, fn, user);
		nanosleep(&settle, NULL);
	}
	do {
		err = capture_dispatch(c, 4096, fn, user);
	} while (err == 4096);
	return err < 0 ? err : 0;
}
