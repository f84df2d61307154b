/* SPDX-License-Identifier: ISC */
/*
 * Any frame, read by the parser that runs in the kernel: the direct reads and
 * those by helper calls agree, what the record says stands in the frame, and
 * a shorter frame says less, never something else. Inputs grow out of the
 * packets of the table in tests/bpf.
 */
#include "tests/bpf/packets.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/packet_parse.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

struct outcome {
	int result;
	struct icmp_record record;
};

struct frame {
	const uint8_t *bytes;
	size_t size;
	bool layer3;
};

static struct outcome parse(const struct frame *f, size_t size, size_t linear)
{
	uint8_t *copy = copy_of(f->bytes, size);
	struct outcome o = {0};

	o.result = packet_parse(copy, size, linear, f->layer3, &o.record);
	free(copy);
	return o;
}

static bool same(const struct outcome *a, const struct outcome *b)
{
	return a->result == b->result &&
	       memcmp(&a->record, &b->record, sizeof(a->record)) == 0;
}

static bool zero(const void *at, size_t n)
{
	const uint8_t *bytes = at;

	while (n > 0 && bytes[n - 1] == 0)
		n--;
	return n == 0;
}

static bool stands(const struct frame *f, const void *what, size_t n)
{
	return memmem(f->bytes, f->size, what, n) != NULL;
}

static bool pair_stands(const struct frame *f, unsigned int a, unsigned int b)
{
	const uint8_t bytes[] = {(uint8_t)(a >> 8), (uint8_t)a,
				 (uint8_t)(b >> 8), (uint8_t)b};

	return stands(f, bytes, sizeof(bytes));
}

static size_t address_bytes(const struct icmp_record *r)
{
	return r->family == 4 ? 4 : 16;
}

static void check_address(const struct frame *f, const struct icmp_record *r,
			  const uint8_t *address)
{
	size_t n = address_bytes(r);

	check(stands(f, address, n));
	check(zero(address + n, 16 - n));
}

/* The least that the packet must hold of ICMP for what `has` claims. */
static size_t icmp_bytes_claimed(const struct icmp_record *r)
{
	const size_t header = r->family == 4 ? IP4_BYTES : IP6_BYTES;
	const bool redirect6 = r->family == 6 && r->type == V6_REDIRECT;
	size_t n = ICMP_MIN_BYTES;

	if (r->has &
	    (ICMP_HAS_ID | ICMP_HAS_MTU | ICMP_HAS_POINTER | ICMP_HAS_GATEWAY))
		n = ICMP_BYTES;
	if (r->has & ICMP_HAS_GATEWAY && redirect6)
		n = ICMP_BYTES + 16;
	if (r->has & ICMP_HAS_INNER)
		n = (redirect6 ? ND_REDIRECT_BYTES + 8 : ICMP_BYTES) + header;
	if (r->has & ICMP_HAS_PORTS)
		n += 4;
	return n;
}

static void check_bounds(const struct frame *f, const struct icmp_record *r)
{
	const size_t header = r->family == 4 ? IP4_BYTES : IP6_BYTES;
	const size_t packet = header + icmp_bytes_claimed(r);
	const size_t tag = r->has & ICMP_HAS_VLAN ? VLAN_BYTES : 0;

	check(r->length >= packet);
	check(f->size >= packet + (f->layer3 ? 0 : ETH_BYTES + tag));
}

/* Who may say what: written here by type, apart from the parser's tables. */
static uint16_t may_have(const struct icmp_record *r)
{
	const uint16_t inner = ICMP_HAS_INNER | ICMP_HAS_PORTS;
	uint16_t may = ICMP_HAS_FRAGMENT | ICMP_HAS_VLAN;

	if (r->family == 4) {
		switch (r->type) {
		case 0:
		case 8:
		case 13 ... 18:
		case 42 ... 43:
			return may | ICMP_HAS_ID;
		case 3:
			return may | inner | (r->code == 4 ? ICMP_HAS_MTU : 0);
		case 4:
		case 11:
			return may | inner;
		case 5:
			return may | inner | ICMP_HAS_GATEWAY;
		case 12:
			return may | inner |
			       (r->code == 0 ? ICMP_HAS_POINTER : 0);
		default:
			return may;
		}
	}
	switch (r->type) {
	case 128 ... 129:
	case 160 ... 161:
		return may | ICMP_HAS_ID;
	case 1:
	case 3:
		return may | inner;
	case 2:
		return may | inner | ICMP_HAS_MTU;
	case 4:
		return may | inner | ICMP_HAS_POINTER;
	case 137:
		return may | inner | ICMP_HAS_GATEWAY;
	default:
		return may;
	}
}

static void check_absent(const struct icmp_record *r)
{
	if (!(r->has & ICMP_HAS_ID))
		check(r->id == 0 && r->seq == 0);
	if (!(r->has & ICMP_HAS_MTU))
		check(r->mtu == 0);
	if (!(r->has & ICMP_HAS_POINTER))
		check(r->pointer == 0);
	if (!(r->has & ICMP_HAS_VLAN))
		check(r->vlan == 0);
	if (!(r->has & ICMP_HAS_GATEWAY))
		check(zero(r->gateway, 16));
	if (!(r->has & ICMP_HAS_INNER))
		check(!(r->has & ICMP_HAS_PORTS) && r->inner_proto == 0 &&
		      zero(r->inner_src, 16) && zero(r->inner_dst, 16));
	if (!(r->has & ICMP_HAS_PORTS))
		check(r->inner_sport == 0 && r->inner_dport == 0);
}

static void check_present(const struct frame *f, const struct icmp_record *r)
{
	const bool extended = r->family == 4 ? r->type >= 42 : r->type >= 160;

	if (r->has & ICMP_HAS_ID && !extended)
		check(pair_stands(f, r->id, r->seq));
	if (r->has & ICMP_HAS_ID && extended)
		check(r->seq <= 0xff);
	if (r->has & ICMP_HAS_MTU && r->family == 4)
		check(r->mtu > 0 && r->mtu <= 0xffff);
	if (r->has & ICMP_HAS_MTU && r->family == 6)
		check(pair_stands(f, r->mtu >> 16, r->mtu & 0xffff));
	if (r->has & ICMP_HAS_POINTER && r->family == 4)
		check(r->pointer <= 0xff);
	if (r->has & ICMP_HAS_GATEWAY)
		check_address(f, r, r->gateway);
	if (r->has & ICMP_HAS_INNER) {
		check_address(f, r, r->inner_src);
		check_address(f, r, r->inner_dst);
	}
	if (r->has & ICMP_HAS_PORTS) {
		check(r->inner_proto == 6 || r->inner_proto == 17 ||
		      r->inner_proto == 33 || r->inner_proto == 132 ||
		      r->inner_proto == 136);
		check(pair_stands(f, r->inner_sport, r->inner_dport));
	}
}

static void check_record(const struct frame *f, const struct icmp_record *r)
{
	const uint8_t head[] = {r->type, r->code};

	check(r->family == 4 || r->family == 6);
	check(r->time_ns == 0 && r->ifindex == 0 && r->direction == 0);
	check(zero(r->reserved, sizeof(r->reserved)));
	check(r->vlan <= 0xfff);
	check(!(f->layer3 && r->has & ICMP_HAS_VLAN));
	check(r->length <= 0xffff + (r->family == 6 ? IP6_BYTES : 0));
	check((r->has & ~may_have(r)) == 0);
	check_address(f, r, r->src);
	check_address(f, r, r->dst);
	check(stands(f, head, sizeof(head)));
	check_bounds(f, r);
	check_absent(r);
	check_present(f, r);
}

/* What a cut frame still says is what the whole one says. */
static void check_cut(const struct outcome *cut, const struct outcome *whole)
{
	const struct icmp_record *c = &cut->record, *w = &whole->record;

	if (cut->result == PARSE_UNPARSED(ICMP_UNPARSED_TRUNCATED))
		return;
	check(cut->result == whole->result);
	if (cut->result != PARSE_ICMP)
		return;
	check((c->has & ~w->has) == 0);
	check(c->family == w->family && c->type == w->type &&
	      c->code == w->code && c->length == w->length && c->ttl == w->ttl);
	check(memcmp(c->src, w->src, 32) == 0);
	if (c->has & ICMP_HAS_ID)
		check(c->id == w->id && c->seq == w->seq);
	if (c->has & ICMP_HAS_INNER)
		check(memcmp(c->inner_src, w->inner_src, 32) == 0);
	if (c->has & ICMP_HAS_PORTS)
		check(c->inner_sport == w->inner_sport &&
		      c->inner_dport == w->inner_dport);
}

/* The first byte says whether there is an Ethernet header, and where to cut. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame f = {.bytes = data + 1};
	struct outcome direct, by_helper, in_part, cut;
	size_t part;

	if (size == 0)
		return 0;
	f.layer3 = data[0] & 1;
	f.size = size - 1;
	part = f.size * (data[0] >> 1) / 128;
	direct = parse(&f, f.size, f.size);
	by_helper = parse(&f, f.size, 0);
	in_part = parse(&f, f.size, part);
	check(same(&direct, &by_helper) && same(&direct, &in_part));
	check(direct.result == PARSE_ICMP || direct.result == PARSE_OTHER ||
	      (direct.result < 0 &&
	       PARSE_REASON(direct.result) < ICMP_UNPARSED_COUNT));
	if (direct.result == PARSE_ICMP)
		check_record(&f, &direct.record);
	if (part > 0 || !f.layer3) { /* the first byte says which IP it is */
		cut = parse(&f, part, part);
		check_cut(&cut, &direct);
	}
	return 0;
}

static size_t from_table(const struct packet_case *c, uint8_t *data, size_t max)
{
	const bool layer3 = strncmp(c->hex + 24, "0800", 4) == 0 ||
			    strncmp(c->hex + 24, "86dd", 4) == 0;
	const size_t skip = layer3 && data[0] & 1 ? ETH_BYTES : 0;
	const size_t n = strlen(c->hex) / 2 - skip;

	if (n + 1 > max)
		return 0;
	if (!layer3)
		data[0] &= 0xfe;
	for (size_t i = 0; i < n; i++) {
		const char *at = c->hex + 2 * (skip + i);
		const char digits[] = {at[0], at[1], 0};

		data[1 + i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return n + 1;
}

/* Now and then anew from a packet of the table, else as libFuzzer likes. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed)
{
	size_t n = 0;

	if (size > 0 && seed % 16 == 0)
		n = from_table(&packet_cases[seed / 16 % N_PACKET_CASES], data,
			       max_size);
	if (n > 0 && seed / 16 % 2)
		return n;
	return LLVMFuzzerMutate(data, n ? n : size, max_size);
}
