/* SPDX-License-Identifier: ISC */
#include "agent/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What the thread and the loop share; the last to leave frees it. */
struct job {
	atomic_int users;
	int done_fd;
	char *host;
	struct resolve_result result;
};

struct resolve {
	struct job *job;
	struct loop_watch *watch;
	resolve_fn fn;
	void *user;
};

static void job_leave(struct job *job)
{
	if (atomic_fetch_sub(&job->users, 1) > 1)
		return;
	if (job->done_fd >= 0)
		close(job->done_fd);
	free(job->host);
	free(job);
}

static struct job *job_new(const char *host)
{
	struct job *job;

	job = calloc(1, sizeof(*job));
	if (!job)
		return NULL;
	atomic_init(&job->users, 1);
	job->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	job->host = strdup(host);
	if (job->done_fd >= 0 && job->host)
		return job;
	job_leave(job);
	return NULL;
}

/* The next of `list` whose family is, or is not, `family`. */
static const struct addrinfo *next_of(const struct addrinfo *list, int family,
				      bool same)
{
	while (list && (list->ai_family == family) != same)
		list = list->ai_next;
	return list;
}

static void add_address(struct resolve_result *r, const struct addrinfo *ai)
{
	size_t n = r->n_addresses;

	if (n == RESOLVE_MAX_ADDRESSES)
		return;
	if (!getnameinfo(ai->ai_addr, ai->ai_addrlen, r->address[n],
			 sizeof(r->address[n]), NULL, 0, NI_NUMERICHOST))
		r->n_addresses++;
}

/* RFC 8305 section 4: in the resolver's order, but the families in turn. */
static void interleave(struct resolve_result *r, const struct addrinfo *list)
{
	int family = list->ai_family;
	const struct addrinfo *a = list;
	const struct addrinfo *b = next_of(list, family, false);

	while (a || b) {
		if (a) {
			add_address(r, a);
			a = next_of(a->ai_next, family, true);
		}
		if (b) {
			add_address(r, b);
			b = next_of(b->ai_next, family, false);
		}
	}
}

static void look_up(const char *host, struct resolve_result *ret_result)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	int err;

	err = getaddrinfo(host, NULL, &hints, &list);
	if (err) {
		snprintf(ret_result->error, sizeof(ret_result->error), "%s",
			 err == EAI_SYSTEM ? strerror(errno)
					   : gai_strerror(err));
		return;
	}
	interleave(ret_result, list);
	freeaddrinfo(list);
	if (!ret_result->n_addresses)
		snprintf(ret_result->error, sizeof(ret_result->error),
			 "no address");
}

static void *thread_main(void *user)
{
	struct job *job = user;

	look_up(job->host, &job->result);
	eventfd_write(job->done_fd, 1);
	job_leave(job);
	return NULL;
}

/* Signals belong to the loop's thread. */
static int thread_start(struct job *job)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;
	int err;

	err = pthread_attr_init(&attr);
	if (err)
		return -err;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	atomic_fetch_add(&job->users, 1);
	err = pthread_create(&thread, &attr, thread_main, job);
	if (err)
		atomic_fetch_sub(&job->users, 1);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return -err;
}

/* The caller may free this lookup from its callback. */
static void on_done(void *user)
{
	struct resolve *r = user;
	resolve_fn fn = r->fn;
	struct resolve_result result;

	loop_watch_free(r->watch);
	r->watch = NULL;
	result = r->job->result;
	fn(r->user, &result);
}

int resolve_new(struct loop *loop, const char *host, resolve_fn fn, void *user,
		struct resolve **ret_resolve)
{
	struct resolve *r;
	int err = -ENOMEM;

	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	*r = (struct resolve){.fn = fn, .user = user};
	r->job = job_new(host);
	if (!r->job)
		goto fail;
	err = loop_watch_new(loop, r->job->done_fd, on_done, r, &r->watch);
	if (err)
		goto fail;
	err = thread_start(r->job);
	if (err)
		goto fail;
	*ret_resolve = r;
	return 0;
fail:
	resolve_free(r);
	return err;
}

void resolve_free(struct resolve *r)
{
	if (!r)
		return;
	loop_watch_free(r->watch);
	if (r->job)
		job_leave(r->job);
	free(r);
}
