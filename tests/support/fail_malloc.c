/* SPDX-License-Identifier: ISC */
#include "tests/support/fail_malloc.h"

#include <stdlib.h>
#include <string.h>

static bool fails(struct fail_malloc *f)
{
	bool now;

	f->requests++;
	now = f->fail_at && (f->requests == f->fail_at ||
			     (f->for_ever && f->requests > f->fail_at));
	f->failures += now;
	return now;
}

static void *fail_malloc(void *user, size_t size)
{
	struct fail_malloc *f = user;
	void *p = fails(f) ? NULL : malloc(size ? size : 1);

	if (p) {
		memset(p, 0xa5, size);
		f->live++;
	}
	return p;
}

static void *fail_realloc(void *user, void *ptr, size_t size)
{
	struct fail_malloc *f = user;

	if (!ptr)
		return fail_malloc(user, size);
	return fails(f) ? NULL : realloc(ptr, size);
}

static void fail_free(void *user, void *ptr)
{
	struct fail_malloc *f = user;

	if (ptr)
		f->live--;
	free(ptr);
}

void fail_malloc_init(struct fail_malloc *f)
{
	*f = (struct fail_malloc){
		.mem = {.user = f,
			.malloc = fail_malloc,
			.realloc = fail_realloc,
			.free = fail_free},
	};
}

void fail_malloc_arm(struct fail_malloc *f, size_t n, bool for_ever)
{
	f->fail_at = n ? f->requests + n : 0;
	f->for_ever = for_ever;
	f->failures = 0;
}
