/* SPDX-License-Identifier: ISC */
#ifndef TEST_LAB_H
#define TEST_LAB_H

/*
 * A network namespace of the test's own, without a name, gone with the
 * process; interfaces in it, frames into them and the events that come out.
 */
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/capture.h"
#include "agent/log.h"

enum {
	LAB_EVENTS_MAX = 256,
	LAB_WAIT_MS = 100, /* for what must not come */
};

struct lab {
	struct icmp_event events[LAB_EVENTS_MAX];
	size_t n_events;
};

/* False where this process may not: the test is then skipped. */
static inline bool lab_enter(void)
{
	if (unshare(CLONE_NEWNET) == 0)
		return true;
	print_message("needs root: a network namespace of its own\n");
	return false;
}

/* Runs a command; the test fails where it does. */
__attribute__((format(printf, 1, 2))) static inline void
lab_run(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

/* A pair, both ends here and up; without IPv6, so that nothing else talks. */
static inline void lab_veth(const char *a, const char *b)
{
	lab_run("ip link add %s type veth peer name %s", a, b);
	lab_run("for i in %s %s; do f=/proc/sys/net/ipv6/conf/$i/disable_ipv6; "
		"test ! -e $f || echo 1 >$f; done",
		a, b);
	lab_run("ip link set %s up && ip link set %s up", a, b);
}

static inline void lab_send(const char *ifname, const void *frame, size_t size)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)if_nametoindex(ifname),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(
		sendto(fd, frame, size, 0, (struct sockaddr *)&to, sizeof(to)),
		(int)size);
	close(fd);
}

static inline void lab_on_event(void *user, const struct icmp_event *event)
{
	struct lab *lab = user;

	if (lab->n_events < LAB_EVENTS_MAX)
		lab->events[lab->n_events++] = *event;
}

/* Waits until at least n events came, or in vain for LAB_WAIT_MS. */
static inline void lab_collect(struct lab *lab, struct capture *c, size_t n)
{
	struct pollfd p = {.fd = capture_fd(c), .events = POLLIN};

	lab->n_events = 0;
	do {
		assert_true(capture_dispatch(c, 64, lab_on_event, lab) >= 0);
	} while (lab->n_events < n && poll(&p, 1, LAB_WAIT_MS) > 0);
}

/* Follows all changes of interfaces that were announced up to now. */
static inline void lab_follow(struct capture *c)
{
	struct pollfd p = {.fd = capture_links_fd(c), .events = POLLIN};

	while (poll(&p, 1, LAB_WAIT_MS) > 0)
		assert_true(capture_links_dispatch(c, 16) >= 0);
}

#endif
