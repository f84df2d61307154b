/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>

#include "agent/agent.h"
#include "agent/log.h"
#include "agent/options.h"

extern char **environ;

/*
 * sudo clears the environment unless its configuration keeps these variables,
 * and then the defaults apply in silence. Say so, and how to keep them.
 */
static void notice_sudo(const struct options *o)
{
	if (!getenv("SUDO_COMMAND") || getenv("URL") || getenv("CLIENTNAME") ||
	    o->output != OUTPUT_SOCKETIO || o->config_file)
		return;
	log_warning("sudo cleared the environment: CLIENTNAME, URL and "
		    "PASSWORD are not set, using room %s at %s; type 'sudo "
		    "--preserve-env=CLIENTNAME,URL,PASSWORD icmp-agent ...', "
		    "or install the sudoers file with 'make install'",
		    o->name, o->url);
}

static int run(const struct options *o)
{
	log_init(o->verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	notice_sudo(o);
	/* the password is in this process's memory and environment */
	prctl(PR_SET_DUMPABLE, 0);
	return agent_run(o);
}

int main(int argc, char *argv[])
{
	struct options options;
	char error[512];
	int result;

	result = options_parse(argc, argv, environ, &options, error,
			       sizeof(error));
	if (result < 0) {
		fprintf(stderr, "icmp-agent: %s\n", error);
		return -result;
	}
	switch ((enum options_result)result) {
	case OPTIONS_HELP:
		options_print_help(stdout);
		result = EX_OK;
		break;
	case OPTIONS_VERSION:
		puts("icmp-agent " ICMP_AGENT_VERSION);
		result = EX_OK;
		break;
	case OPTIONS_RUN:
		result = run(&options);
		break;
	}
	options_clear(&options);
	return result;
}
