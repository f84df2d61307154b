// SPDX-License-Identifier: ISC
#include "agent/capture.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "agent/attach.h"
#include "agent/links.h"
#include "agent/log.h"
#include "bpf/record.h"

#pragma GCC diagnostic push /* what bpftool generates is not ours to mend */
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "icmp_monitor.skel.h"
#pragma GCC diagnostic pop

enum {
	RING_BYTES_DEFAULT = 4 << 20,
	CLOCK_READS = 5,
};
#define CLOCK_REFRESH_NS 1000000000LL

/* One interface. The row of counters is index + 1: row 0 is not ours. */
struct capture_link {
	char name[IF_NAMESIZE];
	int ifindex; /* 0: the place is free */
	struct attachment in;
	struct attachment out;
};

struct capture {
	struct icmp_monitor_bpf *skel;
	struct ring_buffer *ring;
	struct capture_config config;
	struct attach_programs programs;
	int n_cpus;

	struct icmp_counters *counters; /* mapped, read only */
	size_t counters_bytes;
	struct icmp_link_set *sets; /* mapped */
	struct capture_link links[ICMP_ROWS - 1];
	int n_links; /* places in use are below this */

	int64_t unix_minus_boot_ns;
	int64_t clock_read_ns; /* CLOCK_BOOTTIME */

	/* during capture_dispatch() */
	capture_event_fn fn;
	void *user;
	int left;
	int taken;
};

/* ---- loading ---- */

static void log_load_error(int err)
{
	struct utsname u;
	int major = 0, minor = 0;

	if (uname(&u) == 0)
		sscanf(u.release, "%d.%d", &major, &minor);
	if (err == -EPERM || err == -EACCES)
		log_error("cannot load the BPF programs: %s; run as root or "
			  "give the capabilities",
			  attach_missing_capabilities());
	else if (major < 5 || (major == 5 && minor < 9))
		log_error("cannot load the BPF programs: Linux 5.9 or newer "
			  "is needed, this is %s",
			  u.release);
	else
		log_error("cannot load the BPF programs: %s; --verbose shows "
			  "the kernel's reasons",
			  strerror(-err));
}

/*
 * bpf_xdp_load_bytes() came with Linux 5.18. Without it the XDP program
 * cannot be, and tc does the work.
 */
static bool xdp_loadable(void)
{
	return libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP,
				       BPF_FUNC_xdp_load_bytes, NULL) != 0;
}

static int skel_prepare(struct capture *c)
{
	struct icmp_monitor_bpf *s = c->skel;
	size_t ring = c->config.ring_bytes ? c->config.ring_bytes
					   : RING_BYTES_DEFAULT;
	__u32 rows = (__u32)c->n_cpus * ICMP_ROWS * ICMP_DIR_COUNT;
	int err;

	s->rodata->cfg_families = c->config.families;
	err = bpf_map__set_max_entries(s->maps.records, (__u32)ring);
	if (err == 0)
		err = bpf_map__set_max_entries(s->maps.counters, rows);
	if (err == 0 && !xdp_loadable())
		err = bpf_program__set_autoload(s->progs.icmp_xdp, false);
	return err;
}

static int map_rows(struct capture *c)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = sizeof(struct icmp_counters) * (size_t)c->n_cpus *
		       ICMP_ROWS * ICMP_DIR_COUNT;
	void *p;

	c->counters_bytes = (bytes + page - 1) / page * page;
	p = mmap(NULL, c->counters_bytes, PROT_READ, MAP_SHARED,
		 bpf_map__fd(c->skel->maps.counters), 0);
	if (p == MAP_FAILED)
		return -errno;
	c->counters = p;
	p = mmap(NULL, sizeof(*c->sets) * ICMP_LINK_SETS,
		 PROT_READ | PROT_WRITE, MAP_SHARED,
		 bpf_map__fd(c->skel->maps.links), 0);
	if (p == MAP_FAILED)
		return -errno;
	c->sets = p;
	return 0;
}

static int on_record(void *user, void *data, size_t size);

static int capture_load(struct capture *c)
{
	struct icmp_monitor_bpf *s;
	int err;

	s = c->skel = icmp_monitor_bpf__open();
	if (!s)
		return -errno;
	err = skel_prepare(c);
	if (err == 0)
		err = icmp_monitor_bpf__load(s);
	if (err == 0)
		err = map_rows(c);
	if (err)
		return err;
	c->ring = ring_buffer__new(bpf_map__fd(s->maps.records), on_record, c,
				   NULL);
	if (!c->ring)
		return -errno;
	c->programs = (struct attach_programs){
		.xdp = bpf_program__fd(s->progs.icmp_xdp),
		.tc = {bpf_program__fd(s->progs.icmp_tc_in),
		       bpf_program__fd(s->progs.icmp_tc_out)},
		.tc_l3 = {bpf_program__fd(s->progs.icmp_tc_in_l3),
			  bpf_program__fd(s->progs.icmp_tc_out_l3)},
	};
	return 0;
}

int capture_new(const struct capture_config *config,
		struct capture **ret_capture)
{
	struct capture *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	attach_init_log();
	c->config = *config;
	c->n_cpus = libbpf_num_possible_cpus();
	err = c->n_cpus < 0 ? c->n_cpus : capture_load(c);
	if (err) {
		log_load_error(err);
		capture_free(c);
		return err;
	}
	*ret_capture = c;
	return 0;
}

void capture_free(struct capture *c)
{
	if (!c)
		return;
	for (int i = 0; i < c->n_links; i++) {
		if (!c->links[i].ifindex)
			continue;
		attachment_release(&c->links[i].in);
		attachment_release(&c->links[i].out);
	}
	ring_buffer__free(c->ring);
	if (c->counters)
		munmap(c->counters, c->counters_bytes);
	if (c->sets)
		munmap(c->sets, sizeof(*c->sets) * ICMP_LINK_SETS);
	icmp_monitor_bpf__destroy(c->skel);
	free(c);
}

/* ---- interfaces ---- */

static uint64_t *row_ways(const struct capture *c, uint32_t ifindex)
{
	return (uint64_t *)c->sets[ifindex % ICMP_LINK_SETS].way;
}

/* The programs' table of rows; a full set leaves the interface to row 0. */
static void row_set(struct capture *c, uint32_t ifindex, uint32_t row)
{
	uint64_t *way = row_ways(c, ifindex);

	for (int i = 0; i < ICMP_LINK_WAYS; i++) {
		if (way[i])
			continue;
		__atomic_store_n(&way[i], ICMP_LINK(ifindex, row),
				 __ATOMIC_RELEASE);
		return;
	}
}

static void row_clear(struct capture *c, uint32_t ifindex)
{
	uint64_t *way = row_ways(c, ifindex);

	for (int i = 0; i < ICMP_LINK_WAYS; i++)
		if (ICMP_LINK_IFINDEX(way[i]) == ifindex)
			__atomic_store_n(&way[i], 0, __ATOMIC_RELEASE);
}

static const char *link_name(const struct capture *c, uint32_t ifindex)
{
	const uint64_t *way = row_ways(c, ifindex);

	for (int i = 0; i < ICMP_LINK_WAYS; i++) {
		uint32_t row = ICMP_LINK_ROW(way[i]);

		if (way[i] && ICMP_LINK_IFINDEX(way[i]) == ifindex &&
		    row <= (uint32_t)c->n_links)
			return c->links[row - 1].name;
	}
	return "";
}

static struct capture_link *link_place(struct capture *c)
{
	for (int i = 0; i < c->n_links; i++)
		if (!c->links[i].ifindex)
			return &c->links[i];
	if (c->n_links == ICMP_ROWS - 1)
		return NULL;
	return &c->links[c->n_links++];
}

static int link_attach(struct capture *c, struct capture_link *l,
		       const struct link_info *info)
{
	const struct attach_policy policy = {
		.hook = c->config.hook,
		.xdp_mode = c->config.xdp_mode,
		.replace = c->config.replace,
	};
	int err = 0;

	l->in.link_fd = l->out.link_fd = -1;
	if (c->config.directions & DIRECTION_IN)
		err = attach_ingress(&c->programs, &policy, info, &l->in);
	if (err == 0 && c->config.directions & DIRECTION_OUT)
		err = attach_egress(&c->programs, info, &l->out);
	if (err)
		attachment_release(&l->in);
	return err;
}

static void log_no_device(const char *ifname)
{
	char names[512];

	link_names(names, sizeof(names));
	log_error("%s: there is no such interface; there are: %s", ifname,
		  names);
}

static int info_get(const char *ifname, struct link_info *ret_info)
{
	struct link_info info;
	int err = link_info_get(ifname, &info);

	if (err == -ENODEV) {
		log_no_device(ifname);
		return err;
	}
	if (err == 0 && !info.ethernet && !info.layer3)
		err = -EPROTONOSUPPORT;
	if (err) {
		log_error("%s: cannot capture here: %s", ifname,
			  err == -EPROTONOSUPPORT ? "unknown link layer"
						  : strerror(-err));
		return err;
	}
	*ret_info = info;
	return 0;
}

int capture_attach(struct capture *c, const char *ifname)
{
	struct capture_link *l;
	struct link_info info;
	int err = info_get(ifname, &info);

	if (err)
		return err;
	l = link_place(c);
	if (!l) {
		log_error("%s: no more than %d interfaces at once", ifname,
			  ICMP_ROWS - 1);
		return -ENOSPC;
	}
	memcpy(l->name, info.name, sizeof(l->name));
	row_set(c, (uint32_t)info.ifindex, (uint32_t)(l - c->links) + 1);
	err = link_attach(c, l, &info);
	if (err) {
		row_clear(c, (uint32_t)info.ifindex);
		return err;
	}
	l->ifindex = info.ifindex;
	log_info("%s: in %s, out %s", ifname, attach_how_name(l->in.how),
		 attach_how_name(l->out.how));
	return 0;
}

/* ---- records ---- */

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
}

/*
 * The clocks cannot be read at one instant: of several readings the one whose
 * two ends lie closest is the best.
 */
static void clock_refresh(struct capture *c)
{
	int64_t best_ns = INT64_MAX;
	int64_t now_ns = clock_ns(CLOCK_BOOTTIME);

	if (c->clock_read_ns && now_ns - c->clock_read_ns < CLOCK_REFRESH_NS)
		return;
	c->clock_read_ns = now_ns;
	for (int i = 0; i < CLOCK_READS; i++) {
		int64_t before = clock_ns(CLOCK_BOOTTIME);
		int64_t unix_ns = clock_ns(CLOCK_REALTIME);
		int64_t after = clock_ns(CLOCK_BOOTTIME);

		if (after - before >= best_ns)
			continue;
		best_ns = after - before;
		c->unix_minus_boot_ns = unix_ns - before - best_ns / 2;
	}
}

/*
 * libbpf before 1.5 has no budget, but a negative result ends its loop after
 * this record was consumed.
 */
static int on_record(void *user, void *data, size_t size)
{
	struct capture *c = user;
	const struct icmp_record *r = data;
	struct icmp_event event;

	if (size >= sizeof(*r) &&
	    event_from_record(r, link_name(c, r->ifindex),
			      c->unix_minus_boot_ns, &event) == 0)
		c->fn(c->user, &event);
	c->taken++;
	return --c->left > 0 ? 0 : -EAGAIN;
}

int capture_fd(const struct capture *c)
{
	return ring_buffer__epoll_fd(c->ring);
}

int capture_dispatch(struct capture *c, int budget, capture_event_fn fn,
		     void *user)
{
	int err;

	if (budget <= 0)
		return 0;
	clock_refresh(c);
	c->fn = fn;
	c->user = user;
	c->left = budget;
	c->taken = 0;
	err = ring_buffer__consume(c->ring);
	return err < 0 && err != -EAGAIN ? err : c->taken;
}

/* ---- counters ---- */

static void counters_add(struct capture_counters *sum,
			 const struct icmp_counters *row)
{
	sum->seen += __atomic_load_n(&row->seen, __ATOMIC_RELAXED);
	sum->recorded += __atomic_load_n(&row->recorded, __ATOMIC_RELAXED);
	sum->folded += __atomic_load_n(&row->folded, __ATOMIC_RELAXED);
	sum->remainder += __atomic_load_n(&row->remainder, __ATOMIC_RELAXED);
	sum->filtered += __atomic_load_n(&row->filtered, __ATOMIC_RELAXED);
	for (int i = 0; i < ICMP_UNPARSED_COUNT; i++)
		sum->unparsed +=
			__atomic_load_n(&row->unparsed[i], __ATOMIC_RELAXED);
}

void capture_counters(const struct capture *c,
		      struct capture_counters *ret_counters)
{
	size_t n = (size_t)c->n_cpus * ICMP_ROWS * ICMP_DIR_COUNT;
	struct capture_counters sum = {0};

	for (size_t i = 0; i < n; i++)
		counters_add(&sum, &c->counters[i]);
	*ret_counters = sum;
}
