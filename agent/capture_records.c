// SPDX-License-Identifier: ISC
/* From the ring buffer to events, with a budget, and the clock for both. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <time.h>

#include "agent/capture_internal.h"

enum {
	CLOCK_READS = 5,
};
#define CLOCK_REFRESH_NS 1000000000LL
#define CLOCK_STEP_NS	 500000LL /* who sets the clock moves it by more */

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
}

int64_t capture_unix_now(void)
{
	return clock_ns(CLOCK_REALTIME);
}

/* Measured within the last second, and nobody has set the clock since. */
static bool clock_is_fresh(const struct capture *c, int64_t now_ns)
{
	int64_t step_ns = capture_unix_now() - now_ns - c->unix_minus_boot_ns;

	return c->clock_read_ns &&
	       now_ns - c->clock_read_ns < CLOCK_REFRESH_NS &&
	       step_ns > -CLOCK_STEP_NS && step_ns < CLOCK_STEP_NS;
}

/*
 * The clocks cannot be read at one instant: of several readings the one whose
 * two ends lie closest is the best.
 */
void capture_clock_refresh(struct capture *c)
{
	int64_t best_ns = INT64_MAX;
	int64_t now_ns = clock_ns(CLOCK_BOOTTIME);

	if (clock_is_fresh(c, now_ns))
		return;
	c->clock_read_ns = now_ns;
	for (int i = 0; i < CLOCK_READS; i++) {
		int64_t before = clock_ns(CLOCK_BOOTTIME);
		int64_t unix_ns = clock_ns(CLOCK_REALTIME);
		int64_t after = clock_ns(CLOCK_BOOTTIME);

		if (after - before >= best_ns)
			continue;
		best_ns = after - before;
		c->unix_minus_boot_ns = unix_ns - before - best_ns / 2;
	}
}

/*
 * libbpf before 1.5 has no budget, but a negative result ends its loop after
 * this record was consumed.
 */
int capture_on_record(void *user, void *data, size_t size)
{
	struct capture *c = user;
	const struct icmp_record *r = data;
	struct icmp_event event;

	if (size >= sizeof(*r) &&
	    event_from_record(r, capture_link_name(c, r->ifindex),
			      c->unix_minus_boot_ns, &event) == 0)
		c->fn(c->user, &event);
	c->taken++;
	return --c->left > 0 ? 0 : -EAGAIN;
}

int capture_fd(const struct capture *c)
{
	return ring_buffer__epoll_fd(c->ring);
}

int capture_dispatch(struct capture *c, int budget, capture_event_fn fn,
		     void *user)
{
	int err;

	if (budget <= 0)
		return 0;
	capture_clock_refresh(c);
	c->fn = fn;
	c->user = user;
	c->left = budget;
	c->taken = 0;
	err = ring_buffer__consume(c->ring);
	if (c->taken > 0)
		capture_collect_hasten(c);
	return err < 0 && err != -EAGAIN ? err : c->taken;
}
