/* SPDX-License-Identifier: ISC */
#ifndef RTT_H
#define RTT_H

/*
 * Echo requests and their replies, paired by identifier, sequence number and
 * both addresses (RFC 792, RFC 4443 section 4.1). A request that went out is
 * answered by a reply that came in, and the other way round: then the time is
 * how long this host, or the network behind it, took.
 *
 * The two directions have a table each, so that a flood from outside cannot
 * displace what this host asked. Requests to a group (multicast, broadcast)
 * are left alone: who answers does so under an address of his own, and may as
 * well be silent (RFC 1122 section 3.2.2.6). Pure; the clock is any that does
 * not step, CLOCK_BOOTTIME of the packets for choice.
 */
#include <stddef.h>
#include <stdint.h>

#include "agent/event.h"
#include "agent/siphash.h"

#define RTT_TIMEOUT_NS INT64_C(10000000000)

enum {
	RTT_BUCKETS = 16
};

/* Upper bounds in ns, ascending; what is above the last counts in `answered`
 * alone. */
extern const int64_t rtt_bucket_ns[RTT_BUCKETS];

/*
 * Of one direction, that of the request. requests = answered + unanswered +
 * repeated + displaced + those that still wait.
 */
struct rtt_counters {
	uint64_t requests;
	uint64_t answered;
	uint64_t unanswered; /* no reply within RTT_TIMEOUT_NS */
	uint64_t repeated;   /* the same request again before a reply */
	/* the oldest of a full table, and those whose reply may have been
	 * among packets that were only counted */
	uint64_t displaced;
	uint64_t strays;	       /* replies to no request that was seen */
	uint64_t sum_ns;	       /* of all answered */
	uint64_t buckets[RTT_BUCKETS]; /* each its own, not cumulative */
};

struct rtt;

/* -ENOMEM, or -EINVAL where max_waiting (of each direction) is 0 or > 2^24. */
int rtt_new(size_t max_waiting, const uint8_t seed[SIPHASH_KEY_BYTES],
	    struct rtt **ret_rtt);
void rtt_free(struct rtt *r);

/*
 * Takes every event, minds single echo requests and replies with their
 * identifiers; and replies that were only counted, up to time_ns: requests that
 * wait then are not called unanswered, for who knows. Writes rtt_ns of a reply
 * whose request was seen less than RTT_TIMEOUT_NS ago, at least 1.
 */
void rtt_observe(struct rtt *r, struct icmp_event *event, int64_t time_ns);

/* Gives up requests that are too old at now_ns. */
void rtt_expire(struct rtt *r, int64_t now_ns);

/* Of requests in this direction; valid as long as `r`. */
const struct rtt_counters *rtt_counters(const struct rtt *r,
					enum icmp_direction direction);

#endif
