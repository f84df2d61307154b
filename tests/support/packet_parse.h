/* SPDX-License-Identifier: ISC */
#ifndef PACKET_PARSE_H
#define PACKET_PARSE_H

/*
 * The programs' parser in user space: what the kernel makes of a frame, said
 * without the kernel.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "bpf/detail.h"

/*
 * `linear` bytes can be read directly, as in an skb that is not wholly in one
 * piece; 0 makes the parser read everything by packet_load(). Returns what
 * parse.h returns; the record, without time, interface and direction, is
 * written where that is PARSE_ICMP.
 */
static inline int packet_parse(const void *frame, size_t size, size_t linear,
			       bool layer3, struct icmp_record *ret_record)
{
	struct icmp_head h = {0};
	struct icmp_head *found;
	struct packet p = {
		.head = &h,
		.ctx = (void *)(uintptr_t)frame,
		.data = frame,
		.end = (const __u8 *)frame + linear,
		.total_bytes = (__u32)size,
		.kind = PACKET_BUFFER,
		.layer3 = layer3,
	};
	int result;

	if (layer3 && size > 0)
		p.l3_proto = p.data[0] >> 4 == 6 ? NET16(ETHERTYPE_IP6)
						 : NET16(ETHERTYPE_IP4);
	result = parse_fast(&p, &found);
	if (result == PARSE_SLOW) {
		h = (struct icmp_head){0};
		result = parse_walk(&p, &h);
	}
	if (result != PARSE_ICMP)
		return result;
	memset(ret_record, 0, sizeof(*ret_record));
	detail_head(&h, ret_record);
	if (detail_has_more(&h))
		detail_more(&p, &h, ret_record);
	return result;
}

#endif
