/* SPDX-License-Identifier: ISC */
#include "proto/mem.h"

#include <stdlib.h>
#include <string.h>

static void *libc_malloc(void *user, size_t size)
{
	(void)user;
	return malloc(size);
}

static void *libc_realloc(void *user, void *ptr, size_t size)
{
	(void)user;
	return realloc(ptr, size);
}

static void libc_free(void *user, void *ptr)
{
	(void)user;
	free(ptr);
}

const struct sio_mem *sio_mem_default(void)
{
	static const struct sio_mem mem = {
		.malloc = libc_malloc,
		.realloc = libc_realloc,
		.free = libc_free,
	};
	return &mem;
}

void *sio_zalloc(const struct sio_mem *mem, size_t size)
{
	void *p = sio_malloc(mem, size);

	if (p)
		memset(p, 0, size);
	return p;
}

char *sio_strndup(const struct sio_mem *mem, const char *s, size_t len)
{
	char *copy = sio_malloc(mem, len + 1);

	if (!copy)
		return NULL;
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}
