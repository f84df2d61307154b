// SPDX-License-Identifier: ISC
/*
 * The table of packets through the XDP and tc programs: the verdict is always
 * to pass, what is counted and recorded is what the table says, and for every
 * packet cut at every length it is what the same parser says in user space.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/pkt_cls.h>
#include <stdlib.h>
#include <sys/capability.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bpf/packets.h"
#include "tests/bpf/programs.h"
#include "tests/support/packet_parse.h"

static struct programs programs;

struct target {
	const char *name;
	struct bpf_program *program;
	int verdict;
	enum icmp_direction direction;
};

static int targets(struct target ret_targets[3])
{
	ret_targets[0] = (struct target){"xdp", programs.skel->progs.icmp_xdp,
					 XDP_PASS, ICMP_DIR_IN};
	ret_targets[1] =
		(struct target){"tc in", programs.skel->progs.icmp_tc_in,
				TC_ACT_UNSPEC, ICMP_DIR_IN};
	ret_targets[2] =
		(struct target){"tc out", programs.skel->progs.icmp_tc_out,
				TC_ACT_UNSPEC, ICMP_DIR_OUT};
	return 3;
}

static size_t from_hex(const char *hex, uint8_t *ret_bytes)
{
	size_t n = strlen(hex) / 2;

	assert_true(n <= PACKET_MAX_BYTES && strlen(hex) % 2 == 0);
	for (size_t i = 0; i < n; i++) {
		char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
		char *end;

		ret_bytes[i] = (uint8_t)strtoul(digits, &end, 16);
		assert_ptr_equal(end, digits + 2);
	}
	return n;
}

struct outcome {
	int result; /* as parse.h says it */
	struct icmp_record record;
};

static uint64_t sum_unparsed(const struct icmp_counters *c)
{
	uint64_t sum = 0;

	for (int i = 0; i < ICMP_UNPARSED_COUNT; i++)
		sum += c->unparsed[i];
	return sum;
}

/* Which of the counters moved, told as a result of parsing. */
static int counted(const struct icmp_counters *a, const struct icmp_counters *b)
{
	assert_int_equal(b->filtered, a->filtered);
	assert_true(b->seen - a->seen + sum_unparsed(b) - sum_unparsed(a) <= 1);
	assert_int_equal(b->seen - a->seen, b->recorded - a->recorded);
	if (b->seen != a->seen)
		return PARSE_ICMP;
	for (int i = 0; i < ICMP_UNPARSED_COUNT; i++)
		if (b->unparsed[i] != a->unparsed[i])
			return PARSE_UNPARSED(i);
	return PARSE_OTHER;
}

/* `linear`: see program_run_split(); of all bytes, in one buffer. */
static void kernel_parse(const struct target *t, const uint8_t *frame,
			 size_t size, size_t linear,
			 struct outcome *ret_outcome)
{
	struct icmp_counters before = programs_counters(&programs), after;
	uint64_t records = programs.n_records;
	int verdict = linear < size ? program_run_split(t->program, frame, size,
							linear)
				    : program_run(t->program, frame, size);

	if (verdict != t->verdict)
		print_error("%s, %zu bytes: ", t->name, size);
	assert_int_equal(verdict, t->verdict);
	assert_true(ring_buffer__consume(programs.ring) >= 0);
	after = programs_counters(&programs);
	*ret_outcome = (struct outcome){.result = counted(&before, &after)};
	if (ret_outcome->result != PARSE_ICMP) {
		assert_int_equal(programs.n_records, records);
		return;
	}
	assert_int_equal(programs.n_records, records + 1);
	assert_int_equal(programs.last.direction, t->direction);
	assert_true(programs.last.time_ns > 0);
	assert_true(programs.last.ifindex > 0);
	ret_outcome->record = programs.last;
	ret_outcome->record.time_ns = 0;
	ret_outcome->record.ifindex = 0;
	ret_outcome->record.direction = 0;
}

/* Cut off in memory too, so that a read beyond the end is seen by ASan. */
static void user_parse(const uint8_t *frame, size_t size, bool linear,
		       struct outcome *ret_outcome)
{
	uint8_t *copy = malloc(size ? size : 1);

	assert_non_null(copy);
	memcpy(copy, frame, size);
	*ret_outcome = (struct outcome){0};
	ret_outcome->result = packet_parse(copy, size, linear ? size : 0, false,
					   &ret_outcome->record);
	free(copy);
}

static void expected(const struct packet_case *c, struct outcome *ret_outcome)
{
	*ret_outcome = (struct outcome){0};
	if (c->expect == EXPECT_RECORD) {
		ret_outcome->result = PARSE_ICMP;
		ret_outcome->record = c->want;
	} else if (c->expect == EXPECT_UNPARSED) {
		ret_outcome->result = PARSE_UNPARSED(c->reason);
	}
}

static void print_record(const char *title, const struct icmp_record *r)
{
	const uint8_t *bytes = (const uint8_t *)r;

	print_error("%s:", title);
	for (size_t i = 0; i < sizeof(*r); i++)
		print_error("%s%02x", i % 16 ? "" : "\n  ", bytes[i]);
	print_error("\n");
}

static void compare(const char *name, const char *way, size_t size,
		    const struct outcome *got, const struct outcome *want)
{
	if (got->result == want->result &&
	    memcmp(&got->record, &want->record, sizeof(got->record)) == 0)
		return;
	print_error("%s, %s, %zu bytes: result %d, expected %d\n", name, way,
		    size, got->result, want->result);
	print_record("got", &got->record);
	print_record("expected", &want->record);
	fail();
}

static void test_table_user_space(void **state)
{
	uint8_t frame[PACKET_MAX_BYTES];
	struct outcome fast, slow, want;

	(void)state;
	for (size_t i = 0; i < N_PACKET_CASES; i++) {
		const struct packet_case *c = &packet_cases[i];
		size_t size = from_hex(c->hex, frame);

		expected(c, &want);
		user_parse(frame, size, true, &fast);
		compare(c->name, "fast", size, &fast, &want);
		for (size_t n = 0; n <= size; n++) {
			user_parse(frame, n, true, &fast);
			user_parse(frame, n, false, &slow);
			compare(c->name, "fast and slow", n, &fast, &slow);
		}
	}
}

static bool skip_without_programs(void)
{
	if (programs.ring)
		return false;
	print_message("needs root, or CAP_NET_ADMIN and CAP_BPF\n");
	return true;
}

/* BPF_PROG_RUN takes no less; for tc a whole IP header, since Linux 6.18. */
static size_t run_min_bytes(const struct target *t, const uint8_t *frame)
{
	if (t->verdict == XDP_PASS || frame[12] == 0x81 || frame[12] == 0x88)
		return ETH_BYTES;
	if (frame[12] == 0x86)
		return ETH_BYTES + IP6_BYTES;
	return ETH_BYTES + IP4_BYTES;
}

/*
 * All lengths, or every `step`th of them, others for each packet: running an
 * XDP program takes milliseconds in an emulated machine.
 */
static void check_case(const struct target *t, size_t i, size_t step)
{
	const struct packet_case *c = &packet_cases[i];
	uint8_t frame[PACKET_MAX_BYTES];
	size_t size = from_hex(c->hex, frame);
	size_t min = run_min_bytes(t, frame);
	struct outcome got, want;

	if (size >= min) {
		kernel_parse(t, frame, size, size, &got);
		expected(c, &want);
		compare(c->name, t->name, size, &got, &want);
	}
	for (size_t n = min + i % step; n < size; n += step) {
		kernel_parse(t, frame, n, n, &got);
		user_parse(frame, n, true, &want);
		compare(c->name, t->name, n, &got, &want);
	}
}

static void test_table_kernel(void **state)
{
	const size_t step = programs_number("BPF_TEST_STEP", 1);
	struct target all[3];
	int n = 0;

	(void)state;
	if (skip_without_programs())
		skip();
	n = targets(all);
	for (int t = 0; t < n; t++)
		for (size_t i = 0; i < N_PACKET_CASES; i++)
			check_case(&all[t], i, step);
}

/* Wherever the first buffer ends, what is read is the same. */
static void test_table_in_several_buffers(void **state)
{
	uint8_t frame[PACKET_MAX_BYTES] = {0};
	struct outcome got, want;
	struct target all[3];

	(void)state;
	if (skip_without_programs())
		skip();
	targets(all);
	if (program_run_split(all[0].program, frame, 64, 32) == -EINVAL) {
		print_message("needs Linux 6.18\n");
		skip();
	}
	for (size_t i = 0; i < N_PACKET_CASES; i++) {
		size_t size = from_hex(packet_cases[i].hex, frame);

		expected(&packet_cases[i], &want);
		for (size_t n = ETH_BYTES; n < size; n++) {
			kernel_parse(&all[0], frame, size, n, &got);
			compare(packet_cases[i].name, "split", n, &got, &want);
		}
	}
}

static void check_choice(struct programs *p, const char *hex, bool chosen)
{
	struct icmp_counters before = programs_counters(p), after;
	uint8_t frame[PACKET_MAX_BYTES];
	size_t size = from_hex(hex, frame);

	assert_int_equal(program_run(p->skel->progs.icmp_xdp, frame, size),
			 XDP_PASS);
	after = programs_counters(p);
	assert_int_equal(after.seen - before.seen, chosen);
	assert_int_equal(after.filtered - before.filtered, !chosen);
	assert_int_equal(after.recorded - before.recorded, chosen);
}

static void test_families(void **state)
{
	(void)state;
	if (skip_without_programs())
		skip();
	for (uint32_t families = 0; families <= 3; families++) {
		struct programs p;

		assert_int_equal(programs_open(&p), 0);
		p.skel->rodata->cfg_families = families;
		assert_int_equal(programs_load(&p), 0);
		check_choice(&p, PLAIN4("08", "00", ID), families & 1);
		check_choice(&p, PLAIN6("80", "00", ID), families & 2);
		programs_close(&p);
	}
}

static void choose(struct programs *p, int family, uint32_t type,
		   uint32_t codes)
{
	const uint32_t key = (family == 6) * 256 + type;

	assert_int_equal(bpf_map_update_elem(bpf_map__fd(p->skel->maps.types),
					     &key, &codes, BPF_ANY),
			 0);
}

static void test_types(void **state)
{
	struct programs p;

	(void)state;
	if (skip_without_programs())
		skip();
	assert_int_equal(programs_open(&p), 0);
	p.skel->rodata->cfg_choose_types = true;
	assert_int_equal(programs_load(&p), 0);
	choose(&p, 4, 8, UINT32_MAX);
	choose(&p, 4, 3, 1u << 4);
	choose(&p, 4, 200, 1u << 31);
	choose(&p, 6, 255, UINT32_MAX);
	check_choice(&p, PLAIN4("08", "00", ID), true);
	check_choice(&p, PLAIN4("08", "ff", ID), true);
	check_choice(&p, PLAIN4("00", "00", ID), false);
	check_choice(&p, PLAIN4("03", "04", ID), true);
	check_choice(&p, PLAIN4("03", "03", ID), false);
	check_choice(&p, PLAIN4("03", "24", ID), false); /* 36: not 4 */
	check_choice(&p, PLAIN4("c8", "1e", ID), false);
	check_choice(&p, PLAIN4("c8", "1f", ID), true);
	check_choice(&p, PLAIN4("c8", "ff", ID), true);
	check_choice(&p, PLAIN4("ff", "00", ID), false);
	check_choice(&p, PLAIN6("ff", "00", ID), true);
	check_choice(&p, PLAIN6("08", "00", ID), false);
	programs_close(&p);
}

/* 0, or the errno of loading the programs with `caps` and no other. */
static int load_with(const cap_value_t *caps, int n)
{
	struct programs p;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		cap_t set = cap_init();

		if (!set ||
		    cap_set_flag(set, CAP_PERMITTED, n, caps, CAP_SET) ||
		    cap_set_flag(set, CAP_EFFECTIVE, n, caps, CAP_SET) ||
		    cap_set_proc(set))
			_exit(255);
		if (programs_open(&p))
			_exit(254);
		_exit(-programs_load(&p));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_capabilities(void **state)
{
	const cap_value_t both[] = {CAP_NET_ADMIN, CAP_BPF};

	(void)state;
	if (skip_without_programs())
		skip();
	assert_int_equal(load_with(both, 2), 0);
	/* neither alone is enough */
	assert_int_equal(load_with(&both[0], 1), EPERM);
	assert_int_equal(load_with(&both[1], 1), EPERM);
}

/* The agent's start waits for it. Linux before 5.16 does not tell. */
static void test_verifiable(void **state)
{
	__u32 size = sizeof(struct bpf_prog_info);
	struct bpf_program *p;

	(void)state;
	if (skip_without_programs())
		skip();
	bpf_object__for_each_program(p, programs.skel->obj)
	{
		struct bpf_prog_info info = {0};
		int fd = bpf_program__fd(p);

		assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
		assert_in_range(info.verified_insns, 0, 15000);
	}
}

static int setup(void **state)
{
	(void)state;
	libbpf_set_print(programs_silent);
	if (programs_open(&programs) || programs_load(&programs)) {
		programs_close(&programs);
		memset(&programs, 0, sizeof(programs));
		return geteuid() == 0 ? -1 : 0;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	programs_close(&programs);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_user_space),
		cmocka_unit_test(test_table_kernel),
		cmocka_unit_test(test_table_in_several_buffers),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_verifiable),
	};

	cmocka_set_test_filter(getenv("BPF_TEST_FILTER"));
	return cmocka_run_group_tests(tests, setup, teardown);
}
