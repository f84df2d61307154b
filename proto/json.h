/* SPDX-License-Identifier: ISC */
#ifndef SIO_JSON_H
#define SIO_JSON_H

/*
 * JSON, RFC 8259. Three tools:
 *
 *  - a strict validator that walks over values without building anything, for
 *    each packet;
 *  - a writer whose output is valid for every string of bytes;
 *  - a tree (cJSON's), for the few objects whose members are looked at:
 *    handshake, CONNECT, errors. It is only built of text that the validator
 *    has passed, so that there is one opinion about what JSON is. cJSON takes
 *    its memory from the C library, since its hooks are global.
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

/* ---- writing ---- */

/* With quotes. What is not UTF-8 becomes U+FFFD. Errors stick in b. */
void sio_json_write_string(struct sio_buf *b, const void *data, size_t len);
void sio_json_write_int(struct sio_buf *b, int64_t n);

/* ---- looking into an object ---- */

struct sio_json;

/*
 * SIO_ERR_SYNTAX: not one valid value. SIO_ERR_NOMEM. Freed with
 * sio_json_free().
 */
int sio_json_parse(const char *text, size_t len, unsigned int depth,
		   struct sio_json **ret_json);
void sio_json_free(struct sio_json *j);

bool sio_json_is_object(const struct sio_json *j);

/* The value itself if it is a string, otherwise NULL. */
const char *sio_json_as_string(const struct sio_json *j);

/* A member of an object; NULL if absent, or not a string. */
const char *sio_json_get_string(const struct sio_json *j, const char *name);

/* False if absent, or not a number. */
bool sio_json_get_number(const struct sio_json *j, const char *name,
			 double *ret_number);

/* True if the member is an array that has this string. */
bool sio_json_array_has(const struct sio_json *j, const char *name,
			const char *string);

/*
 * True if every {"_placeholder":true} in it, however nested, has a "num" that
 * is an integer in 0..n-1 (socket.io-parser, binary.ts).
 */
bool sio_json_placeholders_valid(const struct sio_json *j, unsigned int n);

#endif
