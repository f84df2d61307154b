// SPDX-License-Identifier: ISC
/* The programs' table of rows: which counters an interface has. */
#include "agent/capture_internal.h"

static uint64_t *row_ways(const struct capture *c, uint32_t ifindex)
{
	return (uint64_t *)c->sets[ifindex % ICMP_LINK_SETS].way;
}

/*
 * Interfaces that are away keep their place, so that records that still wait
 * find their name; a full set gives up one of those.
 */
static uint64_t *way_free(struct capture *c, uint32_t ifindex)
{
	uint64_t *way = row_ways(c, ifindex);
	uint64_t *away = NULL;

	for (int i = 0; i < ICMP_LINK_WAYS; i++) {
		if (!way[i])
			return &way[i];
		if (c->links[ICMP_LINK_ROW(way[i]) - 1].state == LINK_GONE)
			away = &way[i];
	}
	return away;
}

static uint64_t *way_of(const struct capture *c, uint32_t ifindex)
{
	uint64_t *way = row_ways(c, ifindex);

	for (int i = 0; i < ICMP_LINK_WAYS; i++)
		if (way[i] && ICMP_LINK_IFINDEX(way[i]) == ifindex)
			return &way[i];
	return NULL;
}

void capture_row_clear(struct capture *c, uint32_t ifindex, uint32_t row)
{
	uint64_t *way = way_of(c, ifindex);

	if (way && ICMP_LINK_ROW(*way) == row)
		__atomic_store_n(way, 0, __ATOMIC_RELEASE);
}

void capture_row_set(struct capture *c, uint32_t ifindex, uint32_t row)
{
	/* an index may come back under another name */
	uint64_t *way = way_of(c, ifindex);

	if (!way)
		way = way_free(c, ifindex);
	if (way)
		__atomic_store_n(way, ICMP_LINK(ifindex, row),
				 __ATOMIC_RELEASE);
}

const char *capture_link_name(const struct capture *c, uint32_t ifindex)
{
	const uint64_t *way = way_of(c, ifindex);

	return way ? c->links[ICMP_LINK_ROW(*way) - 1].name : "";
}
