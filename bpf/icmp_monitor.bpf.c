// SPDX-License-Identifier: ISC OR GPL-2.0-only
/*
 * Sees every ICMP packet on its way and says so to user space. The programs
 * never change a packet or its fate: XDP_PASS, and TC_ACT_UNSPEC, which
 * leaves the decision to the next classifier.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include "bpf/record.h"

#include "bpf/account.h"
#include "bpf/parse.h"

/* Set by user space before load. */
const volatile __u32 cfg_families = 3; /* bit 0: IPv4, bit 1: IPv6 */

static __always_inline void record_fill(struct icmp_record *r,
					const struct icmp_head *h,
					__u32 ifindex, __u32 direction)
{
	__builtin_memset(r, 0, sizeof(*r));
	r->time_ns = bpf_ktime_get_boot_ns();
	r->ifindex = ifindex;
	r->family = h->family;
	r->direction = direction;
	r->type = h->type;
	r->code = h->code;
	__builtin_memcpy(r->src, h->src, sizeof(r->src));
	__builtin_memcpy(r->dst, h->dst, sizeof(r->dst));
	r->length = h->length;
	r->has = h->has;
	r->vlan = h->vlan;
	r->ttl = h->ttl;
}

static __always_inline int chosen(const struct icmp_head *h)
{
	return cfg_families & (h->family == 4 ? 1 : 2);
}

static __always_inline void account(const struct packet *p,
				    const struct icmp_head *h, int result,
				    __u32 ifindex, __u32 direction)
{
	struct icmp_counters *c = counters_row(ifindex, direction);
	struct icmp_record *r;

	if (!c)
		return; /* cannot be: a row for every possible CPU exists */
	if (result < 0) {
		count_unparsed(c, PARSE_REASON(result));
		return;
	}
	if (!chosen(h)) {
		c->filtered++;
		return;
	}
	c->seen++;
	r = bpf_ringbuf_reserve(&records, sizeof(*r), 0);
	if (!r) {
		c->remainder++;
		return;
	}
	record_fill(r, h, ifindex, direction);
	bpf_ringbuf_submit(r, 0);
	c->recorded++;
}

/* Out of line: the usual packet does not come here. */
static __noinline int walk_xdp(struct xdp_md *ctx, struct icmp_head *h)
{
	struct packet p = {.ctx = ctx, .kind = PACKET_XDP};

	return parse_walk(&p, h);
}

static __noinline int walk_skb(struct __sk_buff *ctx, struct icmp_head *h,
			       _Bool layer3)
{
	struct packet p = {
		.ctx = ctx,
		.kind = PACKET_SKB,
		.layer3 = layer3,
		.l3_proto = ctx->protocol,
	};

	if (ctx->vlan_present)
		head_set_vlan(h, ctx->vlan_tci);
	return parse_walk(&p, h);
}

SEC("xdp.frags")
int icmp_xdp(struct xdp_md *ctx)
{
	struct icmp_head h = {0};
	struct packet p = {
		.ctx = ctx,
		.data = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
		.kind = PACKET_XDP,
	};
	int result = parse_fast(&p, &h);

	if (result == PARSE_SLOW) {
		h = (struct icmp_head){0};
		result = walk_xdp(ctx, &h);
	}
	if (result != PARSE_OTHER)
		account(&p, &h, result, ctx->ingress_ifindex, ICMP_DIR_IN);
	return XDP_PASS;
}

static __always_inline int skb_run(struct __sk_buff *ctx, __u32 direction,
				   _Bool layer3)
{
	struct icmp_head h = {0};
	struct packet p = {
		.ctx = ctx,
		.data = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
		.kind = PACKET_SKB,
		.layer3 = layer3,
		.l3_proto = ctx->protocol,
	};
	int result;

	if (ctx->vlan_present)
		head_set_vlan(&h, ctx->vlan_tci);
	result = parse_fast(&p, &h);
	if (result == PARSE_SLOW) {
		h = (struct icmp_head){0};
		result = walk_skb(ctx, &h, layer3);
	}
	if (result != PARSE_OTHER)
		account(&p, &h, result, ctx->ifindex, direction);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int icmp_tc_in(struct __sk_buff *ctx)
{
	return skb_run(ctx, ICMP_DIR_IN, 0);
}

SEC("tc")
int icmp_tc_out(struct __sk_buff *ctx)
{
	return skb_run(ctx, ICMP_DIR_OUT, 0);
}

/* For devices whose packets begin with the IP header: tun, ppp, wireguard. */
SEC("tc")
int icmp_tc_in_l3(struct __sk_buff *ctx)
{
	return skb_run(ctx, ICMP_DIR_IN, 1);
}

SEC("tc")
int icmp_tc_out_l3(struct __sk_buff *ctx)
{
	return skb_run(ctx, ICMP_DIR_OUT, 1);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
