/* SPDX-License-Identifier: ISC */
#ifndef LOOP_H
#define LOOP_H

/*
 * The one loop: libwebsockets' own, with other descriptors and timers brought
 * into it. Everything runs on the thread that calls loop_run(). Callbacks may
 * free any watch or timer, their own too.
 */
#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_watch;
struct loop_timer;

#define LOOP_NEVER UINT64_MAX

typedef void (*loop_fn)(void *user);

/* Negative errno. */
int loop_new(struct loop **ret_loop);
void loop_free(struct loop *l);

/* Until loop_stop(). 0, or negative errno where libwebsockets failed. */
int loop_run(struct loop *l);
void loop_stop(struct loop *l);

/* CLOCK_MONOTONIC, read once a wake-up; ns. */
uint64_t loop_now(struct loop *l);

/*
 * Calls `fn` while `fd` is readable, or has failed or ended: whoever reads
 * then learns which. The descriptor is duplicated: the
 * caller's stays its own. Negative errno.
 */
int loop_watch_new(struct loop *l, int fd, loop_fn fn, void *user,
		   struct loop_watch **ret_watch);
void loop_watch_free(struct loop_watch *w);

/*
 * Calls `fn` once when the descriptor takes more, or has failed; and pauses
 * or resumes the calls for what it gives.
 */
void loop_watch_writable(struct loop_watch *w, loop_fn fn);
void loop_watch_pause(struct loop_watch *w, bool pause);

int loop_timer_new(struct loop *l, loop_fn fn, void *user,
		   struct loop_timer **ret_timer);
void loop_timer_free(struct loop_timer *t);

/* Calls fn once at deadline_ns (loop_now's clock); LOOP_NEVER disarms. */
void loop_timer_set(struct loop_timer *t, uint64_t deadline_ns);

#endif
