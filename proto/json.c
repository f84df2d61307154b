/* SPDX-License-Identifier: ISC */
#include "proto/json.h"

static const struct sio_json absent;

int sio_json_parse(const char *text, size_t len, unsigned int depth,
		   struct sio_json *ret_json)
{
	const char *end = text + len;
	const char *p = sio_json_space(text, end);

	if (!sio_json_valid(text, len, depth))
		return SIO_ERR_SYNTAX;
	*ret_json = (struct sio_json){p, (size_t)(end - p)};
	return SIO_OK;
}

static bool begins_with(struct sio_json j, char c)
{
	return j.len && *j.p == c;
}

bool sio_json_is_object(struct sio_json j)
{
	return begins_with(j, '{');
}

bool sio_json_is_string(struct sio_json j)
{
	return begins_with(j, '"');
}

/* ---- going through arrays and objects ---- */

struct items {
	const char *p; /* at the next item, or at the closing bracket */
	const char *end;
	bool object;
};

static bool items_begin(struct sio_json j, struct items *it)
{
	if (!begins_with(j, '{') && !begins_with(j, '['))
		return false;
	it->object = *j.p == '{';
	it->end = j.p + j.len;
	it->p = sio_json_space(j.p + 1, it->end);
	return true;
}

/* All of it is valid: there is no other way to go on than this. */
static struct sio_json take_value(struct items *it)
{
	struct sio_json j = {.p = it->p};

	it->p = sio_json_skip(it->p, it->end, SIO_JSON_MAX_DEPTH);
	j.len = (size_t)(it->p - j.p);
	it->p = sio_json_space(it->p, it->end);
	return j;
}

/* To the next value, behind its key if there is one; false: no more. */
static bool items_key(struct items *it, struct sio_json *key)
{
	if (*it->p == ']' || *it->p == '}')
		return false;
	*key = absent;
	if (it->object) {
		*key = take_value(it);
		it->p = sio_json_space(it->p + 1, it->end);
	}
	return true;
}

/* Behind a value. */
static void items_comma(struct items *it)
{
	it->p = sio_json_space(it->p, it->end);
	if (*it->p == ',')
		it->p = sio_json_space(it->p + 1, it->end);
}

static bool items_next(struct items *it, struct sio_json *key,
		       struct sio_json *value)
{
	if (!items_key(it, key))
		return false;
	*value = take_value(it);
	items_comma(it);
	return true;
}

/* ---- values ---- */

bool sio_json_copy_string(struct sio_json j, char *out, size_t size)
{
	size_t n;
	bool whole;

	if (!sio_json_is_string(j))
		return false;
	whole = sio_json_unescape_some(j.p + 1, j.len - 2, out, size - 1, &n);
	out[n] = '\0';
	return whole;
}

/* Without decoding more than is needed; name has fewer than 64 bytes. */
static bool is_text(struct sio_json j, const char *text)
{
	char copy[64];

	return sio_json_copy_string(j, copy, sizeof(copy)) &&
	       strcmp(copy, text) == 0;
}

struct sio_json sio_json_get(struct sio_json object, const char *name)
{
	struct sio_json found = absent;
	struct sio_json key;
	struct sio_json value;
	struct items it;

	if (!sio_json_is_object(object) || !items_begin(object, &it))
		return absent;
	/* of several the last counts, as in JavaScript */
	while (items_next(&it, &key, &value))
		if (is_text(key, name))
			found = value;
	return found;
}

bool sio_json_array_has(struct sio_json array, const char *string)
{
	struct sio_json key;
	struct sio_json value;
	struct items it;

	if (!begins_with(array, '[') || !items_begin(array, &it))
		return false;
	while (items_next(&it, &key, &value))
		if (is_text(value, string))
			return true;
	return false;
}

static bool is_digit(const char *p, const char *end)
{
	return p < end && *p >= '0' && *p <= '9';
}

/* strtod() would ask the locale what a decimal point is */
bool sio_json_get_number(struct sio_json j, double *ret_number)
{
	bool negative = begins_with(j, '-');
	const char *p = j.p;
	const char *end;
	double n = 0;
	double digit = 1;

	if (!negative && !(j.len && is_digit(p, p + 1)))
		return false;
	end = p + j.len;
	p += negative;
	for (; is_digit(p, end); p++)
		n = n * 10 + (*p - '0');
	if (p < end && *p == '.')
		for (p++; is_digit(p, end); p++)
			n += (*p - '0') * (digit /= 10);
	if (p < end && (*p == 'e' || *p == 'E')) {
		bool small = *++p == '-';
		int exponent = 0;

		for (p += small || *p == '+'; is_digit(p, end); p++)
			exponent =
				exponent < 400 ? exponent * 10 + *p - '0' : 400;
		for (; exponent; exponent--)
			n = small ? n / 10 : n * 10;
	}
	*ret_number = negative ? -n : n;
	return true;
}

/* ---- placeholders ---- */

static bool is_true(struct sio_json j)
{
	return j.len == 4 && memcmp(j.p, "true", 4) == 0;
}

static bool is_index(struct sio_json j, unsigned int n)
{
	double num;

	return sio_json_get_number(j, &num) && num >= 0 && num < n &&
	       num == (double)(unsigned int)num;
}

/*
 * Behind the value at p, or NULL if there is a bad placeholder in it. Each byte
 * is passed once, however deep it lies, and only as deep as the validator
 * allowed.
 */
static const char *walk_placeholders(const char *p, const char *end,
				     unsigned int n)
{
	struct sio_json mark = absent;
	struct sio_json num = absent;
	struct sio_json value;
	struct sio_json key;
	struct items it;

	if (!items_begin((struct sio_json){p, (size_t)(end - p)}, &it))
		return sio_json_skip(p, end, 0);
	while (items_key(&it, &key)) {
		value.p = it.p;
		it.p = walk_placeholders(it.p, end, n);
		if (!it.p)
			return NULL;
		value.len = (size_t)(it.p - value.p);
		items_comma(&it);
		if (is_text(key, "_placeholder"))
			mark = value;
		else if (is_text(key, "num"))
			num = value;
	}
	return is_true(mark) && !is_index(num, n) ? NULL : it.p + 1;
}

bool sio_json_placeholders_valid(struct sio_json j, unsigned int n)
{
	return !j.len || walk_placeholders(j.p, j.p + j.len, n);
}
