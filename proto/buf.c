/* SPDX-License-Identifier: ISC */
#include "proto/buf.h"

#define FIRST_SIZE 256

void sio_buf_init(struct sio_buf *b, const struct sio_mem *mem, size_t max)
{
	*b = (struct sio_buf){.max = max, .mem = mem};
}

void sio_buf_free(struct sio_buf *b)
{
	sio_free(b->mem, b->data);
	sio_buf_init(b, b->mem, b->max);
}

/* Doubling, so that appending costs a constant number of copies a byte. */
static size_t grown_size(const struct sio_buf *b, size_t need)
{
	size_t size = b->size ? b->size : FIRST_SIZE;

	while (size < need)
		size = size > b->max / 2 ? need : size * 2;
	return size > b->max ? b->max : size;
}

int sio_buf_reserve(struct sio_buf *b, size_t n)
{
	size_t size;
	char *data;

	if (b->err)
		return b->err;
	if (b->size - b->len >= n)
		return SIO_OK;
	if (n > b->max - b->len)
		return b->err = SIO_ERR_TOO_BIG;
	size = grown_size(b, b->len + n);
	data = sio_realloc(b->mem, b->data, size);
	if (!data)
		return b->err = SIO_ERR_NOMEM;
	b->data = data;
	b->size = size;
	return SIO_OK;
}

void sio_buf_put_u64(struct sio_buf *b, uint64_t n)
{
	char digits[20];
	size_t i = sizeof(digits);

	do {
		digits[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	sio_buf_append(b, digits + i, sizeof(digits) - i);
}

const char *sio_buf_cstr(struct sio_buf *b)
{
	if (sio_buf_reserve(b, 1) != SIO_OK)
		return NULL;
	b->data[b->len] = '\0';
	return b->data;
}
