/* SPDX-License-Identifier: ISC */
#include "agent/format.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "agent/utf8.h"

#define NS_PER_MS    INT64_C(1000000)
#define NS_PER_100MS (100 * NS_PER_MS)

/* What was written so far; once `full`, nothing more is. */
struct text {
	char *buf;
	size_t size;
	size_t length;
	bool full;
};

static void put_bytes(struct text *t, const char *s, size_t n)
{
	/* one byte is kept for the closing NUL */
	if (t->full || n >= t->size - t->length) {
		t->full = true;
		return;
	}
	memcpy(t->buf + t->length, s, n);
	t->length += n;
}

static void put(struct text *t, const char *s)
{
	put_bytes(t, s, strlen(s));
}

static void put_number(struct text *t, uint64_t value)
{
	char digits[20];
	size_t i = sizeof(digits);

	do {
		digits[--i] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	put_bytes(t, digits + i, sizeof(digits) - i);
}

static void put_signed(struct text *t, int64_t value)
{
	if (value < 0)
		put(t, "-");
	put_number(t, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

static void put_address(struct text *t, int family, const uint8_t address[16])
{
	char name[INET6_ADDRSTRLEN];

	inet_ntop(family == 6 ? AF_INET6 : AF_INET, address, name,
		  sizeof(name));
	put(t, name);
}

static int finish(struct text *t)
{
	t->buf[t->full ? 0 : t->length] = '\0';
	return t->full ? -ENOSPC : (int)t->length;
}

static bool is_single(const struct icmp_event *e)
{
	return e->single && e->count == 1 && !e->others;
}

/* ---- text ------------------------------------------------------------- */

static void put_text_type(struct text *t, const struct icmp_key *key)
{
	const char *name = format_type_name(key->family, key->type);

	if (name) {
		put(t, name);
		return;
	}
	put(t, "Type ");
	put_number(t, key->type);
}

static void put_tenths(struct text *t, uint64_t tenths)
{
	put_number(t, tenths / 10);
	put(t, ".");
	put_number(t, tenths % 10);
}

/* " (24.0 h)" behind what spans two minutes or more, as of an outage. */
static void put_text_long(struct text *t, uint64_t tenths)
{
	const uint64_t min = 60, h = 60 * min, d = 24 * h;
	uint64_t unit = tenths < 20 * h ? min : tenths < 20 * d ? h : d;

	if (tenths < 20 * min)
		return;
	put(t, " (");
	put_tenths(t, tenths / unit + (tenths % unit >= unit / 2));
	put(t, unit == min ? " min)" : unit == h ? " h)" : " d)");
}

/* " ×1342 in 1.0 s", the duration rounded to tenths. */
static void put_text_fold(struct text *t, const struct icmp_event *e)
{
	uint64_t ns = 0;
	uint64_t tenths;

	if (e->last_ns > e->first_ns)
		ns = (uint64_t)e->last_ns - (uint64_t)e->first_ns;
	tenths = ns / NS_PER_100MS + (ns % NS_PER_100MS >= NS_PER_100MS / 2);
	put(t, " \u00d7");
	put_number(t, e->count);
	put(t, " in ");
	put_tenths(t, tenths);
	put(t, " s");
	put_text_long(t, tenths);
}

static void put_text_number(struct text *t, const char *name, uint64_t value)
{
	put(t, name);
	put_number(t, value);
}

static void put_text_code(struct text *t, uint8_t code)
{
	put_text_number(t, " (code: ", code);
	put(t, ")");
}

/* With microseconds below one millisecond, where all of a LAN is. */
static void put_text_rtt(struct text *t, int64_t rtt_ns)
{
	uint64_t us = ((uint64_t)rtt_ns + 500) / 1000;

	put(t, " rtt=");
	if (us < 1000) {
		put(t, us < 10 ? "0.00" : us < 100 ? "0.0" : "0.");
		put_number(t, us);
	} else {
		put_tenths(t, ((uint64_t)rtt_ns + 50000) / 100000);
	}
	put(t, " ms");
}

static void put_text_protocol(struct text *t, uint8_t proto)
{
	/* as /etc/protocols and tcpdump name those that errors speak of */
	static const char *const names[256] = {
		[1] = "icmp",	 [2] = "igmp",	 [6] = "tcp",
		[17] = "udp",	 [33] = "dccp",	 [41] = "ipv6",
		[47] = "gre",	 [50] = "esp",	 [51] = "ah",
		[58] = "icmpv6", [89] = "ospf",	 [103] = "pim",
		[112] = "vrrp",	 [132] = "sctp", [136] = "udplite",
	};

	if (names[proto]) {
		put(t, " ");
		put(t, names[proto]);
	} else {
		put_text_number(t, " protocol ", proto);
	}
}

static void put_text_endpoint(struct text *t, const struct icmp_event *e,
			      const uint8_t address[16], uint16_t port)
{
	bool ports = e->has & ICMP_HAS_PORTS;
	bool brackets = ports && e->key.family == 6;

	put(t, brackets ? "[" : "");
	put_address(t, e->key.family, address);
	put(t, brackets ? "]" : "");
	if (ports)
		put_text_number(t, ":", port);
}

static void put_text_detail(struct text *t, const struct icmp_event *e)
{
	if (e->has & ICMP_HAS_ID) {
		put_text_number(t, " id=", e->id);
		put_text_number(t, " seq=", e->seq);
	}
	put_text_number(t, " ttl=", e->ttl);
	if (e->has & ICMP_HAS_VLAN)
		put_text_number(t, " vlan=", e->vlan);
	if (e->rtt_ns > 0)
		put_text_rtt(t, e->rtt_ns);
	if (e->has & ICMP_HAS_MTU)
		put_text_number(t, " mtu=", e->mtu);
	if (e->has & ICMP_HAS_GATEWAY) {
		put(t, " gateway=");
		put_address(t, e->key.family, e->gateway);
	}
	if (e->has & ICMP_HAS_INNER) {
		put(t, " for ");
		put_text_endpoint(t, e, e->inner.src, e->inner.sport);
		put(t, " -> ");
		put_text_endpoint(t, e, e->inner.dst, e->inner.dport);
		put_text_protocol(t, e->inner.proto);
	}
}

int format_text(const struct icmp_event *event, bool detail, char *buf,
		size_t size)
{
	const struct icmp_key *key = &event->key;
	struct text t = {.buf = buf, .size = size};

	if (size == 0)
		return -ENOSPC;
	put(&t, key->family == 6 ? "ICMPv6 " : "ICMP ");
	put_text_type(&t, key);
	put(&t, " from ");
	if (event->others) {
		put(&t, "other hosts");
	} else {
		put_address(&t, key->family, key->src);
		put(&t, " to ");
		put_address(&t, key->family, key->dst);
	}
	if (event->any_code)
		put(&t, " (code: any)");
	else
		put_text_code(&t, key->code);
	if (event->count > 1)
		put_text_fold(&t, event);
	if (detail && is_single(event))
		put_text_detail(&t, event);
	return finish(&t);
}

/* ---- JSON (RFC 8259) --------------------------------------------------- */

static void put_json_key(struct text *t, const char *key)
{
	if (!t->full && t->buf[t->length - 1] != '{')
		put(t, ",");
	put(t, "\"");
	put(t, key);
	put(t, "\":");
}

static void put_json_number(struct text *t, const char *key, uint64_t value)
{
	put_json_key(t, key);
	put_number(t, value);
}

/* Unix time in ms */
static void put_json_time(struct text *t, const char *key, int64_t ns)
{
	put_json_key(t, key);
	put_signed(t, ns / NS_PER_MS);
}

static void put_json_address(struct text *t, const char *key, int family,
			     const uint8_t address[16])
{
	put_json_key(t, key);
	put(t, "\"");
	put_address(t, family, address);
	put(t, "\"");
}

/*
 * The kernel refuses only '/', ':' and blanks in an interface's name; what is
 * not UTF-8 becomes U+FFFD, for JSON must be UTF-8 (section 8.1).
 */
static void put_json_string(struct text *t, const char *key, const char *s)
{
	static const char hex[] = "0123456789abcdef";
	size_t left = strlen(s);

	put_json_key(t, key);
	put(t, "\"");
	while (left > 0) {
		size_t n = utf8_char_bytes(s, left);

		if (n == 0) {
			put(t, "\\ufffd");
			n = 1;
		} else if (utf8_is_control(s, 1)) {
			put(t, "\\u00");
			put_bytes(t, &hex[(*s >> 4) & 15], 1);
			put_bytes(t, &hex[*s & 15], 1);
		} else {
			if (*s == '"' || *s == '\\')
				put(t, "\\");
			put_bytes(t, s, n);
		}
		s += n;
		left -= n;
	}
	put(t, "\"");
}

static void put_json_inner(struct text *t, const struct icmp_event *e)
{
	put_json_key(t, "inner");
	put(t, "{");
	put_json_address(t, "src_ip", e->key.family, e->inner.src);
	put_json_address(t, "dst_ip", e->key.family, e->inner.dst);
	put_json_number(t, "protocol", e->inner.proto);
	if (e->has & ICMP_HAS_PORTS) {
		put_json_number(t, "src_port", e->inner.sport);
		put_json_number(t, "dst_port", e->inner.dport);
	}
	put(t, "}");
}

static void put_json_rtt(struct text *t, int64_t rtt_ns)
{
	uint64_t us = (uint64_t)rtt_ns / 1000;
	char decimals[3] = {(char)('0' + us / 100 % 10),
			    (char)('0' + us / 10 % 10), (char)('0' + us % 10)};

	put_json_number(t, "rtt_ms", us / 1000);
	put(t, ".");
	put_bytes(t, decimals, sizeof(decimals));
}

static void put_json_flow(struct text *t, const struct icmp_event *e)
{
	const struct icmp_key *key = &e->key;

	if (!e->others) {
		put_json_address(t, "src_ip", key->family, key->src);
		put_json_address(t, "dst_ip", key->family, key->dst);
	}
	put_json_number(t, "icmp_type", key->type);
	if (!e->any_code)
		put_json_number(t, "icmp_code", key->code);
	put_json_time(t, "timestamp", e->first_ns);
	put_json_number(t, "family", key->family);
	if (e->ifname[0])
		put_json_string(t, "interface", e->ifname);
	put_json_key(t, "direction");
	put(t, key->direction == ICMP_DIR_OUT ? "\"out\"" : "\"in\"");
}

/* id to length stand before the counts, vlan and the rest behind them. */
static void put_json_header(struct text *t, const struct icmp_event *e)
{
	if (e->has & ICMP_HAS_ID) {
		put_json_number(t, "id", e->id);
		put_json_number(t, "seq", e->seq);
	}
	put_json_number(t, "ttl", e->ttl);
	put_json_number(t, "length", e->length);
}

static void put_json_detail(struct text *t, const struct icmp_event *e)
{
	if (e->has & ICMP_HAS_VLAN)
		put_json_number(t, "vlan", e->vlan);
	if (e->rtt_ns > 0)
		put_json_rtt(t, e->rtt_ns);
	if (e->has & ICMP_HAS_MTU)
		put_json_number(t, "mtu", e->mtu);
	if (e->has & ICMP_HAS_GATEWAY)
		put_json_address(t, "gateway", e->key.family, e->gateway);
	if (e->has & ICMP_HAS_INNER)
		put_json_inner(t, e);
}

int format_json(const struct icmp_event *event, char *buf, size_t size)
{
	struct text t = {.buf = buf, .size = size};

	if (size == 0)
		return -ENOSPC;
	put(&t, "{");
	put_json_flow(&t, event);
	if (is_single(event))
		put_json_header(&t, event);
	put_json_number(&t, "count", event->count);
	if (!is_single(event)) {
		if (event->bytes > 0)
			put_json_number(&t, "bytes", event->bytes);
		put_json_time(&t, "first", event->first_ns);
		put_json_time(&t, "last", event->last_ns);
	} else {
		put_json_detail(&t, event);
	}
	put(&t, "}");
	return finish(&t);
}
