/* SPDX-License-Identifier: ISC */
#include "agent/trust.h"

#include <errno.h>
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

static int check_readable(const char *what, const char *path)
{
	int err;

	if (!path || !access(path, R_OK))
		return 0;
	err = -errno;
	log_error("%s %s: %s", what, path, strerror(-err));
	return err;
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

int trust_fill(const struct transport_config *config,
	       struct lws_context_creation_info *info)
{
	int err = find_ca_file(config, &info->client_ssl_ca_filepath);

	if (!err)
		err = check_readable("certificate", config->cert_file);
	if (!err)
		err = check_readable("key", config->key_file);
	if (err)
		return err;
	info->client_ssl_cert_filepath = config->cert_file;
	info->client_ssl_private_key_filepath = config->key_file;
	info->options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
			 LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
	return 0;
}
