/* SPDX-License-Identifier: ISC */
#include "agent/proxy_url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	PROXY_PORT = 3128
}; /* what squid and most others listen on */

/* ---- the proxy's own URL ---- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986 section 2.1. Returns the length, or -1. */
static int percent_decode(const char *in, size_t len, char *out, size_t size)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		int high, low;

		if (n == size)
			return -1;
		if (in[i] != '%') {
			out[n++] = in[i];
			continue;
		}
		if (i + 2 >= len)
			return -1;
		high = hex_value(in[i + 1]);
		low = hex_value(in[i + 2]);
		if (high < 0 || low < 0)
			return -1;
		out[n++] = (char)(high << 4 | low);
		i += 2;
	}
	return (int)n;
}

/* RFC 7617 section 2: base64(user ":" password). */
static int write_authorization(const char *info, size_t len, char *out)
{
	char plain[256];
	const char *colon = memchr(info, ':', len);
	size_t user_len = colon ? (size_t)(colon - info) : len;
	int n, m = 0;

	n = percent_decode(info, user_len, plain, sizeof(plain) - 1);
	if (n < 0)
		return -EINVAL;
	plain[n++] = ':';
	if (colon)
		m = percent_decode(colon + 1, len - user_len - 1, plain + n,
				   sizeof(plain) - (size_t)n);
	if (m < 0)
		return -EINVAL;
	memcpy(out, "Basic ", sizeof("Basic "));
	EVP_EncodeBlock((unsigned char *)out + 6, (unsigned char *)plain,
			n + m);
	return 0;
}

/* The rest behind "http://", or NULL for a scheme that is not served. */
static const char *skip_scheme(const char *text)
{
	const char *end = strstr(text, "://");

	if (!end)
		return text;
	return end - text == 4 && !strncasecmp(text, "http", 4) ? end + 3
								: NULL;
}

/* url_parse() knows hosts, literals and ports; the port's default is ours. */
static int parse_host(const char *rest, struct proxy_url *url, char *error,
		      size_t error_size)
{
	char text[sizeof(url->host) + 64];
	struct url parsed;
	size_t len = strcspn(rest, "/?#");
	const char *bracket = memchr(rest, ']', len);
	const char *from = bracket ? bracket : rest;

	snprintf(text, sizeof(text), "http://%.*s%s", (int)len, rest,
		 memchr(from, ':', len - (size_t)(from - rest)) ? "" : ":3128");
	if (url_parse(text, &parsed, error, error_size))
		return -EINVAL;
	memcpy(url->host, parsed.host, sizeof(url->host));
	url->port = parsed.port;
	return 0;
}

int proxy_url_parse(const char *text, struct proxy_url *ret_url,
		    char *ret_error, size_t error_size)
{
	struct proxy_url url = {.port = PROXY_PORT};
	const char *rest = skip_scheme(text);
	const char *at;

	if (!rest) {
		snprintf(ret_error, error_size,
			 "only HTTP proxies are served, so write "
			 "http://HOST:PORT");
		return -EINVAL;
	}
	at = strrchr(rest, '@');
	if (at &&
	    write_authorization(rest, (size_t)(at - rest), url.authorization)) {
		snprintf(ret_error, error_size,
			 "user and password are too long or not "
			 "percent-encoded");
		return -EINVAL;
	}
	if (parse_host(at ? at + 1 : rest, &url, ret_error, error_size))
		return -EINVAL;
	*ret_url = url;
	return 0;
}

/* ---- whether one applies ---- */

static bool bits_equal(const unsigned char *a, const unsigned char *b,
		       unsigned long bits)
{
	unsigned char mask = (unsigned char)(0xff00 >> bits % 8);

	if (memcmp(a, b, bits / 8) != 0)
		return false;
	return bits % 8 == 0 || !((a[bits / 8] ^ b[bits / 8]) & mask);
}

/* `entry` is ADDRESS or ADDRESS/BITS, `host` an address. */
static bool address_matches(const char *host, const char *entry)
{
	unsigned char h[16], e[16];
	char address[64];
	const char *slash = strchr(entry, '/');
	int family = strchr(host, ':') ? AF_INET6 : AF_INET;
	unsigned long bits, all = family == AF_INET6 ? 128 : 32;
	char *end;

	snprintf(address, sizeof(address), "%.*s",
		 slash ? (int)(slash - entry) : (int)strlen(entry), entry);
	if (inet_pton(family, host, h) != 1 ||
	    inet_pton(family, address, e) != 1)
		return false;
	bits = slash ? strtoul(slash + 1, &end, 10) : all;
	if (bits > all || (slash && (*end || end == slash + 1)))
		return false;
	return bits_equal(h, e, bits);
}

/* Without the dot that may end a name which is complete. */
static size_t name_length(const char *name)
{
	size_t n = strlen(name);

	return n && name[n - 1] == '.' ? n - 1 : n;
}

/* The name itself or one below it; a dot before or behind changes nothing. */
static bool name_matches(const char *host, const char *entry)
{
	size_t h = name_length(host), e;

	if (*entry == '.')
		entry++;
	e = name_length(entry);
	if (!e || e > h || strncasecmp(host + h - e, entry, e) != 0)
		return false;
	return e == h || host[h - e - 1] == '.';
}

static bool entry_matches(const struct url *target, const char *entry)
{
	if (!strcmp(entry, "*"))
		return true;
	return target->literal ? address_matches(target->host, entry)
			       : name_matches(target->host, entry);
}

static bool is_excepted(const struct url *target, const char *no_proxy)
{
	static const char blanks[] = ", \t";
	char entry[320];

	while (no_proxy && *(no_proxy += strspn(no_proxy, blanks))) {
		size_t len = strcspn(no_proxy, blanks);

		snprintf(entry, sizeof(entry), "%.*s", (int)len, no_proxy);
		if (entry_matches(target, entry))
			return true;
		no_proxy += len;
	}
	return false;
}

static const char *set_or_null(const char *value)
{
	return value && *value ? value : NULL;
}

const char *proxy_url_choose(const struct url *target, const char *option,
			     const struct proxy_environment *env)
{
	const char *value = set_or_null(option);

	if (value)
		return value;
	value = set_or_null(target->tls ? env->https_proxy : env->http_proxy);
	if (!value)
		value = set_or_null(env->all_proxy);
	return value && !is_excepted(target, env->no_proxy) ? value : NULL;
}
