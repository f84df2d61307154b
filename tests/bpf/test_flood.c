// SPDX-License-Identifier: ISC
/*
 * More packets than records: whatever the number of sources, every packet is
 * part of some event. Two CPUs send while a third party reads and clears the
 * tables; at rest seen == recorded + folded + remainder, exactly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/pkt_cls.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "agent/capture_internal.h"
#include "tests/bpf/lab.h"
#include "tests/bpf/programs.h"

enum {
	FRAME_BYTES = 42,
	SOURCE_OFFSET = 26,
	TYPE_OFFSET = 34,
	SENDERS_MAX = 8,
};

static const uint8_t frame_template[FRAME_BYTES] = {
	2,    0, 0,   0,  0,   2, 2, 0, 0,  0, 0,    1,	   8,	 0,
	0x45, 0, 0,   28, 0,   0, 0, 0, 64, 1, 0,    0,	   10,	 0,
	0,    0, 198, 51, 100, 1, 8, 0, 0,  0, 0x11, 0x22, 0x33, 0x44,
};

static bool may;
static size_t runs = 20; /* in an emulated machine one is long enough */
static size_t divisor = 1;

/* One CPU's part of a flood. */
struct sender {
	pthread_t thread;
	int cpu;
	int program;
	uint32_t sources; /* from `first_source` on */
	uint32_t first_source;
	uint32_t packets; /* of each source */
	bool types;	  /* the type and code follow from the source too */
	atomic_int *running;
	int err;
};

/* By the tc program: XDP changes the kernel's dispatcher with every call. */
static int send_one(const struct sender *s, uint32_t source)
{
	uint8_t frame[FRAME_BYTES];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame,
		    .data_size_in = sizeof(frame), .repeat = (int)s->packets);

	memcpy(frame, frame_template, sizeof(frame));
	for (int i = 0; i < 3; i++)
		frame[SOURCE_OFFSET + 1 + i] =
			(uint8_t)(source >> (16 - 8 * i));
	if (s->types) {
		frame[TYPE_OFFSET] = (uint8_t)source;
		frame[TYPE_OFFSET + 1] = (uint8_t)(source >> 8);
	}
	return bpf_prog_test_run_opts(s->program, &opts);
}

static void *sender_main(void *arg)
{
	struct sender *s = arg;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(s->cpu, &set);
	s->err = pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	for (uint32_t i = 0; i < s->sources && s->err == 0; i++)
		s->err = send_one(s, s->first_source + i);
	atomic_fetch_sub(s->running, 1);
	return NULL;
}

/* What came out, to be held against what the programs counted. */
struct tally {
	uint64_t singles;
	uint64_t folded;
	uint64_t others;
	uint64_t types[256];
	uint64_t bytes;
	uint64_t times_wrong;
};

static void on_event(void *user, const struct icmp_event *e)
{
	struct tally *t = user;

	if (e->single)
		t->singles += e->count;
	else if (e->others)
		t->others += e->count;
	else
		t->folded += e->count;
	t->types[e->key.type] += e->count;
	t->bytes += e->bytes;
	t->times_wrong += e->first_ns > e->last_ns || e->first_ns <= 0;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static int allowed_cpus(int *cpus)
{
	cpu_set_t set;
	int n = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	for (int i = 0; i < CPU_SETSIZE && n < SENDERS_MAX; i++)
		if (CPU_ISSET(i, &set))
			cpus[n++] = i;
	return n;
}

static void flood(struct capture *c, struct sender *like, struct tally *t)
{
	struct sender senders[SENDERS_MAX];
	int cpus[SENDERS_MAX];
	int n = allowed_cpus(cpus);
	atomic_int running = n;
	struct pollfd p = {.fd = capture_fd(c), .events = POLLIN};

	for (int i = 0; i < n; i++) {
		senders[i] = *like;
		senders[i].cpu = cpus[i];
		senders[i].program = c->programs.tc[ICMP_DIR_IN];
		senders[i].first_source = (uint32_t)i * like->sources;
		senders[i].running = &running;
		assert_int_equal(pthread_create(&senders[i].thread, NULL,
						sender_main, &senders[i]),
				 0);
	}
	while (atomic_load(&running) > 0) {
		poll(&p, 1, 1);
		assert_true(capture_dispatch(c, 256, on_event, t) >= 0);
		/* hundreds of times as often as the window asks for */
		c->collect.deadline_ns = 0;
		capture_collect(c, now_ns(), 64, on_event, t);
	}
	for (int i = 0; i < n; i++) {
		pthread_join(senders[i].thread, NULL);
		assert_int_equal(senders[i].err, 0);
	}
	like->packets *= (uint32_t)n;
}

static void check_identity(struct capture *c, const struct tally *t,
			   uint64_t packets)
{
	struct capture_counters k;

	capture_counters(c, &k);
	assert_int_equal(k.seen, packets);
	assert_int_equal(k.recorded + k.folded + k.remainder, k.seen);
	assert_int_equal(t->singles, k.recorded);
	assert_int_equal(t->folded, k.folded);
	assert_int_equal(t->others, k.remainder);
	assert_int_equal(t->times_wrong, 0);
}

static struct capture *open_capture(const struct capture_config *more)
{
	struct capture_config config = *more;
	struct capture *c;

	config.directions = DIRECTION_IN;
	config.families = FAMILY_4 | FAMILY_6;
	assert_int_equal(capture_new(&config, &c), 0);
	return c;
}

/*
 * Nothing is attached here, so that after capture_finish() the same capture
 * can go on; its counters and the tally add up over the runs.
 */
static void run_floods(const struct capture_config *config,
		       const struct sender *like, size_t n_runs)
{
	struct capture *c = open_capture(config);
	struct tally t = {0};
	uint64_t packets = 0;

	for (size_t i = 0; i < n_runs; i++) {
		struct sender s = *like;

		flood(c, &s, &t);
		packets += (uint64_t)s.sources * s.packets;
		assert_int_equal(capture_finish(c, on_event, &t), 0);
		check_identity(c, &t, packets);
	}
	if (!like->types) {
		assert_int_equal(t.types[8], packets);
		assert_int_equal(t.bytes, 28 * packets);
	}
	capture_free(c);
}

static void test_one_source(void **state)
{
	const struct sender like = {.sources = 1,
				    .packets = (uint32_t)(300000 / divisor)};

	(void)state;
	if (!may)
		skip();
	run_floods(&(struct capture_config){0}, &like, runs);
}

static void test_thousand_sources(void **state)
{
	const struct sender like = {.sources = 1000,
				    .packets = (uint32_t)(100 / divisor)};

	(void)state;
	if (!may)
		skip();
	run_floods(&(struct capture_config){0}, &like, runs);
}

/* Half a million of each of two CPUs, again and again in part. */
static void test_million_sources(void **state)
{
	const struct sender part = {.sources = (uint32_t)(20000 / divisor),
				    .packets = 2};
	const struct sender whole = {.sources = (uint32_t)(500000 / divisor),
				     .packets = 1};

	(void)state;
	if (!may)
		skip();
	run_floods(&(struct capture_config){0}, &part, runs - 1);
	run_floods(&(struct capture_config){0}, &whole, 1);
}

/* The types are more than the table of types holds. */
static void test_all_types(void **state)
{
	const struct capture_config config = {.flow_sets = 1};
	const struct sender like = {
		.sources = 65536, .packets = 1, .types = true};

	(void)state;
	if (!may)
		skip();
	run_floods(&config, &like, 1);
}

enum {
	KEYS = 32, /* each differs from the first in one byte */
	KEY_PACKETS = 50,
	FRAME6_BYTES = 62,
};

struct key_tally {
	struct icmp_key keys[KEYS];
	uint64_t counts[KEYS];
	size_t n;
	bool overflow;
};

static void on_keyed_event(void *user, const struct icmp_event *e)
{
	struct key_tally *t = user;
	size_t i = 0;

	if (e->others)
		return;
	while (i < t->n && memcmp(&t->keys[i], &e->key, sizeof(e->key)) != 0)
		i++;
	if (i == KEYS) {
		t->overflow = true;
		return;
	}
	t->keys[i] = e->key;
	t->counts[i] += e->count;
	t->n += i == t->n;
}

/* The n-th of the frames: a byte of an address, the type or the code differs. */
static size_t keyed_frame(int family, int n, uint8_t *ret_frame)
{
	static const uint8_t header6[] = {0x60, 0,  0,	  0, 0,	   8,
					  58,	64, 0x20, 1, 0x0d, 0xb8};
	static const uint8_t echo6[] = {200, 0, 0, 0, 0x11, 0x22, 0x33, 0x44};
	const size_t addresses = family == 4 ? 8 : 32;
	const size_t first = family == 4 ? SOURCE_OFFSET : 22;
	const size_t type = family == 4 ? TYPE_OFFSET : 54;

	memset(ret_frame, 0, FRAME6_BYTES);
	memcpy(ret_frame, frame_template, FRAME_BYTES);
	if (family == 6) {
		memset(ret_frame + 14, 0, FRAME6_BYTES - 14);
		ret_frame[12] = 0x86;
		ret_frame[13] = 0xdd;
		memcpy(ret_frame + 14, header6, sizeof(header6));
		memcpy(ret_frame + 54, echo6, sizeof(echo6));
	}
	if ((size_t)n < addresses)
		ret_frame[first + (size_t)n] ^= 0x55;
	else
		ret_frame[type + (size_t)n - addresses] ^= 0x55;
	return family == 4 ? FRAME_BYTES : FRAME6_BYTES;
}

/* What differs in any part of the key is counted apart, to the packet. */
static void check_keys(int family, int n_keys)
{
	const struct capture_config config = {.budget_records = 1,
					      .budget_specials = 1};
	struct capture *c = open_capture(&config);
	struct key_tally t = {0};
	uint8_t frame[FRAME6_BYTES];

	for (int n = 0; n < n_keys; n++) {
		size_t size = keyed_frame(family, n, frame);
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame,
			    .data_size_in = (__u32)size, .repeat = KEY_PACKETS);

		assert_int_equal(bpf_prog_test_run_opts(
					 c->programs.tc[ICMP_DIR_IN], &opts),
				 0);
	}
	assert_int_equal(capture_finish(c, on_keyed_event, &t), 0);
	assert_false(t.overflow);
	assert_int_equal(t.n, n_keys);
	for (size_t i = 0; i < t.n; i++)
		assert_int_equal(t.counts[i], KEY_PACKETS);
	capture_free(c);
}

static void test_keys(void **state)
{
	(void)state;
	if (!may)
		skip();
	check_keys(4, 10);
	check_keys(6, KEYS);
}

/* A reader that does not come: the ring is full, and folding takes over. */
static void test_full_ring(void **state)
{
	const struct capture_config config = {.ring_bytes = 4096,
					      .budget_records = 1 << 20};
	struct capture *c;
	struct tally t = {0};
	atomic_int running = 1;
	struct sender s = {.sources = 1, .packets = 10000, .running = &running};
	struct capture_counters k;

	(void)state;
	if (!may)
		skip();
	c = open_capture(&config);
	s.program = c->programs.tc[ICMP_DIR_IN];
	assert_int_equal(send_one(&s, 1), 0);
	capture_counters(c, &k);
	assert_true(k.recorded > 0 &&
		    k.recorded <= 4096 / (8 + sizeof(struct icmp_record)));
	assert_int_equal(k.folded, 10000 - k.recorded);
	assert_int_equal(capture_finish(c, on_event, &t), 0);
	check_identity(c, &t, 10000);
	capture_free(c);
}

/* A flood of pings leaves room for the one redirect. */
static void test_specials_have_their_own_budget(void **state)
{
	const struct capture_config config = {.budget_records = 100,
					      .budget_specials = 10};
	uint8_t redirect[FRAME_BYTES];
	struct sender s = {.sources = 1, .packets = 1000};
	struct capture_counters k;
	struct capture *c;

	(void)state;
	if (!may)
		skip();
	c = open_capture(&config);
	s.program = c->programs.tc[ICMP_DIR_IN];
	assert_int_equal(send_one(&s, 1), 0);
	capture_counters(c, &k);
	/* more than one CPU may have taken part */
	assert_true(k.recorded >= 100 && k.recorded < 1000);
	memcpy(redirect, frame_template, sizeof(redirect));
	redirect[TYPE_OFFSET] = 5;
	assert_int_equal(program_run(c->skel->progs.icmp_tc_in, redirect,
				     sizeof(redirect)),
			 TC_ACT_UNSPEC);
	capture_counters(c, &k);
	assert_int_equal(k.seen, 1001);
	assert_int_equal(k.folded + k.remainder, 1000 - (k.recorded - 1));
	capture_free(c);
}

/* Rows are found by a CPU's number, and some machines leave numbers out. */
static void test_cpus_with_gaps(void **state)
{
	static const char path[] = "/tmp/icmp-cpus", list[] = "0-1,6,11-13\n";
	struct capture *c;
	FILE *f;

	(void)state;
	if (!may)
		skip();
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	lab_run("mount --make-rprivate / && mount -t tmpfs tmp /tmp");
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(list, f);
	fclose(f);
	lab_run("mount --bind %s /sys/devices/system/cpu/possible", path);
	c = open_capture(&(struct capture_config){0});
	assert_int_equal(c->n_cpus, 14);
	capture_free(c);
	lab_run("umount /sys/devices/system/cpu/possible && umount /tmp");
}

/* What is folded comes when the deadline says, without another packet. */
static void test_fold_comes_by_itself(void **state)
{
	const struct capture_config config = {.budget_records = 1};
	struct sender s = {.sources = 1, .packets = 500};
	struct capture *c;
	struct tally t = {0};
	uint64_t clock_ns = 1000000000;

	(void)state;
	if (!may)
		skip();
	c = open_capture(&config);
	s.program = c->programs.tc[ICMP_DIR_IN];
	capture_collect(c, clock_ns, 64, on_event, &t);
	assert_int_equal(send_one(&s, 1), 0);
	for (int i = 0; i < 5 && t.folded == 0; i++) {
		assert_true(capture_deadline(c) > clock_ns);
		clock_ns = capture_deadline(c);
		capture_collect(c, clock_ns, 64, on_event, &t);
	}
	assert_true(t.folded > 0);
	assert_int_equal(capture_finish(c, on_event, &t), 0);
	check_identity(c, &t, 500);
	capture_free(c);
}

static int setup(void **state)
{
	(void)state;
	log_init((enum log_level)0);
	runs = programs_number("BPF_TEST_RUNS", runs);
	divisor = programs_number("BPF_TEST_DIVISOR", divisor);
	may = geteuid() == 0;
	if (!may)
		print_message("needs root\n");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_source),
		cmocka_unit_test(test_thousand_sources),
		cmocka_unit_test(test_million_sources),
		cmocka_unit_test(test_all_types),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_full_ring),
		cmocka_unit_test(test_specials_have_their_own_budget),
		cmocka_unit_test(test_cpus_with_gaps),
		cmocka_unit_test(test_fold_comes_by_itself),
	};

	cmocka_set_test_filter(getenv("BPF_TEST_FILTER"));
	return cmocka_run_group_tests(tests, setup, NULL);
}
