/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/sandbox.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

/* clang-format off */

/*
 * What the agent, libbpf, libwebsockets, OpenSSL and the C library (with a
 * resolver on a thread and its modules loaded at need) call. Names that an
 * architecture lacks are passed over.
 */
static const char *const allowed[] = {
	/* memory */
	"brk", "madvise", "mmap", "mmap2", "mprotect", "mremap", "munmap",
	/* files, for reading; open and openat follow below */
	"_llseek", "access", "close", "close_range", "dup", "dup2", "dup3",
	"faccessat", "faccessat2", "fcntl", "fcntl64", "fstat", "fstat64",
	"fstatat64", "getdents64", "lseek", "lstat", "lstat64", "newfstatat",
	"pipe", "pipe2", "pread64", "read", "readlink", "readlinkat", "readv",
	"stat", "stat64", "statx", "write", "writev",
	/* sockets; socket follows below */
	"accept", "accept4", "bind", "connect", "getpeername", "getsockname",
	"getsockopt", "listen", "recv", "recvfrom", "recvmmsg",
	"recvmmsg_time64", "recvmsg", "send", "sendmmsg", "sendmsg", "sendto",
	"setsockopt", "shutdown", "socketpair",
	/* waiting */
	"_newselect", "epoll_create", "epoll_create1", "epoll_ctl",
	"epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd", "eventfd2",
	"poll", "ppoll", "ppoll_time64", "pselect6", "pselect6_time64",
	"select", "signalfd", "signalfd4", "timerfd_create", "timerfd_gettime",
	"timerfd_gettime64", "timerfd_settime", "timerfd_settime64",
	/* time and chance */
	"clock_getres", "clock_getres_time64", "clock_gettime",
	"clock_gettime64", "clock_nanosleep", "clock_nanosleep_time64",
	"getrandom", "gettimeofday", "nanosleep", "time",
	/* threads and signals; clone and tgkill follow below */
	"exit", "exit_group", "futex", "futex_time64", "gettid", "membarrier",
	"restart_syscall", "rseq", "rt_sigaction", "rt_sigprocmask",
	"rt_sigreturn", "sched_getaffinity", "sched_yield", "set_robust_list",
	"set_tid_address", "sigaltstack", "sigreturn",
	/* who and where one is */
	"capget", "getcpu", "getegid", "getegid32", "geteuid", "geteuid32",
	"getgid", "getgid32", "getpid", "getppid", "getrlimit", "getrusage",
	"getuid", "getuid32", "sysinfo", "ugetrlimit", "uname",
};

/* Nothing that we link makes these: whoever does has taken the process over. */
static const char *const fatal[] = {
	"add_key", "chroot", "delete_module", "execve", "execveat",
	"finit_module", "fork", "fsconfig", "fsmount", "fsopen", "init_module",
	"io_uring_enter", "io_uring_register", "io_uring_setup",
	"kexec_file_load", "kexec_load", "keyctl", "mount", "mount_setattr",
	"move_mount", "name_to_handle_at", "open_by_handle_at", "open_tree",
	"perf_event_open", "personality", "pidfd_getfd", "pivot_root",
	"process_vm_readv", "process_vm_writev", "ptrace", "reboot",
	"request_key", "setns", "swapoff", "swapon", "umount2", "unshare",
	"userfaultfd", "vfork",
};

/* clang-format on */

static const unsigned int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

static const unsigned int ioctls[] = {
	FIONBIO,      FIONREAD,	   FIOCLEX,	 TCGETS,
	SIOCGIFADDR,  SIOCGIFCONF, SIOCGIFFLAGS, SIOCGIFHWADDR,
	SIOCGIFINDEX, SIOCGIFNAME, SIOCGIFMTU,	 SIOCETHTOOL,
};

/*
 * Attaching again, reading maps and asking who holds a hook; nothing that
 * brings a new program or map into the kernel.
 */
static const unsigned int bpf_commands[] = {
	BPF_MAP_LOOKUP_ELEM,	BPF_MAP_UPDATE_ELEM,
	BPF_MAP_DELETE_ELEM,	BPF_MAP_GET_NEXT_KEY,
	BPF_MAP_LOOKUP_BATCH,	BPF_MAP_LOOKUP_AND_DELETE_BATCH,
	BPF_OBJ_GET_INFO_BY_FD, BPF_PROG_GET_NEXT_ID,
	BPF_PROG_GET_FD_BY_ID,	BPF_PROG_QUERY,
	BPF_LINK_CREATE,	BPF_LINK_UPDATE,
	BPF_LINK_DETACH,	BPF_LINK_GET_NEXT_ID,
	BPF_LINK_GET_FD_BY_ID,
};

static const unsigned int prctls[] = {
	PR_SET_NAME, PR_GET_NAME,
	PR_SET_VMA,	 /* newer C libraries name their memory */
	PR_CAPBSET_READ, /* libcap asks for the highest capability */
};

/* One rule; a call that this architecture does not have needs none. */
static int add(scmp_filter_ctx ctx, uint32_t action, const char *name,
	       unsigned int n_args, const struct scmp_arg_cmp *args)
{
	int nr = seccomp_syscall_resolve_name(name);
	int r;

	if (nr == __NR_SCMP_ERROR)
		return 0;
	r = seccomp_rule_add_array(ctx, action, nr, n_args, args);
	return r == -EDOM || r == -EEXIST ? 0 : r;
}

static int add_names(scmp_filter_ctx ctx, uint32_t action,
		     const char *const names[], size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = add(ctx, action, names[i], 0, NULL);
	return r;
}

/* Allows a call where (argument & mask) == value. */
static int add_masked(scmp_filter_ctx ctx, const char *name, unsigned int arg,
		      scmp_datum_t mask, scmp_datum_t value)
{
	struct scmp_arg_cmp cmp =
		SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, mask, value);

	return add(ctx, SCMP_ACT_ALLOW, name, 1, &cmp);
}

/* Allows a call where argument `arg` (32 bits of it count) is in the list. */
static int add_values(scmp_filter_ctx ctx, const char *name, unsigned int arg,
		      const unsigned int values[], size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		r = add_masked(ctx, name, arg, UINT32_MAX, values[i]);
	}
	return r;
}

static int add_files(scmp_filter_ctx ctx)
{
	const scmp_datum_t writing = O_ACCMODE | O_CREAT | O_TRUNC;
	int r;

	r = add_masked(ctx, "open", 1, writing, O_RDONLY);
	if (r == 0)
		r = add_masked(ctx, "openat", 2, writing, O_RDONLY);
	return r;
}

static int add_threads(scmp_filter_ctx ctx, bool strict)
{
	const scmp_datum_t self = (scmp_datum_t)getpid();
	const scmp_datum_t any = ~(scmp_datum_t)0;
	int r;

	r = add_masked(ctx, "clone", 0, CLONE_THREAD, CLONE_THREAD);
	/*
	 * The flags of clone3() lie in memory, where a filter cannot look:
	 * refused, so that the C library takes clone(). (The default action
	 * may not be added again.)
	 */
	if (r == 0 && strict)
		r = add(ctx, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
	if (r == 0)
		r = add_masked(ctx, "tgkill", 0, any, self); /* abort() */
	if (r == 0)
		r = add_masked(ctx, "prlimit64", 0, any, 0);
	return r;
}

#define N(array) (sizeof(array) / sizeof((array)[0]))

static int add_rules(scmp_filter_ctx ctx, bool strict)
{
	int r;

	r = add_names(ctx, SCMP_ACT_ALLOW, allowed, N(allowed));
	if (r == 0)
		r = add_files(ctx);
	if (r == 0)
		r = add_threads(ctx, strict);
	if (r == 0)
		r = add_values(ctx, "socket", 0, families, N(families));
	if (r == 0)
		r = add_values(ctx, "ioctl", 1, ioctls, N(ioctls));
	if (r == 0)
		r = add_values(ctx, "bpf", 0, bpf_commands, N(bpf_commands));
	if (r == 0)
		r = add_values(ctx, "prctl", 0, prctls, N(prctls));
	return r;
}

int sandbox_filter_load(bool strict)
{
	scmp_filter_ctx ctx;
	int r;

	ctx = seccomp_init(strict ? SCMP_ACT_KILL_PROCESS
				  : SCMP_ACT_ERRNO(ENOSYS));
	if (!ctx)
		return -ENOMEM;
	/* a tree, not a list: the loop makes thousands of calls a second */
	r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_API_SYSRAWRC, 1);
	if (r == 0)
		r = add_rules(ctx, strict);
	/* with `strict` they are fatal already, and -EACCES to add again */
	if (r == 0 && !strict)
		r = add_names(ctx, SCMP_ACT_KILL_PROCESS, fatal, N(fatal));
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r;
}
