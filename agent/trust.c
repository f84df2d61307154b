/* SPDX-License-Identifier: ISC */
#include "agent/trust.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509err.h>
#include <string.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/url.h"

/* Where distributions keep the CAs, as one file. */
static const char *system_ca_file(void)
{
	static const char *const paths[] = {
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/ca-bundle.pem",
		"/etc/ssl/cert.pem",
	};
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (!access(paths[i], R_OK))
			return paths[i];
	return NULL;
}

/* The file's name and what OpenSSL or the kernel has against it. */
static int reject(const char *what, const char *path, const char *option)
{
	unsigned long code = ERR_peek_last_error();
	const char *why = ERR_reason_error_string(code);

	if (access(path, R_OK))
		why = strerror(errno);
	ERR_clear_error();
	log_error("%s %s: %s; see %s", what, path,
		  why ? why : "OpenSSL cannot use it", option);
	return -EINVAL;
}

/* Never the system's CAs where others are asked for, and never none. */
static int load_ca(SSL_CTX *ctx, const struct trust_config *config)
{
	const char *path = config->ca_file;

	if (!path)
		path = system_ca_file();
	if (!path) {
		log_error("%s: no file of the system's CAs was found; install "
			  "the package ca-certificates or use --ca-file",
			  config->url);
		return -EINVAL;
	}
	if (SSL_CTX_load_verify_locations(ctx, path, NULL) == 1)
		return 0;
	return reject("CA file", path, "--ca-file");
}

/* Nobody is asked for the password of a key. */
static int no_password(char *buf, int size, int writing, void *user)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)user;
	return -1;
}

static int load_own(SSL_CTX *ctx, const struct trust_config *config)
{
	const char *cert = config->cert_file, *key = config->key_file;

	if (!cert && !key)
		return 0;
	if (!cert || !key) {
		log_error("%s %s: it needs its %s too, use %s",
			  cert ? "certificate" : "key", cert ? cert : key,
			  cert ? "key" : "certificate",
			  cert ? "--key" : "--cert");
		return -EINVAL;
	}
	SSL_CTX_set_default_passwd_cb(ctx, no_password);
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		return reject("certificate", cert, "--cert");
	/* which also compares it with the certificate */
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1)
		return 0;
	if (ERR_GET_REASON(ERR_peek_last_error()) != X509_R_KEY_VALUES_MISMATCH)
		return reject("key", key, "--key");
	ERR_clear_error();
	log_error("key %s: it is not the key of %s", key, cert);
	return -EINVAL;
}

/*
 * libwebsockets 4.1.6 takes the name to compare with the certificate up to the
 * first colon: of a bare IPv6 literal nothing is left, and nothing compared.
 */
static int check_host(const struct trust_config *config, const struct url *url)
{
	if (!url->literal || !strchr(url->host, ':'))
		return 0;
	log_error("%s: the certificate of an IPv6 address cannot be checked; "
		  "use the host's name",
		  config->url);
	return -EINVAL;
}

static int load(SSL_CTX *ctx, const struct trust_config *config)
{
	int err = load_ca(ctx, config);

	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	/* as libwebsockets does it for a context of its own */
	SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION);
	return err ? err : load_own(ctx, config);
}

int trust_new(const struct trust_config *config, SSL_CTX **ret_ctx)
{
	char error[256];
	struct url url;
	SSL_CTX *ctx;
	int err;

	*ret_ctx = NULL;
	if (url_parse(config->url, &url, error, sizeof(error))) {
		log_error("%s", error);
		return -EINVAL;
	}
	if (!url.tls)
		return 0;
	err = check_host(config, &url);
	if (err)
		return err;
	ctx = SSL_CTX_new(TLS_client_method());
	err = ctx ? load(ctx, config) : -ENOMEM;
	if (err)
		SSL_CTX_free(ctx);
	else
		*ret_ctx = ctx;
	return err;
}

void trust_free(SSL_CTX *ctx)
{
	SSL_CTX_free(ctx);
}
