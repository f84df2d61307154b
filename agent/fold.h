/* SPDX-License-Identifier: ISC */
#ifndef FOLD_H
#define FOLD_H

/*
 * Where detail degrades and counts do not: events of one flow become one
 * event, flows beyond the bound become one event "from other hosts" for each
 * interface, direction, family, type and code, and where even those are too
 * many (256) one for each direction, family and type, of any code. Nothing
 * that was added is ever lost, and memory is fixed from the start. Pure.
 */
#include <stddef.h>
#include <stdint.h>

#include "agent/event.h"
#include "agent/siphash.h"

struct fold;

/* What a message is worth, best first. */
enum fold_class {
	FOLD_URGENT = 0, /* errors, redirects, router advertisements */
	FOLD_NORMAL = 1,
	FOLD_ECHO = 2,
};

typedef void (*fold_emit_fn)(void *user, const struct icmp_event *event);

/*
 * `seed` is random and secret: with it, nobody outside can choose addresses
 * that fall into one place. -ENOMEM, or -EINVAL where max_flows is 0 or above
 * 2^24. About 250 bytes a flow and 300 KiB, touched when they are used.
 */
int fold_new(size_t max_flows, const uint8_t seed[SIPHASH_KEY_BYTES],
	     struct fold **ret_fold);
void fold_free(struct fold *f);

void fold_add(struct fold *f, const struct icmp_event *event);

/*
 * Ends a window: gives at most `budget` events to `emit` and returns how many.
 * First single flows, urgent ones first and of these the largest; as many as
 * leave room for what all others fold into; then those. What `budget` cannot
 * even hold so stays for the next window, folded, and the one that waited
 * longest has the last place of it. A flow that is alone in its fold keeps its
 * addresses, a packet that is alone in its flow its detail.
 *
 * SIZE_MAX empties it. `emit` must not use the fold.
 */
size_t fold_close(struct fold *f, size_t budget, fold_emit_fn emit, void *user);

/* Packets inside: a part of `pending` in the accounting. */
uint64_t fold_packets(const struct fold *f);

/* How many events fold_close(SIZE_MAX) would give. */
size_t fold_length(const struct fold *f);

enum fold_class fold_class_of(uint8_t family, uint8_t type);

#endif
