/* SPDX-License-Identifier: ISC */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The bytes of the character at `s`, 1 to 4, or 0 where the `n` bytes there
 * (n > 0) do not begin with a whole character as RFC 3629 section 4 has it:
 * no overlong form, no surrogate, nothing above U+10FFFF.
 */
size_t utf8_char_bytes(const char *s, size_t n);

bool utf8_valid(const char *s, size_t n);

/* The character of `n` bytes at `s` is a C0 or C1 control, or DEL. */
bool utf8_is_control(const char *s, size_t n);

#endif
