/* SPDX-License-Identifier: ISC */
#include "agent/rtt.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WAITING ((size_t)1 << 24)
#define NONE	    0 /* entries count from 1: fresh memory is empty */

const int64_t rtt_bucket_ns[RTT_BUCKETS] = {
	50000,	   100000,     250000,	   500000,     1000000,	  2500000,
	5000000,   10000000,   25000000,   50000000,   100000000, 250000000,
	500000000, 1000000000, 2500000000, 5000000000,
};

/* What a request and its reply share, as the request has it. */
struct echo_key {
	uint8_t from[16];
	uint8_t to[16];
	uint16_t id;
	uint16_t seq;
	uint32_t family;
};

_Static_assert(sizeof(struct echo_key) == 40, "padding in struct echo_key");

/* A request that waits: in its bucket's chain and in the queue by age. */
struct waiting {
	struct echo_key key;
	int64_t time_ns;
	uint32_t chain; /* next in the bucket, or in the list of free ones */
	uint32_t older;
	uint32_t newer;
};

struct side {
	struct rtt_counters counters;
	struct waiting *entries;
	uint32_t *heads; /* by hash; NONE ends a chain */
	size_t mask;
	size_t max;
	uint32_t touched; /* entries that were ever used */
	uint32_t free;
	uint32_t oldest;
	uint32_t newest;
	size_t length;
	int64_t blind_ns; /* replies were only counted, until then */
};

struct rtt {
	uint8_t seed[SIPHASH_KEY_BYTES];
	struct side sides[ICMP_DIR_COUNT]; /* direction of the request */
};

/* ---- life ------------------------------------------------------------------ */

static int side_init(struct side *s, size_t max)
{
	size_t heads = 1;

	while (heads < max)
		heads *= 2;
	s->entries = calloc(max + 1, sizeof(*s->entries));
	s->heads = calloc(heads, sizeof(*s->heads));
	if (!s->entries || !s->heads)
		return -ENOMEM;
	s->mask = heads - 1;
	s->max = max;
	return 0;
}

int rtt_new(size_t max_waiting, const uint8_t seed[SIPHASH_KEY_BYTES],
	    struct rtt **ret_rtt)
{
	struct rtt *r;

	if (max_waiting == 0 || max_waiting > MAX_WAITING)
		return -EINVAL;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	memcpy(r->seed, seed, sizeof(r->seed));
	for (int i = 0; i < ICMP_DIR_COUNT; i++) {
		if (side_init(&r->sides[i], max_waiting) < 0) {
			rtt_free(r);
			return -ENOMEM;
		}
		r->sides[i].blind_ns = INT64_MIN;
	}
	*ret_rtt = r;
	return 0;
}

void rtt_free(struct rtt *r)
{
	if (!r)
		return;
	for (int i = 0; i < ICMP_DIR_COUNT; i++) {
		free(r->sides[i].entries);
		free(r->sides[i].heads);
	}
	free(r);
}

/* ---- the table of one direction -------------------------------------------- */

/* Where the index of the key's entry is stored: a head or a chain field. */
static uint32_t *find_link(const struct rtt *r, struct side *s,
			   const struct echo_key *key)
{
	uint64_t hash = siphash(r->seed, key, sizeof(*key));
	uint32_t *link = &s->heads[hash & s->mask];

	while (*link != NONE &&
	       memcmp(&s->entries[*link].key, key, sizeof(*key)) != 0)
		link = &s->entries[*link].chain;
	return link;
}

static void remove_from_ages(struct side *s, const struct waiting *w)
{
	*(w->older != NONE ? &s->entries[w->older].newer : &s->oldest) =
		w->newer;
	*(w->newer != NONE ? &s->entries[w->newer].older : &s->newest) =
		w->older;
}

static void remove_entry(struct side *s, uint32_t *link)
{
	uint32_t index = *link;
	struct waiting *w = &s->entries[index];

	*link = w->chain;
	remove_from_ages(s, w);
	w->chain = s->free;
	s->free = index;
	s->length--;
}

static void remove_oldest(const struct rtt *r, struct side *s)
{
	remove_entry(s, find_link(r, s, &s->entries[s->oldest].key));
}

/* An entry that is not in use; the table is not full. */
static uint32_t take_free(struct side *s)
{
	uint32_t index = s->free;

	if (index == NONE)
		return ++s->touched;
	s->free = s->entries[index].chain;
	return index;
}

static void insert(const struct rtt *r, struct side *s,
		   const struct echo_key *key, int64_t time_ns)
{
	uint64_t hash = siphash(r->seed, key, sizeof(*key));
	uint32_t *head = &s->heads[hash & s->mask];
	uint32_t index = take_free(s);

	s->entries[index] = (struct waiting){.key = *key,
					     .time_ns = time_ns,
					     .chain = *head,
					     .older = s->newest,
					     .newer = NONE};
	*head = index;
	*(s->newest != NONE ? &s->entries[s->newest].newer : &s->oldest) =
		index;
	s->newest = index;
	s->length++;
}

/* ---- requests and replies --------------------------------------------------- */

static void expire_side(const struct rtt *r, struct side *s, int64_t now_ns)
{
	while (s->oldest != NONE &&
	       now_ns - s->entries[s->oldest].time_ns >= RTT_TIMEOUT_NS) {
		if (s->entries[s->oldest].time_ns <= s->blind_ns)
			s->counters.displaced++;
		else
			s->counters.unanswered++;
		remove_oldest(r, s);
	}
}

static void take_request(const struct rtt *r, struct side *s,
			 const struct echo_key *key, int64_t time_ns)
{
	uint32_t *link = find_link(r, s, key);

	s->counters.requests++;
	if (*link != NONE) {
		remove_entry(s, link);
		s->counters.repeated++;
	} else if (s->length == s->max) {
		remove_oldest(r, s);
		s->counters.displaced++;
	}
	insert(r, s, key, time_ns);
}

static void count_time(struct rtt_counters *c, int64_t ns)
{
	c->answered++;
	c->sum_ns += (uint64_t)ns;
	for (int i = 0; i < RTT_BUCKETS; i++) {
		if (ns > rtt_bucket_ns[i])
			continue;
		c->buckets[i]++;
		return;
	}
}

/* The time since the request, or 0 where none waits. */
static int64_t take_reply(const struct rtt *r, struct side *s,
			  const struct echo_key *key, int64_t time_ns)
{
	uint32_t *link = find_link(r, s, key);
	int64_t ns;

	if (*link == NONE) {
		s->counters.strays++;
		return 0;
	}
	ns = time_ns - s->entries[*link].time_ns;
	if (ns < 1) /* CPUs' records may overtake one another */
		ns = 1;
	remove_entry(s, link);
	count_time(&s->counters, ns);
	return ns;
}

static bool is_request(const struct icmp_key *key)
{
	return key->type == (key->family == 6 ? 128 : 8);
}

static bool is_reply(const struct icmp_key *key)
{
	return key->type == (key->family == 6 ? 129 : 0);
}

/* A subnet's own broadcast address looks like any other. */
static bool to_group(const struct icmp_key *key)
{
	return key->dst[0] >= (key->family == 6 ? 0xff : 224);
}

void rtt_observe(struct rtt *r, struct icmp_event *event, int64_t time_ns)
{
	const struct icmp_key *k = &event->key;
	struct echo_key key = {
		.id = event->id, .seq = event->seq, .family = k->family};
	struct side *s;

	if (!event->single && is_reply(k)) {
		s = &r->sides[k->direction == ICMP_DIR_IN];
		expire_side(r, s, time_ns);
		s->blind_ns = time_ns;
	}
	if (!event->single || event->count != 1 || !(event->has & ICMP_HAS_ID))
		return;
	if (is_request(k) && !to_group(k)) {
		memcpy(key.from, k->src, sizeof(key.from));
		memcpy(key.to, k->dst, sizeof(key.to));
		s = &r->sides[k->direction == ICMP_DIR_OUT];
		expire_side(r, s, time_ns);
		take_request(r, s, &key, time_ns);
	} else if (is_reply(k)) {
		memcpy(key.from, k->dst, sizeof(key.from));
		memcpy(key.to, k->src, sizeof(key.to));
		s = &r->sides[k->direction == ICMP_DIR_IN];
		expire_side(r, s, time_ns);
		event->rtt_ns = take_reply(r, s, &key, time_ns);
	}
}

void rtt_expire(struct rtt *r, int64_t now_ns)
{
	for (int i = 0; i < ICMP_DIR_COUNT; i++)
		expire_side(r, &r->sides[i], now_ns);
}

const struct rtt_counters *rtt_counters(const struct rtt *r,
					enum icmp_direction direction)
{
	return &r->sides[direction].counters;
}
