// SPDX-License-Identifier: ISC
/*
 * A day without a backend, by a simulated clock: what it costs in memory, and
 * in which order it is told afterwards.
 *
 *     bench_outage [HOURS [PACKETS_A_SECOND [SOURCES]]]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/outbox.h"

#define NS_PER_S INT64_C(1000000000)
#define BEGIN_NS (INT64_C(1700000000) * NS_PER_S)

enum {
	QUEUE_MESSAGES = 10000, /* as by default, and so the rate */
};

struct outage {
	struct outbox *outbox;
	uint64_t seconds;
	uint64_t rate; /* packets a second */
	uint64_t sources;
	uint64_t random;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double resident_mib(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long size, pages = 0;

	if (!f || fscanf(f, "%ld %ld", &size, &pages) != 2)
		exit(1);
	fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

/* splitmix64 */
static uint64_t draw(struct outage *o, uint64_t bound)
{
	uint64_t z = o->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (z ^ z >> 31) % bound;
}

static void take(struct outage *o, int64_t unix_ns)
{
	struct icmp_event e = {
		.key = {.ifindex = 2, .family = 4, .type = 8},
		.ifname = "eth0",
		.count = 1,
		.bytes = 84,
		.single = true,
		.first_ns = unix_ns,
		.last_ns = unix_ns,
	};
	uint32_t source = (uint32_t)draw(o, o->sources);

	memcpy(e.key.src, &source, sizeof(source));
	outbox_take(o->outbox, &e, unix_ns);
}

static void simulate(struct outage *o)
{
	for (uint64_t second = 0; second < o->seconds; second++) {
		int64_t begin_ns = BEGIN_NS + (int64_t)second * NS_PER_S;

		for (uint64_t i = 0; i < o->rate; i++)
			take(o, begin_ns + (int64_t)(i * (uint64_t)NS_PER_S /
						     o->rate));
		outbox_turn(o->outbox, begin_ns + NS_PER_S);
	}
}

/* The backend is back: what the full queue could not hold, then the queue. */
static int drain(struct outage *o)
{
	uint64_t packets = 0, n = 0, summaries;
	int64_t longest_ns = 0, last_ns = 0;
	const struct message *m = outbox_peek(o->outbox, 0);

	summaries = outbox_waiting(o->outbox) - QUEUE_MESSAGES;
	for (; m; m = outbox_peek(o->outbox, 0), n++) {
		const struct icmp_event *e = &m->event;
		int64_t span_ns = e->last_ns - e->first_ns;

		packets += e->count;
		longest_ns = span_ns > longest_ns ? span_ns : longest_ns;
		if (n >= summaries && e->last_ns + NS_PER_S < last_ns) {
			printf("out of order\n");
			return 1;
		}
		last_ns = n >= summaries ? e->last_ns : 0;
		outbox_sent(o->outbox, 1, 0);
	}
	printf("told: %" PRIu64 " summaries, the longest of %.1f h, then "
	       "%" PRIu64 " messages in order: %" PRIu64 " packets\n",
	       summaries, (double)longest_ns / 3.6e12, n - summaries, packets);
	return packets != o->seconds * o->rate || outbox_pending(o->outbox);
}

int main(int argc, char *argv[])
{
	struct outage o = {
		.seconds = 3600 * (argc > 1 ? strtoull(argv[1], NULL, 10) : 24),
		.rate = argc > 2 ? strtoull(argv[2], NULL, 10) : 10000,
		.sources = argc > 3 ? strtoull(argv[3], NULL, 10) : 50000,
	};
	const struct outbox_config config = {
		.rate = 10, .queue_messages = QUEUE_MESSAGES, .flows = 4096};
	double before, began;

	if (outbox_new(&config, &o.outbox))
		return 1;
	before = resident_mib();
	began = now();
	simulate(&o);
	printf("outage of %.1f h at %" PRIu64 " packets a second of %" PRIu64
	       " sources: resident memory grew by %.1f MiB; %.0f ns a packet\n",
	       (double)o.seconds / 3600, o.rate, o.sources,
	       resident_mib() - before,
	       (now() - began) * 1e9 / (double)(o.seconds * o.rate));
	if (!account_balanced(&outbox_counters(o.outbox)->account,
			      outbox_pending(o.outbox)) ||
	    drain(&o)) {
		printf("packets were lost\n");
		return 1;
	}
	outbox_free(o.outbox);
	return 0;
}
