// SPDX-License-Identifier: ISC
#include "agent/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <unistd.h>

#include "agent/attach_internal.h"
#include "agent/log.h"

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
		return "not permitted; run as root";
	net = have_capability(caps, CAP_NET_ADMIN);
	bpf = have_capability(caps, CAP_BPF) ||
	      have_capability(caps, CAP_SYS_ADMIN);
	cap_free(caps);
	if (!net && !bpf)
		return "CAP_NET_ADMIN and CAP_BPF are missing; run as root or "
		       "give the capabilities";
	if (!net)
		return "CAP_NET_ADMIN is missing; run as root or give the "
		       "capability";
	if (!bpf)
		return "CAP_BPF is missing; run as root or give the capability";
	return "forbidden in spite of CAP_NET_ADMIN and CAP_BPF, by a user "
	       "namespace, a container's seccomp profile, lockdown or the "
	       "verifier; --verbose shows the kernel's reasons";
}

void attach_log_error(const struct link_info *link, const char *hook, int err)
{
	if (err == -EPERM || err == -EACCES)
		log_error("%s: %s: %s", link->name, hook,
			  attach_missing_capabilities());
	else
		log_error("%s: %s: %s%s%s", link->name, hook, strerror(-err),
			  kernel_message[0] ? ": " : "", kernel_message);
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
	if (attach_is_busy(err)) {
		log_error("%s: XDP is taken by program %u (%s): leave out "
			  "--hook xdp, or detach it with --replace",
			  link->name, holder.program,
			  holder.name[0] ? holder.name : "unknown name");
		return -EBUSY;
	}
	if (err)
		attach_log_error(link, "xdp", err);
	return err;
}

int attach_egress(const struct attach_programs *programs,
		  const struct attach_policy *policy,
		  const struct link_info *link, struct attachment *ret_a)
{
	return attach_tc(programs, policy, link, ICMP_DIR_OUT, ret_a);
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
		return attach_tc(programs, policy, link, ICMP_DIR_IN, ret_a);
	err = attach_xdp(programs, policy, link, &holder, ret_a);
	if (err == 0 || err == -EPERM || err == -ENODEV) {
		if (err)
			attach_log_error(link, "xdp", err);
		return err;
	}
	if (attach_is_busy(err))
		log_warning("%s: XDP is taken by program %u (%s): using tc "
			    "ingress; --replace detaches it",
			    link->name, holder.program,
			    holder.name[0] ? holder.name : "unknown name");
	else
		log_info("%s: no XDP (%s): using tc ingress", link->name,
			 strerror(-err));
	return attach_tc(programs, policy, link, ICMP_DIR_IN, ret_a);
}

bool attachment_is_there(const struct attachment *a)
{
	struct bpf_link_info info = {0};
	__u32 len = sizeof(info);

	if (a->how == ATTACH_NONE)
		return true;
	if (a->how == ATTACH_CLSACT)
		return attach_clsact_is_there(a);
	/* a link of tcx has its index, which is 0 then, at the same place */
	return bpf_obj_get_info_by_fd(a->link_fd, &info, &len) ||
	       info.xdp.ifindex != 0;
}

void attachment_release(struct attachment *a)
{
	if (a->how == ATTACH_CLSACT)
		attach_clsact_detach(a);
	if (a->link_fd >= 0)
		close(a->link_fd);
	*a = (struct attachment){.link_fd = -1};
}
