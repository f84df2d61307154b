// SPDX-License-Identifier: ISC
/*
 * Preloaded into the agent, makes the kernel look like OLD_KERNEL, a release
 * such as 5.10.0: what came later is refused as that kernel would refuse it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

static const char *release(void)
{
	const char *text = getenv("OLD_KERNEL");

	return text ? text : "999.0";
}

static int older_than(int major, int minor)
{
	int a = 0, b = 0;

	sscanf(release(), "%d.%d", &a, &b);
	return a < major || (a == major && b < minor);
}

int uname(struct utsname *u)
{
	int (*real)(struct utsname *) =
		(int (*)(struct utsname *))dlsym(RTLD_NEXT, "uname");
	int err = real(u);

	if (err == 0)
		snprintf(u->release, sizeof(u->release), "%s", release());
	return err;
}

static int uses_helper(const union bpf_attr *attr, int helper)
{
	const struct bpf_insn *insns =
		(const struct bpf_insn *)(uintptr_t)attr->insns;

	for (uint32_t i = 0; i < attr->insn_cnt; i++)
		if (insns[i].code == (BPF_JMP | BPF_CALL) &&
		    insns[i].src_reg == 0 && insns[i].imm == helper)
			return 1;
	return 0;
}

/* Ring buffer: 5.8. bpf_xdp_load_bytes(): 5.18. tcx (46, 47): 6.6. */
static int refused(int command, union bpf_attr *attr)
{
	if (command == BPF_MAP_CREATE)
		return attr->map_type == BPF_MAP_TYPE_RINGBUF &&
		       older_than(5, 8);
	if (command == BPF_LINK_CREATE)
		return (attr->link_create.attach_type == 46 ||
			attr->link_create.attach_type == 47) &&
		       older_than(6, 6);
	if (command != BPF_PROG_LOAD || !older_than(5, 18) ||
	    !uses_helper(attr, BPF_FUNC_xdp_load_bytes))
		return 0;
	if (attr->log_buf && attr->log_size > 32)
		strcpy((char *)(uintptr_t)attr->log_buf,
		       "invalid func unknown#189\n");
	return 1;
}

long syscall(long number, ...)
{
	long (*real)(long, ...) =
		(long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	long a[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_bpf && refused((int)a[0], (union bpf_attr *)a[1])) {
		errno = EINVAL;
		return -1;
	}
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
