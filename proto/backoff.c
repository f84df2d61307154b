/* SPDX-License-Identifier: ISC */
#include "proto/backoff.h"

static uint64_t at_least(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void sio_backoff_init(struct sio_backoff *b, uint64_t floor_ns, uint64_t min_ns,
		      uint64_t max_ns)
{
	b->floor_ns = floor_ns;
	b->min_ns = at_least(min_ns, floor_ns);
	b->max_ns = at_least(max_ns, b->min_ns);
	sio_backoff_reset(b);
}

void sio_backoff_reset(struct sio_backoff *b)
{
	b->bound_ns = b->min_ns;
}

uint64_t sio_backoff_next(struct sio_backoff *b, uint64_t random)
{
	uint64_t span = b->bound_ns - b->floor_ns;
	uint64_t delay = b->floor_ns;

	/* span + 1 would be 0 for the whole range */
	delay += span == UINT64_MAX ? random : random % (span + 1);
	b->bound_ns = b->bound_ns > b->max_ns / 2 ? b->max_ns : b->bound_ns * 2;
	return delay;
}

/* splitmix64: every seed will do, 0 too, and equal steps differ in all bits */
uint64_t sio_random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}
