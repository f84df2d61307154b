/* SPDX-License-Identifier: ISC */
#ifndef GUARD_H
#define GUARD_H

/*
 * A copy whose last byte stands in front of a page that may not be touched:
 * reading one byte too many is a fault, with every compiler.
 */
#include <stddef.h>

struct guard {
	char *data;
	size_t len;
	void *map;
	size_t map_len;
};

/* Ends the test program if there is no memory. */
struct guard guard_copy(const void *data, size_t len);
void guard_free(struct guard *g);

#endif
