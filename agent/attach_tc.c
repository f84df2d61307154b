// SPDX-License-Identifier: ISC
/* tcx where the kernel has it, a clsact filter where it has not. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/attach_internal.h"
#include "agent/log.h"

/* Since Linux 6.6; the headers of older systems lack them. */
#define ATTACH_TYPE_TCX_INGRESS 46
#define ATTACH_TYPE_TCX_EGRESS	47
#define ATTACH_FLAG_BEFORE	(1u << 3)

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

/*
 * First of all filters: priority 1, where a new one goes before its equals.
 * Should another kind of classifier hold that, the kernel chooses.
 */
static int filter_attach(const struct bpf_tc_hook *hook, int program,
			 struct attachment *a)
{
	int err = -EINVAL;

	for (int priority = 1; err && priority >= 0; priority--) {
		LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = program,
			    .priority = (__u32)priority);

		err = bpf_tc_attach(hook, &opts);
		a->tc_handle = opts.handle;
		a->tc_priority = opts.priority;
	}
	return err;
}

/* The qdisc stays when we go: others may have put filters on it since. */
static int clsact_attach(int program, struct attachment *a)
{
	struct bpf_tc_hook hook;
	int err;

	clsact_hook(&hook, a->ifindex, a->direction);
	err = bpf_tc_hook_create(&hook);
	if (err && err != -EEXIST)
		return err;
	return filter_attach(&hook, program, a);
}

void attach_clsact_detach(const struct attachment *a)
{
	struct bpf_tc_opts opts = {
		.sz = sizeof(opts),
		.handle = a->tc_handle,
		.priority = a->tc_priority,
	};
	struct bpf_tc_hook hook;
	int err;

	clsact_hook(&hook, a->ifindex, a->direction);
	err = bpf_tc_detach(&hook, &opts);
	if (err && err != -ENODEV && err != -ENOENT && err != -EINVAL)
		log_warning("ifindex %d: cannot remove tc filter %u: %s",
			    a->ifindex, a->tc_priority, strerror(-err));
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
