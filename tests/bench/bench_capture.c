// SPDX-License-Identifier: ISC
/*
 * What a packet costs in the XDP program, beside an empty one, by BPF_PROG_RUN
 * on one CPU: best of many short runs, all in one. Random sources come from a
 * program that writes them into the packet and calls the measured one; its own
 * cost is in the empty program's figure of that column.
 */
#include "tests/bpf/programs.h"

#include <stdlib.h>
#include <unistd.h>

enum {
	RUNS = 100,
	REPEAT = 40000,
	RING_BYTES = 4 << 20,
	RING_RECORDS = RING_BYTES / (sizeof(struct icmp_record) + 8) - 16,
	FLOW_SETS = 1024,
	FRAME_BYTES = 60,
	SOURCE_OFFSET = 26,
};

static const uint8_t icmp_frame[FRAME_BYTES] = {
	2,    0, 0,  0,	 0, 2, 2, 0, 0,	 0, 0,	  1,	8,    0,
	0x45, 0, 0,  46, 0, 0, 0, 0, 64, 1, 0,	  0,	10,   0,
	0,    1, 10, 0,	 0, 2, 8, 0, 0,	 0, 0x11, 0x22, 0x33, 0x44,
};

static void check(int result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "bench_capture: %s: %s (needs root)\n", what,
		strerror(-result));
	exit(1);
}

/* One of the programs, for constant and for random sources. */
struct subject {
	const char *name;
	struct programs *programs;
	int fd;
	int random_fd; /* -1: not measured */
	uint32_t repeat;
	uint8_t protocol;
	bool drain; /* the ring before each run */
};

static uint32_t run_once(int fd, const struct subject *s)
{
	uint8_t frame[FRAME_BYTES];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame,
		    .data_size_in = sizeof(frame), .repeat = (int)s->repeat);

	memcpy(frame, icmp_frame, sizeof(frame));
	frame[23] = s->protocol;
	if (s->drain)
		ring_buffer__consume(s->programs->ring);
	check(bpf_prog_test_run_opts(fd, &opts), "run");
	return opts.duration;
}

static uint32_t best_ns(int fd, const struct subject *s)
{
	uint32_t best = UINT32_MAX;

	for (int i = 0; i < RUNS; i++) {
		uint32_t ns = run_once(fd, s);

		if (ns < best)
			best = ns;
	}
	return best;
}

static int load_xdp(const struct bpf_insn *insns, size_t n)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = BPF_F_XDP_HAS_FRAGS,
		    .expected_attach_type = BPF_XDP);
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "bench", "GPL", insns, n,
			       &opts);

	check(fd, "load");
	return fd;
}

static int empty_program(void)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return load_xdp(insns, 2);
}

static int clock_program(void)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_ktime_get_boot_ns},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return load_xdp(insns, 3);
}

/* Writes a random source address, then goes on in `target`. */
static int random_program(int target)
{
	int map =
		bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "bench", 4, 4, 1, NULL);
	const int key = 0;
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_X,
		 .dst_reg = 6,
		 .src_reg = 1},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_prandom_u32},
		{.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 2, .src_reg = 6},
		{.code = BPF_LDX | BPF_MEM | BPF_W,
		 .dst_reg = 3,
		 .src_reg = 6,
		 .off = 4},
		{.code = BPF_ALU64 | BPF_MOV | BPF_X,
		 .dst_reg = 4,
		 .src_reg = 2},
		{.code = BPF_ALU64 | BPF_ADD | BPF_K,
		 .dst_reg = 4,
		 .imm = SOURCE_OFFSET + 4},
		{.code = BPF_JMP | BPF_JGT | BPF_X,
		 .dst_reg = 4,
		 .src_reg = 3,
		 .off = 6},
		{.code = BPF_STX | BPF_MEM | BPF_W,
		 .dst_reg = 2,
		 .src_reg = 0,
		 .off = SOURCE_OFFSET},
		{.code = BPF_ALU64 | BPF_MOV | BPF_X,
		 .dst_reg = 1,
		 .src_reg = 6},
		{.code = BPF_LD | BPF_DW | BPF_IMM,
		 .dst_reg = 2,
		 .src_reg = BPF_PSEUDO_MAP_FD,
		 .imm = map},
		{0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_ABORTED},
		{.code = BPF_JMP | BPF_EXIT},
	};

	check(map, "map");
	check(bpf_map_update_elem(map, &key, &target, BPF_ANY), "tail call");
	return load_xdp(insns, sizeof(insns) / sizeof(insns[0]));
}

static void open_programs(struct programs *p, uint32_t budget)
{
	check(programs_open(p), "open");
	p->skel->rodata->cfg_flow_sets = FLOW_SETS;
	p->skel->rodata->cfg_budget_records = budget;
	check(programs_size(p->skel), "size");
	check(bpf_map__set_max_entries(p->skel->maps.records, RING_BYTES),
	      "ring");
	check(programs_load(p), "load");
}

static void print_row(const struct subject *s, const struct subject *empty)
{
	static uint32_t base, random_base;
	uint32_t ns = best_ns(s->fd, s), random_ns = 0;

	if (s->random_fd >= 0)
		random_ns = best_ns(s->random_fd, s);
	if (s == empty) {
		base = ns;
		random_base = random_ns;
	}
	printf("| %-34s | %4u | %+4d ", s->name, ns, (int)(ns - base));
	if (s->random_fd >= 0)
		printf("| %4u | %+4d |\n", random_ns,
		       (int)(random_ns - random_base));
	else
		printf("|      |      |\n");
}

int main(void)
{
	struct programs recording, folding;
	int empty = empty_program(), record_fd, fold_fd;

	libbpf_set_print(programs_silent);
	open_programs(&recording, UINT32_MAX);
	open_programs(&folding, 0);
	record_fd = bpf_program__fd(recording.skel->progs.icmp_xdp);
	fold_fd = bpf_program__fd(folding.skel->progs.icmp_xdp);

	const struct subject subjects[] = {
		{"empty program", &recording, empty, random_program(empty),
		 REPEAT, 1, false},
		{"the clock alone", &recording, clock_program(), -1, REPEAT, 1,
		 false},
		{"UDP, passed over", &recording, record_fd, -1, REPEAT, 17,
		 false},
		{"ICMP, recorded", &recording, record_fd,
		 random_program(record_fd), RING_RECORDS, 1, true},
		{"ICMP, ring full", &recording, record_fd, -1, REPEAT, 1,
		 false},
		{"ICMP, folded", &folding, fold_fd, random_program(fold_fd),
		 REPEAT, 1, false},
	};

	printf("ns a packet, XDP, and beside an empty program\n\n");
	printf("| %-34s | one source  | random      |\n", "");
	printf("|%.36s|-------------|-------------|\n",
	       "------------------------------------");
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
		print_row(&subjects[i], &subjects[0]);
	programs_close(&recording);
	programs_close(&folding);
	return 0;
}
