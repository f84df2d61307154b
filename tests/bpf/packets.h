/* SPDX-License-Identifier: ISC */
#ifndef TEST_PACKETS_H
#define TEST_PACKETS_H

/*
 * Packets in hexadecimal and what the programs make of them. Each is a frame;
 * the addresses are from the documentation ranges, TTL and hop limit are 64.
 */
#include "bpf/record.h"

enum expect {
	EXPECT_RECORD,
	EXPECT_OTHER,	 /* not ICMP: nothing is counted */
	EXPECT_UNPARSED, /* counted under `reason` */
};

struct packet_case {
	const char *name;
	const char *hex;
	enum expect expect;
	enum icmp_unparsed reason;
	struct icmp_record want; /* without time, interface, direction */
};

#define MAC            \
	"020000000002" \
	"020000000001"
#define ETH4	MAC "0800"
#define ETH6	MAC "86dd"
#define Q(tci)	"8100" tci
#define AD(tci) "88a8" tci

#define A4 "c0000201" /* 192.0.2.1 */
#define B4 "c6336401" /* 198.51.100.1 */
#define A6 "20010db8000000000000000000000001"
#define B6 "20010db8000000000000000000000002"

/* length, flags and fragment offset, protocol */
#define IP4_ANY(ihl, length, fragment, proto) \
	ihl "00" length "1234" fragment "40" proto "0000" A4 B4
#define IP4(length)	      IP4_ANY("45", length, "0000", "01")
#define IP6_ANY(length, next) "60000000" length next "40" A6 B6
#define IP6(length)	      IP6_ANY(length, "3a")
#define OPTIONS4	      "94040000" /* router alert: one word */

/* The packet that an error answers, sent by B to A. */
#define INNER4_ANY(ihl, fragment, proto) \
	ihl "00"                         \
	    "0040"                       \
	    "abcd" fragment "01" proto "0000" B4 A4
#define INNER4(proto) INNER4_ANY("45", "4000", proto)
#define INNER6(next) \
	"60000000"   \
	"0040" next "01" B6 A6
#define PORTS	  "9c4000350010abcd" /* 40000 to 53 */
#define ECHO_BODY "0800f7ff00010002"

#define ADDRESSES4 \
	.family = 4, .src = {192, 0, 2, 1}, .dst = {198, 51, 100, 1}, .ttl = 64
#define ADDRESSES6                                              \
	.family = 6, .src = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, \
	.dst = {0x20, 0x01, 0x0d, 0xb8, [15] = 2}, .ttl = 64
#define INNER_IS4(p)                                                 \
	.inner_src = {198, 51, 100, 1}, .inner_dst = {192, 0, 2, 1}, \
	.inner_proto = (p)
#define INNER_IS6(p)                                     \
	.inner_src = {0x20, 0x01, 0x0d, 0xb8, [15] = 2}, \
	.inner_dst = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, .inner_proto = (p)
#define PORTS_ARE .inner_sport = 40000, .inner_dport = 53

#define RECORD4(len, t, c, ...)                                         \
	.expect = EXPECT_RECORD,                                        \
	.want = {ADDRESSES4, .length = (len), .type = (t), .code = (c), \
		 __VA_ARGS__}
#define RECORD6(len, t, c, ...)                                         \
	.expect = EXPECT_RECORD,                                        \
	.want = {ADDRESSES6, .length = (len), .type = (t), .code = (c), \
		 __VA_ARGS__}
#define OTHER	    .expect = EXPECT_OTHER
#define UNPARSED(r) .expect = EXPECT_UNPARSED, .reason = ICMP_UNPARSED_##r

/* 8 bytes of ICMP without a payload; `rest` are its bytes 4 to 7. */
#define PLAIN4(type, code, rest) ETH4 IP4("001c") type code "0000" rest
#define PLAIN6(type, code, rest) ETH6 IP6("0008") type code "0000" rest

/* An error with the 20 or 40 bytes of the inner header and 8 more. */
#define ERROR4(type, code, rest) \
	ETH4 IP4("0038") type code "0000" rest INNER4("11") PORTS
#define ERROR6(type, code, rest) \
	ETH6 IP6("0038") type code "0000" rest INNER6("11") PORTS
#define ERROR4_WANT(t, c, more_has, ...)                             \
	RECORD4(56, t, c, PORTS_ARE, INNER_IS4(17),                  \
		.has = ICMP_HAS_INNER | ICMP_HAS_PORTS | (more_has), \
		__VA_ARGS__)
#define ERROR6_WANT(t, c, more_has, ...)                             \
	RECORD6(96, t, c, PORTS_ARE, INNER_IS6(17),                  \
		.has = ICMP_HAS_INNER | ICMP_HAS_PORTS | (more_has), \
		__VA_ARGS__)
#define ID_WANT .has = ICMP_HAS_ID, .id = 0x1122, .seq = 0x3344
#define ID	"11223344"

/* IPv6 extension headers of 8 bytes each (AH: 16) */
#define HOP(next)	   next "00050200000000"
#define DST(next)	   next "00010400000000"
#define ROUTE(next)	   next "00040000000000"
#define FRAG(next, offset) next "00" offset "00000007"
#define AH(next)                      \
	next "0200000000000100000001" \
	     "deadbeef"

/* one line a packet */
/* clang-format off */
static const struct packet_case packet_cases[] = {
	/* ICMP types, RFC 792 and later */
	{"echo reply", PLAIN4("00", "00", ID), RECORD4(28, 0, 0, ID_WANT)},
	{"echo request", PLAIN4("08", "00", ID), RECORD4(28, 8, 0, ID_WANT )},
	{"echo request, payload", ETH4 IP4("0020") "08000000" ID "61626364", RECORD4(32, 8, 0, ID_WANT )},
	{"echo request, odd code", PLAIN4("08", "2a", ID), RECORD4(28, 8, 42, ID_WANT )},
	{"network unreachable", ERROR4("03", "00", "00000000"), ERROR4_WANT(3, 0, 0 )},
	{"host unreachable", ERROR4("03", "01", "00000000"), ERROR4_WANT(3, 1, 0 )},
	{"protocol unreachable", ERROR4("03", "02", "00000000"), ERROR4_WANT(3, 2, 0 )},
	{"port unreachable", ERROR4("03", "03", "00000000"), ERROR4_WANT(3, 3, 0 )},
	{"fragmentation needed", ERROR4("03", "04", "00000514"), ERROR4_WANT(3, 4, ICMP_HAS_MTU, .mtu = 1300 )},
	{"fragmentation needed, old router", ERROR4("03", "04", "00000000"), ERROR4_WANT(3, 4, 0 )},
	{"fragmentation needed, upper half used", ERROR4("03", "04", "abcd0240"), ERROR4_WANT(3, 4, ICMP_HAS_MTU, .mtu = 576 )},
	{"source route failed", ERROR4("03", "05", "00000000"), ERROR4_WANT(3, 5, 0 )},
	{"network unknown", ERROR4("03", "06", "00000000"), ERROR4_WANT(3, 6, 0 )},
	{"host unknown", ERROR4("03", "07", "00000000"), ERROR4_WANT(3, 7, 0 )},
	{"network prohibited", ERROR4("03", "09", "00000000"), ERROR4_WANT(3, 9, 0 )},
	{"host prohibited", ERROR4("03", "0a", "00000000"), ERROR4_WANT(3, 10, 0 )},
	{"administratively prohibited", ERROR4("03", "0d", "00000000"), ERROR4_WANT(3, 13, 0 )},
	{"precedence cutoff", ERROR4("03", "0f", "00000000"), ERROR4_WANT(3, 15, 0 )},
	{"mtu only in code 4", ERROR4("03", "01", "00000514"), ERROR4_WANT(3, 1, 0 )},
	{"source quench", ERROR4("04", "00", "00000000"), ERROR4_WANT(4, 0, 0 )},
	{"redirect network", ERROR4("05", "00", "0a000001"), ERROR4_WANT(5, 0, ICMP_HAS_GATEWAY, .gateway = {10, 0, 0, 1} )},
	{"redirect host", ERROR4("05", "01", "cb007101"), ERROR4_WANT(5, 1, ICMP_HAS_GATEWAY, .gateway = {203, 0, 113, 1} )},
	{"redirect without inner packet", PLAIN4("05", "01", "0a000001"), RECORD4(28, 5, 1, .has = ICMP_HAS_GATEWAY, .gateway = {10, 0, 0, 1} )},
	{"router advertisement", PLAIN4("09", "00", "01020708"), RECORD4(28, 9, 0 )},
	{"router solicitation", PLAIN4("0a", "00", "00000000"), RECORD4(28, 10, 0 )},
	{"ttl exceeded", ERROR4("0b", "00", "00000000"), ERROR4_WANT(11, 0, 0 )},
	{"reassembly time exceeded", ERROR4("0b", "01", "00000000"), ERROR4_WANT(11, 1, 0 )},
	{"parameter problem, pointer", ERROR4("0c", "00", "14000000"), ERROR4_WANT(12, 0, ICMP_HAS_POINTER, .pointer = 20 )},
	{"parameter problem, option missing", ERROR4("0c", "01", "14000000"), ERROR4_WANT(12, 1, 0 )},
	{"timestamp", ETH4 IP4("0028") "0d000000" ID "000000010000000000000000", RECORD4(40, 13, 0, ID_WANT )},
	{"timestamp reply", ETH4 IP4("0028") "0e000000" ID "000000010000000200000003", RECORD4(40, 14, 0, ID_WANT )},
	{"information request", PLAIN4("0f", "00", ID), RECORD4(28, 15, 0, ID_WANT )},
	{"information reply", PLAIN4("10", "00", ID), RECORD4(28, 16, 0, ID_WANT )},
	{"mask request", ETH4 IP4("0020") "11000000" ID "00000000", RECORD4(32, 17, 0, ID_WANT )},
	{"mask reply", ETH4 IP4("0020") "12000000" ID "ffffff00", RECORD4(32, 18, 0, ID_WANT )},
	{"traceroute", PLAIN4("1e", "00", ID), RECORD4(28, 30, 0 )},
	{"photuris", PLAIN4("28", "03", ID), RECORD4(28, 40, 3 )},
	{"extended echo request", PLAIN4("2a", "00", ID), RECORD4(28, 42, 0, .has = ICMP_HAS_ID, .id = 0x1122, .seq = 0x33 )},
	{"extended echo reply", PLAIN4("2b", "02", ID), RECORD4(28, 43, 2, .has = ICMP_HAS_ID, .id = 0x1122, .seq = 0x33 )},
	{"unassigned type", PLAIN4("c8", "07", ID), RECORD4(28, 200, 7 )},
	{"type and code 255", PLAIN4("ff", "ff", ID), RECORD4(28, 255, 255 )},

	/* ICMPv6 types, RFC 4443, RFC 4861 and later */
	{"v6 no route", ERROR6("01", "00", "00000000"), ERROR6_WANT(1, 0, 0 )},
	{"v6 prohibited", ERROR6("01", "01", "00000000"), ERROR6_WANT(1, 1, 0 )},
	{"v6 beyond scope", ERROR6("01", "02", "00000000"), ERROR6_WANT(1, 2, 0 )},
	{"v6 address unreachable", ERROR6("01", "03", "00000000"), ERROR6_WANT(1, 3, 0 )},
	{"v6 port unreachable", ERROR6("01", "04", "00000000"), ERROR6_WANT(1, 4, 0 )},
	{"v6 policy", ERROR6("01", "05", "00000000"), ERROR6_WANT(1, 5, 0 )},
	{"v6 too big", ERROR6("02", "00", "00000500"), ERROR6_WANT(2, 0, ICMP_HAS_MTU, .mtu = 1280 )},
	{"v6 too big, huge", ERROR6("02", "00", "00012345"), ERROR6_WANT(2, 0, ICMP_HAS_MTU, .mtu = 0x12345 )},
	{"v6 hop limit exceeded", ERROR6("03", "00", "00000000"), ERROR6_WANT(3, 0, 0 )},
	{"v6 reassembly exceeded", ERROR6("03", "01", "00000000"), ERROR6_WANT(3, 1, 0 )},
	{"v6 erroneous field", ERROR6("04", "00", "00000006"), ERROR6_WANT(4, 0, ICMP_HAS_POINTER, .pointer = 6 )},
	{"v6 unknown next header", ERROR6("04", "01", "00000028"), ERROR6_WANT(4, 1, ICMP_HAS_POINTER, .pointer = 40 )},
	{"v6 unknown option", ERROR6("04", "02", "0000002a"), ERROR6_WANT(4, 2, ICMP_HAS_POINTER, .pointer = 42 )},
	{"v6 echo request", PLAIN6("80", "00", ID), RECORD6(48, 128, 0, ID_WANT )},
	{"v6 echo reply", PLAIN6("81", "00", ID), RECORD6(48, 129, 0, ID_WANT )},
	{"v6 listener query", ETH6 IP6("0018") "82000000" "03e80000" A6, RECORD6(64, 130, 0 )},
	{"v6 listener report", ETH6 IP6("0018") "83000000" "00000000" A6, RECORD6(64, 131, 0 )},
	{"v6 listener done", ETH6 IP6("0018") "84000000" "00000000" A6, RECORD6(64, 132, 0 )},
	{"v6 router solicitation", PLAIN6("85", "00", "00000000"), RECORD6(48, 133, 0 )},
	{"v6 router advertisement", ETH6 IP6("0010") "86000000" "40c00708" "0000000000000000", RECORD6(56, 134, 0 )},
	{"v6 neighbor solicitation", ETH6 IP6("0018") "87000000" "00000000" B6, RECORD6(64, 135, 0 )},
	{"v6 neighbor advertisement", ETH6 IP6("0018") "88000000" "60000000" B6, RECORD6(64, 136, 0 )},
	{"v6 redirect", ETH6 IP6("0028") "89000000" "00000000" A6 B6, RECORD6(80, 137, 0, .has = ICMP_HAS_GATEWAY, .gateway = {0x20, 0x01, 0x0d, 0xb8, [15] = 1} )},
	{"v6 redirect with the packet", ETH6 IP6("0060") "89000000" "00000000" A6 B6 "0407000000000000" INNER6("11") PORTS, RECORD6(136, 137, 0, .has = ICMP_HAS_GATEWAY | ICMP_HAS_INNER | ICMP_HAS_PORTS, .gateway = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, INNER_IS6(17), PORTS_ARE )},
	{"v6 redirect, the packet behind another option", ETH6 IP6("0068") "89000000" "00000000" A6 B6 "0201020000000001" "0407000000000000" INNER6("11") PORTS, RECORD6(144, 137, 0, .has = ICMP_HAS_GATEWAY | ICMP_HAS_INNER | ICMP_HAS_PORTS, .gateway = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, INNER_IS6(17), PORTS_ARE )},
	{"v6 redirect, option of length 0", ETH6 IP6("0060") "89000000" "00000000" A6 B6 "0200000000000000" INNER6("11") PORTS, RECORD6(136, 137, 0, .has = ICMP_HAS_GATEWAY, .gateway = {0x20, 0x01, 0x0d, 0xb8, [15] = 1} )},
	{"v6 redirect cut in its target", ETH6 IP6("0010") "89000000" "00000000" "20010db800000000", RECORD6(56, 137, 0 )},
	{"v6 router renumbering", PLAIN6("8a", "00", ID), RECORD6(48, 138, 0 )},
	{"v6 node information", PLAIN6("8b", "00", ID), RECORD6(48, 139, 0 )},
	{"v6 listener report, version 2", PLAIN6("8f", "00", "00000001"), RECORD6(48, 143, 0 )},
	{"v6 extended echo request", PLAIN6("a0", "00", ID), RECORD6(48, 160, 0, .has = ICMP_HAS_ID, .id = 0x1122, .seq = 0x33 )},
	{"v6 extended echo reply", PLAIN6("a1", "00", ID), RECORD6(48, 161, 0, .has = ICMP_HAS_ID, .id = 0x1122, .seq = 0x33 )},
	{"v6 private experimentation", PLAIN6("c8", "00", ID), RECORD6(48, 200, 0 )},
	{"v6 type 255", PLAIN6("ff", "ff", ID), RECORD6(48, 255, 255 )},
	{"v6 type 0", PLAIN6("00", "00", ID), RECORD6(48, 0, 0 )},
	{"v6 type 8 is no echo", PLAIN6("08", "00", ID), RECORD6(48, 8, 0 )},

	/* tags */
	{"802.1Q", MAC Q("0064") "0800" IP4("001c") "08000000" ID, RECORD4(28, 8, 0, .has = ICMP_HAS_ID | ICMP_HAS_VLAN, .id = 0x1122, .seq = 0x3344, .vlan = 100 )},
	{"802.1Q with priority", MAC Q("f064") "0800" IP4("001c") "08000000" ID, RECORD4(28, 8, 0, .has = ICMP_HAS_ID | ICMP_HAS_VLAN, .id = 0x1122, .seq = 0x3344, .vlan = 100 )},
	{"802.1Q, priority tag", MAC Q("a000") "0800" IP4("001c") "08000000" ID, RECORD4(28, 8, 0, .has = ICMP_HAS_ID | ICMP_HAS_VLAN, .id = 0x1122, .seq = 0x3344 )},
	{"802.1Q, v6", MAC Q("0fff") "86dd" IP6("0008") "80000000" ID, RECORD6(48, 128, 0, .has = ICMP_HAS_ID | ICMP_HAS_VLAN, .id = 0x1122, .seq = 0x3344, .vlan = 4095 )},
	{"802.1ad", MAC AD("0007") "0800" IP4("001c") "08000000" ID, RECORD4(28, 8, 0, .has = ICMP_HAS_ID | ICMP_HAS_VLAN, .id = 0x1122, .seq = 0x3344, .vlan = 7 )},
	{"802.1ad and 802.1Q", MAC AD("0007") Q("0064") "0800" IP4("001c") "08000000" ID, RECORD4(28, 8, 0, .has = ICMP_HAS_ID | ICMP_HAS_VLAN, .id = 0x1122, .seq = 0x3344, .vlan = 7 )},
	{"802.1ad and 802.1Q, v6", MAC AD("0007") Q("0064") "86dd" IP6("0008") "80000000" ID, RECORD6(48, 128, 0, .has = ICMP_HAS_ID | ICMP_HAS_VLAN, .id = 0x1122, .seq = 0x3344, .vlan = 7 )},
	{"802.1Q twice", MAC Q("0001") Q("0002") "0800" IP4("001c") "08000000" ID, RECORD4(28, 8, 0, .has = ICMP_HAS_ID | ICMP_HAS_VLAN, .id = 0x1122, .seq = 0x3344, .vlan = 1 )},
	{"three tags", MAC AD("0001") Q("0002") Q("0003") "0800" IP4("001c") "08000000" ID, UNPARSED(VLAN)},
	{"tag, error with inner packet", MAC Q("0064") "0800" IP4("0038") "03030000" "00000000" INNER4("11") PORTS, RECORD4(56, 3, 3, .has = ICMP_HAS_INNER | ICMP_HAS_PORTS | ICMP_HAS_VLAN, .vlan = 100, INNER_IS4(17), PORTS_ARE )},
	{"tag, UDP", MAC Q("0064") "0800" IP4_ANY("45", "001c", "0000", "11") PORTS, OTHER},
	{"tag, ARP", MAC Q("0064") "0806" "0001080006040001", OTHER},
	{"tag and nothing", MAC "8100", UNPARSED(TRUNCATED)},
	{"tag, options", MAC Q("0064") "0800" IP4_ANY("46", "0020", "0000", "01") OPTIONS4 "08000000" ID, RECORD4(32, 8, 0, .has = ICMP_HAS_ID | ICMP_HAS_VLAN, .id = 0x1122, .seq = 0x3344, .vlan = 100 )},

	/* IPv4 headers */
	{"one option word", ETH4 IP4_ANY("46", "0020", "0000", "01") OPTIONS4 "08000000" ID, RECORD4(32, 8, 0, ID_WANT )},
	{"three option words", ETH4 IP4_ANY("48", "0028", "0000", "01") OPTIONS4 OPTIONS4 OPTIONS4 "08000000" ID, RECORD4(40, 8, 0, ID_WANT )},
	{"ten option words", ETH4 IP4_ANY("4f", "0044", "0000", "01") OPTIONS4 OPTIONS4 OPTIONS4 OPTIONS4 OPTIONS4 OPTIONS4 OPTIONS4 OPTIONS4 OPTIONS4 OPTIONS4 "08000000" ID, RECORD4(68, 8, 0, ID_WANT )},
	{"options and an error", ETH4 IP4_ANY("46", "003c", "0000", "01") OPTIONS4 "0b000000" "00000000" INNER4("11") PORTS, RECORD4(60, 11, 0, .has = ICMP_HAS_INNER | ICMP_HAS_PORTS, INNER_IS4(17), PORTS_ARE )},
	{"ihl 0", ETH4 IP4_ANY("40", "001c", "0000", "01") "08000000" ID, UNPARSED(HEADER)},
	{"ihl 1", ETH4 IP4_ANY("41", "001c", "0000", "01") "08000000" ID, UNPARSED(HEADER)},
	{"ihl 4", ETH4 IP4_ANY("44", "001c", "0000", "01") "08000000" ID, UNPARSED(HEADER)},
	{"version 5", ETH4 IP4_ANY("55", "001c", "0000", "01") "08000000" ID, UNPARSED(HEADER)},
	{"version 6 in IPv4", ETH4 IP4_ANY("65", "001c", "0000", "01") "08000000" ID, UNPARSED(HEADER)},
	{"length 0", ETH4 IP4("0000") "08000000" ID, UNPARSED(HEADER)},
	{"length below the header's", ETH4 IP4("0013") "08000000" ID, UNPARSED(HEADER)},
	{"length of the header alone", ETH4 IP4("0014") "08000000" ID, UNPARSED(TRUNCATED)},
	{"length ends in the checksum", ETH4 IP4("0017") "08000000" ID, UNPARSED(TRUNCATED)},
	{"length ends behind the checksum", ETH4 IP4("0018") "08000000" ID, RECORD4(24, 8, 0 )},
	{"length ends in the sequence", ETH4 IP4("001b") "08000000" ID, RECORD4(27, 8, 0 )},
	{"length beyond the frame", ETH4 IP4("05dc") "08000000" ID, RECORD4(1500, 8, 0, ID_WANT )},
	{"length 65535", ETH4 IP4("ffff") "08000000" ID, RECORD4(65535, 8, 0, ID_WANT )},
	{"Ethernet padding is not inner packet", ETH4 IP4("001c") "03030000" "00000000" INNER4("11") PORTS, RECORD4(28, 3, 3 )},
	{"ihl beyond the frame", ETH4 IP4_ANY("4f", "05dc", "0000", "01") "08000000" ID, UNPARSED(TRUNCATED)},

	/* fragments */
	{"first fragment", ETH4 IP4_ANY("45", "001c", "2000", "01") "08000000" ID, RECORD4(28, 8, 0, .has = ICMP_HAS_ID | ICMP_HAS_FRAGMENT, .id = 0x1122, .seq = 0x3344 )},
	{"first fragment of an error", ETH4 IP4_ANY("45", "0038", "2000", "01") "03030000" "00000000" INNER4("11") PORTS, RECORD4(56, 3, 3, .has = ICMP_HAS_INNER | ICMP_HAS_PORTS | ICMP_HAS_FRAGMENT, INNER_IS4(17), PORTS_ARE )},
	{"middle fragment", ETH4 IP4_ANY("45", "001c", "2001", "01") "08000000" ID, UNPARSED(FRAGMENT)},
	{"last fragment", ETH4 IP4_ANY("45", "001c", "00b9", "01") "08000000" ID, UNPARSED(FRAGMENT)},
	{"later fragment of UDP", ETH4 IP4_ANY("45", "001c", "00b9", "11") "08000000" ID, OTHER},
	{"don't fragment", ETH4 IP4_ANY("45", "001c", "4000", "01") "08000000" ID, RECORD4(28, 8, 0, ID_WANT )},
	{"reserved flag", ETH4 IP4_ANY("45", "001c", "8000", "01") "08000000" ID, RECORD4(28, 8, 0, ID_WANT )},
	{"v6 atomic fragment", ETH6 IP6_ANY("0010", "2c") FRAG("3a", "0000") "80000000" ID, RECORD6(56, 128, 0, ID_WANT )},
	{"v6 first fragment", ETH6 IP6_ANY("0010", "2c") FRAG("3a", "0001") "80000000" ID, RECORD6(56, 128, 0, .has = ICMP_HAS_ID | ICMP_HAS_FRAGMENT, .id = 0x1122, .seq = 0x3344 )},
	{"v6 middle fragment", ETH6 IP6_ANY("0010", "2c") FRAG("3a", "0009") "80000000" ID, UNPARSED(FRAGMENT)},
	{"v6 last fragment", ETH6 IP6_ANY("0010", "2c") FRAG("3a", "05a8") "80000000" ID, UNPARSED(FRAGMENT)},
	{"v6 later fragment of UDP", ETH6 IP6_ANY("0010", "2c") FRAG("11", "05a8") "80000000" ID, OTHER},
	{"v6 reserved bits in the fragment header", ETH6 IP6_ANY("0010", "2c") FRAG("3a", "0006") "80000000" ID, RECORD6(56, 128, 0, ID_WANT )},

	/* IPv6 headers and extensions */
	{"v6 hop-by-hop", ETH6 IP6_ANY("0010", "00") HOP("3a") "8f000000" "00000001", RECORD6(56, 143, 0 )},
	{"v6 destination options", ETH6 IP6_ANY("0010", "3c") DST("3a") "80000000" ID, RECORD6(56, 128, 0, ID_WANT )},
	{"v6 routing", ETH6 IP6_ANY("0010", "2b") ROUTE("3a") "80000000" ID, RECORD6(56, 128, 0, ID_WANT )},
	{"v6 routing with an address", ETH6 IP6_ANY("0020", "2b") "3a02040100000000" A6 "80000000" ID, RECORD6(72, 128, 0, ID_WANT )},
	{"v6 authentication", ETH6 IP6_ANY("0018", "33") AH("3a") "80000000" ID, RECORD6(64, 128, 0, ID_WANT )},
	{"v6 all five", ETH6 IP6_ANY("0038", "00") HOP("3c") DST("2b") ROUTE("2c") FRAG("33", "0000") AH("3a") "80000000" ID, RECORD6(96, 128, 0, ID_WANT )},
	{"v6 eight extensions", ETH6 IP6_ANY("0048", "3c") DST("3c") DST("3c") DST("3c") DST("3c") DST("3c") DST("3c") DST("3c") DST("3a") "80000000" ID, RECORD6(112, 128, 0, ID_WANT )},
	{"v6 nine extensions", ETH6 IP6_ANY("0050", "3c") DST("3c") DST("3c") DST("3c") DST("3c") DST("3c") DST("3c") DST("3c") DST("3c") DST("3a") "80000000" ID, UNPARSED(EXTENSION)},
	{"v6 extension and UDP", ETH6 IP6_ANY("0010", "00") HOP("11") PORTS, OTHER},
	{"v6 encrypted", ETH6 IP6_ANY("0010", "32") "0000000100000001" "80000000" ID, OTHER},
	{"v6 no next header", ETH6 IP6_ANY("0008", "3b") "80000000" ID, OTHER},
	{"v6 extension longer than the packet", ETH6 IP6_ANY("0010", "3c") "3aff010400000000" "80000000" ID, UNPARSED(TRUNCATED)},
	{"v6 payload ends in the extension", ETH6 IP6_ANY("0004", "3c") DST("3a") "80000000" ID, UNPARSED(TRUNCATED)},
	{"v6 payload 0", ETH6 IP6("0000") "80000000" ID, UNPARSED(TRUNCATED)},
	{"v6 payload 3", ETH6 IP6("0003") "80000000" ID, UNPARSED(TRUNCATED)},
	{"v6 payload 4", ETH6 IP6("0004") "80000000" ID, RECORD6(44, 128, 0 )},
	{"v6 version 4", ETH6 "40000000" "0008" "3a" "40" A6 B6 "80000000" ID, UNPARSED(HEADER)},
	{"v6 class and flow label", ETH6 "6fffffff" "0008" "3a" "40" A6 B6 "80000000" ID, RECORD6(48, 128, 0, ID_WANT )},
	{"v6 extension and an error", ETH6 IP6_ANY("0040", "3c") DST("3a") "01040000" "00000000" INNER6("11") PORTS, RECORD6(104, 1, 4, .has = ICMP_HAS_INNER | ICMP_HAS_PORTS, INNER_IS6(17), PORTS_ARE )},

	/* inner packets */
	{"inner TCP", ETH4 IP4("0038") "03030000" "00000000" INNER4("06") PORTS, RECORD4(56, 3, 3, .has = ICMP_HAS_INNER | ICMP_HAS_PORTS, INNER_IS4(6), PORTS_ARE )},
	{"inner SCTP", ETH4 IP4("0038") "03020000" "00000000" INNER4("84") PORTS, RECORD4(56, 3, 2, .has = ICMP_HAS_INNER | ICMP_HAS_PORTS, INNER_IS4(132), PORTS_ARE )},
	{"inner ICMP", ETH4 IP4("0038") "0b000000" "00000000" INNER4("01") ECHO_BODY, RECORD4(56, 11, 0, .has = ICMP_HAS_INNER, INNER_IS4(1) )},
	{"inner GRE", ETH4 IP4("0038") "03020000" "00000000" INNER4("2f") PORTS, RECORD4(56, 3, 2, .has = ICMP_HAS_INNER, INNER_IS4(47) )},
	{"inner options", ETH4 IP4("003c") "03030000" "00000000" INNER4_ANY("46", "4000", "11") OPTIONS4 PORTS, RECORD4(60, 3, 3, .has = ICMP_HAS_INNER | ICMP_HAS_PORTS, INNER_IS4(17), PORTS_ARE )},
	{"inner first fragment", ETH4 IP4("0038") "0b010000" "00000000" INNER4_ANY("45", "2000", "11") PORTS, RECORD4(56, 11, 1, .has = ICMP_HAS_INNER | ICMP_HAS_PORTS, INNER_IS4(17), PORTS_ARE )},
	{"inner later fragment", ETH4 IP4("0038") "0b010000" "00000000" INNER4_ANY("45", "00b9", "11") PORTS, RECORD4(56, 11, 1, .has = ICMP_HAS_INNER, INNER_IS4(17) )},
	{"inner ihl 4", ETH4 IP4("0038") "03030000" "00000000" INNER4_ANY("44", "0000", "11") PORTS, RECORD4(56, 3, 3 )},
	{"inner version 6", ETH4 IP4("0038") "03030000" "00000000" INNER4_ANY("65", "0000", "11") PORTS, RECORD4(56, 3, 3 )},
	{"inner header without ports", ETH4 IP4("0030") "03030000" "00000000" INNER4("11"), RECORD4(48, 3, 3, .has = ICMP_HAS_INNER, INNER_IS4(17) )},
	{"inner ports cut", ETH4 IP4("0033") "03030000" "00000000" INNER4("11") "9c4000", RECORD4(51, 3, 3, .has = ICMP_HAS_INNER, INNER_IS4(17) )},
	{"inner header cut", ETH4 IP4("002f") "03030000" "00000000" INNER4("11"), RECORD4(47, 3, 3 )},
	{"inner length lies", ETH4 IP4("0034") "03030000" "00000000" INNER4("11") PORTS, RECORD4(52, 3, 3, .has = ICMP_HAS_INNER | ICMP_HAS_PORTS, INNER_IS4(17), PORTS_ARE )},
	{"echo has no inner packet", ETH4 IP4("0038") "08000000" ID INNER4("11") PORTS, RECORD4(56, 8, 0, ID_WANT )},
	{"v6 inner TCP", ETH6 IP6("0038") "01040000" "00000000" INNER6("06") PORTS, RECORD6(96, 1, 4, .has = ICMP_HAS_INNER | ICMP_HAS_PORTS, INNER_IS6(6), PORTS_ARE )},
	{"v6 inner echo", ETH6 IP6("0038") "03000000" "00000000" INNER6("3a") ECHO_BODY, RECORD6(96, 3, 0, .has = ICMP_HAS_INNER, INNER_IS6(58) )},
	{"v6 inner extension", ETH6 IP6("0040") "01040000" "00000000" INNER6("3c") DST("11") PORTS, RECORD6(104, 1, 4, .has = ICMP_HAS_INNER | ICMP_HAS_PORTS, INNER_IS6(17), PORTS_ARE )},
	{"v6 inner first fragment", ETH6 IP6("0040") "03010000" "00000000" INNER6("2c") FRAG("11", "0001") PORTS, RECORD6(104, 3, 1, .has = ICMP_HAS_INNER | ICMP_HAS_PORTS, INNER_IS6(17), PORTS_ARE )},
	{"v6 inner later fragment", ETH6 IP6("0040") "03010000" "00000000" INNER6("2c") FRAG("11", "05a8") PORTS, RECORD6(104, 3, 1, .has = ICMP_HAS_INNER, INNER_IS6(17) )},
	{"v6 inner extension cut", ETH6 IP6("0034") "01040000" "00000000" INNER6("3c") "11000104", RECORD6(92, 1, 4, .has = ICMP_HAS_INNER, INNER_IS6(60) )},
	{"v6 inner version 4", ETH6 IP6("0038") "01040000" "00000000" "45000000" "0040" "11" "01" B6 A6 PORTS, RECORD6(96, 1, 4 )},
	{"v6 inner header cut", ETH6 IP6("002f") "01040000" "00000000" INNER6("11"), RECORD6(87, 1, 4 )},

	/* not ICMP */
	{"TCP", ETH4 IP4_ANY("45", "0028", "4000", "06") "9c4000500000000100000000500210000000" "0000", OTHER},
	{"UDP", ETH4 IP4_ANY("45", "001c", "4000", "11") PORTS, OTHER},
	{"IGMP", ETH4 IP4_ANY("46", "0020", "0000", "02") OPTIONS4 "1600000000000000", OTHER},
	{"TCP with ihl 4", ETH4 IP4_ANY("44", "0028", "4000", "06") "9c4000500000000100000000500210000000" "0000", OTHER},
	{"v6 TCP", ETH6 IP6_ANY("0014", "06") "9c4000500000000100000000500210000000" "0000", OTHER},
	{"v6 UDP", ETH6 IP6_ANY("0008", "11") PORTS, OTHER},
	{"ICMPv6 number in IPv4", ETH4 IP4_ANY("45", "001c", "0000", "3a") "80000000" ID, OTHER},
	{"ICMP number in IPv6", ETH6 IP6_ANY("0008", "01") "08000000" ID, OTHER},
	{"ARP", MAC "0806" "0001080006040001020000000001c0000201000000000000c6336401", OTHER},
	{"LLC", MAC "0026" "424203000000000000000000000000000000000000000000000000000000000000000000", OTHER},
	{"MPLS", MAC "8847" "00010140" IP4("001c") "08000000" ID, OTHER},
	{"PPPoE", MAC "8864" "11000001001e0021" IP4("001c") "08000000" ID, OTHER},
	{"LLDP", MAC "88cc" "0207040200000000010000", OTHER},
	{"IPv4 and nothing", ETH4, UNPARSED(TRUNCATED)},
	{"IPv4 header cut", ETH4 "4500001c", UNPARSED(TRUNCATED)},
	{"IPv6 and nothing", ETH6, UNPARSED(TRUNCATED)},
	{"IPv6 header cut", ETH6 "600000000008", UNPARSED(TRUNCATED)},
};
/* clang-format on */

enum {
	N_PACKET_CASES = sizeof(packet_cases) / sizeof(packet_cases[0]),
	PACKET_MAX_BYTES = 512,
};

#endif
