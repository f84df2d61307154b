/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "agent/settings.h"

#define HELP_COLUMN 26
#define HELP_WIDTH  79

static const char intro[] =
	"Usage: icmp-agent [OPTION]... INTERFACE...\n"
	"Shows every ICMP and ICMPv6 packet of the interfaces, live, in a room "
	"of the\nmonitor's dashboard. INTERFACE is a name, a pattern such as "
	"'eth*', or all.\n"
	"\n"
	"Options, and the variables that do the same in the environment or in "
	"the file\nof --config. An option precedes the environment, that the "
	"file.\n";

static const char outro[] =
	"\n"
	"Exit status: 0 stopped by a signal, 64 usage, 69 nothing could be "
	"attached,\n74 standard output cannot be written, 77 not permitted, 78 "
	"bad configuration.\n"
	"\n"
	"Example: CLIENTNAME=ICMP URL=http://localhost:5000 "
	"PASSWORD=secret123 \\\n         sudo icmp-agent eth0\n";

/* The last column written, after `text` was broken at blanks. */
static size_t print_wrapped(FILE *f, const char *text, size_t column)
{
	while (*text) {
		size_t word = strcspn(text, " ");

		if (column > HELP_COLUMN && column + 1 + word > HELP_WIDTH) {
			fprintf(f, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			fputc(' ', f);
			column++;
		}
		fwrite(text, 1, word, f);
		column += word;
		text += word + strspn(text + word, " ");
	}
	return column;
}

static size_t print_names(FILE *f, const struct setting *s)
{
	int n = 0;

	if (!s->option)
		return (size_t)fprintf(f, "      %s", s->key);
	if (s->letter)
		n = fprintf(f, "  -%c, --%s", s->letter, s->option);
	else
		n = fprintf(f, "      --%s", s->option);
	if (s->argument)
		n += fprintf(f, " %s", s->argument);
	return (size_t)n;
}

static void print_setting(FILE *f, const struct setting *s)
{
	size_t column = print_names(f, s);
	char note[128];

	if (column + 1 > HELP_COLUMN) {
		fputc('\n', f);
		column = 0;
	}
	fprintf(f, "%*s", (int)(HELP_COLUMN - column), "");
	column = print_wrapped(f, s->help, HELP_COLUMN);

	if (s->key && s->option && s->fallback)
		(void)snprintf(note, sizeof(note), "[%s; default %s]", s->key,
			       s->fallback);
	else if (s->key && s->option)
		(void)snprintf(note, sizeof(note), "[%s]", s->key);
	else
		(void)snprintf(note, sizeof(note), "%s",
			       s->key ? "[environment or file]" : "");
	print_wrapped(f, note, column);
	fputc('\n', f);
}

void options_print_help(FILE *f)
{
	fprintf(f, "%s\n", intro);
	for (size_t i = 0; i < settings_count; i++)
		print_setting(f, &settings[i]);
	fputs(outro, f);
}
