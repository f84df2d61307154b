/* SPDX-License-Identifier: ISC */
#ifndef AGENT_H
#define AGENT_H

/*
 * All wiring: the capture's events go to the room of the backend or to
 * standard output, in one loop, until a signal.
 */
#include "agent/options.h"

/* Returns the exit status, from sysexits(3); everything was logged. */
int agent_run(const struct options *options);

#endif
