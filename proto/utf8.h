/* SPDX-License-Identifier: ISC */
#ifndef SIO_UTF8_H
#define SIO_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* U+FFFD, in place of what is not UTF-8 */
#define SIO_UTF8_REPLACEMENT "\xef\xbf\xbd"

/*
 * The length of the sequence at p, 1 to 4, as RFC 3629 section 4 allows it (no
 * overlong form, no surrogate, nothing above U+10FFFF); otherwise 0, and
 * *ret_bad is how many bytes one U+FFFD replaces (the "maximal subpart" of
 * Unicode 3.9, at least 1). n is at least 1.
 */
size_t sio_utf8_sequence(const char *p, size_t n, size_t *ret_bad);

/* Writes a scalar value (a surrogate becomes U+FFFD); returns 1 to 4. */
size_t sio_utf8_encode(uint32_t code, char out[4]);

/*
 * A line for people: text from a server with control characters as spaces,
 * what is not UTF-8 replaced, cut between characters to fit, NUL behind it.
 * size is at least 1.
 */
void sio_text_clean(char *out, size_t size, const char *text, size_t len);

#endif
