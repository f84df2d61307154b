/* SPDX-License-Identifier: ISC */
#include "agent/env_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define BLANKS " \t\r"

void env_file_init(struct env_file *f, char *text, size_t length)
{
	/* Some editors begin a file with a byte-order mark. */
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		length -= 3;
	}
	/* A NUL would hide the rest of the file: make it a visible defect. */
	for (size_t i = 0; i < length; i++)
		if (text[i] == '\0')
			text[i] = '\x01';
	*f = (struct env_file){.next = text};
}

/* Cuts the next line off, without leading and trailing blanks. */
static char *take_line(struct env_file *f)
{
	char *line = f->next;
	char *end = strchr(line, '\n');

	f->next = end ? end + 1 : NULL;
	f->line++;
	if (!end)
		end = line + strlen(line);
	while (end > line && strchr(BLANKS, end[-1]))
		end--;
	*end = '\0';
	return line + strspn(line, BLANKS);
}

static bool key_valid(const char *key)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	static const char more[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	return *key && strchr(letters, *key) && key[strspn(key, more)] == '\0';
}

/*
 * Removes the quotes in place. Between double quotes a backslash takes away
 * the meaning of the four characters that have one in a shell.
 */
static const char *unquote(char *value)
{
	char quote = *value;
	char *to = value;
	char *from = value + 1;

	for (; *from && *from != quote; from++) {
		if (quote == '"' && *from == '\\' && from[1] &&
		    strchr("\"\\`$", from[1]))
			from++;
		*to++ = *from;
	}
	if (!*from)
		return "the closing quote is missing";
	if (from[1])
		return "text behind the closing quote";
	*to = '\0';
	return NULL;
}

static const char *read_value(char *value)
{
	if (*value == '"' || *value == '\'')
		return unquote(value);
	if (strchr(value, '\\'))
		return "a backslash outside quotes: put the value in single "
		       "quotes";
	return NULL;
}

static const char *split(char *line, const char **ret_key,
			 const char **ret_value)
{
	char *equals = strchr(line, '=');
	const char *cause;
	char *value;

	if (strchr(line, '\x01'))
		return "a control character";
	if (!equals)
		return "no KEY=VALUE";
	*equals = '\0';
	if (strncmp(line, "export ", 7) == 0)
		return "remove 'export': only KEY=VALUE is read";
	if (!key_valid(line))
		return "what stands before '=' is no name of a setting";
	value = equals + 1 + strspn(equals + 1, BLANKS);
	cause = read_value(value);
	if (cause)
		return cause;
	*ret_key = line;
	*ret_value = value;
	return NULL;
}

int env_file_next(struct env_file *f, const char **ret_key,
		  const char **ret_value, char *ret_error, size_t error_size)
{
	while (f->next) {
		char *line = take_line(f);
		const char *cause;

		if (*line == '\0' || *line == '#' || *line == ';')
			continue;
		cause = split(line, ret_key, ret_value);
		if (!cause)
			return 1;
		(void)snprintf(ret_error, error_size, "%s", cause);
		return -EINVAL;
	}
	return 0;
}
