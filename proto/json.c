/* SPDX-License-Identifier: ISC */
#include "proto/json.h"

#include <cjson/cJSON.h>

/* struct sio_json is a cJSON by another name: no header shows cJSON's */
static const cJSON *tree(const struct sio_json *j)
{
	return (const cJSON *)(const void *)j;
}

int sio_json_parse(const char *text, size_t len, unsigned int depth,
		   struct sio_json **ret_json)
{
	cJSON *root;

	if (!sio_json_valid(text, len, depth))
		return SIO_ERR_SYNTAX;
	root = cJSON_ParseWithLength(text, len);
	if (!root)
		return SIO_ERR_NOMEM;
	*ret_json = (struct sio_json *)(void *)root;
	return SIO_OK;
}

void sio_json_free(struct sio_json *j)
{
	cJSON_Delete((cJSON *)(void *)j);
}

bool sio_json_is_object(const struct sio_json *j)
{
	return cJSON_IsObject(tree(j));
}

const char *sio_json_as_string(const struct sio_json *j)
{
	return cJSON_GetStringValue(tree(j));
}

static const cJSON *member(const struct sio_json *j, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(tree(j), name);
}

const char *sio_json_get_string(const struct sio_json *j, const char *name)
{
	return cJSON_GetStringValue(member(j, name));
}

bool sio_json_get_number(const struct sio_json *j, const char *name,
			 double *ret_number)
{
	const cJSON *item = member(j, name);

	if (!cJSON_IsNumber(item))
		return false;
	*ret_number = item->valuedouble;
	return true;
}

bool sio_json_array_has(const struct sio_json *j, const char *name,
			const char *string)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, member(j, name))
	{
		if (cJSON_IsString(item) &&
		    strcmp(item->valuestring, string) == 0)
			return true;
	}
	return false;
}

static bool placeholder_valid(const cJSON *object, unsigned int n)
{
	const cJSON *num = cJSON_GetObjectItemCaseSensitive(object, "num");

	return cJSON_IsNumber(num) && num->valuedouble >= 0 &&
	       num->valuedouble < n &&
	       num->valuedouble == (double)(unsigned int)num->valuedouble;
}

/* As deep as the validator allowed: the recursion is bounded. */
static bool placeholders_valid(const cJSON *value, unsigned int n)
{
	const cJSON *item;

	if (cJSON_IsObject(value) &&
	    cJSON_IsTrue(
		    cJSON_GetObjectItemCaseSensitive(value, "_placeholder")))
		return placeholder_valid(value, n);
	cJSON_ArrayForEach(item, value)
	{
		if (!placeholders_valid(item, n))
			return false;
	}
	return true;
}

bool sio_json_placeholders_valid(const struct sio_json *j, unsigned int n)
{
	return placeholders_valid(tree(j), n);
}
