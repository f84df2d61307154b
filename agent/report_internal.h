/* SPDX-License-Identifier: ISC */
#ifndef REPORT_INTERNAL_H
#define REPORT_INTERNAL_H

/* Shared by the files of report alone. */
#include "agent/report.h"

/* of each metric's name */
#define PREFIX "icmp_agent_"

/* A room, or standard output. */
struct report_output {
	const char *room; /* NULL: standard output */
	const struct account *account;
	uint64_t pending; /* packets */
};

/* False behind the last. */
bool report_output_get(const struct report_sources *s, size_t i,
		       struct report_output *ret_output);

void report_outputs(const struct report_sources *s, struct exposition *e);

#endif
