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
#include "bpf/detail.h"
#include "bpf/fold.h"
#include "bpf/parse.h"

/* Set by user space before load. */
const volatile __u32 cfg_families = 3; /* bit 0: IPv4, bit 1: IPv6 */
const volatile _Bool cfg_choose_types;

/* Out of line: the usual packet does not come to any of these. */

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

	return parse_walk(&p, h);
}

static __noinline int more_xdp(struct xdp_md *ctx, struct icmp_head *h,
			       struct icmp_record *r)
{
	struct packet p = {.ctx = ctx, .kind = PACKET_XDP};

	detail_more(&p, h, r);
	return 0;
}

static __noinline int more_skb(struct __sk_buff *ctx, struct icmp_head *h,
			       struct icmp_record *r)
{
	struct packet p = {.ctx = ctx, .kind = PACKET_SKB};

	detail_more(&p, h, r);
	return 0;
}

static __always_inline int record_write(const struct packet *p,
					struct icmp_head *h, __u32 ifindex,
					__u32 direction)
{
	struct icmp_record *r = bpf_ringbuf_reserve(&records, sizeof(*r), 0);

	if (!r)
		return -1;
	__builtin_memset(r, 0, sizeof(*r));
	detail_head(h, r);
	r->time_ns = bpf_ktime_get_boot_ns();
	r->ifindex = ifindex;
	r->direction = direction;
	if (detail_has_more(h)) {
		if (p->kind == PACKET_XDP)
			more_xdp(p->ctx, h, r);
		else
			more_skb(p->ctx, h, r);
	}
	bpf_ringbuf_submit(r, 0);
	return 0;
}

static __always_inline int chosen(const struct icmp_head *h)
{
	if (!(cfg_families & (h->family == 4 ? 1 : 2)))
		return 0;
	return !cfg_choose_types || type_chosen(h->family, h->type, h->code);
}

/* Counts a packet that gets no record, in as much detail as there is room. */
static __always_inline void fold(const struct icmp_head *h,
				 const struct fold_place *at,
				 struct icmp_cpu *s, struct icmp_counters *c)
{
	s->folds++;
	if (flow_add(h, at)) {
		c->folded++;
		KEEP_BRANCH();
		return;
	}
	if (!type_add(h, at))
		rest_add(h, at);
	c->remainder++;
	KEEP_BRANCH();
}

static __always_inline void account_icmp(const struct packet *p,
					 struct icmp_head *h, __u32 ifindex,
					 struct fold_place *at,
					 struct icmp_counters *c)
{
	__u64 key = MAP_KEY(at->cpu);
	struct icmp_cpu *s = bpf_map_lookup_elem(&cpus, &key);
	int special = is_special(h);

	if (!s)
		return; /* cannot be: there is one for every possible CPU */
	cpu_enter(s);
	c->seen++;
	if (budget_take(s, special)) {
		if (record_write(p, h, ifindex, at->direction) == 0) {
			c->recorded++;
			KEEP_BRANCH();
			cpu_leave(s);
			return;
		}
		budget_empty(s, special);
	}
	at->epoch = s->epoch;
	at->kind =
		ICMP_KIND(ifindex, h->family, at->direction, h->type, h->code);
	fold(h, at, s, c);
	cpu_leave(s);
}

static __always_inline void account(const struct packet *p, struct icmp_head *h,
				    int result, __u32 ifindex, __u32 direction)
{
	struct fold_place at = {
		.direction = direction,
		.cpu = bpf_get_smp_processor_id(),
	};
	struct icmp_counters *c = counters_row(at.cpu, ifindex, direction);

	if (!c)
		return; /* likewise */
	if (result < 0)
		count_unparsed(c, PARSE_REASON(result));
	else if (!chosen(h))
		c->filtered++;
	else
		account_icmp(p, h, ifindex, &at, c);
}

SEC("xdp.frags")
int icmp_xdp(struct xdp_md *ctx)
{
	struct packet p = {
		.ctx = ctx,
		.data = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
		.kind = PACKET_XDP,
	};
	struct icmp_head *h = NULL;
	int result;

	result = parse_fast(&p, &h);
	if (result == PARSE_SLOW) {
		h = packet_head(&p);
		if (h)
			result = walk_xdp(ctx, h);
	}
	if (h && result != PARSE_OTHER)
		account(&p, h, result, ctx->ingress_ifindex, ICMP_DIR_IN);
	return XDP_PASS;
}

static __always_inline int skb_run(struct __sk_buff *ctx, __u32 direction,
				   _Bool layer3)
{
	struct packet p = {
		.ctx = ctx,
		.data = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
		.kind = PACKET_SKB,
		.layer3 = layer3,
		.l3_proto = layer3 ? ctx->protocol : 0,
	};
	struct icmp_head *h = NULL;
	int result;

	result = parse_fast(&p, &h);
	if (result == PARSE_SLOW) {
		h = packet_head(&p);
		if (h)
			result = walk_skb(ctx, h, layer3);
	}
	if (h && result != PARSE_OTHER)
		account(&p, h, result, ctx->ifindex, direction);
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
