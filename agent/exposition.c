/* SPDX-License-Identifier: ISC */
#include "agent/exposition.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)

void exposition_init(struct exposition *e)
{
	*e = (struct exposition){0};
}

void exposition_free(struct exposition *e)
{
	free(e->text);
	exposition_init(e);
}

static bool reserve(struct exposition *e, size_t more)
{
	size_t size = e->size ? e->size : 4096;
	char *text;

	while (size < e->len + more + 1)
		size *= 2;
	if (size == e->size)
		return true;
	text = size > EXPOSITION_MAX_BYTES ? NULL : realloc(e->text, size);
	if (!text) {
		e->failed = true;
		return false;
	}
	e->text = text;
	e->size = size;
	return true;
}

static void put(struct exposition *e, const char *s)
{
	size_t n = strlen(s);

	if (e->failed || !reserve(e, n))
		return;
	memcpy(e->text + e->len, s, n + 1);
	e->len += n;
}

/* Backslash, quote and line end are the three that must be escaped. */
static void put_escaped(struct exposition *e, const char *s)
{
	char one[2] = "";

	for (; *s; s++) {
		one[0] = *s;
		put(e, *s == '\n'		 ? "\\n"
		       : *s == '"' || *s == '\\' ? "\\"
						 : "");
		if (*s != '\n')
			put(e, one);
	}
}

void exposition_family(struct exposition *e, const char *name, const char *type,
		       const char *help)
{
	put(e, "# HELP ");
	put(e, name);
	put(e, " ");
	put(e, help);
	put(e, "\n# TYPE ");
	put(e, name);
	put(e, " ");
	put(e, type);
	put(e, "\n");
}

static void put_labels(struct exposition *e,
		       const struct exposition_label *labels)
{
	const char *before = "{";

	for (; labels && labels->name; labels++) {
		if (!labels->value)
			continue;
		put(e, before);
		put(e, labels->name);
		put(e, "=\"");
		put_escaped(e, labels->value);
		put(e, "\"");
		before = ",";
	}
	if (*before == ',')
		put(e, "}");
}

static void put_sample(struct exposition *e, const char *name,
		       const struct exposition_label *labels, const char *value)
{
	put(e, name);
	put_labels(e, labels);
	put(e, " ");
	put(e, value);
	put(e, "\n");
}

void exposition_sample(struct exposition *e, const char *name,
		       const struct exposition_label *labels, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	put_sample(e, name, labels, text);
}

void exposition_write_seconds(uint64_t value_ns, char buf[static 32])
{
	int n = snprintf(buf, 32, "%" PRIu64 ".%09" PRIu64, value_ns / NS_PER_S,
			 value_ns % NS_PER_S);

	while (buf[n - 1] == '0')
		buf[--n] = '\0';
	if (buf[n - 1] == '.')
		buf[n - 1] = '\0';
}

void exposition_seconds(struct exposition *e, const char *name,
			const struct exposition_label *labels,
			uint64_t value_ns)
{
	char text[32];

	exposition_write_seconds(value_ns, text);
	put_sample(e, name, labels, text);
}
