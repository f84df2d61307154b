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
	int err;     /* of attaching */
	bool running;
	struct attachment in;
	struct attachment out;
	/* of the row when another interface gave it up */
	struct capture_counters base[ICMP_DIR_COUNT];
};

/*
 * How user space reads what the kernel folded: it flips the epoch, so that the
 * programs go on in the other table, waits until nobody can still write to the
 * retired one, and reads that.
 */
enum collect_state {
	COLLECT_OPEN = 0, /* the window runs */
	COLLECT_SETTLING, /* flipped; every CPU comes to see it */
	COLLECT_DRAINING, /* who entered before must leave */
	COLLECT_READY,	  /* the retired table is quiet */
};

struct collect_cpu {
	uint64_t enter; /* at the last flip */
	uint64_t mark;	/* enter, when the flip was seen by all */
	/* folds, when the table began to be used: now, and the retired one */
	uint64_t folds;
	uint64_t retired_folds;
};

struct collect {
	enum collect_state state;
	uint64_t deadline_ns; /* CLOCK_MONOTONIC */
	uint64_t flip_ns;     /* likewise */
	int64_t window_ns;    /* Unix time at which the window began */
	struct event_window retired;
	uint32_t retired_epoch;
	uint32_t at_cpu; /* as far as it was read */
	uint32_t at_place;
	uint64_t n_harvests;

	/* mapped */
	const struct icmp_cpu *rows;
	struct icmp_flow *flows;
	struct icmp_type *types;
	const uint64_t *rest;
	uint32_t flow_sets;

	struct collect_cpu *cpus; /* n_cpus */
	uint64_t *rest_read;	  /* rest, as far as it was given out */
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

	struct collect collect;

	int64_t unix_minus_boot_ns;
	int64_t clock_read_ns; /* CLOCK_BOOTTIME */

	/* during capture_dispatch() */
	capture_event_fn fn;
	void *user;
	int left;
	int taken;
};

/* Sets the sizes of the tables; before load. Negative errno. */
int capture_collect_prepare(struct capture *c);

/* Maps the tables; after load. Negative errno. */
int capture_collect_open(struct capture *c);
void capture_collect_close(struct capture *c);

/*
 * Gives out the retired table from where the last call stopped, at most
 * `budget` events; collect.at_cpu is n_cpus when all was read.
 */
int capture_collect_take(struct capture *c, int budget, capture_event_fn fn,
			 void *user);

/* Packets came: what is folded beside them is due at the window's end. */
void capture_collect_hasten(struct capture *c);

/* Maps `bytes` of a map that is BPF_F_MMAPABLE. NULL with errno. */
struct bpf_map;
void *capture_map_shared(const struct bpf_map *map, size_t bytes, int prot);

/* The callback of the ring buffer; `user` is the capture. */
int capture_on_record(void *user, void *data, size_t size);

int64_t capture_unix_now(void); /* ns */

/* Measures the offset of the clocks anew where the last is a second old. */
void capture_clock_refresh(struct capture *c);

/*
 * The row of an interface, for the programs. Where four share a set the fifth
 * is counted in row 0. To clear is nothing where the index is another's by now.
 */
void capture_row_set(struct capture *c, uint32_t ifindex, uint32_t row);
void capture_row_clear(struct capture *c, uint32_t ifindex, uint32_t row);

/* "" where it is not known. Owned by the capture. */
const char *capture_link_name(const struct capture *c, uint32_t ifindex);

/* Adds what all CPUs counted in a row. */
void capture_row_add(const struct capture *c, uint32_t row, uint32_t direction,
		     struct capture_counters *sum);

void capture_links_release(struct capture *c);

#endif
