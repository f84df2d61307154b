/* SPDX-License-Identifier: ISC */
#ifndef CREDENTIALS_H
#define CREDENTIALS_H

/*
 * The CONNECT payload that the monitor backend asks for:
 *
 *   {"user":{"username":NAME},"token":base64(sha256(PASSWORD))}
 *
 * with null for the token where there is no password.
 */
#include <stddef.h>

/*
 * Writes it for a name of valid UTF-8 without control characters. Returns its
 * length, or -ENOSPC. `password` may be NULL. Pure.
 */
int credentials_payload(const char *name, const char *password, char *buf,
			size_t size);

/*
 * Reads the password in a file into buf, without the line end behind it.
 * Negative errno: -EMSGSIZE where it is longer than the buffer, -ENODATA where
 * there is none.
 */
int credentials_read(const char *path, char *buf, size_t size);

#endif
