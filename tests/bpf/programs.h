/* SPDX-License-Identifier: ISC */
#ifndef TEST_PROGRAMS_H
#define TEST_PROGRAMS_H

/*
 * The programs, loaded and not attached: packets reach them by BPF_PROG_RUN.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bpf/record.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "icmp_monitor.skel.h"
#pragma GCC diagnostic pop

struct programs {
	struct icmp_monitor_bpf *skel;
	struct ring_buffer *ring;
	struct icmp_counters *rows; /* one for each CPU, row and direction */
	size_t n_rows;
	struct icmp_record last;
	uint64_t n_records; /* since programs_open() */
};

static inline int programs_on_record(void *user, void *data, size_t size)
{
	struct programs *p = user;

	if (size != sizeof(p->last))
		return -EBADMSG;
	memcpy(&p->last, data, size);
	p->n_records++;
	return 0;
}

/* What the environment asks for, where it asks for anything above 0. */
static inline size_t programs_number(const char *name, size_t otherwise)
{
	const char *text = getenv(name);
	size_t n = text ? strtoul(text, NULL, 10) : 0;

	return n ? n : otherwise;
}

/* For a load that is expected to fail, or whose log would only be noise. */
static inline int programs_silent(enum libbpf_print_level level,
				  const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static inline size_t programs_n_rows(void)
{
	return (size_t)libbpf_num_possible_cpus() * ICMP_ROWS * ICMP_DIR_COUNT;
}

static inline int programs_size(struct icmp_monitor_bpf *s)
{
	const __u32 cpus = (__u32)libbpf_num_possible_cpus();
	const __u32 sets = s->rodata->cfg_flow_sets;
	int err;

	err = bpf_map__set_max_entries(s->maps.counters,
				       (__u32)programs_n_rows());
	if (err == 0)
		err = bpf_map__set_max_entries(s->maps.cpus, cpus);
	if (err == 0)
		err = bpf_map__set_max_entries(
			s->maps.flows, ICMP_FLOW_INDEX(cpus, 0, sets, 0));
	if (err == 0)
		err = bpf_map__set_max_entries(s->maps.flow_types,
					       ICMP_TYPE_INDEX(cpus, 0, 0));
	if (err == 0)
		err = bpf_map__set_max_entries(s->maps.rest,
					       cpus * ICMP_REST_PER_CPU);
	return err;
}

/* Between programs_open() and programs_load() a test may write the settings. */
static inline int programs_open(struct programs *p)
{
	memset(p, 0, sizeof(*p));
	p->skel = icmp_monitor_bpf__open();
	if (!p->skel)
		return -errno;
	p->n_rows = programs_n_rows();
	return programs_size(p->skel);
}

static inline int programs_load(struct programs *p)
{
	int err = icmp_monitor_bpf__load(p->skel);

	if (err)
		return err;
	p->rows = mmap(NULL, sizeof(*p->rows) * p->n_rows, PROT_READ,
		       MAP_SHARED, bpf_map__fd(p->skel->maps.counters), 0);
	if (p->rows == MAP_FAILED)
		return -errno;
	p->ring = ring_buffer__new(bpf_map__fd(p->skel->maps.records),
				   programs_on_record, p, NULL);
	return p->ring ? 0 : -errno;
}

static inline void programs_close(struct programs *p)
{
	ring_buffer__free(p->ring);
	if (p->rows)
		munmap(p->rows, sizeof(*p->rows) * p->n_rows);
	icmp_monitor_bpf__destroy(p->skel);
}

/* Returns the program's verdict, or negative errno. */
static inline int program_run_with(const struct bpf_program *program,
				   struct bpf_test_run_opts *opts)
{
	int err;

	opts->repeat = 1;
	err = bpf_prog_test_run_opts(bpf_program__fd(program), opts);
	return err ? err : (int)opts->retval;
}

static inline int program_run(const struct bpf_program *program,
			      const void *frame, size_t size)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame,
		    .data_size_in = (__u32)size);

	return program_run_with(program, &opts);
}

/*
 * XDP, as a driver gives it a long frame: in several buffers, of which the
 * first holds `linear` bytes, 14 or more. Linux before 6.18 refuses: -EINVAL.
 */
static inline int program_run_split(const struct bpf_program *program,
				    const void *frame, size_t size,
				    size_t linear)
{
	struct xdp_md context = {.data_end = (__u32)linear};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame,
		    .data_size_in = (__u32)size, .ctx_in = &context,
		    .ctx_size_in = sizeof(context));

	return program_run_with(program, &opts);
}

/* Over all CPUs, rows and directions. */
static inline struct icmp_counters programs_counters(const struct programs *p)
{
	struct icmp_counters sum = {0};

	for (size_t i = 0; i < p->n_rows; i++) {
		const struct icmp_counters *row = &p->rows[i];

		sum.seen += row->seen;
		sum.recorded += row->recorded;
		sum.folded += row->folded;
		sum.remainder += row->remainder;
		sum.filtered += row->filtered;
		for (int r = 0; r < ICMP_UNPARSED_COUNT; r++)
			sum.unparsed[r] += row->unparsed[r];
	}
	return sum;
}

#endif
