/* SPDX-License-Identifier: ISC */
#include "agent/types.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "agent/format.h"

enum {
	PART_BYTES = 64,
	ALL_CODES = -1,
};

static const char *const echo_names[] = {"echo-request", "echo-reply", NULL};
static const char *const error_names[] = {
	"destination-unreachable", "packet-too-big", "time-exceeded",
	"parameter-problem",	   "source-quench",  NULL};
static const char *const unreachable_names[] = {"destination-unreachable",
						NULL};

static const struct {
	const char *name;
	const char *const *stands_for;
} shorts[] = {
	{"echo", echo_names},
	{"error", error_names},
	{"unreachable", unreachable_names},
};

/* "Echo Request" is echo-request. */
static bool name_equals(const char *registry, const char *name)
{
	for (; *registry && *name; registry++, name++) {
		int r = tolower((unsigned char)*registry);

		if (r == ' ')
			r = '-';
		if (r != tolower((unsigned char)*name))
			return false;
	}
	return !*registry && !*name;
}

static void add(struct types *t, int family, unsigned int type, int code)
{
	uint32_t bits = UINT32_MAX;

	if (code != ALL_CODES)
		bits = UINT32_C(1)
		       << (code < TYPES_CODES ? code : TYPES_CODES - 1);
	t->codes[family == 6][type] |= bits;
}

static bool add_name(struct types *t, unsigned int families, const char *name,
		     int code)
{
	bool found = false;

	for (int family = 4; family <= 6; family += 2) {
		if (!(families & (family == 6 ? 2u : 1u)))
			continue;
		for (unsigned int type = 0; type < 256; type++) {
			const char *registry = format_type_name(family, type);

			if (!registry || !name_equals(registry, name))
				continue;
			add(t, family, type, code);
			found = true;
		}
	}
	return found;
}

static bool add_word(struct types *t, unsigned int families, const char *word,
		     int code)
{
	bool found = false;

	for (size_t i = 0; i < sizeof(shorts) / sizeof(shorts[0]); i++) {
		if (strcasecmp(shorts[i].name, word) != 0)
			continue;
		for (const char *const *n = shorts[i].stands_for; *n; n++)
			found |= add_name(t, families, *n, code);
		return found;
	}
	return add_name(t, families, word, code);
}

/* 0 to 255 in decimal digits, or -1. */
static int read_byte(const char *s)
{
	int value = 0;

	if (!*s)
		return -1;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		value = value * 10 + (*s - '0');
		if (value > 255)
			return -1;
	}
	return value;
}

static int fail(const char *part, const char *cause, char *ret_error,
		size_t error_size)
{
	snprintf(ret_error, error_size, "'%s': %s", part, cause);
	return -EINVAL;
}

static int add_part(struct types *t, const char *part, char *ret_error,
		    size_t error_size)
{
	unsigned int families = 3;
	char word[PART_BYTES];
	char *slash;
	int code = ALL_CODES, type;

	snprintf(word, sizeof(word), "%s", part);
	if ((word[0] == '4' || word[0] == '6') && word[1] == ':') {
		families = word[0] == '6' ? 2 : 1;
		memmove(word, word + 2, strlen(word + 2) + 1);
	}
	slash = strchr(word, '/');
	if (slash) {
		*slash = '\0';
		code = read_byte(slash + 1);
		if (code < 0)
			return fail(part, "a code is a number from 0 to 255",
				    ret_error, error_size);
	}
	type = read_byte(word);
	if (type < 0 && word[0] >= '0' && word[0] <= '9')
		return fail(part, "a type is a name or a number from 0 to 255",
			    ret_error, error_size);
	if (type < 0)
		return add_word(t, families, word, code)
			       ? 0
			       : fail(part,
				      "no such type; write a name such as "
				      "echo-request, or a number",
				      ret_error, error_size);
	if (families & 1)
		add(t, 4, (unsigned int)type, code);
	if (families & 2)
		add(t, 6, (unsigned int)type, code);
	return 0;
}

int types_parse(const char *text, struct types *ret_types, char *ret_error,
		size_t error_size)
{
	struct types types = {0};
	char part[PART_BYTES];
	int err;

	do {
		size_t n = strcspn(text, ",");

		if (n >= sizeof(part))
			return fail(text, "no type has so long a name",
				    ret_error, error_size);
		snprintf(part, sizeof(part), "%.*s", (int)n, text);
		err = add_part(&types, part, ret_error, error_size);
		if (err)
			return err;
		text += n;
	} while (*text++ == ',');
	*ret_types = types;
	return 0;
}
