/* SPDX-License-Identifier: ISC */
#include "agent/fold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/fold_order.h"

#define MAX_FLOWS    ((size_t)1 << 24)
#define GROUPS	     256
#define COARSE_CELLS (2 * ICMP_DIR_COUNT * 256) /* family, direction, type */
#define CELLS	     (GROUPS + COARSE_CELLS)

/* the hash and the comparison take the key's bytes as they are */
_Static_assert(sizeof(struct icmp_key) == 40, "padding in struct icmp_key");

/* A hash table with linear probing whose entries lie in order of arrival. */
struct table {
	struct icmp_key *keys;
	uint32_t *slots; /* index + 1; 0 is empty */
	size_t mask;	 /* of the slots, at least twice as many as keys */
	size_t max;
	size_t length;
};

struct fold {
	uint8_t seed[SIPHASH_KEY_BYTES];
	uint64_t packets;
	struct table flows;
	struct icmp_event *flow_events; /* by the index in `flows` */
	uint32_t *flow_cells;		/* while closing: where each belongs */
	struct table groups;
	/* Empty where count is 0. The groups' by index, then the coarse ones. */
	struct icmp_event cells[CELLS];
	uint32_t waited[CELLS];	   /* closes since something is in it */
	size_t n_cells;		   /* that something is in */
	uint32_t members[CELLS];   /* while closing: flows that belong there */
	struct icmp_event **order; /* heap, best first */
};

/* ---- table ----------------------------------------------------------------- */

static int table_init(struct table *t, size_t max)
{
	size_t slots = 2;

	while (slots < 2 * max)
		slots *= 2;
	t->max = max;
	t->mask = slots - 1;
	t->keys = calloc(max, sizeof(*t->keys));
	t->slots = calloc(slots, sizeof(*t->slots));
	return t->keys && t->slots ? 0 : -ENOMEM;
}

static void table_free(struct table *t)
{
	free(t->keys);
	free(t->slots);
}

static void table_clear(struct table *t)
{
	memset(t->slots, 0, (t->mask + 1) * sizeof(*t->slots));
	t->length = 0;
}

/* The index of the key, new or not; -1 where it is new and there is no room. */
static int64_t table_place(struct table *t, const uint8_t *seed,
			   const struct icmp_key *key)
{
	size_t slot = siphash(seed, key, sizeof(*key)) & t->mask;

	for (; t->slots[slot]; slot = (slot + 1) & t->mask) {
		uint32_t index = t->slots[slot] - 1;

		if (memcmp(&t->keys[index], key, sizeof(*key)) == 0)
			return index;
	}
	if (t->length == t->max)
		return -1;
	t->keys[t->length] = *key;
	t->slots[slot] = (uint32_t)++t->length;
	return (int64_t)t->length - 1;
}

/* ---- life ------------------------------------------------------------------ */

int fold_new(size_t max_flows, const uint8_t seed[SIPHASH_KEY_BYTES],
	     struct fold **ret_fold)
{
	size_t longest = max_flows > CELLS ? max_flows : CELLS;
	struct fold *f;

	if (max_flows == 0 || max_flows > MAX_FLOWS)
		return -EINVAL;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	memcpy(f->seed, seed, sizeof(f->seed));
	f->flow_events = calloc(max_flows, sizeof(*f->flow_events));
	f->flow_cells = calloc(max_flows, sizeof(*f->flow_cells));
	f->order = calloc(longest, sizeof(struct icmp_event *));
	if (table_init(&f->flows, max_flows) < 0 ||
	    table_init(&f->groups, GROUPS) < 0 || !f->flow_events ||
	    !f->flow_cells || !f->order) {
		fold_free(f);
		return -ENOMEM;
	}
	*ret_fold = f;
	return 0;
}

void fold_free(struct fold *f)
{
	if (!f)
		return;
	table_free(&f->flows);
	table_free(&f->groups);
	free(f->flow_events);
	free(f->flow_cells);
	free(f->order);
	free(f);
}

/* ---- adding ---------------------------------------------------------------- */

/* Counts and times of `from` go into `e`, which loses what one packet has. */
static void merge(struct icmp_event *e, const struct icmp_event *from)
{
	struct icmp_event sum = {
		.key = e->key, .others = e->others, .any_code = e->any_code};

	memcpy(sum.ifname, e->ifname, sizeof(sum.ifname));
	sum.count = e->count + from->count;
	/* a sum with an unknown part is unknown */
	if (e->bytes > 0 && from->bytes > 0)
		sum.bytes = e->bytes + from->bytes;
	sum.first_ns =
		e->first_ns < from->first_ns ? e->first_ns : from->first_ns;
	sum.last_ns = e->last_ns > from->last_ns ? e->last_ns : from->last_ns;
	*e = sum;
}

/*
 * The place for an event whose flow is not told apart: its group, or where
 * there are too many of these the coarse cell.
 */
static uint32_t find_cell(struct fold *f, const struct icmp_event *event)
{
	const struct icmp_key *key = &event->key;
	struct icmp_key group = *key;
	int64_t index = -1;

	memset(group.src, 0, sizeof(group.src));
	memset(group.dst, 0, sizeof(group.dst));
	if (!event->any_code)
		index = table_place(&f->groups, f->seed, &group);
	if (index >= 0)
		return (uint32_t)index;
	return GROUPS + key->type + 256u * (key->family == 6) +
	       512u * (key->direction == ICMP_DIR_OUT);
}

/* Takes away what the flows in one cell do not share. */
static void make_others(struct icmp_event *e, bool coarse)
{
	e->others = true;
	memset(e->key.src, 0, sizeof(e->key.src));
	memset(e->key.dst, 0, sizeof(e->key.dst));
	if (!coarse)
		return;
	e->any_code = true;
	e->key.code = 0;
	e->key.ifindex = 0;
	memset(e->ifname, 0, sizeof(e->ifname));
}

/* The first one in a cell stays as it is, with addresses and detail. */
static void add_to_cell(struct fold *f, uint32_t cell,
			const struct icmp_event *event)
{
	struct icmp_event *e = &f->cells[cell];

	if (e->count == 0) {
		*e = *event;
		f->n_cells++;
		return;
	}
	make_others(e, cell >= GROUPS);
	merge(e, event);
}

void fold_add(struct fold *f, const struct icmp_event *event)
{
	int64_t index = -1;

	f->packets += event->count;
	if (!event->others)
		index = table_place(&f->flows, f->seed, &event->key);
	if (index < 0) {
		add_to_cell(f, find_cell(f, event), event);
		return;
	}
	if (f->flow_events[index].count == 0)
		f->flow_events[index] = *event;
	else
		merge(&f->flow_events[index], event);
}

uint64_t fold_packets(const struct fold *f)
{
	return f->packets;
}

size_t fold_length(const struct fold *f)
{
	return f->flows.length + f->n_cells;
}

/* ---- closing --------------------------------------------------------------- */

struct closing {
	struct fold *f;
	size_t budget; /* what is left of it */
	size_t folds;  /* cells that something is in, or would fold into */
	fold_emit_fn emit;
	void *user;
};

static void emit_one(struct closing *c, struct icmp_event *e)
{
	c->f->packets -= e->count;
	c->budget--;
	c->emit(c->user, e);
	e->count = 0;
}

/* Finds where each flow would fold, and how many folds that makes. */
static void assign_cells(struct closing *c)
{
	struct fold *f = c->f;

	memset(f->members, 0, sizeof(f->members));
	for (size_t i = 0; i < f->flows.length; i++) {
		f->flow_cells[i] = find_cell(f, &f->flow_events[i]);
		f->members[f->flow_cells[i]]++;
		f->order[i] = &f->flow_events[i];
	}
	for (size_t i = 0; i < CELLS; i++)
		c->folds += f->members[i] > 0 || f->cells[i].count > 0;
}

/* The best flows, as long as there is room for them and all the folds. */
static void emit_flows(struct closing *c)
{
	struct fold *f = c->f;
	size_t n = f->flows.length;

	fold_heap_make(f->order, n);
	for (; n > 0; n--) {
		struct icmp_event *e = f->order[0];
		uint32_t cell = f->flow_cells[e - f->flow_events];
		bool alone = f->members[cell] == 1 && f->cells[cell].count == 0;

		if (c->folds - alone >= c->budget)
			return;
		emit_one(c, e);
		f->members[cell]--;
		c->folds -= alone;
		fold_heap_pop(f->order, n);
	}
}

static void fold_flows(struct fold *f)
{
	for (size_t i = 0; i < f->flows.length; i++) {
		struct icmp_event *e = &f->flow_events[i];

		if (e->count > 0)
			add_to_cell(f, f->flow_cells[i], e);
		e->count = 0;
	}
	table_clear(&f->flows);
}

static void emit_cell(struct closing *c, struct icmp_event *e)
{
	emit_one(c, e);
	c->f->waited[e - c->f->cells] = 0;
	c->f->n_cells--;
}

/* Of the first `n` in the heap; the best where none waited. */
static struct icmp_event *longest_waiting(const struct fold *f, size_t n)
{
	struct icmp_event *e = f->order[0];

	for (size_t i = 1; i < n; i++)
		if (f->waited[f->order[i] - f->cells] > f->waited[e - f->cells])
			e = f->order[i];
	return e;
}

/* The last place is for what would else wait as long as better ones come. */
static void emit_cells(struct closing *c)
{
	struct fold *f = c->f;
	size_t n = 0;

	for (size_t i = 0; i < CELLS; i++)
		if (f->cells[i].count > 0)
			f->order[n++] = &f->cells[i];
	fold_heap_make(f->order, n);
	for (; n > 0 && c->budget > 1; n--) {
		emit_cell(c, f->order[0]);
		fold_heap_pop(f->order, n);
	}
	if (n > 0 && c->budget > 0)
		emit_cell(c, longest_waiting(f, n));
	for (size_t i = 0; i < CELLS; i++)
		f->waited[i] += f->cells[i].count > 0;
}

/* Groups that are empty now leave the table; the others move up. */
static void compact_groups(struct fold *f)
{
	size_t n = f->groups.length;

	table_clear(&f->groups);
	for (size_t i = 0; i < n; i++) {
		struct icmp_key key = f->groups.keys[i];
		struct icmp_event event = f->cells[i];
		uint32_t waited = f->waited[i];
		int64_t index;

		if (event.count == 0)
			continue;
		f->cells[i].count = 0;
		f->waited[i] = 0;
		index = table_place(&f->groups, f->seed, &key);
		f->cells[index] = event; /* index <= i: there is room */
		f->waited[index] = waited;
	}
}

size_t fold_close(struct fold *f, size_t budget, fold_emit_fn emit, void *user)
{
	struct closing c = {
		.f = f, .budget = budget, .emit = emit, .user = user};

	assign_cells(&c);
	emit_flows(&c);
	fold_flows(f);
	emit_cells(&c);
	compact_groups(f);
	return budget - c.budget;
}
