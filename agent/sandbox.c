/* SPDX-License-Identifier: ISC */
#include "agent/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agent/log.h"

/* What the one line says. */
struct report {
	char user[64];
	char caps[64];
	const char *note;
};

/* Negative errno. */
static int count_threads(void)
{
	DIR *d = opendir("/proc/self/task");
	const struct dirent *e;
	int n = 0;

	if (!d)
		return -errno;
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static bool has_capability(cap_value_t value)
{
	cap_flag_value_t flag = CAP_CLEAR;
	cap_t caps = cap_get_proc();

	if (caps && cap_get_flag(caps, value, CAP_EFFECTIVE, &flag) < 0)
		flag = CAP_CLEAR;
	cap_free(caps);
	return flag == CAP_SET;
}

/* ---- user ----------------------------------------------------------------- */

/* A name of the host's, or a number that need not have one. */
static int find_user(const char *user, uid_t *ret_uid, gid_t *ret_gid)
{
	const struct passwd *pw = getpwnam(user);
	unsigned long id;
	char *end;

	if (pw) {
		*ret_uid = pw->pw_uid;
		*ret_gid = pw->pw_gid;
		return 0;
	}
	errno = 0;
	id = strtoul(user, &end, 10);
	/* (uid_t)-1 means "no change" to setresuid(2) */
	if (user[0] < '0' || user[0] > '9' || *end || errno || id >= (uid_t)-1)
		return -EINVAL;
	*ret_uid = (uid_t)id;
	*ret_gid = (gid_t)id;
	return 0;
}

static int change_user(uid_t uid, gid_t gid)
{
	/* permitted capabilities live through setresuid(); see capabilities(7) */
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return -errno;
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		return -errno;
	(void)prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	return 0;
}

static int become_user(const char *user, struct report *report)
{
	uid_t uid;
	gid_t gid;
	int r;

	report->note = "";
	(void)snprintf(report->user, sizeof(report->user), "%u", getuid());
	if (!user)
		return 0;
	r = find_user(user, &uid, &gid);
	if (r < 0) {
		log_error("user '%s' does not exist: name another with --user "
			  "or RUN_AS",
			  user);
		return r;
	}
	if (uid == getuid() && uid == geteuid() && gid == getgid())
		return 0;
	if (!has_capability(CAP_SETUID) || !has_capability(CAP_SETGID)) {
		report->note = " (no CAP_SETUID and CAP_SETGID to become "
			       "another)";
		return 0;
	}
	r = change_user(uid, gid);
	if (r < 0) {
		log_error("cannot become user '%s': %s", user, strerror(-r));
		return r;
	}
	(void)snprintf(report->user, sizeof(report->user), "%.32s (%u)", user,
		       uid);
	return 0;
}

/* ---- capabilities --------------------------------------------------------- */

/*
 * Needs CAP_SETPCAP. Without it the set stays, and does no harm: with
 * no_new_privs no execve() gives a capability back.
 */
static void clear_bounding_set(void)
{
	for (cap_value_t c = 0; c <= cap_max_bits(); c++)
		(void)prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

/* Permitted and effective become those of `keep` that are permitted now. */
static int reduce(cap_t now, cap_t next, unsigned int keep)
{
	static const struct {
		unsigned int bit;
		cap_value_t value;
	} kept[] = {
		{SANDBOX_KEEP_NET_ADMIN, CAP_NET_ADMIN},
		{SANDBOX_KEEP_BPF, CAP_BPF},
	};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		cap_flag_value_t flag = CAP_CLEAR;

		if (!(keep & kept[i].bit) ||
		    cap_get_flag(now, kept[i].value, CAP_PERMITTED, &flag) <
			    0 ||
		    flag == CAP_CLEAR)
			continue;
		if (cap_set_flag(next, CAP_PERMITTED, 1, &kept[i].value,
				 CAP_SET) < 0 ||
		    cap_set_flag(next, CAP_EFFECTIVE, 1, &kept[i].value,
				 CAP_SET) < 0)
			return -errno;
	}
	return cap_set_proc(next) < 0 ? -errno : 0;
}

static int drop_capabilities(unsigned int keep, struct report *report)
{
	cap_t now = cap_get_proc();
	cap_t next = cap_init();
	char *text = NULL;
	int r = -ENOMEM;

	if (now && next)
		r = reduce(now, next, keep);
	if (r == 0)
		text = cap_to_text(next, NULL);
	(void)snprintf(report->caps, sizeof(report->caps), "%s",
		       text && strcmp(text, "=") != 0 ? text : "none");
	if (r < 0)
		log_error("cannot drop capabilities: %s", strerror(-r));
	cap_free(text);
	cap_free(next);
	cap_free(now);
	return r;
}

/* ---- all of it ------------------------------------------------------------ */

static int check_threads(void)
{
	int n = count_threads();

	if (n == 1)
		return 0;
	if (n < 0)
		log_error("cannot read /proc/self/task: %s%s", strerror(-n),
			  n == -ENOENT ? ": mount /proc" : "");
	else
		log_error("cannot enter the sandbox with %d threads", n);
	return n < 0 ? n : -EBUSY;
}

static int forbid_more(void)
{
	/* setresuid() may have set "dumpable" again: last of all */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
		return 0;
	log_error("cannot give up privileges: %s", strerror(errno));
	return -errno;
}

int sandbox_enter(const struct sandbox_config *config)
{
	struct report report;
	int r;

	r = check_threads();
	if (r < 0)
		return r;
	clear_bounding_set();
	r = become_user(config->user, &report);
	if (r == 0)
		r = drop_capabilities(config->keep, &report);
	if (r == 0)
		r = forbid_more();
	if (r < 0)
		return r;

	r = sandbox_filter_load(config->strict);
	if (r < 0 && r != -EINVAL && r != -ENOSYS) {
		log_error("cannot filter system calls: %s", strerror(-r));
		return r;
	}
	log_info("runs as user %s%s, capabilities: %s, system calls: %s",
		 report.user, report.note, report.caps,
		 r == 0 ? "filtered" : "all (this kernel has no filters)");
	return 0;
}
