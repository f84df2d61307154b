/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/log.h"
#include "agent/options.h"

extern char **environ;

/* An interface takes two; not more, since libwebsockets' tables have room for
 * each of them. */
#define FILES_WANTED 4096

/*
 * sudo clears the environment unless its configuration keeps these variables,
 * and then the defaults apply in silence. Say so, and how to keep them.
 */
static void notice_sudo(const struct options *o)
{
	if (!o->sudo_cleared || o->output != OUTPUT_SOCKETIO)
		return;
	log_warning("sudo cleared the environment: CLIENTNAME, URL and "
		    "PASSWORD are not set, using room %s at %s; type 'sudo "
		    "--preserve-env=CLIENTNAME,URL,PASSWORD icmp-agent ...', "
		    "or install the sudoers file with 'make install'",
		    o->name, o->url);
}

/*
 * Where one of them is closed, a socket would get its number, and the log or
 * the packets with it. These fail instead.
 */
static void open_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null",
				   fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= FILES_WANTED)
		return;
	limit.rlim_cur =
		limit.rlim_max < FILES_WANTED ? limit.rlim_max : FILES_WANTED;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int printed(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EX_OK;
	fprintf(stderr, "icmp-agent: standard output: %s\n", strerror(errno));
	return EX_IOERR;
}

static int run(const struct options *o)
{
	log_init(o->verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	notice_sudo(o);
	/* the password is in this process's memory and environment */
	prctl(PR_SET_DUMPABLE, 0);
	raise_file_limit();
	return agent_run(o);
}

int main(int argc, char *argv[])
{
	struct options options;
	char error[512];
	int result;

	open_standard_files();
	result = options_parse(argc, argv, environ, &options, error,
			       sizeof(error));
	if (result < 0) {
		fprintf(stderr, "icmp-agent: %s\n", error);
		return -result;
	}
	switch ((enum options_result)result) {
	case OPTIONS_HELP:
		options_print_help(stdout);
		result = printed();
		break;
	case OPTIONS_VERSION:
		puts("icmp-agent " ICMP_AGENT_VERSION);
		result = printed();
		break;
	case OPTIONS_RUN:
		result = run(&options);
		break;
	}
	options_clear(&options);
	return result;
}
