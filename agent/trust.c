/* SPDX-License-Identifier: ISC */
#include "agent/trust.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509err.h>
#include <string.h>
#include <unistd.h>

#include "agent/log.h"

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

/* The file's name and what the kernel or OpenSSL has against it. */
static int reject(const char *what, const char *path, const char *why)
{
	log_error("%s %s: %s", what, path, why);
	return -EINVAL;
}

static int reject_openssl(const char *what, const char *path)
{
	unsigned long code = ERR_peek_last_error();
	const char *why = ERR_reason_error_string(code);

	ERR_clear_error();
	return reject(what, path, why ? why : "OpenSSL cannot use it");
}

static int check_readable(const char *what, const char *path)
{
	if (!path || !access(path, R_OK))
		return 0;
	return reject(what, path, strerror(errno));
}

/*
 * libwebsockets 4.1.6 only logs a CA file that it cannot read and goes on with
 * other CAs; and without any file it trusts a directory relative to the
 * working directory. So TLS never starts without a file that can be read.
 */
static int find_ca_file(const struct transport_config *config,
			const char **ret_path)
{
	if (!config->ca_file) {
		*ret_path = system_ca_file();
		if (*ret_path)
			return 0;
		log_error("%s: no file of the system's CAs was found; install "
			  "the package ca-certificates or use --ca-file",
			  config->url);
		return -ENOENT;
	}
	*ret_path = config->ca_file;
	return check_readable("CA file", config->ca_file);
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

static int try_own(SSL_CTX *ctx, const struct transport_config *config)
{
	const char *cert = config->cert_file, *key = config->key_file;

	if (!cert && !key)
		return 0;
	if (!key)
		return reject("certificate", cert,
			      "it needs its key too, use --key");
	if (!cert)
		return reject("key", key,
			      "it needs its certificate too, use --cert");
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		return reject_openssl("certificate", cert);
	/* which also compares it with the certificate */
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1)
		return 0;
	if (ERR_GET_REASON(ERR_peek_last_error()) != X509_R_KEY_VALUES_MISMATCH)
		return reject_openssl("key", key);
	ERR_clear_error();
	log_error("key %s: it is not the key of %s", key, cert);
	return -EINVAL;
}

/*
 * What libwebsockets would only say in its own log, or not at all, is tried
 * here first.
 */
static int try_files(const struct transport_config *config, const char *ca)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	int err;

	if (!ctx)
		return -ENOMEM;
	SSL_CTX_set_default_passwd_cb(ctx, no_password);
	if (SSL_CTX_load_verify_locations(ctx, ca, NULL) != 1)
		err = reject_openssl("CA file", ca);
	else
		err = try_own(ctx, config);
	SSL_CTX_free(ctx);
	return err;
}

int trust_fill(const struct transport_config *config,
	       struct lws_context_creation_info *info)
{
	int err = find_ca_file(config, &info->client_ssl_ca_filepath);

	if (!err)
		err = check_readable("certificate", config->cert_file);
	if (!err)
		err = check_readable("key", config->key_file);
	if (!err)
		err = try_files(config, info->client_ssl_ca_filepath);
	if (err)
		return err;
	info->client_ssl_cert_filepath = config->cert_file;
	info->client_ssl_private_key_filepath = config->key_file;
	info->options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
			 LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
	return 0;
}
