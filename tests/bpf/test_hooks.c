// SPDX-License-Identifier: ISC
/* Each hook sees each packet once, and a hook that others use stays theirs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>

#include "tests/bpf/lab.h"
#include "tests/bpf/programs.h"

#define MACS 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1
#define ECHO                                                                 \
	0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0, 192, 0, 2, 1, 198, 51, 100, \
		1, 8, 0, 0, 0, 0x11, 0x22, 0x33, 0x44

static const uint8_t frame[] = {MACS, 8, 0, ECHO};
static const uint8_t tagged_frame[] = {MACS, 0x81, 0, 0xe0, 0x64, 8, 0, ECHO};

static bool may;
static struct lab lab;

static struct capture_config config_of(enum option_hook hook,
				       enum option_xdp_mode mode)
{
	return (struct capture_config){
		.directions = DIRECTION_IN | DIRECTION_OUT,
		.families = FAMILY_4,
		.hook = hook,
		.xdp_mode = mode,
	};
}

static struct capture *open_on(const struct capture_config *config,
			       const char *ifname)
{
	struct capture *c;

	assert_int_equal(capture_new(config, &c), 0);
	assert_int_equal(capture_attach(c, ifname), 0);
	return c;
}

/* What tcx is before Linux 6.6. */
static const char *as_here(const char *how)
{
	struct utsname u;
	int major = 0, minor = 0;

	assert_int_equal(uname(&u), 0);
	assert_int_equal(sscanf(u.release, "%d.%d", &major, &minor), 2);
	if (strcmp(how, "tcx") == 0 && (major < 6 || (major == 6 && minor < 6)))
		return "tc (clsact)";
	return how;
}

static void check_how(struct capture *c, const char *in, const char *out)
{
	struct capture_link_view view;

	assert_true(capture_link_get(c, 0, &view));
	assert_string_equal(view.in, as_here(in));
	assert_string_equal(view.out, as_here(out));
}

/* One frame in, one frame out, one event of each. */
static void check_both_ways(struct capture *c)
{
	lab_send("b0", frame, sizeof(frame));
	lab_collect(&lab, c, 1);
	lab_send("a0", frame, sizeof(frame));
	assert_int_equal(lab.n_events, 1);
	assert_int_equal(lab.events[0].key.direction, ICMP_DIR_IN);
	lab_collect(&lab, c, 1);
	assert_int_equal(lab.n_events, 1);
	assert_int_equal(lab.events[0].key.direction, ICMP_DIR_OUT);
	lab_collect(&lab, c, 1);
	assert_int_equal(lab.n_events, 0);
}

static void check_hook(enum option_hook hook, enum option_xdp_mode mode,
		       bool no_tcx, const char *in, const char *out)
{
	struct capture_config config = config_of(hook, mode);
	struct capture *c;

	config.no_tcx = no_tcx;
	lab_veth("a0", "b0");
	c = open_on(&config, "a0");
	check_how(c, in, out);
	check_both_ways(c);
	lab_send("b0", tagged_frame, sizeof(tagged_frame));
	lab_collect(&lab, c, 1);
	assert_int_equal(lab.n_events, 1);
	assert_true(lab.events[0].has & ICMP_HAS_VLAN);
	assert_int_equal(lab.events[0].vlan, 100);
	assert_int_equal(lab.events[0].seq, 0x3344);
	capture_free(c);
	lab_run("ip link del a0");
}

static void test_hooks(void **state)
{
	(void)state;
	if (!may)
		skip();
	check_hook(HOOK_AUTO, XDP_MODE_AUTO, false, "tcx", "tcx"); /* veth */
	check_hook(HOOK_TC, XDP_MODE_AUTO, false, "tcx", "tcx");
	check_hook(HOOK_XDP, XDP_MODE_AUTO, false, "xdp (native)", "tcx");
	check_hook(HOOK_XDP, XDP_MODE_NATIVE, false, "xdp (native)", "tcx");
	check_hook(HOOK_XDP, XDP_MODE_GENERIC, false, "xdp (generic)", "tcx");
	check_hook(HOOK_AUTO, XDP_MODE_AUTO, true, "tc (clsact)",
		   "tc (clsact)");
}

static int foreign_program(enum bpf_prog_type type, int verdict)
{
	const struct bpf_insn pass[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = verdict},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int fd = bpf_prog_load(type, "foreign", "GPL", pass, 2, NULL);

	assert_true(fd >= 0);
	return fd;
}

static __u32 xdp_holder_id(const char *ifname)
{
	__u32 id = 0;

	assert_int_equal(bpf_xdp_query_id((int)if_nametoindex(ifname), 0, &id),
			 0);
	return id;
}

/* On lo, where XDP is generic and preferred. */
static void check_busy(bool by_link)
{
	struct capture_config config = config_of(HOOK_AUTO, XDP_MODE_AUTO);
	int program = foreign_program(BPF_PROG_TYPE_XDP, XDP_PASS), link = -1;
	int lo = (int)if_nametoindex("lo");
	struct capture *c;
	__u32 id;

	if (by_link)
		link = bpf_link_create(program, lo, BPF_XDP, NULL);
	else
		assert_int_equal(bpf_xdp_attach(lo, program, 0, NULL), 0);
	id = xdp_holder_id("lo");
	assert_int_not_equal(id, 0);
	c = open_on(&config, "lo");
	check_how(c, "tcx", "tcx");
	assert_int_equal(xdp_holder_id("lo"), id);
	capture_free(c);
	assert_int_equal(xdp_holder_id("lo"), id);

	config.hook = HOOK_XDP;
	assert_int_equal(capture_new(&config, &c), 0);
	assert_int_equal(capture_attach(c, "lo"), -EBUSY);
	/* nor does another pattern that means it */
	assert_int_equal(capture_attach(c, "l?"), -EBUSY);
	capture_free(c);
	assert_int_equal(xdp_holder_id("lo"), id);

	config.replace = true;
	c = open_on(&config, "lo");
	check_how(c, "xdp (generic)", "tcx");
	assert_int_not_equal(xdp_holder_id("lo"), id);
	capture_free(c);
	assert_int_equal(xdp_holder_id("lo"), 0);
	close(link);
	close(program);
}

static void test_busy_hook(void **state)
{
	(void)state;
	if (!may)
		skip();
	check_busy(false);
	check_busy(true);
}

static __u32 linked_ifindex(int link)
{
	struct bpf_link_info info = {0};
	__u32 size = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(link, &info, &size), 0);
	return info.xdp.ifindex; /* 0: detached */
}

static int lo_link(int program)
{
	int link = bpf_link_create(program, (int)if_nametoindex("lo"), BPF_XDP,
				   NULL);

	assert_true(link >= 0);
	return link;
}

/* An index is of a namespace, links are of the host: there is a lo in each. */
static void check_replace_beside(int program, int program_elsewhere,
				 bool may_go)
{
	struct capture_config config = config_of(HOOK_XDP, XDP_MODE_AUTO);
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int elsewhere = lo_link(program_elsewhere), here;
	struct capture *c;

	assert_true(home >= 0 && lab_enter());
	here = lo_link(program);
	config.replace = true;
	assert_int_equal(capture_new(&config, &c), 0);
	assert_int_equal(capture_attach(c, "lo"), may_go ? 0 : -EBUSY);
	assert_int_not_equal(linked_ifindex(elsewhere), 0);
	assert_int_equal(linked_ifindex(here) == 0, may_go);
	capture_free(c);
	close(here);
	close(elsewhere);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	close(home);
}

static void test_replaces_only_here(void **state)
{
	int one, other;

	(void)state;
	if (!may)
		skip();
	one = foreign_program(BPF_PROG_TYPE_XDP, XDP_PASS);
	other = foreign_program(BPF_PROG_TYPE_XDP, XDP_PASS);
	check_replace_beside(one, other, true);
	check_replace_beside(one, one, false); /* whose is which? */
	close(one);
	close(other);
}

/* What an earlier run left, attached without a link, is ours to remove. */
static void test_own_leftover(void **state)
{
	struct capture_config config = config_of(HOOK_AUTO, XDP_MODE_AUTO);
	int lo = (int)if_nametoindex("lo");
	struct programs old;
	struct capture *c;

	(void)state;
	if (!may)
		skip();
	assert_int_equal(programs_open(&old), 0);
	assert_int_equal(programs_load(&old), 0);
	assert_int_equal(
		bpf_xdp_attach(lo, bpf_program__fd(old.skel->progs.icmp_xdp), 0,
			       NULL),
		0);
	programs_close(&old);
	c = open_on(&config, "lo");
	check_how(c, "xdp (generic)", "tcx");
	capture_free(c);
	assert_int_equal(xdp_holder_id("lo"), 0);
}

/* Two at once: both see everything, neither removes the other. */
static void test_two_captures(void **state)
{
	struct capture_config config = config_of(HOOK_AUTO, XDP_MODE_AUTO);
	struct capture *first, *second;

	(void)state;
	if (!may)
		skip();
	lab_veth("a0", "b0");
	first = open_on(&config, "a0");
	second = open_on(&config, "a0");
	lab_send("b0", frame, sizeof(frame));
	lab_collect(&lab, first, 1);
	assert_int_equal(lab.n_events, 1);
	lab_collect(&lab, second, 1);
	assert_int_equal(lab.n_events, 1);
	capture_free(first);
	check_both_ways(second);
	capture_free(second);
	lab_run("ip link del a0");
}

/* Returns the program's id where the filter is there, else 0. */
static __u32 foreign_filter(const struct bpf_tc_hook *hook)
{
	LIBBPF_OPTS(bpf_tc_opts, query, .handle = 1, .priority = 5);

	return bpf_tc_query(hook, &query) ? 0 : query.prog_id;
}

/* A clsact qdisc and filters that others made stay as they were. */
static void test_foreign_clsact(void **state)
{
	struct capture_config config = config_of(HOOK_TC, XDP_MODE_AUTO);
	int program;
	struct capture *c;
	__u32 id;

	(void)state;
	if (!may)
		skip();
	config.no_tcx = true;
	lab_veth("a0", "b0");
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)if_nametoindex("a0"),
		    .attach_point = BPF_TC_INGRESS);
	program = foreign_program(BPF_PROG_TYPE_SCHED_CLS, 0);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = 5,
		    .prog_fd = program);
	assert_int_equal(bpf_tc_hook_create(&hook), 0);
	assert_int_equal(bpf_tc_attach(&hook, &opts), 0);
	id = foreign_filter(&hook);
	assert_int_not_equal(id, 0);
	c = open_on(&config, "a0");
	check_both_ways(c); /* ours is before it */
	lab_run("tc filter show dev a0 ingress | grep -q icmp_tc_in");
	lab_run("tc filter show dev a0 egress | grep -q icmp_tc_out");
	capture_free(c);
	lab_run("! tc filter show dev a0 ingress | grep -q icmp_tc_in");
	lab_run("! tc filter show dev a0 egress | grep -q icmp_tc_out");
	assert_int_equal(foreign_filter(&hook), id);
	close(program);
	lab_run("ip link del a0");
}

/*
 * An ingress qdisc holds the place of clsact, and takes filters for egress as
 * well: they would see what comes in.
 */
static void test_ingress_instead_of_clsact(void **state)
{
	struct capture_config config = config_of(HOOK_TC, XDP_MODE_AUTO);
	struct capture *c;

	(void)state;
	if (!may)
		skip();
	config.no_tcx = true;
	lab_veth("a0", "b0");
	lab_run("tc qdisc add dev a0 ingress");
	assert_int_equal(capture_new(&config, &c), 0);
	assert_int_equal(capture_attach(c, "a0"), -EBUSY);
	capture_free(c);
	lab_run("! tc filter show dev a0 ingress | grep -q icmp_tc");

	config.directions = DIRECTION_IN;
	c = open_on(&config, "a0");
	lab_send("b0", frame, sizeof(frame));
	lab_collect(&lab, c, 1);
	assert_int_equal(lab.n_events, 1);
	assert_int_equal(lab.events[0].key.direction, ICMP_DIR_IN);
	capture_free(c);
	lab_run("tc qdisc show dev a0 | grep -q ingress");
	lab_run("ip link del a0");
}

/* A filter is nobody's: who removes one, or the qdisc, need not know of us. */
static void test_clsact_filters_are_removed(void **state)
{
	static const char *const removals[] = {
		"tc qdisc del dev a0 clsact",
		"tc filter del dev a0 ingress",
		"tc filter del dev a0 egress",
	};
	struct capture_config config = config_of(HOOK_TC, XDP_MODE_AUTO);
	struct capture *c;

	(void)state;
	if (!may)
		skip();
	config.no_tcx = true;
	lab_veth("a0", "b0");
	c = open_on(&config, "a0");
	for (size_t i = 0; i < sizeof(removals) / sizeof(removals[0]); i++) {
		lab_run("%s", removals[i]);
		lab_follow(c);
		check_how(c, "tc (clsact)", "tc (clsact)");
		check_both_ways(c);
	}
	capture_free(c);
	lab_run("ip link del a0");
}

/* Packets to oneself pass lo twice: out, and in. */
static void test_loopback(void **state)
{
	struct capture_config config = config_of(HOOK_AUTO, XDP_MODE_AUTO);
	struct capture *c;
	size_t in = 0;

	(void)state;
	if (!may)
		skip();
	c = open_on(&config, "lo");
	lab_run("ping -q -c 1 -W 2 127.0.0.1 >/dev/null");
	lab_collect(&lab, c, 4);
	assert_int_equal(lab.n_events, 4);
	for (size_t i = 0; i < 4; i++)
		in += lab.events[i].key.direction == ICMP_DIR_IN;
	assert_int_equal(in, 2);
	capture_free(c);
}

static int tun_open(const char *name)
{
	struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -1;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
	return fd;
}

/* No Ethernet header: what tun writes begins with the IP header. */
static void test_layer3(void **state)
{
	struct capture_config config = config_of(HOOK_AUTO, XDP_MODE_AUTO);
	static const uint8_t packet[] = {ECHO};
	struct capture *c;
	int tun;

	(void)state;
	if (!may)
		skip();
	tun = tun_open("t0");
	if (tun < 0) {
		print_message("needs /dev/net/tun\n");
		skip();
	}
	lab_run("ip link set t0 up && ip addr add 198.51.100.2/24 dev t0");
	c = open_on(&config, "t0");
	check_how(c, "tcx", "tcx");
	assert_int_equal(write(tun, packet, sizeof(packet)), sizeof(packet));
	lab_collect(&lab, c, 1);
	assert_int_equal(lab.n_events, 1);
	assert_int_equal(lab.events[0].key.direction, ICMP_DIR_IN);
	assert_int_equal(lab.events[0].id, 0x1122);
	assert_int_equal(lab.events[0].length, 28);
	lab_run("ping -q -c 1 -W 1 198.51.100.9 >/dev/null || true");
	lab_collect(&lab, c, 1);
	assert_int_equal(lab.n_events, 1);
	assert_int_equal(lab.events[0].key.direction, ICMP_DIR_OUT);
	assert_int_equal(lab.events[0].key.type, 8);
	capture_free(c);

	config.hook = HOOK_XDP;
	assert_int_equal(capture_new(&config, &c), 0);
	assert_int_equal(capture_attach(c, "t0"), -EOPNOTSUPP);
	capture_free(c);
	close(tun);
}

static int setup(void **state)
{
	(void)state;
	log_init(getenv("V") ? LOG_LEVEL_DEBUG : (enum log_level)0);
	may = geteuid() == 0 && lab_enter();
	if (may)
		lab_run("ip link set lo up");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_busy_hook),
		cmocka_unit_test(test_replaces_only_here),
		cmocka_unit_test(test_own_leftover),
		cmocka_unit_test(test_two_captures),
		cmocka_unit_test(test_foreign_clsact),
		cmocka_unit_test(test_ingress_instead_of_clsact),
		cmocka_unit_test(test_clsact_filters_are_removed),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_layer3),
	};

	cmocka_set_test_filter(getenv("BPF_TEST_FILTER"));
	return cmocka_run_group_tests(tests, setup, NULL);
}
