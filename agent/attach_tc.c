// SPDX-License-Identifier: ISC
/* tcx where the kernel has it, a clsact filter where it has not. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/attach_internal.h"
#include "agent/log.h"

/* Since Linux 6.6; the headers of older systems lack them. */
#define ATTACH_TYPE_TCX_INGRESS 46
#define ATTACH_TYPE_TCX_EGRESS	47
#define ATTACH_FLAG_BEFORE	(1u << 3)

enum {
	HANDLE_FIRST = 0x69636d70, /* "icmp": no other's by chance */
	HANDLES = 8, /* agents at once on one hook; ingress, then egress */
	PRIORITIES = 4,
};

/*
 * The kernel asks for nothing but these fields, whatever the age of the
 * header; libbpf before 1.3 knows no tcx.
 */
static int tcx_link(int program, int ifindex, enum icmp_direction direction)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (unsigned int)program;
	attr.link_create.target_ifindex = (unsigned int)ifindex;
	attr.link_create.attach_type = direction == ICMP_DIR_IN
					       ? ATTACH_TYPE_TCX_INGRESS
					       : ATTACH_TYPE_TCX_EGRESS;
	/* first: another program's verdict may end the chain */
	attr.link_create.flags = ATTACH_FLAG_BEFORE;
	fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	return fd < 0 ? -errno : (int)fd;
}

static void clsact_hook(struct bpf_tc_hook *hook, int ifindex,
			enum icmp_direction direction)
{
	*hook = (struct bpf_tc_hook){
		.sz = sizeof(*hook),
		.ifindex = ifindex,
		.attach_point = direction == ICMP_DIR_IN ? BPF_TC_INGRESS
							 : BPF_TC_EGRESS,
	};
}

static void filter_delete(const struct bpf_tc_hook *hook, uint32_t handle,
			  uint32_t priority)
{
	struct bpf_tc_opts opts = {
		.sz = sizeof(opts),
		.handle = handle,
		.priority = priority,
	};
	int err = bpf_tc_detach(hook, &opts);

	if (err && err != -ENODEV && err != -ENOENT && err != -EINVAL)
		log_warning("ifindex %d: cannot remove tc filter %u: %s",
			    hook->ifindex, priority, strerror(-err));
}

/*
 * A filter outlives its process, unlike a link. So that a leftover is known,
 * a filter's handle is one of a few of our own, and whoever uses one holds a
 * socket of that name: it is of the network namespace, as the filter is, and
 * gone with the process. A descriptor, or negative errno: -EADDRINUSE.
 */
static int handle_own(const struct bpf_tc_hook *hook, uint32_t handle)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int n, err;

	if (fd < 0)
		return -errno;
	n = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
		     "icmp-agent/%d/%d/%x", hook->ifindex,
		     (int)hook->attach_point, handle);
	if (bind(fd, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			     (size_t)n)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/*
 * Takes a handle that nobody owns, and removes all filters whose owner is
 * gone. Where all handles are taken the kernel is to choose: 0, no socket.
 */
static void handle_take(const struct bpf_tc_hook *hook, struct attachment *a)
{
	const uint32_t first = HANDLE_FIRST + HANDLES * (uint32_t)a->direction;

	a->tc_handle = 0;
	a->link_fd = -1;
	for (uint32_t i = 0; i < HANDLES; i++) {
		int fd = handle_own(hook, first + i);

		if (fd < 0)
			continue;
		for (uint32_t p = 1; p <= PRIORITIES; p++)
			filter_delete(hook, first + i, p);
		if (a->link_fd >= 0) {
			close(fd);
			continue;
		}
		a->link_fd = fd;
		a->tc_handle = first + i;
	}
}

/*
 * First of all filters: the lowest priority, where a new one goes before its
 * equals. Another kind of classifier may hold that: then the next one, at
 * last the kernel's choice.
 */
static int filter_attach(const struct bpf_tc_hook *hook, int program,
			 struct attachment *a, uint32_t *ret_id)
{
	const uint32_t handle = a->tc_handle;
	int err = -EINVAL;

	for (uint32_t p = 1; err && p <= PRIORITIES + 1; p++) {
		LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = program,
			    .handle = handle, .priority = p % (PRIORITIES + 1));

		err = bpf_tc_attach(hook, &opts);
		a->tc_handle = opts.handle;
		a->tc_priority = opts.priority;
		*ret_id = opts.prog_id;
	}
	return err;
}

/*
 * A qdisc of kind ingress in the place of clsact takes filters for egress too
 * and shows them what comes in. It is known by that: for it the two are one.
 */
static bool is_ingress_qdisc(const struct attachment *a, uint32_t id)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = a->tc_handle,
		    .priority = a->tc_priority);
	struct bpf_tc_hook hook;

	clsact_hook(&hook, a->ifindex, ICMP_DIR_IN);
	return bpf_tc_query(&hook, &opts) == 0 && opts.prog_id == id;
}

/* The qdisc stays when we go: others may have put filters on it since. */
static int clsact_attach(int program, struct attachment *a)
{
	struct bpf_tc_hook hook;
	uint32_t id = 0;
	int err;

	clsact_hook(&hook, a->ifindex, a->direction);
	err = bpf_tc_hook_create(&hook);
	if (err && err != -EEXIST)
		return err;
	handle_take(&hook, a);
	err = filter_attach(&hook, program, a, &id);
	if (err == 0 && a->direction == ICMP_DIR_OUT &&
	    is_ingress_qdisc(a, id)) {
		filter_delete(&hook, a->tc_handle, a->tc_priority);
		err = -EBUSY;
	}
	if (err && a->link_fd >= 0)
		close(a->link_fd);
	return err;
}

void attach_clsact_detach(const struct attachment *a)
{
	struct bpf_tc_hook hook;

	clsact_hook(&hook, a->ifindex, a->direction);
	filter_delete(&hook, a->tc_handle, a->tc_priority);
}

bool attach_clsact_is_there(const struct attachment *a)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = a->tc_handle,
		    .priority = a->tc_priority);
	struct bpf_tc_hook hook;
	int err;

	clsact_hook(&hook, a->ifindex, a->direction);
	err = bpf_tc_query(&hook, &opts);
	return err != -ENOENT && err != -EINVAL; /* no filter, no qdisc */
}

int attach_tc(const struct attach_programs *programs,
	      const struct attach_policy *policy, const struct link_info *link,
	      enum icmp_direction direction, struct attachment *ret_a)
{
	const int *set = link->layer3 ? programs->tc_l3 : programs->tc;
	struct attachment a = {
		.how = ATTACH_TCX,
		.link_fd = -1,
		.ifindex = link->ifindex,
		.direction = direction,
	};
	int err = 0;

	attach_kernel_message_clear();
	a.link_fd = policy->no_tcx ? -EINVAL
				   : tcx_link(set[direction], link->ifindex,
					      direction);
	if (a.link_fd == -EINVAL) { /* a kernel before 6.6 */
		a.link_fd = -1;
		a.how = ATTACH_CLSACT;
		err = clsact_attach(set[direction], &a);
	} else if (a.link_fd < 0) {
		err = a.link_fd;
	}
	if (err == -EBUSY && a.how == ATTACH_CLSACT) {
		log_error("%s: tc egress: an ingress qdisc is in the place of "
			  "clsact: replace it by that, or use --direction in",
			  link->name);
		return err;
	}
	if (err) {
		attach_log_error(link,
				 direction == ICMP_DIR_IN ? "tc ingress"
							  : "tc egress",
				 err);
		return err;
	}
	*ret_a = a;
	return 0;
}
