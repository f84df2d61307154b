/* SPDX-License-Identifier: ISC */
#ifndef SIO_MEM_H
#define SIO_MEM_H

/* Allocation goes through struct sio_mem and nowhere else. */
#include "proto/sio.h"

/* The C library's. */
const struct sio_mem *sio_mem_default(void);

static inline void *sio_malloc(const struct sio_mem *mem, size_t size)
{
	return mem->malloc(mem->user, size);
}

static inline void *sio_realloc(const struct sio_mem *mem, void *ptr,
				size_t size)
{
	return mem->realloc(mem->user, ptr, size);
}

/* NULL is fine. */
static inline void sio_free(const struct sio_mem *mem, void *ptr)
{
	if (ptr)
		mem->free(mem->user, ptr);
}

/* All bytes zero. NULL: out of memory. */
void *sio_zalloc(const struct sio_mem *mem, size_t size);

/* A copy of len bytes with NUL behind them. NULL: out of memory. */
char *sio_strndup(const struct sio_mem *mem, const char *s, size_t len);

#endif
