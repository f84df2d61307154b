/* SPDX-License-Identifier: ISC */
#ifndef FUZZ_H
#define FUZZ_H

/* What the fuzzers have in common. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void check(bool ok)
{
	if (!ok)
		abort();
}

/* A copy in memory of just its size, so that reading too far is noticed. */
static inline void *copy_of(const void *data, size_t size)
{
	void *copy = malloc(size ? size : 1);

	check(copy != NULL);
	if (size)
		memcpy(copy, data, size);
	return copy;
}

#endif
