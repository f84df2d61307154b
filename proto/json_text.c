/* SPDX-License-Identifier: ISC */
#include "proto/json.h"
#include "proto/utf8.h"

#define ONES  0x0101010101010101u
#define HIGHS 0x8080808080808080u
#define LOWS  0x7f7f7f7f7f7f7f7fu

/* The high bit of each byte that is zero. */
static uint64_t zero_bytes(uint64_t x)
{
	return ~(((x & LOWS) + LOWS) | x) & HIGHS;
}

/* The high bit of each byte that needs a look: no plain printable ASCII. */
static uint64_t special_bytes(uint64_t x)
{
	uint64_t controls = ~((x & LOWS) + ONES * (0x80 - 0x20)) & HIGHS;

	return (x & HIGHS) | controls | zero_bytes(x ^ (ONES * '"')) |
	       zero_bytes(x ^ (ONES * '\\'));
}

/* How many bytes precede the first of those, in the order of memory. */
static int leading_bytes(uint64_t special)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return __builtin_ctzll(special) / 8;
#else
	return __builtin_clzll(special) / 8;
#endif
}

static bool is_plain(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 &&
	       c != '"' && c != '\\';
}

/* Behind the plain bytes: eight at a time, as nearly all bytes are plain. */
static const char *skip_plain(const char *p, const char *end)
{
	uint64_t x;

	for (; end - p >= 8; p += 8) {
		memcpy(&x, p, sizeof(x));
		x = special_bytes(x);
		if (x)
			return p + leading_bytes(x);
	}
	while (p < end && is_plain(*p))
		p++;
	return p;
}

/* ---- walking ---- */

const char *sio_json_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* p is behind the backslash. */
static const char *skip_escape(const char *p, const char *end)
{
	if (p == end)
		return NULL;
	if (*p != 'u')
		return *p && strchr("\"\\/bfnrt", *p) ? p + 1 : NULL;
	if (end - p < 5)
		return NULL;
	for (int i = 1; i <= 4; i++)
		if (hex_digit(p[i]) < 0)
			return NULL;
	return p + 5;
}

static const char *skip_string(const char *p, const char *end)
{
	size_t bad;

	p = skip_plain(p + 1, end);
	while (p && p < end && *p != '"') {
		if (*p == '\\') {
			p = skip_escape(p + 1, end);
		} else {
			size_t n =
				sio_utf8_sequence(p, (size_t)(end - p), &bad);

			/* one byte and not plain: a control character */
			p = n > 1 ? p + n : NULL;
		}
		if (p)
			p = skip_plain(p, end);
	}
	return p && p < end ? p + 1 : NULL;
}

/* At least one, or NULL. */
static const char *skip_digits(const char *p, const char *end)
{
	const char *first = p;

	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p == first ? NULL : p;
}

/* Section 6: no leading zero, no bare point. */
static const char *skip_number(const char *p, const char *end)
{
	if (*p == '-')
		p++;
	if (p < end && *p == '0')
		p++;
	else
		p = skip_digits(p, end);
	if (p && p < end && *p == '.')
		p = skip_digits(p + 1, end);
	if (p && p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		p = skip_digits(p, end);
	}
	return p;
}

static const char *skip_word(const char *p, const char *end, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(end - p) < n || memcmp(p, word, n) != 0)
		return NULL;
	return p + n;
}

static const char *skip_member(const char *p, const char *end,
			       unsigned int depth)
{
	if (p == end || *p != '"')
		return NULL;
	p = skip_string(p, end);
	if (!p)
		return NULL;
	p = sio_json_space(p, end);
	if (p == end || *p != ':')
		return NULL;
	return sio_json_skip(sio_json_space(p + 1, end), end, depth);
}

/* An array or an object, which differ in what stands between the commas. */
static const char *skip_list(const char *p, const char *end, unsigned int depth)
{
	const char *(*skip_item)(const char *, const char *, unsigned int) =
		*p == '{' ? skip_member : sio_json_skip;
	char close = *p == '{' ? '}' : ']';

	if (!depth)
		return NULL;
	p = sio_json_space(p + 1, end);
	if (p < end && *p == close)
		return p + 1;
	for (;;) {
		p = skip_item(p, end, depth - 1);
		if (!p)
			return NULL;
		p = sio_json_space(p, end);
		if (p == end)
			return NULL;
		if (*p == close)
			return p + 1;
		if (*p != ',')
			return NULL;
		p = sio_json_space(p + 1, end);
	}
}

const char *sio_json_skip(const char *p, const char *end, unsigned int depth)
{
	if (p == end)
		return NULL;
	switch (*p) {
	case '"':
		return skip_string(p, end);
	case '[':
	case '{':
		return skip_list(p, end, depth);
	case 't':
		return skip_word(p, end, "true");
	case 'f':
		return skip_word(p, end, "false");
	case 'n':
		return skip_word(p, end, "null");
	default:
		return skip_number(p, end);
	}
}

bool sio_json_valid(const char *text, size_t len, unsigned int depth)
{
	const char *end = text + len;
	const char *p = sio_json_skip(sio_json_space(text, end), end, depth);

	return p && sio_json_space(p, end) == end;
}

/* ---- decoding a string ---- */

static uint32_t hex4(const char *p)
{
	uint32_t n = 0;

	for (int i = 0; i < 4; i++)
		n = n << 4 | (uint32_t)hex_digit(p[i]);
	return n;
}

/* p is behind "\u"; a pair of surrogates is one character (section 7). */
static const char *unescape_unicode(const char *p, const char *end,
				    uint32_t *ret_code)
{
	uint32_t code = hex4(p);

	p += 4;
	if (code >= 0xd800 && code <= 0xdbff && end - p >= 6 && p[0] == '\\' &&
	    p[1] == 'u') {
		uint32_t low = hex4(p + 2);

		if (low >= 0xdc00 && low <= 0xdfff) {
			code = 0x10000 + ((code - 0xd800) << 10) +
			       (low - 0xdc00);
			p += 6;
		}
	}
	*ret_code = code;
	return p;
}

static char short_escape(char c)
{
	static const char from[] = "bfnrt";
	static const char to[] = "\b\f\n\r\t";
	const char *at = strchr(from, c);

	return at ? to[at - from] : c;
}

/* One byte or one escape; returns behind it. */
static const char *unescape_one(const char *in, const char *end, char out[4],
				size_t *ret_len)
{
	uint32_t code;

	*ret_len = 1;
	if (*in != '\\') {
		out[0] = *in;
		return in + 1;
	}
	if (in[1] != 'u') {
		out[0] = short_escape(in[1]);
		return in + 2;
	}
	in = unescape_unicode(in + 2, end, &code);
	*ret_len = sio_utf8_encode(code, out);
	return in;
}

bool sio_json_unescape_some(const char *in, size_t len, char *out, size_t size,
			    size_t *ret_len)
{
	const char *end = in + len;
	size_t used = 0;
	char one[4];
	size_t n;

	while (in < end) {
		in = unescape_one(in, end, one, &n);
		if (n > size - used) {
			*ret_len = used;
			return false;
		}
		memcpy(out + used, one, n);
		used += n;
	}
	*ret_len = used;
	return true;
}

size_t sio_json_unescape(const char *in, size_t len, char *out)
{
	size_t n;

	(void)sio_json_unescape_some(in, len, out, len, &n);
	return n;
}

/* ---- writing ---- */

static void write_escape(struct sio_buf *b, char c)
{
	static const char hex[] = "0123456789abcdef";
	char text[6] = {'\\', 'u', '0', '0'};

	if (c == '"' || c == '\\') {
		text[1] = c;
		sio_buf_append(b, text, 2);
	} else if (c == '\n') {
		sio_buf_append(b, "\\n", 2);
	} else {
		text[4] = hex[(unsigned char)c >> 4];
		text[5] = hex[c & 15];
		sio_buf_append(b, text, 6);
	}
}

/* One character that is not plain; returns behind it. */
static const char *write_special(struct sio_buf *b, const char *p,
				 const char *end)
{
	size_t take = 1;
	size_t n = sio_utf8_sequence(p, (size_t)(end - p), &take);

	if (n == 1)
		write_escape(b, *p);
	else if (n)
		sio_buf_append(b, p, n);
	else
		sio_buf_puts(b, SIO_UTF8_REPLACEMENT);
	return p + (n ? n : take);
}

void sio_json_write_string(struct sio_buf *b, const void *data, size_t len)
{
	const char *p = data;
	const char *end = p + len;

	sio_buf_putc(b, '"');
	while (len) {
		const char *plain = p;

		p = skip_plain(p, end);
		sio_buf_append(b, plain, (size_t)(p - plain));
		if (p == end || b->err)
			break;
		p = write_special(b, p, end);
	}
	sio_buf_putc(b, '"');
}

void sio_json_write_int(struct sio_buf *b, int64_t n)
{
	if (n < 0)
		sio_buf_putc(b, '-');
	sio_buf_put_u64(b, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}
