/* SPDX-License-Identifier: ISC */
#ifndef ACCOUNT_H
#define ACCOUNT_H

/*
 * Every packet that entered is in a message, waits or was dropped and said so:
 *
 *     seen = reported + pending + dropped
 *
 * Counters are packets and never fall; `pending` is what the stages hold when
 * they are asked. Pure.
 */
#include <stdbool.h>
#include <stdint.h>

#include "agent/event.h"

enum account_how {
	ACCOUNT_SINGLE = 0,    /* one packet, in detail */
	ACCOUNT_SUMMARY = 1,   /* packets of one flow */
	ACCOUNT_REMAINDER = 2, /* "from other hosts" */
	ACCOUNT_HOW_COUNT,
};

enum account_reason {
	ACCOUNT_DROP_RATE = 0,	/* beyond the rate, with --overflow drop */
	ACCOUNT_DROP_QUEUE = 1, /* the oldest of a full queue */
	ACCOUNT_DROP_SIZE = 2,	/* larger than the server takes */
	ACCOUNT_REASON_COUNT,
};

struct account {
	uint64_t seen;
	uint64_t reported[ACCOUNT_HOW_COUNT];
	uint64_t dropped[ACCOUNT_REASON_COUNT];
};

/* Each takes the packets of one event; a message sent again is not reported
 * again. */
void account_see(struct account *a, const struct icmp_event *event);
void account_report(struct account *a, const struct icmp_event *event);
void account_drop(struct account *a, enum account_reason reason,
		  const struct icmp_event *event);

enum account_how account_how_of(const struct icmp_event *event);

/* Label values of the metrics. */
const char *account_how_name(enum account_how how);
const char *account_reason_name(enum account_reason reason);

uint64_t account_reported(const struct account *a);
uint64_t account_dropped(const struct account *a);

/* What must be waiting somewhere: seen - reported - dropped. */
uint64_t account_pending(const struct account *a);

/* The identity, where the stages hold `held` packets. */
bool account_balanced(const struct account *a, uint64_t held);

#endif
