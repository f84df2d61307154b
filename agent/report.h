/* SPDX-License-Identifier: ISC */
#ifndef REPORT_H
#define REPORT_H

/* All figures of the running agent: as metrics, as health, as the last line. */
#include "agent/capture.h"
#include "agent/exposition.h"
#include "agent/printer.h"
#include "agent/rooms.h"
#include "agent/rtt.h"
#include "agent/tally.h"

struct report_sources {
	const struct capture *capture;
	const struct rooms *rooms;     /* NULL: standard output */
	const struct printer *printer; /* NULL: rooms */
	const struct rtt *rtt;	       /* NULL: echoes cannot be paired */
	const struct tally *tally;
};

void report_metrics(const struct report_sources *s, struct exposition *e);

/* NULL when every room is connected, else why the first is not. */
const char *report_health(const struct report_sources *s);

/* Logs where every packet went. */
void report_totals(const struct report_sources *s);

#endif
