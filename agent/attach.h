/* SPDX-License-Identifier: ISC */
#ifndef ATTACH_H
#define ATTACH_H

/*
 * Brings loaded programs to the hooks of an interface. Where the kernel has a
 * link for the hook (XDP, tcx) the attachment ends with its descriptor; a
 * clsact filter, before Linux 6.6, is removed by attachment_release().
 */
#include <stdbool.h>
#include <stdint.h>

#include "agent/links.h"
#include "agent/options.h"
#include "bpf/record.h"

enum attach_how {
	ATTACH_NONE = 0,
	ATTACH_XDP_NATIVE,
	ATTACH_XDP_GENERIC,
	ATTACH_TCX,
	ATTACH_CLSACT,
};

/* Program descriptors, owned by the caller; xdp is -1 where not loadable. */
struct attach_programs {
	int xdp;
	int tc[ICMP_DIR_COUNT];
	int tc_l3[ICMP_DIR_COUNT];
};

struct attach_policy {
	enum option_hook hook;
	enum option_xdp_mode xdp_mode;
	bool replace; /* detach a foreign XDP program */
	bool no_tcx;  /* do as before Linux 6.6: for tests */
};

struct attachment {
	enum attach_how how;
	int link_fd; /* owned; ATTACH_CLSACT: a socket of the owner's, or -1 */
	int ifindex;
	enum icmp_direction direction;
	uint32_t tc_handle; /* ATTACH_CLSACT */
	uint32_t tc_priority;
};

/* Negative errno; the cause and the remedy were logged. */
int attach_ingress(const struct attach_programs *programs,
		   const struct attach_policy *policy,
		   const struct link_info *link, struct attachment *ret_a);
int attach_egress(const struct attach_programs *programs,
		  const struct attach_policy *policy,
		  const struct link_info *link, struct attachment *ret_a);

/*
 * False where it ended without us: the interface was removed, though another
 * may have its name and index by now; or somebody detached it.
 */
bool attachment_is_there(const struct attachment *a);

/* Detaches; nothing where how is ATTACH_NONE. */
void attachment_release(struct attachment *a);

/*
 * Which of CAP_NET_ADMIN and CAP_BPF this process lacks, as a text for a
 * message; where it has both, something else forbids.
 */
const char *attach_missing_capabilities(void);

/* "xdp (native)" and the like. */
const char *attach_how_name(enum attach_how how);

/*
 * Keeps libbpf's messages off the screen (they go to the debug log) and
 * remembers what the kernel said last, for attach_kernel_message().
 */
void attach_init_log(void);
const char *attach_kernel_message(void);
void attach_kernel_message_clear(void);

#endif
