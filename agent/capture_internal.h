/* SPDX-License-Identifier: ISC */
#ifndef CAPTURE_INTERNAL_H
#define CAPTURE_INTERNAL_H

/* What the files of capture share; see capture.h for the interface. */
#include "agent/attach.h"
#include "agent/capture.h"
#include "agent/links.h"
#include "bpf/record.h"

struct icmp_monitor_bpf;
struct ring_buffer;

enum link_state {
	LINK_FREE = 0, /* never used */
	LINK_ATTACHED,
	LINK_FAILED, /* there, but nothing could be attached; was said once */
	LINK_GONE,   /* no such interface now; the name waits for its return */
};

/*
 * One interface. Its row of counters is its index in capture.links plus one:
 * row 0 is for what is not in the table. A place keeps its name and row while
 * the interface is away, so that its counters go on where they stopped.
 */
struct capture_link {
	enum link_state state;
	char name[IF_NAMESIZE];
	int ifindex; /* the last one */
	bool running;
	struct attachment in;
	struct attachment out;
	/* of the row when another interface gave it up */
	struct capture_counters base[ICMP_DIR_COUNT];
};

struct capture {
	struct icmp_monitor_bpf *skel;
	struct ring_buffer *ring;
	struct capture_config config;
	struct attach_programs programs;
	int n_cpus;

	struct icmp_counters *counters; /* mapped, read only */
	struct icmp_link_set *sets;	/* mapped */

	char *patterns[OPTIONS_MAX_INTERFACES];
	size_t n_patterns;
	struct capture_link links[ICMP_ROWS - 1];
	int n_links; /* places in use are below this */
	int watch_fd;

	int64_t unix_minus_boot_ns;
	int64_t clock_read_ns; /* CLOCK_BOOTTIME */

	/* during capture_dispatch() */
	capture_event_fn fn;
	void *user;
	int left;
	int taken;
};

/* The callback of the ring buffer; `user` is the capture. */
int capture_on_record(void *user, void *data, size_t size);

/* Measures the offset of the clocks anew where the last is a second old. */
void capture_clock_refresh(struct capture *c);

/* "" where it is not known. Owned by the capture. */
const char *capture_link_name(const struct capture *c, uint32_t ifindex);

/* Adds what all CPUs counted in a row. */
void capture_row_add(const struct capture *c, uint32_t row, uint32_t direction,
		     struct capture_counters *sum);

void capture_links_release(struct capture *c);

#endif
