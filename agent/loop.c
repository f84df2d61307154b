/* SPDX-License-Identifier: ISC */
#include "agent/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/loop_lws.h"

#define NS_PER_US UINT64_C(1000)
#define NS_PER_S  UINT64_C(1000000000)

struct loop {
	struct lws_context *context;
	struct lws_vhost *vhost;
	uint64_t now_ns; /* 0: not read in this wake-up */
	bool stopped;
};

struct loop_watch {
	struct lws *wsi;
	loop_fn fn;
	loop_fn writable;
	void *user;
};

struct loop_timer {
	lws_sorted_usec_list_t sul; /* first: the callback gets its address */
	struct loop *loop;
	loop_fn fn;
	void *user;
};

static uint64_t clock_read(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t loop_now(struct loop *l)
{
	if (!l->now_ns)
		l->now_ns = clock_read();
	return l->now_ns;
}

static void watch_writable(struct loop_watch *w)
{
	loop_fn fn = w->writable;

	w->writable = NULL;
	if (fn)
		fn(w->user);
}

/*
 * libwebsockets forgets what is asked for within this callback, so it is asked
 * again from a timer. The watch may have been freed.
 */
static void on_room(struct lws *wsi, struct loop_watch *w)
{
	watch_writable(w);
	w = lws_get_opaque_user_data(wsi);
	if (w && w->writable)
		lws_set_timer_usecs(wsi, 1);
}

/*
 * A descriptor that failed while it is paused is closed at once: whoever waits
 * for room hears of it there, others where they read.
 */
static void on_close(struct loop_watch *w)
{
	w->wsi = NULL;
	if (w->writable)
		watch_writable(w);
	else
		w->fn(w->user);
}

/*
 * A watch that was freed leaves its wsi behind without an owner; -1 makes
 * libwebsockets close it, and with it the duplicated descriptor.
 */
static int watch_callback(struct lws *wsi, enum lws_callback_reasons reason,
			  void *session, void *in, size_t len)
{
	struct loop_watch *w = lws_get_opaque_user_data(wsi);

	(void)session;
	(void)in;
	(void)len;
	switch (reason) {
	case LWS_CALLBACK_RAW_RX_FILE:
		if (!w)
			return -1;
		w->fn(w->user);
		return 0;
	case LWS_CALLBACK_RAW_WRITEABLE_FILE:
		if (!w)
			return -1;
		on_room(wsi, w);
		return 0;
	case LWS_CALLBACK_TIMER:
		if (w && w->writable)
			lws_callback_on_writable(wsi);
		return 0;
	case LWS_CALLBACK_RAW_CLOSE_FILE:
		if (w)
			on_close(w);
		return 0;
	default:
		return 0;
	}
}

static const struct lws_protocols watch_protocols[] = {
	{.name = "watch", .callback = watch_callback},
	{0},
};

static void log_lws(int level, const char *line)
{
	(void)level;
	log_debug("libwebsockets: %.*s", (int)strcspn(line, "\n"), line);
}

/*
 * timeout_secs is libwebsockets' limit on each HTTP exchange, 5 s unless it is
 * set, which would end every long poll. The client has deadlines of its own
 * for everything, so this one only has to be out of the way.
 */
static int context_new(struct loop *l)
{
	struct lws_context_creation_info info = {
		.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
			   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
		.http_proxy_address = "", /* never the environment's */
		.port = CONTEXT_PORT_NO_LISTEN,
		.timeout_secs = 3600,
		/* the head of a request: 4 KB would not hold its cookies */
		.pt_serv_buf_size = 16384,
		/* of an answer: 4 KB would not hold what some proxies add */
		.max_http_header_data = 16384,
		.gid = -1,
		.uid = -1,
		.vhost_name = "loop",
		.protocols = watch_protocols,
	};

	l->context = lws_create_context(&info);
	if (!l->context)
		return -ENOMEM;
	/* no TLS here: a set of CAs would be loaded and never used */
	info.options = 0;
	l->vhost = lws_create_vhost(l->context, &info);
	return l->vhost ? 0 : -ENOMEM;
}

int loop_new(struct loop **ret_loop)
{
	struct loop *l;
	int err;

	lws_set_log_level(LLL_ERR | LLL_WARN, log_lws);
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	err = context_new(l);
	if (err) {
		loop_free(l);
		return err;
	}
	*ret_loop = l;
	return 0;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	if (l->context)
		lws_context_destroy(l->context);
	free(l);
}

struct lws_context *loop_lws_context(struct loop *l)
{
	return l->context;
}

int loop_run(struct loop *l)
{
	while (!l->stopped) {
		l->now_ns = 0;
		if (lws_service(l->context, 0) < 0)
			return -EIO;
	}
	return 0;
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
	lws_cancel_service(l->context);
}

int loop_watch_new(struct loop *l, int fd, loop_fn fn, void *user,
		   struct loop_watch **ret_watch)
{
	struct loop_watch *w;
	lws_sock_file_fd_type desc;

	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	*w = (struct loop_watch){.fn = fn, .user = user};
	desc.filefd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (desc.filefd < 0) {
		free(w);
		return -errno;
	}
	w->wsi = lws_adopt_descriptor_vhost(l->vhost, LWS_ADOPT_RAW_FILE_DESC,
					    desc, "watch", NULL);
	if (!w->wsi) { /* which has closed the descriptor */
		free(w);
		return -ENOMEM;
	}
	lws_set_opaque_user_data(w->wsi, w);
	*ret_watch = w;
	return 0;
}

void loop_watch_free(struct loop_watch *w)
{
	if (!w)
		return;
	if (w->wsi) {
		lws_set_opaque_user_data(w->wsi, NULL);
		lws_set_timeout(w->wsi, PENDING_TIMEOUT_USER_OK,
				LWS_TO_KILL_ASYNC);
	}
	free(w);
}

void loop_watch_writable(struct loop_watch *w, loop_fn fn)
{
	w->writable = fn;
	if (w->wsi)
		lws_callback_on_writable(w->wsi);
}

void loop_watch_pause(struct loop_watch *w, bool pause)
{
	if (w->wsi)
		lws_rx_flow_control(w->wsi, !pause);
}

/*
 * libwebsockets runs ripe timers before it waits in poll(), so what the clock
 * said here is stale for the descriptors that wake it later.
 */
static void timer_fire(lws_sorted_usec_list_t *sul)
{
	struct loop_timer *t = lws_container_of(sul, struct loop_timer, sul);
	struct loop *l = t->loop;

	l->now_ns = 0;
	t->fn(t->user);
	l->now_ns = 0;
}

int loop_timer_new(struct loop *l, loop_fn fn, void *user,
		   struct loop_timer **ret_timer)
{
	struct loop_timer *t;

	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	*t = (struct loop_timer){.loop = l, .fn = fn, .user = user};
	*ret_timer = t;
	return 0;
}

void loop_timer_free(struct loop_timer *t)
{
	if (!t)
		return;
	lws_sul_cancel(&t->sul);
	free(t);
}

void loop_timer_set(struct loop_timer *t, uint64_t deadline_ns)
{
	uint64_t now_ns;
	lws_usec_t wait_us;

	if (deadline_ns == LOOP_NEVER) {
		lws_sul_cancel(&t->sul);
		return;
	}
	/* the fresh clock: libwebsockets adds the wait to its own reading */
	now_ns = clock_read();
	wait_us =
		deadline_ns <= now_ns
			? 1
			: (lws_usec_t)((deadline_ns - now_ns) / NS_PER_US + 1);
	lws_sul_schedule(t->loop->context, 0, &t->sul, timer_fire, wait_us);
}
