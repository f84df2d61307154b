/* SPDX-License-Identifier: ISC */
#ifndef CAPTURE_H
#define CAPTURE_H

/*
 * The kernel edge: loads the BPF programs, attaches them to interfaces by
 * links (so that the end of the process, however it ends, detaches them) and
 * turns ring-buffer records into events. The only part, with attach and links,
 * that includes libbpf.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/event.h"
#include "agent/options.h"

struct capture;

struct capture_config {
	unsigned int directions; /* DIRECTION_IN | DIRECTION_OUT */
	unsigned int families;	 /* FAMILY_4 | FAMILY_6 */
	enum option_hook hook;
	enum option_xdp_mode xdp_mode;
	bool replace;	   /* detach a foreign XDP program */
	size_t ring_bytes; /* power of two, multiple of the page; 0: default */
};

/* Monotonic, summed over CPUs; per interface in a later reading. */
struct capture_counters {
	uint64_t seen;
	uint64_t recorded;
	uint64_t folded;
	uint64_t remainder;
	uint64_t filtered;
	uint64_t unparsed;
};

typedef void (*capture_event_fn)(void *user, const struct icmp_event *event);

/*
 * Loads the programs. Nothing is attached yet. Negative errno; the cause and
 * the remedy were logged in one line: -EPERM names the missing capabilities,
 * -EOPNOTSUPP a kernel below Linux 5.9.
 */
int capture_new(const struct capture_config *config,
		struct capture **ret_capture);
void capture_free(struct capture *c);

/*
 * Attaches to one interface by name and logs how (hook, mode). Negative
 * errno, logged: -ENODEV with the names that exist.
 */
int capture_attach(struct capture *c, const char *ifname);

/* Readable when records wait. Owned by the capture; never close it. */
int capture_fd(const struct capture *c);

/*
 * Gives at most `budget` waiting records to `fn`, oldest first. Returns how
 * many there were, `budget` where more may wait; negative errno.
 */
int capture_dispatch(struct capture *c, int budget, capture_event_fn fn,
		     void *user);

void capture_counters(const struct capture *c,
		      struct capture_counters *ret_counters);

#endif
