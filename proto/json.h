/* SPDX-License-Identifier: ISC */
#ifndef SIO_JSON_H
#define SIO_JSON_H

/*
 * JSON, RFC 8259, without a tree:
 *
 *  - a strict validator that walks over values and builds nothing;
 *  - a writer whose output is valid for every string of bytes;
 *  - look-ups in a text that the validator has passed, for the few objects
 *    whose members matter: handshake, CONNECT, errors.
 *
 * No parser with a tree of its own, since there would be two opinions about
 * what JSON is (others refuse a lone surrogate, which JavaScript sends), memory
 * that is not the caller's, and state shared between clients.
 */
#include "proto/buf.h"

/* The deepest nesting that any caller may allow; bounds the recursion. */
#define SIO_JSON_MAX_DEPTH 256

/* ---- walking ---- */

/* Behind white space (section 2). */
const char *sio_json_space(const char *p, const char *end);

/*
 * Behind the value that begins exactly at p, or NULL if none does. Strings
 * must be valid UTF-8 (section 8.1). depth: how many levels of array and
 * object it may have.
 */
const char *sio_json_skip(const char *p, const char *end, unsigned int depth);

/* True if all of it is one value, white space around it allowed. */
bool sio_json_valid(const char *text, size_t len, unsigned int depth);

/*
 * Decodes what stands between the quotes of a valid string; out has room for
 * len bytes. A lone surrogate becomes U+FFFD. Returns the length.
 */
size_t sio_json_unescape(const char *in, size_t len, char *out);

/* As much of it as fits; false if that is not all. */
bool sio_json_unescape_some(const char *in, size_t len, char *out, size_t size,
			    size_t *ret_len);

/* ---- writing ---- */

/* With quotes. What is not UTF-8 becomes U+FFFD. Errors stick in b. */
void sio_json_write_string(struct sio_buf *b, const void *data, size_t len);
void sio_json_write_int(struct sio_buf *b, int64_t n);

/* ---- looking into a value ---- */

/* Lies in the text that it was found in. Absent: len is 0. */
struct sio_json {
	const char *p;
	size_t len;
};

/* SIO_ERR_SYNTAX: the text is not one valid value. */
int sio_json_parse(const char *text, size_t len, unsigned int depth,
		   struct sio_json *ret_json);

bool sio_json_is_object(struct sio_json j);
bool sio_json_is_string(struct sio_json j);

/* The member of that name (up to 63 bytes), the last if there are several. */
struct sio_json sio_json_get(struct sio_json object, const char *name);

/* True if it is an array that has this string. */
bool sio_json_array_has(struct sio_json array, const char *string);

/*
 * The string, decoded, NUL behind it. False if it is none (then out is
 * untouched), or if only its beginning fits into size, which is at least 1.
 */
bool sio_json_copy_string(struct sio_json j, char *out, size_t size);

/* False if it is no number. Exact for integers below 2^53. */
bool sio_json_get_number(struct sio_json j, double *ret_number);

/*
 * True if every {"_placeholder":true} in it, however nested, has a "num" that
 * is an integer in 0..n-1 (socket.io-parser, binary.ts).
 */
bool sio_json_placeholders_valid(struct sio_json j, unsigned int n);

#endif
