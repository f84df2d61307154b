/* SPDX-License-Identifier: ISC */
#include "agent/rooms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/log.h"
#include "agent/room_name.h"

enum {
	MAX_ROOMS = 256,
};

/* After a failure; it was logged, and packets are many. */
#define RETRY_NS (UINT64_C(60) * 1000000000)

struct rooms {
	struct loop *loop;
	const struct options *options;
	struct credentials *credentials;
	struct room *room[MAX_ROOMS];
	size_t n;
	bool each;    /* one for each interface */
	bool started; /* rooms that come later connect at once */
	bool full;    /* said */
	uint64_t retry_ns;
	size_t stopping;
	loop_fn on_stopped;
	void *user;
};

static struct room *find(const struct rooms *rs, const char *name)
{
	for (size_t i = 0; i < rs->n; i++)
		if (!strcmp(room_name(rs->room[i]), name))
			return rs->room[i];
	return NULL;
}

static int add(struct rooms *rs, const char *name)
{
	int err;

	if (rs->n == MAX_ROOMS) {
		if (!rs->full)
			log_error("%s: more than %d rooms, the packets of this "
				  "interface go to room %s",
				  name, MAX_ROOMS, room_name(rs->room[0]));
		rs->full = true;
		return -ENOSPC;
	}
	if (loop_now(rs->loop) < rs->retry_ns)
		return -EAGAIN;
	err = room_new(rs->loop, rs->options, rs->credentials, name,
		       &rs->room[rs->n]);
	if (err) {
		rs->retry_ns = loop_now(rs->loop) + RETRY_NS;
		if (rs->n)
			log_error("%s: no room, its packets go to another for "
				  "now",
				  name);
		return err;
	}
	rs->n++;
	if (rs->started)
		room_start(rs->room[rs->n - 1]);
	return 0;
}

int rooms_open(struct rooms *rs, const char *ifname)
{
	char name[ROOM_NAME_BYTES];

	room_name_expand(rs->options->name, ifname, name);
	return find(rs, name) ? 0 : add(rs, name);
}

/* A flood may be counted without its interface: that needs no connection. */
static struct room *room_of(struct rooms *rs, const struct icmp_event *event)
{
	char name[ROOM_NAME_BYTES];
	struct room *r;

	if (!rs->each || (!event->ifname[0] && rs->n))
		return rs->room[0];
	room_name_expand(rs->options->name, event->ifname, name);
	r = find(rs, name);
	if (!r && !add(rs, name))
		r = rs->room[rs->n - 1];
	return r ? r : rs->room[0];
}

static int read_credentials(struct rooms *rs)
{
	const struct options *o = rs->options;
	struct trust_config tls = {
		.url = o->url,
		.ca_file = o->ca_file,
		.cert_file = o->cert_file,
		.key_file = o->key_file,
	};
	int err = credentials_new(o->password, o->password_file,
				  &rs->credentials);

	return err ? err : credentials_read_tls(rs->credentials, &tls);
}

int rooms_new(struct loop *loop, const struct options *options,
	      struct rooms **ret_rooms)
{
	struct rooms *rs;
	int err;

	rs = calloc(1, sizeof(*rs));
	if (!rs)
		return -ENOMEM;
	rs->loop = loop;
	rs->options = options;
	rs->each = room_name_is_each(options->name);
	err = read_credentials(rs);
	if (!err && !rs->each)
		err = rooms_open(rs, "");
	if (err) {
		rooms_free(rs);
		return err;
	}
	*ret_rooms = rs;
	return 0;
}

void rooms_free(struct rooms *rs)
{
	if (!rs)
		return;
	for (size_t i = 0; i < rs->n; i++)
		room_free(rs->room[i]);
	credentials_free(rs->credentials);
	free(rs);
}

void rooms_start(struct rooms *rs)
{
	rs->started = true;
	for (size_t i = 0; i < rs->n; i++)
		room_start(rs->room[i]);
}

/* Without any room, for want of memory, there is nobody to tell. */
void rooms_take(struct rooms *rs, const struct icmp_event *event,
		int64_t unix_ns)
{
	struct room *r = room_of(rs, event);

	if (r)
		room_take(r, event, unix_ns);
}

void rooms_flush(struct rooms *rs)
{
	for (size_t i = 0; i < rs->n; i++)
		room_flush(rs->room[i]);
}

static void on_one_stopped(void *user)
{
	struct rooms *rs = user;

	if (--rs->stopping == 0)
		rs->on_stopped(rs->user);
}

void rooms_stop(struct rooms *rs, loop_fn on_stopped, void *user)
{
	rs->on_stopped = on_stopped;
	rs->user = user;
	rs->stopping = rs->n + 1; /* one more, so that none is the last early */
	for (size_t i = 0; i < rs->n; i++)
		room_stop(rs->room[i], on_one_stopped, rs);
	on_one_stopped(rs);
}

const struct room *rooms_get(const struct rooms *rs, size_t i)
{
	return i < rs->n ? rs->room[i] : NULL;
}
