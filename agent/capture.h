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

enum {
	CAPTURE_WINDOW_MS = 250,
};

struct capture_config {
	unsigned int directions; /* DIRECTION_IN | DIRECTION_OUT */
	unsigned int families;	 /* FAMILY_4 | FAMILY_6 */
	enum option_hook hook;
	enum option_xdp_mode xdp_mode;
	bool replace;	   /* detach a foreign XDP program */
	bool no_tcx;	   /* do as before Linux 6.6: for tests */
	size_t ring_bytes; /* power of two, multiple of the page; 0: default */
	/*
	 * Packets that get a record of their own, of each CPU and in each
	 * window of CAPTURE_WINDOW_MS, before they are folded; errors,
	 * redirects and router advertisements have their own budget. 0:
	 * default.
	 */
	uint32_t budget_records;
	uint32_t budget_specials;
	uint32_t flow_sets; /* of 4 flows, for each CPU; 2^n; 0: default */
	/*
	 * The chosen codes of each type, IPv4 then IPv6: bit n is code n, the
	 * highest bit is code 31 and all above. NULL: every packet. Only read
	 * by capture_new().
	 */
	const uint32_t (*codes)[256];
};

/* Monotonic, summed over CPUs. */
struct capture_counters {
	uint64_t seen;
	uint64_t recorded;
	uint64_t folded;
	uint64_t remainder;
	uint64_t filtered;
	uint64_t unparsed;
	uint64_t unparsed_reason[ICMP_UNPARSED_COUNT];
};

/* An interface that is or was captured. */
struct capture_link_view {
	const char *name; /* owned by the capture, until its next call */
	bool attached;
	const char *in; /* how: "xdp (native)", "tcx", "off" */
	const char *out;
	struct capture_counters counters[ICMP_DIR_COUNT];
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
 * Attaches to the interfaces that `pattern` means: a name, a glob as fnmatch(3)
 * reads it ("veth*"), or "all". Says of each how (hook, mode). The pattern is
 * remembered: what it means later is attached when capture_links_dispatch()
 * hears of it. A glob that means nothing yet is no failure.
 *
 * Negative errno, logged: -ENODEV with the names that exist; for a glob the
 * last failure where none could be attached.
 */
int capture_attach(struct capture *c, const char *pattern);

/* Readable when an interface came, went or changed. Never close it. */
int capture_links_fd(const struct capture *c);

/*
 * Follows at most `budget` changes: attaches what came or came back, by name
 * or pattern, also under a new index or after a rename; forgets what went.
 * Returns how many there were, `budget` where more may wait; negative errno.
 */
int capture_links_dispatch(struct capture *c, int budget);

/* False behind the last interface. */
bool capture_link_get(const struct capture *c, size_t i,
		      struct capture_link_view *ret_view);

/* Readable when records wait. Owned by the capture; never close it. */
int capture_fd(const struct capture *c);

/*
 * Gives at most `budget` waiting records to `fn`, oldest first. Returns how
 * many there were, `budget` where more may wait; negative errno.
 */
int capture_dispatch(struct capture *c, int budget, capture_event_fn fn,
		     void *user);

/*
 * When capture_collect() is next due, CLOCK_MONOTONIC in ns. It may come nearer
 * with each capture_dispatch().
 */
uint64_t capture_deadline(const struct capture *c);

/*
 * Gives at most `budget` events of what the kernel folded to `fn`: many packets
 * of one flow each, and those with `others` whose addresses are not known.
 * Before the deadline it does nothing. Makes no system call but for the time of
 * day. Returns how many events there were; where more wait the deadline is now.
 */
int capture_collect(struct capture *c, uint64_t now_ns, int budget,
		    capture_event_fn fn, void *user);

/*
 * The end: detaches from all interfaces and gives out all that was seen until
 * then, so that seen is what was given. Takes up to a tenth of a second. Only
 * capture_counters(), capture_link_get() and capture_free() may follow.
 * Negative errno.
 */
int capture_finish(struct capture *c, capture_event_fn fn, void *user);

void capture_counters(const struct capture *c,
		      struct capture_counters *ret_counters);

#endif
