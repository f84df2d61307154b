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
#include <unistd.h>

#include "agent/capture_internal.h"
#include "agent/log.h"

#pragma GCC diagnostic push /* what bpftool generates is not ours to mend */
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "icmp_monitor.skel.h"
#pragma GCC diagnostic pop

enum {
	RING_BYTES_DEFAULT = 4 << 20,
};

static void log_load_error(int err)
{
	struct utsname u = {0};
	unsigned long major, minor;
	char *end;

	(void)uname(&u); /* "" reads as 0, too old */
	major = strtoul(u.release, &end, 10);
	minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	if (err == -EPERM || err == -EACCES)
		log_error("cannot load the BPF programs: %s",
			  attach_missing_capabilities());
	else if (major < 5 || (major == 5 && minor < 9))
		log_error("cannot load the BPF programs: Linux 5.9 or newer "
			  "is needed, this is %s",
			  u.release);
	else if (err == -EMFILE)
		log_error("cannot load the BPF programs: %s; raise the limit, "
			  "see ulimit -n",
			  strerror(EMFILE));
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
	s->rodata->cfg_choose_types = c->config.codes != NULL;
	err = bpf_map__set_max_entries(s->maps.records, (__u32)ring);
	if (err == 0)
		err = bpf_map__set_max_entries(s->maps.counters, rows);
	if (err == 0)
		err = capture_collect_prepare(c);
	if (err == 0 && !xdp_loadable())
		err = bpf_program__set_autoload(s->progs.icmp_xdp, false);
	return err;
}

static size_t counters_bytes(const struct capture *c)
{
	return sizeof(struct icmp_counters) * (size_t)c->n_cpus * ICMP_ROWS *
	       ICMP_DIR_COUNT;
}

void *capture_map_shared(const struct bpf_map *map, size_t bytes, int prot)
{
	void *p = mmap(NULL, bytes, prot, MAP_SHARED, bpf_map__fd(map), 0);

	return p == MAP_FAILED ? NULL : p;
}

static int map_rows(struct capture *c)
{
	const struct icmp_monitor_bpf *s = c->skel;

	c->counters = capture_map_shared(s->maps.counters, counters_bytes(c),
					 PROT_READ);
	c->sets = capture_map_shared(s->maps.links,
				     sizeof(*c->sets) * ICMP_LINK_SETS,
				     PROT_READ | PROT_WRITE);
	return c->counters && c->sets ? 0 : -errno;
}

/* Without a choice of types the programs do not look at the map. */
static int types_write(const struct capture *c)
{
	int fd = bpf_map__fd(c->skel->maps.types);

	for (__u32 i = 0; c->config.codes && i < 2 * 256; i++)
		if (bpf_map_update_elem(fd, &i,
					&c->config.codes[i / 256][i % 256],
					BPF_ANY))
			return -errno;
	return 0;
}

/*
 * One more than the highest number of a CPU that may be: the last in a list
 * like "0-3,8-11". Negative errno.
 */
static int cpus_possible(void)
{
	char list[4096] = ""; /* a page is the most that it can be */
	FILE *f = fopen("/sys/devices/system/cpu/possible", "re");
	size_t n, at;

	if (!f)
		return -errno;
	n = fread(list, 1, sizeof(list) - 1, f);
	fclose(f);
	for (; n > 0 && (list[n - 1] < '0' || list[n - 1] > '9'); n--)
		;
	for (at = n; at > 0 && list[at - 1] >= '0' && list[at - 1] <= '9'; at--)
		;
	return n > 0 ? (int)strtol(list + at, NULL, 10) + 1 : -EINVAL;
}

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
	if (err == 0)
		err = capture_collect_open(c);
	if (err == 0)
		err = types_write(c);
	if (err)
		return err;
	c->ring = ring_buffer__new(bpf_map__fd(s->maps.records),
				   capture_on_record, c, NULL);
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
	c->n_cpus = cpus_possible();
	c->watch_fd = -1;
	err = c->n_cpus < 0 ? c->n_cpus : capture_load(c);
	if (err == 0)
		err = links_watch_open(&c->watch_fd);
	if (err) {
		log_load_error(err);
		capture_free(c);
		/* so old a kernel is no mistake in the configuration */
		return err == -EINVAL ? -EOPNOTSUPP : err;
	}
	*ret_capture = c;
	return 0;
}

void capture_free(struct capture *c)
{
	if (!c)
		return;
	capture_links_release(c);
	ring_buffer__free(c->ring);
	if (c->counters)
		munmap(c->counters, counters_bytes(c));
	if (c->sets)
		munmap(c->sets, sizeof(*c->sets) * ICMP_LINK_SETS);
	capture_collect_close(c);
	icmp_monitor_bpf__destroy(c->skel);
	if (c->watch_fd >= 0)
		close(c->watch_fd);
	for (size_t i = 0; i < c->n_patterns; i++)
		free(c->patterns[i]);
	free(c);
}
