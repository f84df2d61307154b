/* SPDX-License-Identifier: ISC */
#include "proto/sio_packet.h"
#include "proto/json.h"

struct cursor {
	const char *p;
	const char *end;
	const struct sio_packet_limits *limits;
};

static bool is_digit(const struct cursor *c)
{
	return c->p < c->end && *c->p >= '0' && *c->p <= '9';
}

/* The digits that follow, at least one. */
static int read_number(struct cursor *c, int64_t max, int64_t *ret_number)
{
	int64_t n = 0;

	if (!is_digit(c))
		return SIO_ERR_SYNTAX;
	for (; is_digit(c); c->p++) {
		n = n * 10 + (*c->p - '0');
		if (n > max)
			return SIO_ERR_TOO_BIG;
	}
	*ret_number = n;
	return SIO_OK;
}

/* None at all is as illegal as too many: "50-" confused older parsers. */
static int read_attachments(struct cursor *c, struct sio_packet *packet)
{
	int64_t n;
	int err;

	if (packet->type != SIO_PACKET_BINARY_EVENT &&
	    packet->type != SIO_PACKET_BINARY_ACK)
		return SIO_OK;
	err = read_number(c, c->limits->max_attachments, &n);
	if (err)
		return err;
	if (!n || c->p == c->end || *c->p++ != '-')
		return SIO_ERR_SYNTAX;
	packet->attachments = (unsigned int)n;
	return SIO_OK;
}

/* Up to the comma; servers leave it out where nothing follows. */
static void read_nsp(struct cursor *c, struct sio_packet *packet)
{
	const char *comma;

	packet->nsp = "/";
	packet->nsp_len = 1;
	if (c->p == c->end || *c->p != '/')
		return;
	comma = memchr(c->p, ',', (size_t)(c->end - c->p));
	packet->nsp = c->p;
	packet->nsp_len = (size_t)((comma ? comma : c->end) - c->p);
	c->p = comma ? comma + 1 : c->end;
}

static int read_id(struct cursor *c, struct sio_packet *packet)
{
	packet->id = -1;
	if (!is_digit(c))
		return SIO_OK;
	return read_number(c, SIO_PACKET_MAX_ID, &packet->id);
}

#define NAME(s)                  \
	{                        \
		s, sizeof(s) - 1 \
	}

bool sio_packet_is_reserved(const char *name, size_t len)
{
	static const struct {
		const char *name;
		size_t len;
	} reserved[] = {
		NAME("connect"),     NAME("connect_error"),
		NAME("disconnect"),  NAME("disconnecting"),
		NAME("newListener"), NAME("removeListener"),
	};

	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (reserved[i].len == len &&
		    memcmp(name, reserved[i].name, len) == 0)
			return true;
	return false;
}

/* As is_reserved, for a name that is still escaped. */
static bool is_reserved_escaped(const char *name, size_t len)
{
	/* each character of the longest may have been written as \uXXXX */
	char plain[6 * sizeof("removeListener")] = "";

	if (len > sizeof(plain))
		return false;
	len = sio_json_unescape(name, len, plain);
	return sio_packet_is_reserved(plain, len);
}

static bool set_name(struct sio_packet *packet, const char *p, size_t len)
{
	bool string = *p == '"';

	packet->name = string ? p + 1 : p;
	packet->name_len = string ? len - 2 : len;
	packet->name_escaped = string && memchr(p, '\\', len);
	/* a number is a name, too: parsers take both */
	if (!string)
		return *p == '-' || (*p >= '0' && *p <= '9');
	if (packet->name_escaped)
		return !is_reserved_escaped(packet->name, packet->name_len);
	return !sio_packet_is_reserved(packet->name, packet->name_len);
}

/*
 * One pass over ["name",arg,...]: validates and finds the parts. Returns
 * behind the bracket, or NULL.
 */
static const char *read_event_array(struct cursor *c, struct sio_packet *packet)
{
	unsigned int depth = c->limits->max_depth;
	const char *end = c->end;
	const char *p = sio_json_space(c->p + 1, end);
	const char *item = p;

	if (!depth)
		return NULL;
	for (bool first = true;; first = false) {
		p = sio_json_skip(item, end, depth - 1);
		if (!p ||
		    (first && !set_name(packet, item, (size_t)(p - item))))
			return NULL;
		packet->last = !first && *item == '"' ? item : NULL;
		packet->last_len = packet->last ? (size_t)(p - item) : 0;
		p = sio_json_space(p, end);
		if (p == end || (*p != ',' && *p != ']'))
			return NULL;
		if (*p == ']')
			break;
		item = sio_json_space(p + 1, end);
		if (first)
			packet->args = item;
	}
	if (packet->args)
		packet->args_len = (size_t)(p + 1 - packet->args);
	return p + 1;
}

static int read_event(struct cursor *c, struct sio_packet *packet)
{
	const char *p;

	if (!packet->json_len || *c->p != '[')
		return SIO_ERR_SYNTAX;
	p = read_event_array(c, packet);
	if (!p || sio_json_space(p, c->end) != c->end)
		return SIO_ERR_SYNTAX;
	return SIO_OK;
}

/* What the JSON may begin with, by type; "" where there may be none. */
static int read_value(const struct cursor *c, const char *begins, bool needed)
{
	if (c->p == c->end)
		return needed ? SIO_ERR_SYNTAX : SIO_OK;
	if (!*c->p || !strchr(begins, *c->p) ||
	    !sio_json_valid(c->p, (size_t)(c->end - c->p),
			    c->limits->max_depth))
		return SIO_ERR_SYNTAX;
	return SIO_OK;
}

static int read_json(struct cursor *c, struct sio_packet *packet)
{
	packet->json = c->p;
	packet->json_len = (size_t)(c->end - c->p);
	switch (packet->type) {
	case SIO_PACKET_CONNECT:
		return read_value(c, "{", false);
	case SIO_PACKET_DISCONNECT:
		return read_value(c, "", false);
	case SIO_PACKET_CONNECT_ERROR:
		/* python-socketio sends a string */
		return read_value(c, "{\"", false);
	case SIO_PACKET_ACK:
	case SIO_PACKET_BINARY_ACK:
		return read_value(c, "[", true);
	case SIO_PACKET_EVENT:
	case SIO_PACKET_BINARY_EVENT:
		return read_event(c, packet);
	}
	return SIO_ERR_SYNTAX;
}

int sio_packet_decode(const char *text, size_t len,
		      const struct sio_packet_limits *limits,
		      struct sio_packet *ret_packet)
{
	struct sio_packet packet = {0};
	struct cursor c;
	int err;

	if (!len || text[0] < SIO_PACKET_CONNECT ||
	    text[0] > SIO_PACKET_BINARY_ACK)
		return SIO_ERR_SYNTAX;
	packet.type = (enum sio_packet_type)text[0];
	c = (struct cursor){text + 1, text + len, limits};
	err = read_attachments(&c, &packet);
	if (err)
		return err;
	read_nsp(&c, &packet);
	err = read_id(&c, &packet);
	if (err)
		return err;
	err = read_json(&c, &packet);
	if (err)
		return err;
	*ret_packet = packet;
	return SIO_OK;
}

void sio_packet_encode_head(struct sio_buf *b, enum sio_packet_type type,
			    unsigned int attachments, const char *nsp,
			    int64_t id)
{
	sio_buf_putc(b, (char)type);
	if (attachments) {
		sio_buf_put_u64(b, attachments);
		sio_buf_putc(b, '-');
	}
	if (nsp[1]) {
		sio_buf_puts(b, nsp);
		sio_buf_putc(b, ',');
	}
	if (id >= 0)
		sio_buf_put_u64(b, (uint64_t)id);
}
