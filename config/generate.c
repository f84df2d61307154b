/* SPDX-License-Identifier: ISC */
/*
 * Runs at build time: copies a template from standard input to standard
 * output and fills in what the table of settings knows, so that the man page,
 * the completion and the sudoers file cannot differ from the program.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "agent/settings.h"

static void print_roff(const char *s)
{
	for (; *s; s++) {
		if (*s == '-')
			fputs("\\-", stdout);
		else if (*s == '\\')
			fputs("\\e", stdout);
		else
			putchar(*s);
	}
}

static void print_bold(const char *before, const char *s)
{
	fputs("\\fB", stdout);
	print_roff(before);
	print_roff(s);
	fputs("\\fR", stdout);
}

/* The sentence of --help, with a capital and a full stop. */
static void print_sentence(const struct setting *s)
{
	/* a control line would begin with a dot or an apostrophe */
	printf("\\&%c", toupper((unsigned char)s->help[0]));
	print_roff(s->help + 1);
	puts(".");
}

static void print_options(void)
{
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *s = &settings[i];
		char letter[] = {s->letter, '\0'};

		if (!s->option)
			continue;
		puts(".TP");
		if (s->letter) {
			print_bold("-", letter);
			fputs(", ", stdout);
		}
		print_bold("--", s->option);
		if (s->argument)
			printf(" \\fI%s\\fR", s->argument);
		putchar('\n');
		print_sentence(s);
		if (s->fallback) {
			fputs("The default is ", stdout);
			print_bold("", s->fallback);
			puts(".");
		}
	}
}

static void print_environment(void)
{
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *s = &settings[i];

		if (!s->key)
			continue;
		puts(".TP");
		print_bold("", s->key);
		putchar('\n');
		if (s->option) {
			fputs("See ", stdout);
			print_bold("--", s->option);
			puts(".");
		} else {
			print_sentence(s);
		}
	}
}

static void print_words(void)
{
	for (size_t i = 0; i < settings_count; i++) {
		if (settings[i].option)
			printf("%s--%s", i ? " " : "", settings[i].option);
		if (settings[i].letter)
			printf(" -%c", settings[i].letter);
	}
}

static void print_keys(void)
{
	const char *blank = "";

	for (size_t i = 0; i < settings_count; i++) {
		if (!settings[i].key)
			continue;
		printf("%s%s", blank, settings[i].key);
		blank = " ";
	}
}

static void print_choices(const struct setting_choice *c)
{
	fputs("_icmp_agent_offer -W \"", stdout);
	for (const char *blank = ""; c->name; c++, blank = " ")
		printf("%s%s", blank, c->name);
	fputs("\" \"$cur\"; ", stdout);
}

/* What bash offers behind an option: files, words, or nothing. */
static void print_values(void)
{
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *s = &settings[i];

		if (!s->option || !s->argument)
			continue;
		printf("\t--%s) ", s->option);
		if (strcmp(s->argument, "FILE") == 0)
			fputs("_icmp_agent_offer -f \"$cur\"; ", stdout);
		if (s->choices)
			print_choices(s->choices);
		puts("return ;;");
	}
}

static void print_version(void)
{
	fputs(ICMP_AGENT_VERSION, stdout);
}

static const struct {
	const char *mark;
	void (*print)(void);
} marks[] = {
	{"@OPTIONS@\n", print_options}, {"@ENVIRONMENT@\n", print_environment},
	{"@VALUES@\n", print_values},	{"@WORDS@", print_words},
	{"@KEYS@", print_keys},		{"@VERSION@", print_version},
};

/* The length of the mark at `s` that was replaced, 0 if none stands there. */
static size_t replace_mark(const char *s)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		size_t n = strlen(marks[i].mark);

		if (strncmp(s, marks[i].mark, n) != 0)
			continue;
		marks[i].print();
		return n;
	}
	return 0;
}

int main(void)
{
	char line[1024];

	while (fgets(line, sizeof(line), stdin)) {
		for (const char *s = line; *s;) {
			size_t n = *s == '@' ? replace_mark(s) : 0;

			if (n == 0)
				putchar(*s++);
			s += n;
		}
	}
	return ferror(stdin) || fflush(stdout) != 0;
}
