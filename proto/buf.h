/* SPDX-License-Identifier: ISC */
#ifndef SIO_BUF_H
#define SIO_BUF_H

/*
 * A growing byte buffer that is born with a maximum.
 *
 * Errors stick: after the first failure every append does nothing, so that an
 * encoder asks once, at its end, and then cuts off what it began.
 */
#include <string.h>

#include "proto/mem.h"

struct sio_buf {
	char *data;
	size_t len;
	size_t size; /* allocated */
	size_t max;  /* len never exceeds it */
	int err;     /* SIO_OK, SIO_ERR_NOMEM or SIO_ERR_TOO_BIG */
	const struct sio_mem *mem;
};

/* Allocates nothing. `mem` is borrowed. */
void sio_buf_init(struct sio_buf *b, const struct sio_mem *mem, size_t max);

/* Leaves an empty buffer that can be used again. */
void sio_buf_free(struct sio_buf *b);

/*
 * Makes room for n more bytes. SIO_ERR_TOO_BIG above the maximum,
 * SIO_ERR_NOMEM, or the error that stuck.
 */
int sio_buf_reserve(struct sio_buf *b, size_t n);

/* Back to `len` bytes (not more than there are), without an error. */
static inline void sio_buf_cut(struct sio_buf *b, size_t len)
{
	b->len = len;
	b->err = SIO_OK;
}

static inline void sio_buf_append(struct sio_buf *b, const void *data, size_t n)
{
	if ((b->err || b->size - b->len < n) && sio_buf_reserve(b, n) != SIO_OK)
		return;
	if (n)
		memcpy(b->data + b->len, data, n);
	b->len += n;
}

static inline void sio_buf_putc(struct sio_buf *b, char c)
{
	sio_buf_append(b, &c, 1);
}

static inline void sio_buf_puts(struct sio_buf *b, const char *s)
{
	sio_buf_append(b, s, strlen(s));
}

/* Decimal digits. */
void sio_buf_put_u64(struct sio_buf *b, uint64_t n);

/* With NUL behind it, which is not counted in len. NULL on any error. */
const char *sio_buf_cstr(struct sio_buf *b);

#endif
