/* SPDX-License-Identifier: ISC */
#ifndef SIO_BASE64_H
#define SIO_BASE64_H

/* RFC 4648 section 4. */
#include "proto/buf.h"

/* Errors stick in b. */
void sio_base64_append(struct sio_buf *b, const void *data, size_t len);

/*
 * Decodes; padding may be absent, as some servers leave it out. out may be
 * `in` itself. SIO_ERR_SYNTAX: a character or length that cannot be.
 */
int sio_base64_decode(const char *in, size_t len, char *out, size_t *ret_len);

#endif
