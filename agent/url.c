/* SPDX-License-Identifier: ISC */
#include "agent/url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What an error quotes of the URL, so that one line stays readable. */
#define QUOTED_MAX 120

struct parser {
	const char *text;
	char *error;
	size_t error_size;
};

static const struct {
	const char *name;
	bool tls;
	uint16_t port;
} schemes[] = {
	{"http", false, 80},
	{"https", true, 443},
	{"ws", false, 80},
	{"wss", true, 443},
};

__attribute__((format(printf, 2, 3))) static int fail(const struct parser *p,
						      const char *format, ...)
{
	va_list ap;
	int n;

	n = snprintf(p->error, p->error_size, "'%.*s': ", QUOTED_MAX, p->text);
	if (n < 0 || (size_t)n >= p->error_size)
		return -EINVAL;
	va_start(ap, format);
	(void)vsnprintf(p->error + n, p->error_size - (size_t)n, format, ap);
	va_end(ap);
	return -EINVAL;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

static bool is_digits(const char *s, size_t n)
{
	return strspn(s, "0123456789") >= n;
}

/* Bytes that no part of a URI holds (RFC 3986 section 2). */
static int check_characters(const struct parser *p)
{
	for (const char *s = p->text; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c <= 0x20 || c == 0x7f)
			return fail(p, "a blank or control character in the "
				       "URL: remove it");
		if (c > 0x7f || strchr("\"<>\\^`{|}", c))
			return fail(p,
				    "character 0x%02x is not allowed in a "
				    "URL: write it as %%%02X, a host name "
				    "in its xn-- form",
				    c, c);
	}
	return 0;
}

static int parse_scheme(const struct parser *p, struct url *u,
			const char **ret_rest)
{
	const char *end = strstr(p->text, "://");

	if (!end)
		return fail(p, "no scheme: write http://%.*s", QUOTED_MAX,
			    p->text);
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t n = strlen(schemes[i].name);

		if ((size_t)(end - p->text) != n ||
		    strncasecmp(p->text, schemes[i].name, n) != 0)
			continue;
		u->tls = schemes[i].tls;
		u->port = schemes[i].port;
		*ret_rest = end + 3;
		return 0;
	}
	return fail(p, "the scheme is none of http, https, ws, wss");
}

static int parse_port(const struct parser *p, const char *s, size_t n,
		      struct url *u)
{
	unsigned long port = 0;

	if (n == 0) /* "host:" means the default, RFC 3986 section 3.2.3 */
		return 0;
	for (size_t i = 0; i < n && port <= UINT16_MAX; i++) {
		if (!is_digits(s + i, 1))
			return fail(p, "the port is not a number");
		port = port * 10 + (unsigned long)(s[i] - '0');
	}
	if (port == 0 || port > UINT16_MAX)
		return fail(p, "the port is not in 1 to 65535");
	u->port = (uint16_t)port;
	return 0;
}

static void copy_lower(char *to, const char *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = from[i] >= 'A' && from[i] <= 'Z'
				? (char)(from[i] - 'A' + 'a')
				: from[i];
	to[n] = '\0';
}

static int parse_ipv6(const struct parser *p, const char *s, size_t n,
		      struct url *u)
{
	unsigned char address[16];

	if (memchr(s, '%', n))
		return fail(p, "a zone in the address is not supported: use a "
			       "global address or a name");
	if (n >= INET6_ADDRSTRLEN)
		return fail(p, "no IPv6 address between the brackets");
	copy_lower(u->host, s, n);
	if (inet_pton(AF_INET6, u->host, address) != 1)
		return fail(p, "no IPv6 address between the brackets");
	u->literal = true;
	return 0;
}

/* Host names as DNS has them, with '_' as many local names use it. */
static int parse_name(const struct parser *p, const char *s, size_t n,
		      struct url *u)
{
	unsigned char address[4];

	if (n == 0)
		return fail(p, "no host: write it behind ://");
	if (n > 253)
		return fail(p, "a host name has at most 253 bytes");
	for (size_t i = 0; i < n; i++)
		if (!is_alnum(s[i]) && !strchr("-._", s[i]))
			return fail(p, "'%c' in the host name", s[i]);
	copy_lower(u->host, s, n);
	u->literal = inet_pton(AF_INET, u->host, address) == 1;
	if (!u->literal && strspn(u->host, "0123456789.") == n)
		return fail(p, "'%s' is not an IPv4 address", u->host);
	return 0;
}

static int parse_authority(const struct parser *p, const char *s, size_t n,
			   struct url *u)
{
	const char *end = s + n;
	const char *host_end;
	int r;

	if (*s == '[') {
		host_end = memchr(s, ']', n);
		if (!host_end)
			return fail(p, "']' is missing behind the address");
		r = parse_ipv6(p, s + 1, (size_t)(host_end - s - 1), u);
		host_end++;
	} else {
		host_end = memchr(s, ':', n);
		if (!host_end)
			host_end = end;
		else if (memchr(host_end + 1, ':',
				(size_t)(end - host_end - 1)))
			return fail(p, "two colons: an IPv6 address stands in "
				       "brackets, http://[::1]:5000");
		r = parse_name(p, s, (size_t)(host_end - s), u);
	}
	if (r < 0 || host_end == end)
		return r;
	if (*host_end != ':')
		return fail(p, "'%c' behind the address", *host_end);
	return parse_port(p, host_end + 1, (size_t)(end - host_end - 1), u);
}

static int parse_path(const struct parser *p, const char *s, struct url *u)
{
	size_t n = strlen(s);

	while (n > 0 && s[n - 1] == '/')
		n--;
	if (n >= sizeof(u->path))
		return fail(p, "the path has more than %zu bytes",
			    sizeof(u->path) - 1);
	memcpy(u->path, s, n);
	u->path[n] = '\0';
	return 0;
}

int url_parse(const char *text, struct url *ret_url, char *ret_error,
	      size_t error_size)
{
	struct parser p = {text, ret_error, error_size};
	struct url u = {0};
	const char *rest = text;
	size_t authority;
	int r;

	/* Before anything is quoted: what stands there may be a password. */
	if (strchr(text, '@')) {
		(void)snprintf(ret_error, error_size,
			       "'@' in the URL (not shown): it takes no user "
			       "or password, set PASSWORD instead");
		return -EINVAL;
	}
	r = check_characters(&p);
	if (r == 0)
		r = parse_scheme(&p, &u, &rest);
	if (r < 0)
		return r;
	if (strpbrk(rest, "?#"))
		return fail(&p,
			    "a query or fragment is not allowed: remove "
			    "what begins with '%c'",
			    *strpbrk(rest, "?#"));

	authority = strcspn(rest, "/");
	r = parse_authority(&p, rest, authority, &u);
	if (r == 0)
		r = parse_path(&p, rest + authority, &u);
	if (r < 0)
		return r;
	*ret_url = u;
	return 0;
}
