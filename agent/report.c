/* SPDX-License-Identifier: ISC */
#include "agent/report_internal.h"

#include <inttypes.h>
#include <stdio.h>

#include "agent/log.h"

static const char *const directions[ICMP_DIR_COUNT] = {"in", "out"};

static const char *const unparsed_reasons[ICMP_UNPARSED_COUNT] = {
	[ICMP_UNPARSED_TRUNCATED] = "truncated",
	[ICMP_UNPARSED_HEADER] = "header",
	[ICMP_UNPARSED_VLAN] = "vlan",
	[ICMP_UNPARSED_EXTENSION] = "extension",
	[ICMP_UNPARSED_FRAGMENT] = "fragment",
};

/* ---- of the kernel: by interface and direction ---- */

typedef uint64_t (*link_value_fn)(const struct capture_counters *c);

static uint64_t seen_of(const struct capture_counters *c)
{
	return c->seen;
}

static uint64_t recorded_of(const struct capture_counters *c)
{
	return c->recorded;
}

static uint64_t folded_of(const struct capture_counters *c)
{
	return c->folded;
}

static uint64_t remainder_of(const struct capture_counters *c)
{
	return c->remainder;
}

static uint64_t filtered_of(const struct capture_counters *c)
{
	return c->filtered;
}

static const struct {
	const char *name, *help;
	link_value_fn value;
} link_families[] = {
	{PREFIX "seen_packets_total", "ICMP packets that the programs saw.",
	 seen_of},
	{PREFIX "recorded_packets_total",
	 "Seen packets that have a record of their own.", recorded_of},
	{PREFIX "folded_packets_total",
	 "Seen packets counted in the kernel's table of flows.", folded_of},
	{PREFIX "remainder_packets_total",
	 "Seen packets counted in the kernel without their addresses.",
	 remainder_of},
	{PREFIX "filtered_packets_total",
	 "ICMP packets that the settings did not choose.", filtered_of},
};

static void expose_link_family(const struct report_sources *s,
			       struct exposition *e, size_t k)
{
	struct capture_link_view link;

	exposition_family(e, link_families[k].name, "counter",
			  link_families[k].help);
	for (size_t i = 0; capture_link_get(s->capture, i, &link); i++) {
		for (int d = 0; d < ICMP_DIR_COUNT; d++) {
			const struct exposition_label labels[] = {
				{"interface", link.name},
				{"direction", directions[d]},
				{NULL, NULL},
			};

			exposition_sample(
				e, link_families[k].name, labels,
				link_families[k].value(&link.counters[d]));
		}
	}
}

static void expose_unparsed(const struct report_sources *s,
			    struct exposition *e)
{
	static const char name[] = PREFIX "unparsed_packets_total";
	struct capture_link_view link;

	exposition_family(e, name, "counter",
			  "Packets that could not be read, by reason.");
	for (size_t i = 0; capture_link_get(s->capture, i, &link); i++) {
		for (int k = 0; k < ICMP_DIR_COUNT * ICMP_UNPARSED_COUNT; k++) {
			int d = k / ICMP_UNPARSED_COUNT;
			int reason = k % ICMP_UNPARSED_COUNT;
			const struct exposition_label labels[] = {
				{"interface", link.name},
				{"direction", directions[d]},
				{"reason", unparsed_reasons[reason]},
				{NULL, NULL},
			};

			exposition_sample(
				e, name, labels,
				link.counters[d].unparsed_reason[reason]);
		}
	}
}

static void expose_attached(const struct report_sources *s,
			    struct exposition *e)
{
	static const char name[] = PREFIX "interface_attached";
	struct capture_link_view link;

	exposition_family(e, name, "gauge",
			  "1 while the programs are attached; how they are.");
	for (size_t i = 0; capture_link_get(s->capture, i, &link); i++) {
		const struct exposition_label labels[] = {
			{"interface", link.name},
			{"ingress", link.in},
			{"egress", link.out},
			{NULL, NULL},
		};

		exposition_sample(e, name, labels, link.attached);
	}
}

/* ---- of the packets ---- */

static void expose_tally(const struct report_sources *s, struct exposition *e)
{
	static const char name[] = PREFIX "packets_total";

	exposition_family(
		e, name, "counter",
		"Packets by family, type and code (31: and above; any: "
		"not told apart).");
	for (unsigned int k = 0; k < 2 * 256 * TALLY_CELLS; k++) {
		unsigned int family = k / (256 * TALLY_CELLS);
		unsigned int type = k / TALLY_CELLS % 256;
		unsigned int code = k % TALLY_CELLS;
		char type_text[8], code_text[8];
		const struct exposition_label labels[] = {
			{"family", family ? "6" : "4"},
			{"type", type_text},
			{"code", code_text},
			{NULL, NULL},
		};

		if (!s->tally->packets[family][type][code])
			continue;
		snprintf(type_text, sizeof(type_text), "%u", type);
		snprintf(code_text, sizeof(code_text),
			 code == TALLY_ANY ? "any" : "%u", code);
		exposition_sample(e, name, labels,
				  s->tally->packets[family][type][code]);
	}
}

static void expose_histogram(const struct rtt_counters *c,
			     const char *direction, struct exposition *e)
{
	char bound[32];
	struct exposition_label labels[] = {
		{"direction", direction},
		{"le", bound},
		{NULL, NULL},
	};
	uint64_t sum = 0;

	for (int i = 0; i < RTT_BUCKETS; i++) {
		sum += c->buckets[i];
		exposition_write_seconds((uint64_t)rtt_bucket_ns[i], bound);
		exposition_sample(e, PREFIX "echo_rtt_seconds_bucket", labels,
				  sum);
	}
	labels[1].value = "+Inf";
	exposition_sample(e, PREFIX "echo_rtt_seconds_bucket", labels,
			  c->answered);
	labels[1].value = NULL;
	exposition_seconds(e, PREFIX "echo_rtt_seconds_sum", labels, c->sum_ns);
	exposition_sample(e, PREFIX "echo_rtt_seconds_count", labels,
			  c->answered);
}

static void expose_rtt(const struct report_sources *s, struct exposition *e)
{
	static const char lost[] = PREFIX "echo_unanswered_total";

	exposition_family(e, PREFIX "echo_rtt_seconds", "histogram",
			  "From echo request to reply; the direction is the "
			  "request's.");
	for (int d = 0; d < ICMP_DIR_COUNT; d++)
		expose_histogram(rtt_counters(s->rtt, d), directions[d], e);
	exposition_family(e, lost, "counter",
			  "Echo requests without a reply within 10 s.");
	for (int d = 0; d < ICMP_DIR_COUNT; d++) {
		const struct exposition_label labels[] = {
			{"direction", directions[d]},
			{NULL, NULL},
		};

		exposition_sample(e, lost, labels,
				  rtt_counters(s->rtt, d)->unanswered);
	}
}

void report_metrics(const struct report_sources *s, struct exposition *e)
{
	static const struct exposition_label version[] = {
		{"version", ICMP_AGENT_VERSION},
		{NULL, NULL},
	};

	exposition_family(e, PREFIX "info", "gauge", "Always 1.");
	exposition_sample(e, PREFIX "info", version, 1);
	for (size_t k = 0; k < sizeof(link_families) / sizeof(link_families[0]);
	     k++)
		expose_link_family(s, e, k);
	expose_unparsed(s, e);
	expose_attached(s, e);
	expose_tally(s, e);
	if (s->rtt)
		expose_rtt(s, e);
	report_outputs(s, e);
}

const char *report_health(const struct report_sources *s)
{
	const struct room *r;

	for (size_t i = 0; s->rooms && (r = rooms_get(s->rooms, i)); i++)
		if (!room_connected(r))
			return room_failure(r);
	return NULL;
}

void report_totals(const struct report_sources *s)
{
	struct capture_counters kernel;
	struct report_output out;
	uint64_t reported = 0, pending = 0;
	uint64_t dropped[ACCOUNT_REASON_COUNT] = {0};

	capture_counters(s->capture, &kernel);
	for (size_t i = 0; report_output_get(s, i, &out); i++) {
		reported += account_reported(out.account);
		pending += out.pending;
		for (int k = 0; k < ACCOUNT_REASON_COUNT; k++)
			dropped[k] += out.account->dropped[k];
	}
	log_info("packets: %" PRIu64 " seen = %" PRIu64 " reported + %" PRIu64
		 " pending + %" PRIu64 " dropped (%" PRIu64 " by rate, %" PRIu64
		 " by queue, %" PRIu64 " by size); beside it %" PRIu64
		 " filtered, %" PRIu64 " unreadable",
		 kernel.seen, reported, pending,
		 dropped[0] + dropped[1] + dropped[2],
		 dropped[ACCOUNT_DROP_RATE], dropped[ACCOUNT_DROP_QUEUE],
		 dropped[ACCOUNT_DROP_SIZE], kernel.filtered, kernel.unparsed);
}
