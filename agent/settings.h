/* SPDX-License-Identifier: ISC */
#ifndef SETTINGS_H
#define SETTINGS_H

/*
 * The table behind options.h: each setting once, with its names, its kind, its
 * default and its help. To add one is to add a row and a field.
 */
#include <stddef.h>
#include <stdint.h>

#include "agent/options.h"

enum setting_kind {
	SETTING_STRING,
	SETTING_NUMBER,
	SETTING_CHOICE,
	SETTING_FLAG,
	SETTING_ACTION, /* ends the reading of argv with `result` */
};

struct setting_choice {
	const char *name; /* NULL ends a list */
	unsigned int value;
};

/* 0, or -EINVAL with the cause, which quotes the value unless it is secret. */
typedef int (*setting_check_fn)(const char *value, char *ret_cause,
				size_t cause_size);

struct setting {
	const char *key;      /* environment and file; NULL: argv alone */
	const char *option;   /* without "--"; NULL: never on argv */
	char letter;	      /* short option; 0: none */
	const char *argument; /* how --help calls the value; NULL: none */
	const char *fallback; /* default, as a user would write it, or NULL */
	const char *help;     /* one sentence without full stop */
	enum setting_kind kind;
	size_t offset; /* of the field in struct options */
	uint64_t min, max;
	const struct setting_choice *choices;
	setting_check_fn check;
	enum options_result result;
};

enum {
	SETTINGS_MAX = 32
};

extern const struct setting settings[];
extern const size_t settings_count; /* at most SETTINGS_MAX */

/* NULL where there is none. */
const struct setting *setting_by_key(const char *key, size_t key_length);
const struct setting *setting_by_option(const char *option,
					size_t option_length);
const struct setting *setting_by_letter(char letter);

/*
 * Reads `value` into the field of `o`, in place of what stood there. A flag
 * takes no notice of it. 0, -ENOMEM, or -EINVAL with the cause, which quotes
 * the value only where the setting has a check of its own.
 */
int setting_apply(const struct setting *s, const char *value, struct options *o,
		  char *ret_cause, size_t cause_size);

/* "eth0", a pattern of * ? [ ], or "all". 0, or -EINVAL with the cause. */
int setting_check_interface(const char *value, char *ret_cause,
			    size_t cause_size);

#endif
