/* SPDX-License-Identifier: ISC */
#ifndef LOOP_LWS_H
#define LOOP_LWS_H

/* What the parts of the libwebsockets edge share beneath loop.h. */
#include <libwebsockets.h>

#include "agent/loop.h"

/* The loop's context, to which each part adds a virtual host of its own. */
struct lws_context *loop_lws_context(struct loop *l);

#endif
