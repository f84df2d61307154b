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

#include "agent/trust.h"

/*
 * Writes it for a name of valid UTF-8 without control characters. Returns its
 * length, or -ENOSPC. `password` may be NULL. Pure.
 */
int credentials_payload(const char *name, const char *password, char *buf,
			size_t size);

struct credentials;

/*
 * Serves any number of rooms. `password` and `path` must outlive it; they may be
 * NULL, and the password is used where both are given. A file is read anew at
 * each attempt, since it may change; it is also kept open from here on, for
 * the time when this process may no longer open it, as after a change of
 * user. Negative errno, logged; -EINVAL: it holds no password now.
 */
int credentials_new(const char *password, const char *path,
		    struct credentials **ret_credentials);

/* What else connections to that URL need, see trust_new(). */
int credentials_read_tls(struct credentials *c,
			 const struct trust_config *config);

/* NULL without TLS. */
struct ssl_ctx_st *credentials_tls(const struct credentials *c);

void credentials_free(struct credentials *c);

/*
 * Writes the payload for this name as of now. Returns its length, or negative errno, logged:
 * the file has no password any more.
 */
int credentials_write(const struct credentials *c, const char *name, char *buf,
		      size_t size);

#endif
