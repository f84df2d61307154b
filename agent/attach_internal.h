/* SPDX-License-Identifier: ISC */
#ifndef ATTACH_INTERNAL_H
#define ATTACH_INTERNAL_H

/* What the files of attach share; see attach.h for the interface. */
#include <errno.h>

#include "agent/attach.h"

/* Of our own programs, so that a leftover is known by it. */
#define ATTACH_XDP_NAME "icmp_xdp"

/* Who holds the XDP hook of an interface. */
struct xdp_holder {
	uint32_t program; /* id; 0: nobody */
	uint32_t flags;	  /* XDP_FLAGS_*_MODE that it is attached in */
	char name[16];	  /* "" where we may not ask */
};

static inline bool attach_is_busy(int err)
{
	return err == -EBUSY || err == -EEXIST;
}

/*
 * Negative errno, not logged. -EBUSY and -EEXIST: the hook is taken, by
 * *ret_holder.
 */
int attach_xdp(const struct attach_programs *programs,
	       const struct attach_policy *policy, const struct link_info *link,
	       struct xdp_holder *ret_holder, struct attachment *ret_a);

/* Negative errno, logged. */
int attach_tc(const struct attach_programs *programs,
	      const struct attach_policy *policy, const struct link_info *link,
	      enum icmp_direction direction, struct attachment *ret_a);

void attach_clsact_detach(const struct attachment *a);
bool attach_clsact_is_there(const struct attachment *a);

/* One line: the cause, the kernel's words if it said any, the remedy. */
void attach_log_error(const struct link_info *link, const char *hook, int err);

#endif
