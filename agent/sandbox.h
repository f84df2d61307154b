/* SPDX-License-Identifier: ISC */
#ifndef SANDBOX_H
#define SANDBOX_H

/*
 * The privileges edge: what the process gives up for good once everything is
 * set up. Order matters inside and is this module's affair: bounding set,
 * groups, user, capabilities, no_new_privs, not dumpable, system calls.
 */
#include <stdbool.h>

/* Capabilities that may be kept while interfaces may still come back. */
#define SANDBOX_KEEP_NET_ADMIN (1u << 0)
#define SANDBOX_KEEP_BPF       (1u << 1)

struct sandbox_config {
	const char *user;  /* name or number to become; NULL: stay */
	unsigned int keep; /* SANDBOX_KEEP_*, as far as the process has them */
	bool strict;	   /* kill at any call that is not on the list */
};

/*
 * Enters the sandbox; there is no way out. To be called while the process has
 * one thread (-EBUSY otherwise: only that one would be confined), after the
 * last file is open that another user could not open.
 *
 * Without CAP_SETUID and CAP_SETGID the process stays who it is. Where the
 * kernel has no seccomp filters it runs without. Both are said in the one line
 * that is logged.
 *
 * 0, or negative errno with the cause and the remedy logged; -ENOENT: no such
 * user. The process may then have given up a part and should end.
 */
int sandbox_enter(const struct sandbox_config *config);

/*
 * The last part alone, for sandbox_enter() and its tests: from here on system
 * calls that the agent and its libraries do not use fail with ENOSYS, which
 * makes a C library fall back to an older call, and those that only an
 * intruder would make (execve, ptrace, mount...) kill the process. With
 * `strict` every call off the list kills: how the tests find out that the list
 * is complete, too brittle for hosts with name-service modules we do not know.
 *
 * No file can be opened for writing, no socket made but of the families
 * AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK, no BPF program loaded.
 *
 * 0, or negative errno: -EINVAL or -ENOSYS where the kernel has no filters.
 */
int sandbox_filter_load(bool strict);

#endif
