/* SPDX-License-Identifier: ISC */
/* Finding a row of the table, and putting a value where the row says. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/settings.h"

static bool is_name(const char *name, const char *s, size_t n)
{
	return name && strlen(name) == n && memcmp(name, s, n) == 0;
}

const struct setting *setting_by_key(const char *key, size_t key_length)
{
	for (size_t i = 0; i < settings_count; i++)
		if (is_name(settings[i].key, key, key_length))
			return &settings[i];
	return NULL;
}

const struct setting *setting_by_option(const char *option,
					size_t option_length)
{
	for (size_t i = 0; i < settings_count; i++)
		if (is_name(settings[i].option, option, option_length))
			return &settings[i];
	return NULL;
}

const struct setting *setting_by_letter(char letter)
{
	for (size_t i = 0; i < settings_count; i++)
		if (settings[i].letter == letter && letter)
			return &settings[i];
	return NULL;
}

static int apply_string(const struct setting *s, const char *value,
			char **field, char *ret_cause, size_t cause_size)
{
	char *copy;
	int r;

	r = s->check ? s->check(value, ret_cause, cause_size) : 0;
	if (r < 0)
		return r;
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

/* Digits alone: strtoull() would take blanks, a sign, "0x". */
static int apply_number(const struct setting *s, const char *value,
			uint64_t *field, char *ret_cause, size_t cause_size)
{
	uint64_t number = 0;
	const char *c = value;

	/* max is far below UINT64_MAX / 10, so this cannot wrap */
	for (; *c >= '0' && *c <= '9' && number <= s->max; c++)
		number = number * 10 + (uint64_t)(*c - '0');
	if (c == value || *c || number < s->min || number > s->max) {
		(void)snprintf(ret_cause, cause_size,
			       "not a whole number from %llu to %llu",
			       (unsigned long long)s->min,
			       (unsigned long long)s->max);
		return -EINVAL;
	}
	if (s->check && s->check(value, ret_cause, cause_size))
		return -EINVAL;
	*field = number;
	return 0;
}

static int apply_choice(const struct setting *s, const char *value,
			unsigned int *field, char *ret_cause, size_t cause_size)
{
	const struct setting_choice *c;
	size_t n = 0;

	for (c = s->choices; c->name; c++) {
		if (strcmp(c->name, value) != 0)
			continue;
		*field = c->value;
		return 0;
	}
	for (c = s->choices; c->name && n < cause_size; c++)
		n += (size_t)snprintf(ret_cause + n, cause_size - n, "%s%s",
				      c == s->choices ? "not one of " : ", ",
				      c->name);
	return -EINVAL;
}

int setting_apply(const struct setting *s, const char *value, struct options *o,
		  char *ret_cause, size_t cause_size)
{
	void *field = (char *)o + s->offset;

	switch (s->kind) {
	case SETTING_STRING:
		return apply_string(s, value, field, ret_cause, cause_size);
	case SETTING_NUMBER:
		return apply_number(s, value, field, ret_cause, cause_size);
	case SETTING_CHOICE:
		return apply_choice(s, value, field, ret_cause, cause_size);
	case SETTING_FLAG:
		*(bool *)field = true;
		return 0;
	case SETTING_ACTION:
		break;
	}
	return 0;
}
