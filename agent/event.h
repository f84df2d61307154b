/* SPDX-License-Identifier: ISC */
#ifndef EVENT_H
#define EVENT_H

/*
 * The one unit that travels from the capture edge to the backend: `count`
 * packets of one flow between two instants. A single packet is a fold of one
 * and alone carries detail.
 */
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/record.h"

/* What makes a flow. No padding: compared and hashed as 40 + 16 bytes. */
struct icmp_key {
	uint32_t ifindex;
	uint8_t family;	   /* 4 or 6 */
	uint8_t direction; /* enum icmp_direction */
	uint8_t type;
	uint8_t code;
	uint8_t src[16]; /* network order, IPv4 in the first 4 bytes */
	uint8_t dst[16];
};

struct icmp_inner {
	uint8_t src[16];
	uint8_t dst[16];
	uint8_t proto; /* IANA protocol number */
	uint16_t sport;
	uint16_t dport;
};

struct icmp_event {
	struct icmp_key key;
	char ifname[IF_NAMESIZE]; /* at the time of the packet, may be "" */
	uint64_t count;		  /* packets, at least 1 */
	uint64_t bytes;		  /* sum of the IP lengths, 0 if unknown */
	int64_t first_ns;	  /* Unix time */
	int64_t last_ns;	  /* Unix time, not before first_ns */
	bool others;   /* addresses unknown: what a full flow table counted */
	bool any_code; /* with `others`: several codes, key.code means nothing */

	/* Detail, only where count == 1 and only where `has` says so. */
	bool single;	 /* the fields below describe this one packet */
	uint16_t has;	 /* enum icmp_has */
	int64_t boot_ns; /* CLOCK_BOOTTIME, which is never set back */
	uint16_t vlan;
	uint16_t id;
	uint16_t seq;
	uint8_t ttl;
	uint32_t length; /* bytes, from the IP header */
	uint32_t mtu;
	uint32_t pointer;
	uint8_t gateway[16];
	struct icmp_inner inner;
	int64_t rtt_ns; /* echo reply: since its request; 0 is unknown */
};

/*
 * A kernel record becomes an event of one packet. `unix_minus_boot_ns` is
 * CLOCK_REALTIME - CLOCK_BOOTTIME as last measured by the caller.
 *
 * 0, or -EBADMSG where the record is not one that our programs write (family,
 * direction): user space checks what the kernel side promised.
 */
int event_from_record(const struct icmp_record *record, const char *ifname,
		      int64_t unix_minus_boot_ns, struct icmp_event *ret_event);

/* The time in which the packets of a fold came: Unix time. */
struct event_window {
	int64_t first_ns;
	int64_t last_ns;
};

/*
 * What the kernel counted becomes one event: of a flow, and of a type whose
 * addresses are not known. 0, or -EBADMSG as above, also where nothing was
 * counted.
 */
int event_from_flow(const struct icmp_flow *flow, const char *ifname,
		    const struct event_window *window,
		    struct icmp_event *ret_event);
int event_from_type(const struct icmp_type *type, const char *ifname,
		    const struct event_window *window,
		    struct icmp_event *ret_event);

#endif
