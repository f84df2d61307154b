// SPDX-License-Identifier: ISC
/* XDP by link: native, generic, and what to do where the hook is taken. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/attach_internal.h"
#include "agent/log.h"

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

static bool link_is_of(int fd, int ifindex, const struct xdp_holder *h)
{
	struct bpf_link_info info = {0};
	__u32 len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) == 0 &&
	       info.type == BPF_LINK_TYPE_XDP && info.prog_id == h->program &&
	       (int)info.xdp.ifindex == ifindex;
}

/*
 * A program held by a link goes only with the link. Needs CAP_SYS_ADMIN. A
 * link does not tell its network namespace, and lo has the same index in all:
 * where one program is there in several, all of them stay.
 */
static int holder_detach_link(int ifindex, const struct xdp_holder *h)
{
	int found = -1, err = -EBUSY;
	__u32 id = 0;

	while (bpf_link_get_next_id(id, &id) == 0) {
		int fd = bpf_link_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!link_is_of(fd, ifindex, h)) {
			close(fd);
			continue;
		}
		if (found >= 0) {
			close(fd);
			goto out;
		}
		found = fd;
	}
	if (found >= 0)
		err = bpf_link_detach(found);
out:
	if (found >= 0)
		close(found);
	return err;
}

static int holder_detach(const struct link_info *link,
			 const struct xdp_holder *h, bool replace)
{
	int err = bpf_xdp_detach(link->ifindex, h->flags, NULL);

	if (err == -EBUSY && replace)
		err = holder_detach_link(link->ifindex, h);
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

/* Native, then generic, as far as the policy allows either. */
static int xdp_try(int program, const struct attach_policy *policy,
		   const struct link_info *link, struct attachment *a)
{
	int fd = -EOPNOTSUPP;

	attach_kernel_message_clear();
	if (policy->xdp_mode != XDP_MODE_GENERIC) {
		a->how = ATTACH_XDP_NATIVE;
		fd = xdp_link(program, link->ifindex, XDP_MODE_NATIVE);
		if (fd >= 0 || attach_is_busy(fd) || fd == -EPERM)
			goto out;
		if (fd != -EOPNOTSUPP) {
			xdp_ask_reason(program, link->ifindex);
			log_info("%s: native XDP refused: %s%s%s", link->name,
				 strerror(-fd),
				 attach_kernel_message()[0] ? ": " : "",
				 attach_kernel_message());
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

int attach_xdp(const struct attach_programs *programs,
	       const struct attach_policy *policy, const struct link_info *link,
	       struct xdp_holder *ret_holder, struct attachment *ret_a)
{
	struct attachment a = {
		.link_fd = -1,
		.ifindex = link->ifindex,
		.direction = ICMP_DIR_IN,
	};
	int err = xdp_try(programs->xdp, policy, link, &a);

	if (attach_is_busy(err)) {
		holder_get(link->ifindex, ret_holder);
		if (!policy->replace &&
		    strcmp(ret_holder->name, ATTACH_XDP_NAME) != 0)
			return err;
		if (holder_detach(link, ret_holder, policy->replace))
			return err;
		err = xdp_try(programs->xdp, policy, link, &a);
	}
	if (err == 0)
		*ret_a = a;
	return err;
}
