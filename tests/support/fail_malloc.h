/* SPDX-License-Identifier: ISC */
#ifndef FAIL_MALLOC_H
#define FAIL_MALLOC_H

/*
 * An allocator for tests: fails at the n-th request, once or from then on,
 * counts what is still allocated, and fills what it gives with rubbish.
 */
#include <stdbool.h>
#include <stddef.h>

#include "proto/sio.h"

struct fail_malloc {
	struct sio_mem mem; /* to be given to the code under test */
	size_t requests;    /* malloc and growing realloc */
	size_t fail_at;	    /* 1 is the first; 0 never */
	bool for_ever;	    /* the later ones, too */
	size_t failures;
	size_t live; /* blocks not freed */
};

/* `f` must not move afterwards. */
void fail_malloc_init(struct fail_malloc *f);

/* The n-th request from now on fails. */
void fail_malloc_arm(struct fail_malloc *f, size_t n, bool for_ever);

#endif
