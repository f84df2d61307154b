/* SPDX-License-Identifier: ISC */
#include "tests/support/guard.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct guard guard_copy(const void *data, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t pages = (len + page - 1) / page;
	struct guard g = {.len = len, .map_len = (pages + 1) * page};

	g.map = mmap(NULL, g.map_len, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (g.map == MAP_FAILED ||
	    mprotect((char *)g.map + pages * page, page, PROT_NONE) != 0)
		abort();
	g.data = (char *)g.map + pages * page - len;
	if (len)
		memcpy(g.data, data, len);
	return g;
}

void guard_free(struct guard *g)
{
	munmap(g->map, g->map_len);
}
