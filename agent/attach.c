// SPDX-License-Identifier: ISC
#include "agent/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/log.h"

/* Since Linux 6.6; the headers of older systems lack them. */
#define ATTACH_TYPE_TCX_INGRESS 46
#define ATTACH_TYPE_TCX_EGRESS	47
#define ATTACH_FLAG_BEFORE	(1u << 3)

/* Of our own programs, so that a leftover is known by it. */
#define XDP_PROGRAM_NAME "icmp_xdp"

static char kernel_message[256];

static void keep_kernel_message(const char *line)
{
	static const char mark[] = "Kernel error message: ";
	const char *said = strstr(line, mark);

	if (said)
		snprintf(kernel_message, sizeof(kernel_message), "%s",
			 said + strlen(mark));
}

/* The verifier's log comes as one print of many lines. */
static int libbpf_print(enum libbpf_print_level level, const char *format,
			va_list args)
{
	char *text, *line, *rest;

	(void)level;
	if (vasprintf(&text, format, args) < 0)
		return 0;
	for (rest = text; (line = strsep(&rest, "\n"));) {
		keep_kernel_message(line);
		if (line[0])
			log_debug("%s", line);
	}
	free(text);
	return 0;
}

void attach_init_log(void)
{
	libbpf_set_print(libbpf_print);
}

const char *attach_kernel_message(void)
{
	return kernel_message;
}

void attach_kernel_message_clear(void)
{
	kernel_message[0] = '\0';
}

const char *attach_how_name(enum attach_how how)
{
	switch (how) {
	case ATTACH_NONE:
		return "off";
	case ATTACH_XDP_NATIVE:
		return "xdp (native)";
	case ATTACH_XDP_GENERIC:
		return "xdp (generic)";
	case ATTACH_TCX:
		return "tcx";
	case ATTACH_CLSACT:
		return "tc (clsact)";
	}
	return "?";
}

static bool have_capability(cap_t caps, cap_value_t which)
{
	cap_flag_value_t value = CAP_CLEAR;

	return cap_get_flag(caps, which, CAP_EFFECTIVE, &value) == 0 &&
	       value == CAP_SET;
}

const char *attach_missing_capabilities(void)
{
	cap_t caps = cap_get_proc();
	bool net, bpf;

	if (!caps)
		return "not permitted";
	net = have_capability(caps, CAP_NET_ADMIN);
	bpf = have_capability(caps, CAP_BPF) ||
	      have_capability(caps, CAP_SYS_ADMIN);
	cap_free(caps);
	if (!net && !bpf)
		return "CAP_NET_ADMIN and CAP_BPF are missing";
	if (!net)
		return "CAP_NET_ADMIN is missing";
	if (!bpf)
		return "CAP_BPF is missing";
	return "forbidden in spite of CAP_NET_ADMIN and CAP_BPF (lockdown or "
	       "a seccomp filter)";
}

static void log_attach_error(const struct link_info *link, const char *hook,
			     int err)
{
	if (err == -EPERM || err == -EACCES)
		log_error("%s: %s: %s; run as root or give the capabilities",
			  link->name, hook, attach_missing_capabilities());
	else
		log_error("%s: %s: %s%s%s", link->name, hook, strerror(-err),
			  kernel_message[0] ? ": " : "", kernel_message);
}

/* ---- tc ---- */

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
 * The qdisc stays when we go: others may have put filters on it since.
 * Priority 0 lets the kernel choose one before all that exist.
 */
static int clsact_attach(int program, struct attachment *a)
{
	struct bpf_tc_opts opts = {.sz = sizeof(opts), .prog_fd = program};
	struct bpf_tc_hook hook;
	int err;

	clsact_hook(&hook, a->ifindex, a->direction);
	err = bpf_tc_hook_create(&hook);
	if (err && err != -EEXIST)
		return err;
	err = bpf_tc_attach(&hook, &opts);
	if (err)
		return err;
	a->tc_handle = opts.handle;
	a->tc_priority = opts.priority;
	return 0;
}

static void clsact_detach(const struct attachment *a)
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

static int attach_tc(const struct attach_programs *programs,
		     const struct link_info *link,
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
	a.link_fd = tcx_link(set[direction], link->ifindex, direction);
	if (a.link_fd == -EINVAL) { /* a kernel before 6.6 */
		a.link_fd = -1;
		a.how = ATTACH_CLSACT;
		err = clsact_attach(set[direction], &a);
	} else if (a.link_fd < 0) {
		err = a.link_fd;
	}
	if (err) {
		log_attach_error(link,
				 direction == ICMP_DIR_IN ? "tc ingress"
							  : "tc egress",
				 err);
		return err;
	}
	*ret_a = a;
	return 0;
}

int attach_egress(const struct attach_programs *programs,
		  const struct link_info *link, struct attachment *ret_a)
{
	return attach_tc(programs, link, ICMP_DIR_OUT, ret_a);
}

/* ---- XDP ---- */

struct xdp_holder {
	uint32_t program;	     /* 0: none */
	uint32_t flags;		     /* the mode it is attached in */
	char name[BPF_OBJ_NAME_LEN]; /* "" where we may not ask */
};

static void holder_name(struct xdp_holder *h)
{
	struct bpf_prog_info info = {0};
	__u32 len = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(h->program);

	if (fd < 0)
		return; /* asks for CAP_SYS_ADMIN */
	if (bpf_obj_get_info_by_fd(fd, &info, &len) == 0)
		snprintf(h->name, sizeof(h->name), "%s", info.name);
	close(fd);
}

static void holder_get(int ifindex, struct xdp_holder *ret_h)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, q);

	*ret_h = (struct xdp_holder){0};
	if (bpf_xdp_query(ifindex, 0, &q))
		return;
	if (q.drv_prog_id) {
		ret_h->program = q.drv_prog_id;
		ret_h->flags = XDP_FLAGS_DRV_MODE;
	} else if (q.skb_prog_id) {
		ret_h->program = q.skb_prog_id;
		ret_h->flags = XDP_FLAGS_SKB_MODE;
	} else {
		ret_h->program = q.hw_prog_id;
		ret_h->flags = XDP_FLAGS_HW_MODE;
	}
	if (ret_h->program)
		holder_name(ret_h);
}

static bool link_is_xdp_of(int fd, int ifindex)
{
	struct bpf_link_info info = {0};
	__u32 len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) == 0 &&
	       info.type == BPF_LINK_TYPE_XDP &&
	       (int)info.xdp.ifindex == ifindex;
}

/* A program held by a link goes only with the link. Needs CAP_SYS_ADMIN. */
static int holder_detach_link(int ifindex)
{
	__u32 id = 0;

	while (bpf_link_get_next_id(id, &id) == 0) {
		int fd = bpf_link_get_fd_by_id(id);
		int err;

		if (fd < 0)
			continue;
		if (!link_is_xdp_of(fd, ifindex)) {
			close(fd);
			continue;
		}
		err = bpf_link_detach(fd);
		close(fd);
		return err;
	}
	return -EBUSY;
}

static int holder_detach(const struct link_info *link,
			 const struct xdp_holder *h, bool replace)
{
	int err = bpf_xdp_detach(link->ifindex, h->flags, NULL);

	if (err == -EBUSY && replace)
		err = holder_detach_link(link->ifindex);
	if (err == 0)
		log_warning("%s: detached XDP program %u (%s)", link->name,
			    h->program, h->name[0] ? h->name : "unknown name");
	return err;
}

static int xdp_link(int program, int ifindex, enum option_xdp_mode mode)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts);

	opts.flags = mode == XDP_MODE_NATIVE ? XDP_FLAGS_DRV_MODE
					     : XDP_FLAGS_SKB_MODE;
	return bpf_link_create(program, ifindex, BPF_XDP, &opts);
}

/*
 * Creating a link loses what the driver says about its refusal; the same
 * request through netlink brings the words. It is refused likewise; were it
 * not, it is undone.
 */
static void xdp_ask_reason(int program, int ifindex)
{
	const __u32 flags = XDP_FLAGS_DRV_MODE | XDP_FLAGS_UPDATE_IF_NOEXIST;

	attach_kernel_message_clear();
	if (bpf_xdp_attach(ifindex, program, flags, NULL) == 0)
		bpf_xdp_detach(ifindex, XDP_FLAGS_DRV_MODE, NULL);
}

static bool is_busy(int err)
{
	return err == -EBUSY || err == -EEXIST;
}

/* Native, then generic, as far as the policy allows either. */
static int xdp_try(int program, const struct attach_policy *policy,
		   const struct link_info *link, struct attachment *a)
{
	int fd = -EOPNOTSUPP;

	attach_kernel_message_clear();
	if (policy->xdp_mode != XDP_MODE_GENERIC) {
		a->how = ATTACH_XDP_NATIVE;
		fd = xdp_link(program, link->ifindex, XDP_MODE_NATIVE);
		if (fd >= 0 || is_busy(fd) || fd == -EPERM)
			goto out;
		if (fd != -EOPNOTSUPP) {
			xdp_ask_reason(program, link->ifindex);
			log_info("%s: native XDP refused: %s%s%s", link->name,
				 strerror(-fd), kernel_message[0] ? ": " : "",
				 kernel_message);
		}
	}
	if (policy->xdp_mode != XDP_MODE_NATIVE) {
		a->how = ATTACH_XDP_GENERIC;
		fd = xdp_link(program, link->ifindex, XDP_MODE_GENERIC);
	}
out:
	if (fd < 0)
		return fd;
	a->link_fd = fd;
	return 0;
}

static int attach_xdp(const struct attach_programs *programs,
		      const struct attach_policy *policy,
		      const struct link_info *link, struct xdp_holder *holder,
		      struct attachment *ret_a)
{
	struct attachment a = {
		.link_fd = -1,
		.ifindex = link->ifindex,
		.direction = ICMP_DIR_IN,
	};
	int err = xdp_try(programs->xdp, policy, link, &a);

	if (is_busy(err)) {
		holder_get(link->ifindex, holder);
		if (!policy->replace && strcmp(holder->name, XDP_PROGRAM_NAME))
			return err;
		if (holder_detach(link, holder, policy->replace))
			return err;
		err = xdp_try(programs->xdp, policy, link, &a);
	}
	if (err == 0)
		*ret_a = a;
	return err;
}

/* What XDP costs on these (no offloads, a copy of each packet) tc does not. */
static bool prefers_tc(const struct link_info *link)
{
	return strcmp(link->driver, "veth") == 0 ||
	       strcmp(link->driver, "bridge") == 0 ||
	       strcmp(link->driver, "bonding") == 0;
}

/* Why XDP is out of the question before it is tried, or NULL. */
static const char *xdp_impossible(const struct attach_programs *programs,
				  const struct link_info *link)
{
	if (programs->xdp < 0)
		return "XDP needs Linux 5.18 here";
	if (!link->ethernet)
		return "XDP needs an Ethernet device";
	return NULL;
}

static int attach_xdp_only(const struct attach_programs *programs,
			   const struct attach_policy *policy,
			   const struct link_info *link,
			   struct attachment *ret_a)
{
	const char *why = xdp_impossible(programs, link);
	struct xdp_holder holder;
	int err;

	if (why) {
		log_error("%s: %s: leave out --hook xdp", link->name, why);
		return -EOPNOTSUPP;
	}
	err = attach_xdp(programs, policy, link, &holder, ret_a);
	if (is_busy(err))
		log_error("%s: XDP is taken by program %u (%s): leave out "
			  "--hook xdp, or detach it with --replace",
			  link->name, holder.program,
			  holder.name[0] ? holder.name : "unknown name");
	else if (err)
		log_attach_error(link, "xdp", err);
	return err;
}

int attach_ingress(const struct attach_programs *programs,
		   const struct attach_policy *policy,
		   const struct link_info *link, struct attachment *ret_a)
{
	struct xdp_holder holder;
	int err;

	if (policy->hook == HOOK_XDP)
		return attach_xdp_only(programs, policy, link, ret_a);
	if (policy->hook == HOOK_TC || prefers_tc(link) ||
	    xdp_impossible(programs, link))
		return attach_tc(programs, link, ICMP_DIR_IN, ret_a);
	err = attach_xdp(programs, policy, link, &holder, ret_a);
	if (err == 0 || err == -EPERM || err == -ENODEV) {
		if (err)
			log_attach_error(link, "xdp", err);
		return err;
	}
	if (is_busy(err))
		log_warning("%s: XDP is taken by program %u (%s): using tc "
			    "ingress; --replace detaches it",
			    link->name, holder.program,
			    holder.name[0] ? holder.name : "unknown name");
	else
		log_info("%s: no XDP (%s): using tc ingress", link->name,
			 strerror(-err));
	return attach_tc(programs, link, ICMP_DIR_IN, ret_a);
}

void attachment_release(struct attachment *a)
{
	if (a->how == ATTACH_CLSACT)
		clsact_detach(a);
	if (a->link_fd >= 0)
		close(a->link_fd);
	*a = (struct attachment){.link_fd = -1};
}
