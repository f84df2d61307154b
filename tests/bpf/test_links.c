// SPDX-License-Identifier: ISC
/* Interfaces that come, go, come back and change their names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "tests/bpf/lab.h"

static const uint8_t echo_frame[] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0,  0, 0,    1,    8,	   0,
	0x45, 0,    0,	  28,	0,    0,    0, 0, 64, 1, 0,    0,    192,  0,
	2,    1,    198,  51,	100,  1,    8, 0, 0,  0, 0x11, 0x22, 0x33, 0x44,
};

static bool may;
static struct lab lab;

static struct capture *open_capture(void)
{
	const struct capture_config config = {
		.directions = DIRECTION_IN,
		.families = FAMILY_4, /* the kernel itself speaks ICMPv6 */
	};
	struct capture *c;

	assert_int_equal(capture_new(&config, &c), 0);
	return c;
}

/* A frame into `peer` comes out as one event on `ifname`, or as none. */
static void check_event(struct capture *c, const char *peer, const char *ifname)
{
	lab_send(peer, echo_frame, sizeof(echo_frame));
	lab_collect(&lab, c, 1);
	if (!ifname) {
		assert_int_equal(lab.n_events, 0);
		return;
	}
	assert_int_equal(lab.n_events, 1);
	assert_string_equal(lab.events[0].ifname, ifname);
	assert_int_equal(lab.events[0].key.ifindex, if_nametoindex(ifname));
	assert_int_equal(lab.events[0].id, 0x1122);
}

static size_t n_attached(struct capture *c)
{
	struct capture_link_view view;
	size_t n = 0;

	for (size_t i = 0; capture_link_get(c, i, &view); i++)
		n += view.attached;
	return n;
}

static void test_no_such_interface(void **state)
{
	struct capture *c;

	(void)state;
	if (!may)
		skip();
	c = open_capture();
	assert_int_equal(capture_attach(c, "a0"), -ENODEV);
	assert_int_equal(capture_attach(c, "a-name-longer-than-any"), -ENODEV);
	lab_veth("a0",
		 "b0"); /* it was asked for: it is attached when it comes */
	lab_follow(c);
	check_event(c, "b0", "a0");
	capture_free(c);
	lab_run("ip link del a0");
}

static void test_comes_back(void **state)
{
	struct capture_link_view view;
	struct capture *c;

	(void)state;
	if (!may)
		skip();
	lab_veth("a0", "b0");
	c = open_capture();
	assert_int_equal(capture_attach(c, "a0"), 0);
	check_event(c, "b0", "a0");
	lab_run("ip link del a0");
	lab_follow(c);
	assert_int_equal(n_attached(c), 0);
	lab_veth("a0", "b0");
	lab_follow(c);
	check_event(c, "b0", "a0");
	/* the same place: the counters go on */
	assert_true(capture_link_get(c, 0, &view));
	assert_int_equal(view.counters[ICMP_DIR_IN].seen, 2);
	assert_false(capture_link_get(c, 1, &view));
	capture_free(c);
	lab_run("ip link del a0");
}

/* The kernel says nothing of an attachment that went with its interface. */
static void test_removed_before_told(void **state)
{
	struct capture *c;

	(void)state;
	if (!may)
		skip();
	lab_veth("a0", "b0");
	c = open_capture();
	assert_int_equal(capture_attach(c, "a0"), 0);
	lab_run("ip link del a0");
	lab_veth("a0", "b0");
	lab_follow(c);
	check_event(c, "b0", "a0");
	lab_run("ip link del a0");
	capture_free(c);
}

static void test_records_outlive_interface(void **state)
{
	struct capture *c;

	(void)state;
	if (!may)
		skip();
	lab_veth("a0", "b0");
	c = open_capture();
	assert_int_equal(capture_attach(c, "a0"), 0);
	lab_send("b0", echo_frame, sizeof(echo_frame));
	lab_run("ip link del a0");
	lab_follow(c);
	lab_collect(&lab, c, 1);
	assert_int_equal(lab.n_events, 1);
	assert_string_equal(lab.events[0].ifname, "a0");
	capture_free(c);
}

static void test_rename(void **state)
{
	struct capture *c;

	(void)state;
	if (!may)
		skip();
	lab_veth("a0", "b0");
	c = open_capture();
	assert_int_equal(capture_attach(c, "a0"), 0);
	lab_run("ip link set a0 name z0");
	lab_follow(c);
	check_event(c, "b0", NULL);
	lab_run("ip link set z0 name a0");
	lab_follow(c);
	check_event(c, "b0", "a0");
	capture_free(c);

	c = open_capture();
	assert_int_equal(capture_attach(c, "a*"), 0);
	lab_run("ip link set a0 name a1");
	lab_follow(c);
	check_event(c, "b0", "a1");
	assert_int_equal(n_attached(c), 1);
	capture_free(c);
	lab_run("ip link del a1");
}

/* What a name counted stays with it, and no name is there twice. */
static void test_rename_to_a_name_that_was_there(void **state)
{
	struct capture_link_view first, second;
	struct capture *c;

	(void)state;
	if (!may)
		skip();
	lab_veth("a0", "b0");
	lab_veth("a1", "b1");
	c = open_capture();
	assert_int_equal(capture_attach(c, "a*"), 0);
	check_event(c, "b0", "a0");
	check_event(c, "b1", "a1");
	check_event(c, "b1", "a1");
	lab_run("ip link del a0 && ip link set a1 name a0");
	lab_follow(c);
	check_event(c, "b1", "a0");
	assert_true(capture_link_get(c, 0, &first));
	assert_true(capture_link_get(c, 1, &second));
	assert_string_equal(first.name, "a0");
	assert_true(first.attached);
	assert_int_equal(first.counters[ICMP_DIR_IN].seen, 2);
	assert_string_equal(second.name, "a1");
	assert_false(second.attached);
	assert_int_equal(second.counters[ICMP_DIR_IN].seen, 2);
	lab_run("ip link del a0");
	lab_follow(c);
	assert_int_equal(n_attached(c), 0);
	capture_free(c);
}

/* As systemd gives them beside the name that the kernel uses. */
static void test_alternative_name(void **state)
{
	struct capture *c;

	(void)state;
	if (!may)
		skip();
	lab_veth("a0", "b0");
	lab_run("ip link property add dev a0 altname alt0");
	c = open_capture();
	assert_int_equal(capture_attach(c, "alt0"), 0);
	check_event(c, "b0", "a0");
	lab_run("ip link set a0 down && ip link set a0 up");
	lab_follow(c);
	check_event(c, "b0", "a0");
	lab_run("ip link del a0");
	lab_veth("a1", "b1");
	lab_follow(c);
	assert_int_equal(n_attached(c), 0);
	lab_run("ip link property add dev a1 altname alt0");
	lab_follow(c);
	check_event(c, "b1", "a1");
	capture_free(c);
	lab_run("ip link del a1");
}

/* The index of one that went is given to another, and the first comes back. */
static void test_index_is_used_again(void **state)
{
	struct capture *c;

	(void)state;
	if (!may)
		skip();
	c = open_capture();
	assert_int_equal(capture_attach(c, "a*"), 0);
	lab_run("ip link add a0 index 7777 type veth peer name b0");
	lab_follow(c);
	lab_run("ip link del a0 && "
		"ip link add a1 index 7777 type veth peer name b1 && "
		"ip link set a1 up && ip link set b1 up");
	lab_follow(c);
	lab_veth("a0", "b0");
	lab_follow(c);
	check_event(c, "b1", "a1");
	check_event(c, "b0", "a0");
	capture_free(c);
	lab_run("ip link del a0 && ip link del a1");
}

static void test_down_and_up(void **state)
{
	struct capture *c;

	(void)state;
	if (!may)
		skip();
	lab_veth("a0", "b0");
	c = open_capture();
	assert_int_equal(capture_attach(c, "a0"), 0);
	lab_run("ip link set a0 down");
	lab_follow(c);
	assert_int_equal(n_attached(c), 1);
	lab_run("ip link set a0 up");
	lab_follow(c);
	check_event(c, "b0", "a0");
	capture_free(c);
	lab_run("ip link del a0");
}

static void test_glob(void **state)
{
	struct capture *c;

	(void)state;
	if (!may)
		skip();
	c = open_capture();
	assert_int_equal(capture_attach(c, "a*"), 0);
	assert_int_equal(n_attached(c), 0);
	lab_veth("a0", "b0");
	lab_veth("a1", "b1");
	lab_follow(c);
	assert_int_equal(n_attached(c), 2);
	check_event(c, "b0", "a0");
	check_event(c, "b1", "a1");
	check_event(c, "a0", NULL);
	/* by a second pattern too: nothing is attached twice */
	assert_int_equal(capture_attach(c, "?0"), 0);
	assert_int_equal(n_attached(c), 3);
	check_event(c, "b0", "a0");
	capture_free(c);
	lab_run("ip link del a0 && ip link del a1");
}

static void test_all(void **state)
{
	struct capture *c;

	(void)state;
	if (!may)
		skip();
	lab_veth("a0", "b0");
	c = open_capture();
	assert_int_equal(capture_attach(c, "all"), 0);
	check_event(c, "b0", "a0");
	check_event(c, "a0", "b0");
	capture_free(c);
	lab_run("ip link del a0");
}

/* Many pairs PREFIX0.. with their peers, in one group, made and removed at once. */
static void many_add(const char *prefix, const char *peer, int n)
{
	lab_run("for i in $(seq 0 %d); do echo link add %s$i group 7 type veth "
		"peer name %s$i; done | ip -batch -",
		n - 1, prefix, peer);
}

static void many_delete(void)
{
	lab_run("ip link del group 7");
}

/* More than the socket's buffer holds: the messages are lost, not the links. */
static void test_many(void **state)
{
	struct capture *c;

	(void)state;
	if (!may)
		skip();
	c = open_capture();
	assert_int_equal(capture_attach(c, "m*"), 0);
	many_add("m", "n", 200);
	lab_follow(c);
	assert_int_equal(n_attached(c), 200);
	lab_run("ip link set m199 up && ip link set n199 up");
	lab_follow(c);
	check_event(c, "n199", "m199");
	many_delete();
	lab_follow(c);
	assert_int_equal(n_attached(c), 0);
	capture_free(c);
}

/* What was announced before the loss may be said no more when it is read. */
static void test_old_news_after_a_loss(void **state)
{
	struct capture *c;

	(void)state;
	if (!may)
		skip();
	c = open_capture();
	assert_int_equal(capture_attach(c, "a0"), -ENODEV);
	lab_veth("x0", "b0");
	many_add("m", "n", 200);
	lab_run("ip link set x0 name a0");
	lab_follow(c);
	assert_int_equal(n_attached(c), 1);
	check_event(c, "b0", "a0");
	many_delete();
	capture_free(c);
	lab_run("ip link del a0");
}

static void same_again(bool lose_end, bool lose_begin)
{
	struct capture *c = open_capture();

	lab_run("ip link add a0 index 7777 type veth peer name b0");
	assert_int_equal(capture_attach(c, "a0"), 0);
	if (lose_end)
		many_add("m", "n", 200);
	lab_run("ip link del a0");
	if (lose_begin && !lose_end)
		many_add("m", "n", 200);
	lab_run("ip link add a0 index 7777 type veth peer name b0 && "
		"ip link set a0 up && ip link set b0 up");
	lab_follow(c);
	assert_int_equal(n_attached(c), 1);
	check_event(c, "b0", "a0");
	capture_free(c);
	lab_run("ip link del a0");
	if (lose_begin)
		many_delete();
}

/* Removed and made anew under the same index, whatever was heard of it. */
static void test_same_name_and_index(void **state)
{
	(void)state;
	if (!may)
		skip();
	same_again(false, false);
	same_again(false, true);
	same_again(true, true);
}

/* What may fail: a name that is not there, an index that is taken. */
static void change_at_random(unsigned int *seed)
{
	static const char *const names[] = {"a0", "a1", "a2", "x0", "x1"};
	const char *name = names[(unsigned int)rand_r(seed) % 5];
	const char *other = names[(unsigned int)rand_r(seed) % 5];
	unsigned int index = 7000 + (unsigned int)rand_r(seed) % 3;
	char command[256];

	switch (rand_r(seed) % 4) {
	case 0:
	case 1:
		snprintf(command, sizeof(command),
			 "ip link add %s index %u type veth && "
			 "ip link set %s up",
			 name, index, name);
		break;
	case 2:
		snprintf(command, sizeof(command), "ip link del %s", name);
		break;
	default:
		snprintf(command, sizeof(command), "ip link set %s name %s",
			 name, other);
	}
	lab_run("(%s) 2>/dev/null || true", command);
}

/* Attached is what is there and asked for, each in one place by its name. */
static void check_places(const struct capture *c)
{
	struct capture_link_view view, other;
	unsigned int there = 0, attached = 0;

	for (int i = 0; i < 3; i++) {
		const char name[] = {'a', (char)('0' + i), 0};

		there += if_nametoindex(name) != 0;
	}
	for (size_t i = 0; capture_link_get(c, i, &view); i++) {
		assert_int_equal(view.attached, if_nametoindex(view.name) != 0);
		attached += view.attached;
		for (size_t j = 0; j < i; j++) {
			assert_true(capture_link_get(c, j, &other));
			assert_string_not_equal(other.name, view.name);
		}
	}
	assert_int_equal(attached, there);
}

/* Ends and begins, names and indices that change owners, news that are lost. */
static void test_changes_at_random(void **state)
{
	unsigned int seed = 1;
	struct capture *c;

	(void)state;
	if (!may)
		skip();
	c = open_capture();
	assert_int_equal(capture_attach(c, "a*"), 0);
	for (int round = 0; round < 40; round++) {
		int n = 1 + rand_r(&seed) % 6, lost = rand_r(&seed) % 12;

		for (int i = 0; i < n; i++) {
			if (i == lost)
				many_add("m", "n", 200);
			change_at_random(&seed);
		}
		if (lost < n)
			many_delete();
		lab_follow(c);
		check_places(c);
	}
	capture_free(c);
	lab_run("for i in a0 a1 a2 x0 x1; do "
		"ip link del $i 2>/dev/null || true; done");
}

/* More names over time than there are rows: old places are used again. */
static void test_places_are_reused(void **state)
{
	struct capture_link_view view;
	struct capture *c;
	size_t n = 0;

	(void)state;
	if (!may)
		skip();
	c = open_capture();
	assert_int_equal(capture_attach(c, "m*"), 0);
	for (int round = 0; round < 6; round++) {
		char prefix[8];

		snprintf(prefix, sizeof(prefix), "m%d-", round);
		many_add(prefix, "n", 100);
		lab_follow(c);
		assert_int_equal(n_attached(c), 100);
		many_delete();
		lab_follow(c);
	}
	while (capture_link_get(c, n, &view))
		n++;
	assert_int_equal(n, ICMP_ROWS - 1);
	lab_veth("m-last", "n-last");
	lab_follow(c);
	check_event(c, "n-last", "m-last");
	lab_run("ip link del m-last");
	capture_free(c);
}

static int setup(void **state)
{
	(void)state;
	log_init(getenv("V") ? LOG_LEVEL_DEBUG : (enum log_level)0);
	may = geteuid() == 0 && lab_enter();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_such_interface),
		cmocka_unit_test(test_comes_back),
		cmocka_unit_test(test_removed_before_told),
		cmocka_unit_test(test_records_outlive_interface),
		cmocka_unit_test(test_rename),
		cmocka_unit_test(test_rename_to_a_name_that_was_there),
		cmocka_unit_test(test_alternative_name),
		cmocka_unit_test(test_index_is_used_again),
		cmocka_unit_test(test_down_and_up),
		cmocka_unit_test(test_glob),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_old_news_after_a_loss),
		cmocka_unit_test(test_same_name_and_index),
		cmocka_unit_test(test_changes_at_random),
		cmocka_unit_test(test_places_are_reused),
	};

	cmocka_set_test_filter(getenv("BPF_TEST_FILTER"));
	return cmocka_run_group_tests(tests, setup, NULL);
}
