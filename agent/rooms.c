/* SPDX-License-Identifier: ISC */
#include "agent/rooms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/log.h"

enum {
	MAX_ROOMS = 256,
	NAME_BYTES = 512, /* the longest name with each %i put in */
};

struct rooms {
	struct loop *loop;
	const struct options *options;
	struct room *room[MAX_ROOMS];
	size_t n;
	bool each;    /* one for each interface */
	bool started; /* rooms that come later connect at once */
	bool full;    /* said */
	size_t stopping;
	loop_fn on_stopped;
	void *user;
};

/* "%i" is the interface, "%%" a percent sign; settings.c has checked it. */
static void expand(const char *pattern, const char *ifname, char *buf,
		   size_t size)
{
	size_t n = 0;

	for (const char *p = pattern; *p && n + 1 < size; p++) {
		if (p[0] == '%' && p[1] == 'i') {
			n += (size_t)snprintf(buf + n, size - n, "%s", ifname);
			n = n < size ? n : size - 1;
			p++;
			continue;
		}
		p += p[0] == '%' && p[1] == '%';
		buf[n++] = *p;
	}
	buf[n] = '\0';
}

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
	err = room_new(rs->loop, rs->options, name, &rs->room[rs->n]);
	if (err)
		return err;
	rs->n++;
	if (rs->started)
		room_start(rs->room[rs->n - 1]);
	return 0;
}

int rooms_open(struct rooms *rs, const char *ifname)
{
	char name[NAME_BYTES];

	expand(rs->options->name, ifname, name, sizeof(name));
	return find(rs, name) ? 0 : add(rs, name);
}

static struct room *room_of(struct rooms *rs, const struct icmp_event *event)
{
	char name[NAME_BYTES];
	struct room *r;

	if (!rs->each)
		return rs->room[0];
	expand(rs->options->name, event->ifname, name, sizeof(name));
	r = find(rs, name);
	if (!r && !add(rs, name))
		r = rs->room[rs->n - 1];
	return r ? r : rs->room[0];
}

int rooms_new(struct loop *loop, const struct options *options,
	      struct rooms **ret_rooms)
{
	struct rooms *rs;
	int err = 0;

	rs = calloc(1, sizeof(*rs));
	if (!rs)
		return -ENOMEM;
	rs->loop = loop;
	rs->options = options;
	rs->each = strstr(options->name, "%i") != NULL;
	if (!rs->each)
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
