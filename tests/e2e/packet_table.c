// SPDX-License-Identifier: ISC
/*
 * packet_table FILE: writes the packets of the BPF tests' table to FILE, as
 * tcpdump would, and to standard output what the parser makes of each: one
 * line of JSON, in the same order.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bpf/packets.h"
#include "tests/support/packet_parse.h"

/* pcap: https://ietf-opsawg-wg.github.io/draft-ietf-opsawg-pcap/ */
struct pcap_file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t reserved[2];
	uint32_t snap_bytes;
	uint32_t link_type;
};

struct pcap_packet_header {
	uint32_t seconds, microseconds;
	uint32_t captured_bytes;
	uint32_t original_bytes;
};

static size_t from_hex(const char *hex, uint8_t *ret_bytes)
{
	const size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		const char digits[] = {hex[2 * i], hex[2 * i + 1], 0};

		ret_bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return n;
}

static void print_address(const char *key, int family, const uint8_t *address)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(family == 4 ? AF_INET : AF_INET6, address, text,
		  sizeof(text));
	printf(",\"%s\":\"%s\"", key, text);
}

static void print_detail(const struct icmp_record *r)
{
	if (r->has & ICMP_HAS_VLAN)
		printf(",\"vlan\":%u", r->vlan);
	if (r->has & ICMP_HAS_ID)
		printf(",\"id\":%u,\"seq\":%u", r->id, r->seq);
	if (r->has & ICMP_HAS_MTU)
		printf(",\"mtu\":%u", r->mtu);
	if (r->has & ICMP_HAS_POINTER)
		printf(",\"pointer\":%u", r->pointer);
	if (r->has & ICMP_HAS_GATEWAY)
		print_address("gateway", r->family, r->gateway);
	if (r->has & ICMP_HAS_INNER) {
		print_address("inner_src", r->family, r->inner_src);
		print_address("inner_dst", r->family, r->inner_dst);
		printf(",\"inner_proto\":%u", r->inner_proto);
	}
	if (r->has & ICMP_HAS_PORTS)
		printf(",\"inner_sport\":%u,\"inner_dport\":%u", r->inner_sport,
		       r->inner_dport);
}

static void print_record(const struct icmp_record *r)
{
	printf(",\"family\":%u", r->family);
	print_address("src", r->family, r->src);
	print_address("dst", r->family, r->dst);
	printf(",\"ttl\":%u,\"length\":%u,\"type\":%u,\"code\":%u", r->ttl,
	       r->length, r->type, r->code);
	print_detail(r);
}

static void write_packet(FILE *file, const uint8_t *frame, size_t size)
{
	const struct pcap_packet_header h = {
		.captured_bytes = (uint32_t)size,
		.original_bytes = (uint32_t)size,
	};

	fwrite(&h, sizeof(h), 1, file);
	fwrite(frame, 1, size, file);
}

static void do_case(FILE *file, const struct packet_case *c)
{
	uint8_t frame[PACKET_MAX_BYTES];
	const size_t size = from_hex(c->hex, frame);
	struct icmp_record r;
	const int result = packet_parse(frame, size, size, false, &r);

	write_packet(file, frame, size);
	printf("{\"name\":\"%s\",\"icmp\":%s", c->name,
	       result == PARSE_ICMP ? "true" : "false");
	if (result == PARSE_ICMP)
		print_record(&r);
	printf("}\n");
}

int main(int argc, char **argv)
{
	const struct pcap_file_header h = {
		.magic = 0xa1b2c3d4,
		.major = 2,
		.minor = 4,
		.snap_bytes = 65535,
		.link_type = 1, /* Ethernet */
	};
	FILE *file = argc == 2 ? fopen(argv[1], "wb") : NULL;

	if (!file) {
		fprintf(stderr, "usage: packet_table FILE\n");
		return 64;
	}
	fwrite(&h, sizeof(h), 1, file);
	for (size_t i = 0; i < N_PACKET_CASES; i++)
		do_case(file, &packet_cases[i]);
	return fclose(file) == 0 ? 0 : 1;
}
