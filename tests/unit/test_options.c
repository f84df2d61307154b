/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sysexits.h>
#include <unistd.h>

#include "agent/settings.h"

#define MAX_ARGS 16

struct parsed {
	struct options o;
	int result;
	char error[512];
};

static char *no_environment[] = {NULL};

/* A config file that ends with the test. */
static char config_path[] = "/tmp/test_options.XXXXXX";

static void write_config(const char *text, size_t n)
{
	FILE *f = fopen(config_path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static int make_config(void **state)
{
	int fd = mkstemp(config_path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_config(void **state)
{
	(void)state;
	return unlink(config_path);
}

/* `args` and `variables` are words behind one another, ended by NULL. */
static struct parsed parse(const char *const *args,
			   const char *const *variables)
{
	char *argv[MAX_ARGS + 1] = {(char *)(uintptr_t) "icmp-agent"};
	char *env[MAX_ARGS + 1] = {NULL};
	struct parsed p = {.error = ""};
	int argc = 1;

	for (; args && *args; args++)
		argv[argc++] = (char *)(uintptr_t)*args;
	for (int i = 0; variables && variables[i]; i++)
		env[i] = (char *)(uintptr_t)variables[i];
	p.result =
		options_parse(argc, argv, env, &p.o, p.error, sizeof(p.error));
	return p;
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ENV(...)  ((const char *const[]){__VA_ARGS__, NULL})

static void test_defaults(void **state)
{
	struct parsed p = parse(ARGS("eth0"), NULL);

	(void)state;
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_string_equal(p.o.name, "ICMP");
	assert_string_equal(p.o.url, "http://localhost:5000");
	assert_null(p.o.password);
	assert_null(p.o.password_file);
	assert_int_equal(p.o.rate, 10);
	assert_int_equal(p.o.format, FORMAT_TEXT);
	assert_int_equal(p.o.output, OUTPUT_SOCKETIO);
	assert_int_equal(p.o.directions, DIRECTION_IN | DIRECTION_OUT);
	assert_int_equal(p.o.families, FAMILY_4 | FAMILY_6);
	assert_int_equal(p.o.hook, HOOK_AUTO);
	assert_int_equal(p.o.xdp_mode, XDP_MODE_AUTO);
	assert_false(p.o.replace);
	assert_false(p.o.detail);
	assert_false(p.o.verbose);
	assert_int_equal(p.o.queue_messages, 10000);
	assert_string_equal(p.o.user, "nobody");
	assert_null(p.o.config_file);
	assert_int_equal(p.o.n_interfaces, 1);
	assert_string_equal(p.o.interfaces[0], "eth0");
	assert_false(p.o.sudo_cleared);
	options_clear(&p.o);
	assert_null(p.o.name);
	assert_int_equal(p.o.n_interfaces, 0);
	options_clear(&p.o); /* again is harmless */
}

static void test_all_of_argv(void **state)
{
	struct parsed p;

	(void)state;
	p = parse(ARGS("--name", "R\xc3\xa4um", "--url=wss://h/p",
		       "--password-file", "/run/pw", "--rate=0", "-v",
		       "--format=json", "--output", "text"),
		  NULL);
	assert_int_equal(p.result, -EX_USAGE); /* no interface yet */
	p = parse(ARGS("--name", "R\xc3\xa4um", "lo", "--url=wss://h/p",
		       "--password-file", "/run/pw", "--rate=0", "-v",
		       "--format=json", "--output", "text"),
		  NULL);
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_string_equal(p.o.name, "R\xc3\xa4um");
	assert_string_equal(p.o.url, "wss://h/p");
	assert_string_equal(p.o.password_file, "/run/pw");
	assert_int_equal(p.o.rate, 0);
	assert_int_equal(p.o.format, FORMAT_JSON);
	assert_int_equal(p.o.output, OUTPUT_TEXT);
	assert_true(p.o.verbose);
	options_clear(&p.o);

	p = parse(ARGS("--direction=out", "--family=6", "--hook=tc",
		       "--xdp-mode=generic", "--replace", "--detail",
		       "--queue=5", "--user=me", "--rate=1", "--rate=2", "--",
		       "-odd-", "lo", "lo", "eth*"),
		  NULL);
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_int_equal(p.o.directions, DIRECTION_OUT);
	assert_int_equal(p.o.families, FAMILY_6);
	assert_int_equal(p.o.hook, HOOK_TC);
	assert_int_equal(p.o.xdp_mode, XDP_MODE_GENERIC);
	assert_true(p.o.replace);
	assert_true(p.o.detail);
	assert_int_equal(p.o.queue_messages, 5);
	assert_string_equal(p.o.user, "me");
	assert_int_equal(p.o.rate, 2); /* the last one counts */
	assert_int_equal(p.o.n_interfaces, 3);
	assert_string_equal(p.o.interfaces[0], "-odd-");
	assert_string_equal(p.o.interfaces[1], "lo");
	assert_string_equal(p.o.interfaces[2], "eth*");
	options_clear(&p.o);
}

static void test_all_of_the_environment(void **state)
{
	struct parsed p;

	(void)state;
	p = parse(ARGS("all"),
		  ENV("CLIENTNAME=n", "URL=https://u", "PASSWORD=p w=",
		      "MAX_MESSAGES_PER_SECOND=7", "FORMAT=json", "OUTPUT=json",
		      "DIRECTION=in", "FAMILY=4", "HOOK=xdp", "XDP_MODE=native",
		      "QUEUE=9", "RUN_AS=7", "OTHER=x", "no equals"));
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_string_equal(p.o.name, "n");
	assert_string_equal(p.o.url, "https://u");
	assert_string_equal(p.o.password, "p w=");
	assert_int_equal(p.o.rate, 7);
	assert_int_equal(p.o.format, FORMAT_JSON);
	assert_int_equal(p.o.output, OUTPUT_JSON);
	assert_int_equal(p.o.directions, DIRECTION_IN);
	assert_int_equal(p.o.families, FAMILY_4);
	assert_int_equal(p.o.hook, HOOK_XDP);
	assert_int_equal(p.o.xdp_mode, XDP_MODE_NATIVE);
	assert_int_equal(p.o.queue_messages, 9);
	assert_string_equal(p.o.user, "7");
	options_clear(&p.o);

	p = parse(ARGS("all"), ENV("PASSWORD_FILE=f", "URL=", "CLIENTNAME="));
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_string_equal(p.o.password_file, "f");
	assert_string_equal(p.o.url, "http://localhost:5000");
	assert_string_equal(p.o.name, "ICMP");
	options_clear(&p.o);
}

static void test_precedence(void **state)
{
	static const char file[] = "CLIENTNAME=file\nURL=http://file\n"
				   "QUEUE=1\nQUEUE=2\nFORMAT=\n";
	struct parsed p;

	(void)state;
	write_config(file, strlen(file));
	p = parse(ARGS("--config", config_path, "e", "--name", "argv"),
		  ENV("CLIENTNAME=env", "URL=http://env"));
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_string_equal(p.o.name, "argv");
	assert_string_equal(p.o.url, "http://env");
	assert_int_equal(p.o.queue_messages, 2); /* the last line counts */
	assert_int_equal(p.o.rate, 10);
	assert_int_equal(p.o.format, FORMAT_TEXT);
	assert_string_equal(p.o.config_file, config_path);
	options_clear(&p.o);

	/* an empty variable is none: the file is heard */
	p = parse(ARGS("--config", config_path, "e"), ENV("CLIENTNAME="));
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_string_equal(p.o.name, "file");
	options_clear(&p.o);

	/* what a stronger source overrides need not be right */
	p = parse(ARGS("--rate=3", "e"), ENV("MAX_MESSAGES_PER_SECOND=x"));
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_int_equal(p.o.rate, 3);
	options_clear(&p.o);
}

static void test_password_sources(void **state)
{
	static const char file[] = "PASSWORD='file \\ pw'\n";
	struct parsed p;

	(void)state;
	p = parse(ARGS("e", "--password-file=a"), ENV("PASSWORD=b"));
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_string_equal(p.o.password_file, "a");
	assert_null(p.o.password);
	options_clear(&p.o);

	write_config(file, strlen(file));
	p = parse(ARGS("e", "--config", config_path), NULL);
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_string_equal(p.o.password, "file \\ pw");
	options_clear(&p.o);
	p = parse(ARGS("e", "--config", config_path), ENV("PASSWORD_FILE=f"));
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_null(p.o.password);
	assert_string_equal(p.o.password_file, "f");
	options_clear(&p.o);

	p = parse(ARGS("e"), ENV("PASSWORD=b", "PASSWORD_FILE=f"));
	assert_int_equal(p.result, -EX_CONFIG);
	assert_string_equal(p.error, "both PASSWORD and PASSWORD_FILE are "
				     "set: remove one of them");
}

static void test_sudo(void **state)
{
	struct parsed p;

	(void)state;
	p = parse(ARGS("e"), ENV("SUDO_COMMAND=/usr/bin/icmp-agent"));
	assert_true(p.o.sudo_cleared);
	options_clear(&p.o);
	p = parse(ARGS("e"), ENV("SUDO_COMMAND=x", "URL=http://h"));
	assert_false(p.o.sudo_cleared);
	options_clear(&p.o);
	p = parse(ARGS("e", "--name=a"), ENV("SUDO_COMMAND=x"));
	assert_false(p.o.sudo_cleared);
	options_clear(&p.o);
	p = parse(ARGS("e", "--url=http://h"), ENV("SUDO_COMMAND=x"));
	assert_false(p.o.sudo_cleared);
	options_clear(&p.o);
	p = parse(ARGS("e"), ENV("SUDO_COMMANDS=x"));
	assert_false(p.o.sudo_cleared);
	options_clear(&p.o);
}

static void test_help_and_version(void **state)
{
	struct parsed p;

	(void)state;
	assert_int_equal(parse(ARGS("--help"), NULL).result, OPTIONS_HELP);
	assert_int_equal(parse(ARGS("-h"), NULL).result, OPTIONS_HELP);
	assert_int_equal(parse(ARGS("--version", "--bad"), NULL).result,
			 OPTIONS_VERSION);
	assert_int_equal(parse(ARGS("-V"), ENV("URL=bad")).result,
			 OPTIONS_VERSION);
	p = parse(ARGS("--", "--help"), NULL);
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_string_equal(p.o.interfaces[0], "--help");
	options_clear(&p.o);
}

struct error_case {
	const char *argv[4];
	const char *env;
	int status;
	const char *error;
};

#define LONG64 \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct error_case errors[] = {
	{{NULL},
	 NULL,
	 EX_USAGE,
	 "no interface given: name one, such as eth0, or all; --help says "
	 "more"},
	{{"--nmae", "x"},
	 NULL,
	 EX_USAGE,
	 "unknown option '--nmae': --help lists them all"},
	{{"-x"}, NULL, EX_USAGE, "unknown option '-x': --help lists them all"},
	{{"-vv"},
	 NULL,
	 EX_USAGE,
	 "unknown option '-vv': --help lists them all"},
	{{"--colour=s3cret"},
	 NULL,
	 EX_USAGE,
	 "unknown option '--colour': --help lists them all"},
	{{"--password=s3cret"},
	 NULL,
	 EX_USAGE,
	 "--password is no option, since every user of the host could read "
	 "it: set PASSWORD in the environment, or use --password-file FILE"},
	{{"--password", "x"},
	 NULL,
	 EX_USAGE,
	 "--password is no option, since every user of the host could read "
	 "it: set PASSWORD in the environment, or use --password-file FILE"},
	{{"e", "--rate"}, NULL, EX_USAGE, "--rate needs a value: --rate N"},
	{{"e", "--name="},
	 NULL,
	 EX_USAGE,
	 "--name is empty: give a value, or leave the option out"},
	{{"e", "--name", ""},
	 NULL,
	 EX_USAGE,
	 "--name is empty: give a value, or leave the option out"},
	{{"e", "--detail=yes"}, NULL, EX_USAGE, "--detail takes no value"},
	{{"e", "--ring=65"}, NULL, EX_USAGE, "--ring '65': not a power of two"},
	{{"e", "--ring=63"},
	 NULL,
	 EX_USAGE,
	 "--ring '63': not a whole number from 64 to 262144"},
	{{"e", "--rate=1x"},
	 NULL,
	 EX_USAGE,
	 "--rate '1x': not a whole number from 0 to 1000000"},
	{{"e", "--rate=-1"},
	 NULL,
	 EX_USAGE,
	 "--rate '-1': not a whole number from 0 to 1000000"},
	{{"e", "--rate= 1"},
	 NULL,
	 EX_USAGE,
	 "--rate ' 1': not a whole number from 0 to 1000000"},
	{{"e", "--rate=1000001"},
	 NULL,
	 EX_USAGE,
	 "--rate '1000001': not a whole number from 0 to 1000000"},
	{{"e", "--rate=18446744073709551617"},
	 NULL,
	 EX_USAGE,
	 "--rate '18446744073709551617': not a whole number from 0 to "
	 "1000000"},
	{{"e", "--queue=0"},
	 NULL,
	 EX_USAGE,
	 "--queue '0': not a whole number from 1 to 1000000"},
	{{"e"},
	 "MAX_MESSAGES_PER_SECOND=ten",
	 EX_CONFIG,
	 "MAX_MESSAGES_PER_SECOND (environment) 'ten': not a whole number "
	 "from 0 to 1000000"},
	{{"e", "--format=xml"},
	 NULL,
	 EX_USAGE,
	 "--format 'xml': not one of text, json"},
	{{"e", "--output=file"},
	 NULL,
	 EX_USAGE,
	 "--output 'file': not one of socketio, json, text"},
	{{"e"},
	 "DIRECTION=up",
	 EX_CONFIG,
	 "DIRECTION (environment) 'up': not one of both, in, out"},
	{{"e"},
	 "FAMILY=5",
	 EX_CONFIG,
	 "FAMILY (environment) '5': not one of both, 4, 6"},
	{{"e", "--hook=x"},
	 NULL,
	 EX_USAGE,
	 "--hook 'x': not one of auto, xdp, tc"},
	{{"e", "--xdp-mode=x"},
	 NULL,
	 EX_USAGE,
	 "--xdp-mode 'x': not one of auto, native, generic"},
	{{"e", "--url=localhost:5000"},
	 NULL,
	 EX_USAGE,
	 "--url: 'localhost:5000': no scheme: write http://localhost:5000"},
	{{"e"},
	 "URL=ftp://h",
	 EX_CONFIG,
	 "URL (environment): 'ftp://h': the scheme is none of http, https, "
	 "ws, wss"},
	{{"e"},
	 "URL=http://me:s3cret@h",
	 EX_CONFIG,
	 "URL (environment): '@' in the URL (not shown): it takes no user or "
	 "password, set PASSWORD instead"},
	{{"e", "--name", "a\nb"},
	 NULL,
	 EX_USAGE,
	 "--name: 'a?b': a control character in the room's name"},
	{{"e", "--name", "\xc2\x9b"},
	 NULL,
	 EX_USAGE,
	 "--name: '?\x3f': a control character in the room's name"},
	{{"e"},
	 "CLIENTNAME=\xff",
	 EX_CONFIG,
	 "CLIENTNAME (environment): '?': a room's name must be UTF-8"},
	{{"e", "--name", LONG64 LONG64 "x"},
	 NULL,
	 EX_USAGE,
	 "--name: '" LONG64 "0123456789abcdef0123456789abcdef0123': a room's "
	 "name has 1 to 128 bytes"},
	{{"sixteen-bytes-xx"},
	 NULL,
	 EX_USAGE,
	 "interface 'sixteen-bytes-xx': a name has at most 15 bytes"},
	{{""}, NULL, EX_USAGE, "interface '': a name is needed"},
	{{"a b"},
	 NULL,
	 EX_USAGE,
	 "interface 'a b': no interface has '/' or a blank in its name"},
	{{"a/b"},
	 NULL,
	 EX_USAGE,
	 "interface 'a/b': no interface has '/' or a blank in its name"},
	{{"*" LONG64},
	 NULL,
	 EX_USAGE,
	 "interface '*" LONG64 "': a pattern has at most 63 bytes"},
	{{"--config", "/nonexistent/f", "e"},
	 NULL,
	 EX_CONFIG,
	 "--config /nonexistent/f: No such file or directory"},
	{{"--config=/", "e"}, NULL, EX_CONFIG, "--config /: Is a directory"},
};

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		const struct error_case *c = &errors[i];
		struct parsed p = parse(c->argv, ENV(c->env));

		assert_string_equal(p.error, c->error);
		assert_int_equal(p.result, -c->status);
		assert_null(p.o.name); /* cleared */
		assert_null(strstr(p.error, "s3cret"));
	}
}

static void test_errors_of_the_file(void **state)
{
	static const struct {
		const char *text;
		const char *error; /* behind "PATH:" */
	} cases[] = {
		{"URL=http://h\nCLIENT=x\n",
		 "2: unknown setting 'CLIENT': --help lists them all"},
		{"\nMAX_MESSAGES_PER_SECOND=5 # five\n",
		 "2: MAX_MESSAGES_PER_SECOND '5 # five': not a whole number "
		 "from 0 to 1000000"},
		{"URL='http://h", "1: the closing quote is missing"},
		{"#\n#\nhello\n", "3: no KEY=VALUE"},
		{"\nURL=x", "2: URL: 'x': no scheme: write http://x"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char expected[256];
		struct parsed p;

		write_config(cases[i].text, strlen(cases[i].text));
		p = parse(ARGS("e", "--config", config_path), NULL);
		snprintf(expected, sizeof(expected), "%s:%s", config_path,
			 cases[i].error);
		assert_string_equal(p.error, expected);
		assert_int_equal(p.result, -EX_CONFIG);
	}
}

static void test_size_of_the_file(void **state)
{
	static char text[65537];
	struct parsed p;

	(void)state;
	memset(text, '#', sizeof(text));
	write_config(text, sizeof(text) - 1);
	p = parse(ARGS("e", "--config", config_path), NULL);
	assert_int_equal(p.result, OPTIONS_RUN);
	options_clear(&p.o);
	write_config(text, sizeof(text));
	p = parse(ARGS("e", "--config", config_path), NULL);
	assert_int_equal(p.result, -EX_CONFIG);
	assert_non_null(strstr(p.error, "more than 65536 bytes"));
}

static void test_too_many_interfaces(void **state)
{
	static char names[OPTIONS_MAX_INTERFACES + 1][8];
	char *argv[OPTIONS_MAX_INTERFACES + 2] = {names[0]};
	struct options o;
	char error[256];

	(void)state;
	for (int i = 0; i <= OPTIONS_MAX_INTERFACES; i++) {
		snprintf(names[i], sizeof(names[i]), "e%d", i);
		argv[i + 1] = names[i];
	}
	assert_int_equal(options_parse(OPTIONS_MAX_INTERFACES + 1, argv,
				       no_environment, &o, error,
				       sizeof(error)),
			 OPTIONS_RUN);
	assert_int_equal(o.n_interfaces, OPTIONS_MAX_INTERFACES);
	options_clear(&o);
	assert_int_equal(options_parse(OPTIONS_MAX_INTERFACES + 2, argv,
				       no_environment, &o, error,
				       sizeof(error)),
			 -EX_USAGE);
	assert_non_null(strstr(error, "more than 256 interfaces"));
}

/* --help names each row of the table and keeps to 80 columns. */
static void test_help_is_complete(void **state)
{
	char *text = NULL, *line, *rest;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	assert_non_null(f);
	options_print_help(f);
	assert_int_equal(fclose(f), 0);
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *s = &settings[i];
		char option[64];

		snprintf(option, sizeof(option), "--%s",
			 s->option ? s->option : "");
		if (!strstr(text, option) || (s->key && !strstr(text, s->key)))
			fail_msg("--help lacks %s %s", option,
				 s->key ? s->key : "");
	}
	rest = text;
	while ((line = strsep(&rest, "\n")))
		assert_in_range(strlen(line), 0, 79);
	free(text);
}

/* Mistakes in a row that the compiler cannot see. */
static void test_table_is_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *s = &settings[i];

		assert_true(s->key || s->option);
		assert_non_null(s->help);
		assert_true(s->offset < sizeof(struct options));
		if (s->kind == SETTING_FLAG || s->kind == SETTING_ACTION) {
			assert_null(s->argument);
			assert_null(s->key);
			assert_null(s->fallback);
		} else {
			assert_non_null(s->argument);
		}
		if (s->kind == SETTING_CHOICE)
			assert_non_null(s->choices);
		if (s->kind == SETTING_NUMBER)
			assert_true(s->max < UINT64_MAX / 20);
		if (s->option)
			assert_ptr_equal(
				setting_by_option(s->option, strlen(s->option)),
				s);
		if (s->key)
			assert_ptr_equal(setting_by_key(s->key, strlen(s->key)),
					 s);
		if (s->letter)
			assert_ptr_equal(setting_by_letter(s->letter), s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_all_of_argv),
		cmocka_unit_test(test_all_of_the_environment),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_password_sources),
		cmocka_unit_test(test_sudo),
		cmocka_unit_test(test_help_and_version),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_errors_of_the_file),
		cmocka_unit_test(test_size_of_the_file),
		cmocka_unit_test(test_too_many_interfaces),
		cmocka_unit_test(test_help_is_complete),
		cmocka_unit_test(test_table_is_sound),
	};

	return cmocka_run_group_tests(tests, make_config, remove_config);
}
