/* SPDX-License-Identifier: ISC */
#ifndef SIO_BACKOFF_H
#define SIO_BACKOFF_H

/*
 * Delays between attempts: a bound that doubles, and under it a delay chosen
 * at random ("full jitter"). The jitter is kept once the bound has reached
 * its maximum, so that clients which lost one server together do not come
 * back together for ever.
 */
#include <stdint.h>

struct sio_backoff {
	uint64_t floor_ns; /* no delay is shorter */
	uint64_t min_ns;   /* the first bound */
	uint64_t max_ns;   /* the last */
	uint64_t bound_ns; /* of the next delay */
};

void sio_backoff_init(struct sio_backoff *b, uint64_t floor_ns, uint64_t min_ns,
		      uint64_t max_ns);

/* As after init. */
void sio_backoff_reset(struct sio_backoff *b);

/*
 * A delay uniform in [floor, bound], from `random`, any 64 bits; then doubles
 * the bound.
 */
uint64_t sio_backoff_next(struct sio_backoff *b, uint64_t random);

/* A stream of such bits: advances *state, which any seed may start. */
uint64_t sio_random_next(uint64_t *state);

#endif
