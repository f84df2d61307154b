/* SPDX-License-Identifier: ISC */
#ifndef PRINTER_H
#define PRINTER_H

/*
 * Events as lines on standard output, without a rate. What a slow reader does
 * not take in time folds per flow, as beyond the rate of a room: there are
 * fewer lines then, and no packet is without one.
 */
#include <stdbool.h>
#include <stdint.h>

#include "agent/account.h"
#include "agent/event.h"
#include "agent/loop.h"
#include "agent/options.h"

struct printer;

/*
 * `options` must outlive it. `on_ready` is called when a printer that was full
 * has room again, `on_closed` once when the reader has gone, or when
 * nothing can be written any more. Negative errno.
 */
int printer_new(struct loop *loop, const struct options *options,
		loop_fn on_ready, loop_fn on_closed, void *user,
		struct printer **ret_printer);
void printer_free(struct printer *p);

void printer_take(struct printer *p, const struct icmp_event *event);

/* Hands lines to the reader: once after the events of a wake-up. */
void printer_flush(struct printer *p);

/* What comes now folds; better let the kernel hold it. */
bool printer_full(const struct printer *p);

/* Once on_closed was called: 0, the reader has gone, or negative errno. */
int printer_error(const struct printer *p);

/* Calls on_stopped when the reader has taken everything, perhaps at once. */
void printer_stop(struct printer *p, loop_fn on_stopped, void *user);

/* Packets that the reader took, until the next call; and those that wait. */
const struct account *printer_account(const struct printer *p);
uint64_t printer_pending(const struct printer *p);

#endif
