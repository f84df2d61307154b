/* SPDX-License-Identifier: ISC */
#ifndef TRUST_H
#define TRUST_H

/* Whom the client side of TLS trusts, and as whom it presents itself. */

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

struct trust_config {
	const char *url;
	const char *ca_file;   /* PEM; NULL: the system's CAs */
	const char *cert_file; /* PEM, of this client; NULL: none */
	const char *key_file;  /* PEM, of cert_file */
};

/*
 * Reads the files, once for all connections: those that come later may be
 * opened by a user who must not read the key. *ret_ctx is NULL where the URL
 * asks for no TLS. Negative errno, logged; -EINVAL: a file that cannot be
 * read or used, a host whose certificate could not be checked.
 */
int trust_new(const struct trust_config *config, struct ssl_ctx_st **ret_ctx);

/* After the last connection. */
void trust_free(struct ssl_ctx_st *ctx);

#endif
