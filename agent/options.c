/* SPDX-License-Identifier: ISC */
#include "agent/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "agent/env_file.h"
#include "agent/file.h"
#include "agent/settings.h"
#include "agent/utf8.h"

#define CONFIG_MAX_BYTES 65536
#define CAUSE_MAX_BYTES	 512

/* A later source wins. */
enum source {
	SOURCE_DEFAULT,
	SOURCE_FILE,
	SOURCE_ENVIRONMENT,
	SOURCE_ARGV,
};

struct given {
	const char *value; /* NULL: not given */
	enum source source;
	unsigned int line; /* SOURCE_FILE */
};

/* What was read and not yet understood. Values belong to their source. */
struct reader {
	struct given given[SETTINGS_MAX];
	const char *interfaces[OPTIONS_MAX_INTERFACES];
	size_t n_interfaces;
	const char *config_path;
	char *config_text;
	size_t config_bytes;
	char *error;
	size_t error_size;
};

__attribute__((format(printf, 3, 4))) static int
fail(const struct reader *r, int status, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(r->error, r->error_size, format, ap);
	va_end(ap);
	return -status;
}

static int fail_memory(const struct reader *r)
{
	return fail(r, EX_OSERR, "out of memory");
}

/*
 * An error quotes what a user typed: it stays one line of valid UTF-8. (The
 * buffer may have cut a character in two.)
 */
static void make_printable(char *s)
{
	size_t left = strlen(s);

	while (left > 0) {
		size_t n = utf8_char_bytes(s, left);

		if (n == 0 || utf8_is_control(s, n)) {
			*s = '?';
			n = 1;
		}
		s += n;
		left -= n;
	}
}

static struct given *given_of(struct reader *r, const struct setting *s)
{
	return &r->given[s - settings];
}

static void give(struct reader *r, const struct setting *s, const char *value,
		 enum source source, unsigned int line)
{
	struct given *g = given_of(r, s);

	if (!g->value || source >= g->source)
		*g = (struct given){value, source, line};
}

/* ---- argv --------------------------------------------------------------- */

static int unknown_option(const struct reader *r, const char *arg)
{
	/* What stands behind '=' may be a secret: it is not shown. */
	size_t length = strcspn(arg, "=");
	int n = length < 100 ? (int)length : 100;

	if (n == (int)strlen("--password") &&
	    strncmp(arg, "--password", (size_t)n) == 0)
		return fail(r, EX_USAGE,
			    "--password is no option, since every user of the "
			    "host could read it: set PASSWORD in the "
			    "environment, or use --password-file FILE");
	return fail(r, EX_USAGE, "unknown option '%.*s': --help lists them all",
		    n, arg);
}

static const struct setting *find_option(const char *arg)
{
	if (arg[1] == '-')
		return setting_by_option(arg + 2, strcspn(arg + 2, "="));
	return arg[2] == '\0' ? setting_by_letter(arg[1]) : NULL;
}

/* One option at argv[*i]; *i is moved to the last argument that it took. */
static int read_option(struct reader *r, int argc, char *const argv[], int *i)
{
	const char *arg = argv[*i];
	const struct setting *s = find_option(arg);
	const char *equals = arg[1] == '-' ? strchr(arg, '=') : NULL;
	const char *value = equals ? equals + 1 : "";

	if (!s)
		return unknown_option(r, arg);
	if (!s->argument && equals)
		return fail(r, EX_USAGE, "--%s takes no value", s->option);
	if (s->kind == SETTING_ACTION)
		return (int)s->result;
	if (s->argument && !equals) {
		if (*i + 1 == argc)
			return fail(r, EX_USAGE, "--%s needs a value: --%s %s",
				    s->option, s->option, s->argument);
		value = argv[++*i];
	}
	if (s->argument && !*value)
		return fail(r, EX_USAGE,
			    "--%s is empty: give a value, or "
			    "leave the option out",
			    s->option);
	give(r, s, value, SOURCE_ARGV, 0);
	return 0;
}

static int read_interface(struct reader *r, const char *name)
{
	char cause[CAUSE_MAX_BYTES];

	if (setting_check_interface(name, cause, sizeof(cause)) < 0)
		return fail(r, EX_USAGE, "interface %s", cause);
	for (size_t i = 0; i < r->n_interfaces; i++)
		if (strcmp(r->interfaces[i], name) == 0)
			return 0;
	if (r->n_interfaces == OPTIONS_MAX_INTERFACES)
		return fail(r, EX_USAGE,
			    "more than %d interfaces: use a pattern such as "
			    "'eth*', or all",
			    OPTIONS_MAX_INTERFACES);
	r->interfaces[r->n_interfaces++] = name;
	return 0;
}

static int read_argv(struct reader *r, int argc, char *const argv[])
{
	bool options_end = false;
	int result = 0;

	for (int i = 1; i < argc && result == 0; i++) {
		if (!options_end && strcmp(argv[i], "--") == 0)
			options_end = true;
		else if (!options_end && argv[i][0] == '-' && argv[i][1])
			result = read_option(r, argc, argv, &i);
		else
			result = read_interface(r, argv[i]);
	}
	return result;
}

/* ---- environment and file ----------------------------------------------- */

/* An empty variable counts as none: that is how compose files unset one. */
static void read_environment(struct reader *r, char *const environ_[])
{
	for (; *environ_; environ_++) {
		const char *equals = strchr(*environ_, '=');
		const struct setting *s;

		if (!equals || !equals[1])
			continue;
		s = setting_by_key(*environ_, (size_t)(equals - *environ_));
		if (s)
			give(r, s, equals + 1, SOURCE_ENVIRONMENT, 0);
	}
}

static bool environment_has(char *const environ_[], const char *key)
{
	size_t n = strlen(key);

	for (; *environ_; environ_++)
		if (strncmp(*environ_, key, n) == 0 && (*environ_)[n] == '=')
			return true;
	return false;
}

static int load_config(struct reader *r)
{
	int n;

	r->config_text = malloc(CONFIG_MAX_BYTES + 1);
	if (!r->config_text)
		return fail_memory(r);
	n = file_read(r->config_path, r->config_text, CONFIG_MAX_BYTES + 1,
		      &r->config_bytes);
	if (n == -EFBIG)
		return fail(r, EX_CONFIG, "--config %s: more than %d bytes",
			    r->config_path, CONFIG_MAX_BYTES);
	if (n < 0)
		return fail(r, EX_CONFIG, "--config %s: %s", r->config_path,
			    strerror(-n));
	return 0;
}

static int read_config(struct reader *r)
{
	char cause[CAUSE_MAX_BYTES];
	const char *key, *value;
	struct env_file f;
	int n;

	n = load_config(r);
	if (n < 0)
		return n;
	env_file_init(&f, r->config_text, r->config_bytes);
	while ((n = env_file_next(&f, &key, &value, cause, sizeof(cause))) >
	       0) {
		const struct setting *s = setting_by_key(key, strlen(key));

		if (!s)
			return fail(r, EX_CONFIG,
				    "%s:%u: unknown setting '%s': --help "
				    "lists them all",
				    r->config_path, f.line, key);
		if (*value)
			give(r, s, value, SOURCE_FILE, f.line);
	}
	if (n < 0)
		return fail(r, EX_CONFIG, "%s:%u: %s", r->config_path, f.line,
			    cause);
	return 0;
}

/* ---- from strings to options -------------------------------------------- */

/* Where a value came from, as a user would find it: "FILE:3: URL". */
static void name_source(const struct reader *r, const struct setting *s,
			char *buf, size_t size)
{
	const struct given *g = &r->given[s - settings];

	if (g->source == SOURCE_ARGV)
		(void)snprintf(buf, size, "--%s", s->option);
	else if (g->source == SOURCE_FILE)
		(void)snprintf(buf, size, "%s:%u: %s", r->config_path, g->line,
			       s->key);
	else
		(void)snprintf(buf, size, "%s (environment)", s->key);
}

static int apply_one(struct reader *r, const struct setting *s,
		     struct options *o)
{
	struct given *g = given_of(r, s);
	const char *value = g->value ? g->value : s->fallback;
	char cause[CAUSE_MAX_BYTES], where[CAUSE_MAX_BYTES];
	int n;

	if (!value)
		return 0;
	n = setting_apply(s, value, o, cause, sizeof(cause));
	if (n == 0)
		return 0;
	if (n == -ENOMEM)
		return fail_memory(r);
	name_source(r, s, where, sizeof(where));
	n = g->source == SOURCE_ARGV ? EX_USAGE : EX_CONFIG;
	/* what checks a string quotes it, or hides a password in it */
	if (s->check && s->kind == SETTING_STRING)
		return fail(r, n, "%s: %s", where, cause);
	return fail(r, n, "%s '%.100s': %s", where, value, cause);
}

/* Of PASSWORD and PASSWORD_FILE the one from the stronger source counts. */
static int choose_password(struct reader *r)
{
	struct given *text = given_of(r, setting_by_key("PASSWORD", 8));
	struct given *file = given_of(r, setting_by_key("PASSWORD_FILE", 13));

	if (!text->value || !file->value)
		return 0;
	if (text->source == file->source)
		return fail(r, EX_CONFIG,
			    "both PASSWORD and PASSWORD_FILE are set: remove "
			    "one of them");
	if (text->source < file->source)
		text->value = NULL;
	else
		file->value = NULL;
	return 0;
}

static int apply_all(struct reader *r, struct options *o)
{
	int n = choose_password(r);

	for (size_t i = 0; i < settings_count && n == 0; i++)
		n = apply_one(r, &settings[i], o);
	for (size_t i = 0; i < r->n_interfaces && n == 0; i++) {
		o->interfaces[i] = strdup(r->interfaces[i]);
		if (!o->interfaces[i])
			return fail_memory(r);
		o->n_interfaces++;
	}
	return n;
}

static int read_all(struct reader *r, int argc, char *const argv[],
		    char *const environ_[], struct options *o)
{
	const struct setting *config = setting_by_option("config", 6);
	int n;

	n = read_argv(r, argc, argv);
	if (n != 0)
		return n;
	read_environment(r, environ_);
	r->config_path = given_of(r, config)->value;
	if (r->config_path) {
		n = read_config(r);
		if (n < 0)
			return n;
	}
	n = apply_all(r, o);
	if (n < 0)
		return n;
	if (o->n_interfaces == 0)
		return fail(r, EX_USAGE,
			    "no interface given: name one, such as eth0, or "
			    "all; --help says more");
	o->sudo_cleared =
		environment_has(environ_, "SUDO_COMMAND") &&
		!given_of(r, setting_by_key("CLIENTNAME", 10))->value &&
		!given_of(r, setting_by_key("URL", 3))->value;
	return OPTIONS_RUN;
}

int options_parse(int argc, char *const argv[], char *const environ_[],
		  struct options *ret_options, char *ret_error,
		  size_t error_size)
{
	struct reader r = {.error = ret_error, .error_size = error_size};
	struct options o = {.overflow = OVERFLOW_DROP};
	int n;

	n = read_all(&r, argc, argv, environ_, &o);
	if (r.config_text)
		explicit_bzero(r.config_text, r.config_bytes);
	free(r.config_text);
	if (n != OPTIONS_RUN)
		options_clear(&o);
	if (n < 0)
		make_printable(ret_error);
	*ret_options = o;
	return n;
}

void options_clear(struct options *o)
{
	if (o->password)
		explicit_bzero(o->password, strlen(o->password));
	free(o->name);
	free(o->url);
	free(o->password);
	free(o->password_file);
	free(o->ca_file);
	free(o->cert_file);
	free(o->key_file);
	free(o->proxy);
	free(o->types);
	free(o->metrics);
	free(o->user);
	free(o->config_file);
	for (size_t i = 0; i < o->n_interfaces; i++)
		free(o->interfaces[i]);
	*o = (struct options){0};
}
