/* SPDX-License-Identifier: ISC */
/*
 * The cookies of the answers, which a balancer uses to find the server that
 * has the session. Kept as they are sent: "a=b; c=d".
 */
#include <strings.h>

#include "proto/eio_session.h"

/* The first cookie of that name in "a=b; c=d"; its length without "; ". */
static char *find_cookie(struct sio_buf *b, const char *name, size_t name_len,
			 size_t *ret_len)
{
	char *p = b->data;
	char *end;

	if (!b->len)
		return NULL;
	end = p + b->len;
	while (p < end) {
		char *next = memchr(p, ';', (size_t)(end - p));
		size_t len = (size_t)((next ? next : end) - p);

		if (len > name_len && p[name_len] == '=' &&
		    memcmp(p, name, name_len) == 0) {
			*ret_len = len;
			return p;
		}
		p = next ? next + 2 : end;
	}
	return NULL;
}

static void remove_cookie(struct sio_buf *b, const char *name, size_t name_len)
{
	size_t len;
	char *at = find_cookie(b, name, name_len, &len);
	char *end;

	if (!at)
		return;
	end = b->data + b->len;
	if (at + len < end)
		len += 2;
	else if (at > b->data) {
		at -= 2;
		len += 2;
	}
	memmove(at, at + len, (size_t)(end - at) - len);
	b->len -= len;
}

/* RFC 6265 section 4.1.1, loosely: no byte that could end the header. */
static bool is_cookie_pair(const char *pair, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)pair[i] <= 0x20 || pair[i] == 0x7f)
			return false;
	return len && pair[0] != '=' && memchr(pair, '=', len);
}

/* "max-age=0" anywhere behind the pair deletes, section 5.2.2. */
static bool is_deletion(const char *text, size_t len)
{
	static const char word[] = "max-age=";
	size_t n = sizeof(word) - 1;

	for (size_t i = 0; i + n < len; i++)
		if (strncasecmp(text + i, word, n) == 0)
			return text[i + n] == '0' || text[i + n] == '-';
	return false;
}

void eio_session_http_cookie(struct eio_session *s, uint32_t channel,
			     const char *set_cookie, size_t len)
{
	const char *end = memchr(set_cookie, ';', len);
	size_t n = end ? (size_t)(end - set_cookie) : len;
	size_t before;

	if (!eio_channel_is(&s->get, channel) &&
	    !eio_channel_is(&s->post, channel) &&
	    !eio_channel_is(&s->ws, channel))
		return;
	while (n && set_cookie[n - 1] == ' ')
		n--;
	if (!is_cookie_pair(set_cookie, n))
		return;
	remove_cookie(
		&s->cookies, set_cookie,
		(size_t)((char *)memchr(set_cookie, '=', n) - set_cookie));
	if (end && is_deletion(end, len - (size_t)(end - set_cookie)))
		return;
	before = s->cookies.len;
	if (before)
		sio_buf_puts(&s->cookies, "; ");
	sio_buf_append(&s->cookies, set_cookie, n);
	/* room for the NUL, too */
	if (!sio_buf_cstr(&s->cookies)) {
		sio_buf_cut(&s->cookies, before);
		eio_session_log(s, "a cookie was dropped: too many of them");
	}
}
