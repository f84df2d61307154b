/* SPDX-License-Identifier: ISC */
#ifndef OPTIONS_H
#define OPTIONS_H

/*
 * One table of settings drives argv, environment, --config FILE, --help and
 * the man page. Precedence: argv, environment, file, default.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_output {
	OUTPUT_SOCKETIO,
	OUTPUT_JSON,
	OUTPUT_TEXT
};
enum option_format {
	FORMAT_TEXT,
	FORMAT_JSON
};
enum option_overflow {
	OVERFLOW_SUMMARIZE,
	OVERFLOW_DROP
};
enum option_hook {
	HOOK_AUTO,
	HOOK_XDP,
	HOOK_TC
};
/* The same bits as enum sio_transport, which proto/ owns. */
enum option_transports {
	TRANSPORTS_WEBSOCKET = 1 << 0,
	TRANSPORTS_POLLING = 1 << 1,
};
enum option_xdp_mode {
	XDP_MODE_AUTO,
	XDP_MODE_NATIVE,
	XDP_MODE_GENERIC
};

/* bits of `directions` and `families` */
#define DIRECTION_IN  (1u << 0)
#define DIRECTION_OUT (1u << 1)
#define FAMILY_4      (1u << 0)
#define FAMILY_6      (1u << 1)

enum {
	OPTIONS_MAX_INTERFACES = 256
};

/* Strings are owned by the struct, freed by options_clear(). */
struct options {
	char *name;
	char *url;
	char *password; /* from the environment or the config file, or NULL */
	char *password_file;
	char *ca_file;
	char *cert_file;
	char *key_file;
	char *proxy;
	unsigned int transports; /* enum option_transports */
	uint64_t rate;		 /* messages a second; 0 is no limit */
	enum option_overflow overflow;
	enum option_format format;
	enum option_output output;
	unsigned int directions;
	unsigned int families;
	enum option_hook hook;
	enum option_xdp_mode xdp_mode;
	char *types;	   /* of --type, as types_parse() reads it; NULL: all */
	uint64_t ring_kib; /* of the ring buffer; a power of two */
	bool replace;
	bool detail;
	bool verbose;
	uint64_t queue_messages;
	uint64_t batch; /* lines in a message, at least 1 */
	char *metrics;	/* ADDRESS:PORT, NULL: off */
	char *user;
	char *config_file;
	char *interfaces[OPTIONS_MAX_INTERFACES];
	size_t n_interfaces;
	bool sudo_cleared; /* sudo started us, and neither name nor URL came */
};

enum options_result {
	OPTIONS_RUN = 0,
	OPTIONS_HELP = 1,    /* --help was asked for */
	OPTIONS_VERSION = 2, /* --version was asked for */
};

/*
 * Reads argv, `environ` (NULL-terminated, as main() gets it) and the file
 * that --config names. Returns an enum options_result, or a negated sysexits
 * code with one line in ret_error that names the value, the cause and what to
 * do: -EX_USAGE for argv, -EX_CONFIG for environment and file (a missing file
 * too). On failure *ret_options is cleared.
 */
int options_parse(int argc, char *const argv[], char *const environ[],
		  struct options *ret_options, char *ret_error,
		  size_t error_size);
void options_clear(struct options *o);

/* The text of --help, made from the table. */
void options_print_help(FILE *f);

#endif
