// SPDX-License-Identifier: ISC
/*
 * Which interfaces are captured: what the patterns mean now, and what becomes
 * of it as interfaces come, go and change their names.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/capture_internal.h"
#include "agent/log.h"

/* ---- places ---- */

static uint32_t link_row(const struct capture *c, const struct capture_link *l)
{
	return (uint32_t)(l - c->links) + 1;
}

static struct capture_link *link_by_index(struct capture *c, int ifindex)
{
	for (int i = 0; i < c->n_links; i++)
		if (c->links[i].ifindex == ifindex &&
		    c->links[i].state != LINK_GONE)
			return &c->links[i];
	return NULL;
}

static struct capture_link *link_by_name(struct capture *c, const char *name)
{
	for (int i = 0; i < c->n_links; i++)
		if (strcmp(c->links[i].name, name) == 0)
			return &c->links[i];
	return NULL;
}

static struct capture_link *link_away(struct capture *c, const char *name)
{
	for (int i = 0; i < c->n_links; i++)
		if (c->links[i].state == LINK_GONE &&
		    (!name || strcmp(c->links[i].name, name) == 0))
			return &c->links[i];
	return NULL;
}

/*
 * The place that the name had before, a new one, or at the end that of an
 * interface which is away: its counters are then the base of the new one's.
 */
static struct capture_link *link_place(struct capture *c, const char *name)
{
	struct capture_link *l = link_away(c, name);

	if (l)
		return l;
	if (c->n_links < ICMP_ROWS - 1)
		return &c->links[c->n_links++];
	l = link_away(c, NULL);
	for (uint32_t dir = 0; l && dir < ICMP_DIR_COUNT; dir++) {
		memset(&l->base[dir], 0, sizeof(l->base[dir]));
		capture_row_add(c, link_row(c, l), dir, &l->base[dir]);
	}
	return l;
}

/* ---- attaching ---- */

/* What is not attached yet: all, or what was removed. */
static int hooks_attach(struct capture *c, struct capture_link *l,
			const struct link_info *info)
{
	const struct attach_policy policy = {
		.hook = c->config.hook,
		.xdp_mode = c->config.xdp_mode,
		.replace = c->config.replace,
		.no_tcx = c->config.no_tcx,
	};
	int err = 0;

	if (c->config.directions & DIRECTION_IN && l->in.how == ATTACH_NONE)
		err = attach_ingress(&c->programs, &policy, info, &l->in);
	if (err == 0 && c->config.directions & DIRECTION_OUT &&
	    l->out.how == ATTACH_NONE)
		err = attach_egress(&c->programs, &policy, info, &l->out);
	if (err) {
		attachment_release(&l->in);
		attachment_release(&l->out);
	}
	if (l->in.how == ATTACH_CLSACT || l->out.how == ATTACH_CLSACT)
		(void)links_watch_filters(c->watch_fd);
	return err;
}

static int link_attach(struct capture *c, const struct link_info *info)
{
	struct capture_link *l = link_place(c, info->name);
	int err;

	if (!l) {
		log_error("%s: no more than %d interfaces at once", info->name,
			  ICMP_ROWS - 1);
		return -ENOSPC;
	}
	capture_row_clear(c, (uint32_t)l->ifindex, link_row(c, l));
	memcpy(l->name, info->name, sizeof(l->name));
	l->ifindex = info->ifindex;
	l->running = info->running;
	l->in = l->out = (struct attachment){.link_fd = -1};
	capture_row_set(c, (uint32_t)info->ifindex, link_row(c, l));
	err = hooks_attach(c, l, info);
	l->state = err ? LINK_FAILED : LINK_ATTACHED;
	l->err = err;
	if (err == 0)
		log_info("%s: in %s, out %s%s", l->name,
			 attach_how_name(l->in.how),
			 attach_how_name(l->out.how),
			 l->running ? "" : "; the link is down");
	return err;
}

static void link_detach(struct capture_link *l)
{
	attachment_release(&l->in);
	attachment_release(&l->out);
	l->state = LINK_GONE;
}

void capture_links_release(struct capture *c)
{
	for (int i = 0; i < c->n_links; i++)
		link_detach(&c->links[i]);
}

/* `named`: it was asked for by name, so that not to find it is an error. */
static int name_attach(struct capture *c, const char *ifname, bool named)
{
	const struct capture_link *l = NULL;
	struct link_info info;
	int err = link_info_get(ifname, &info);

	if (err == -ENODEV) {
		if (named)
			link_log_missing(ifname);
		return err;
	}
	if (err == 0)
		l = link_by_index(c, info.ifindex);
	if (l)
		return l->err;
	if (err == 0 && !info.ethernet && !info.layer3)
		err = -EPROTONOSUPPORT;
	if (err) {
		log_line(named ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO,
			 "%s: cannot capture here: %s", ifname,
			 err == -EPROTONOSUPPORT ? "unknown link layer"
						 : strerror(-err));
		return err;
	}
	return link_attach(c, &info);
}

/* ---- patterns ---- */

static bool is_glob(const char *pattern)
{
	return strcmp(pattern, "all") == 0 || strpbrk(pattern, "*?[");
}

static bool pattern_means(const char *pattern, const char *ifname)
{
	if (strcmp(pattern, "all") == 0)
		return true;
	return fnmatch(pattern, ifname, 0) == 0;
}

/* By its name, or by an alternative one: see ip-link(8), altname. */
static bool wanted(const struct capture *c, const char *ifname, int ifindex)
{
	for (size_t i = 0; i < c->n_patterns; i++)
		if (pattern_means(c->patterns[i], ifname) ||
		    (!is_glob(c->patterns[i]) &&
		     (int)if_nametoindex(c->patterns[i]) == ifindex))
			return true;
	return false;
}

/* 0 where something was attached or nothing is meant, else the last error. */
static int glob_attach(struct capture *c, const char *pattern)
{
	struct if_nameindex *all = if_nameindex();
	int err = 0, n = 0, matches = 0;

	if (!all)
		return -errno;
	for (struct if_nameindex *i = all; i->if_index; i++) {
		int e;

		if (!pattern_means(pattern, i->if_name))
			continue;
		matches++;
		e = name_attach(c, i->if_name, false);
		if (e)
			err = e;
		else
			n++;
	}
	if_freenameindex(all);
	if (!matches)
		log_info("%s: no interface matches yet", pattern);
	return n ? 0 : err;
}

int capture_attach(struct capture *c, const char *pattern)
{
	if (c->n_patterns == OPTIONS_MAX_INTERFACES)
		return -ENOSPC;
	c->patterns[c->n_patterns] = strdup(pattern);
	if (!c->patterns[c->n_patterns])
		return -ENOMEM;
	c->n_patterns++;
	return is_glob(pattern) ? glob_attach(c, pattern)
				: name_attach(c, pattern, true);
}

/* ---- changes ---- */

static void link_gone(struct capture_link *l)
{
	log_info("%s: the interface is gone; waiting for its return", l->name);
	link_detach(l);
}

/*
 * A place keeps its name and its counters: what has the name of another place
 * goes there, and what was there comes here until its own news are read.
 */
static void links_swap(struct capture *c, struct capture_link *l,
		       struct capture_link *o)
{
	const struct capture_link a = *l, b = *o;

	*l = b;
	*o = a;
	memcpy(l->name, a.name, sizeof(l->name));
	memcpy(l->base, a.base, sizeof(l->base));
	memcpy(o->name, b.name, sizeof(o->name));
	memcpy(o->base, b.base, sizeof(o->base));
	capture_row_clear(c, (uint32_t)l->ifindex, link_row(c, o));
	if (l->state != LINK_GONE)
		capture_row_set(c, (uint32_t)l->ifindex, link_row(c, l));
	capture_row_set(c, (uint32_t)o->ifindex, link_row(c, o));
}

static void link_renamed(struct capture *c, struct capture_link *l,
			 const char *name)
{
	struct capture_link *place = link_by_name(c, name);

	if (!wanted(c, name, l->ifindex)) {
		log_info("%s: is now called %s, which was not asked for: "
			 "detached",
			 l->name, name);
		link_detach(l);
		return;
	}
	log_info("%s: is now called %s", l->name, name);
	if (place)
		links_swap(c, l, place);
	else
		snprintf(l->name, sizeof(l->name), "%s", name);
}

/* Attaches again where that ended, but for the interface's own end. */
static void hooks_follow(struct capture *c, struct capture_link *l)
{
	const bool in = attachment_is_there(&l->in);
	const bool out = attachment_is_there(&l->out);
	struct link_info info;

	if (l->state != LINK_ATTACHED || (in && out) ||
	    link_info_get(l->name, &info))
		return;
	log_warning("%s: was detached, not by this agent: attaching again",
		    l->name);
	if (!in)
		attachment_release(&l->in);
	if (!out)
		attachment_release(&l->out);
	l->err = hooks_attach(c, l, &info);
	if (l->err)
		l->state = LINK_FAILED;
}

/*
 * Compares with what there is: what was announced is perhaps old. True where
 * another interface is in this place now.
 */
static bool link_follow(struct capture *c, struct capture_link *l)
{
	const int ifindex = l->ifindex;

	char name[IF_NAMESIZE];

	if (!if_indextoname((unsigned int)l->ifindex, name)) {
		link_gone(l);
	} else if (strcmp(name, l->name) == 0) {
		hooks_follow(c, l);
	} else if (attachment_is_there(&l->in) &&
		   attachment_is_there(&l->out)) {
		link_renamed(c, l, name);
	} else { /* another has its index */
		link_gone(l);
		if (wanted(c, name, l->ifindex))
			(void)name_attach(c, name, false);
	}
	return l->state != LINK_GONE && l->ifindex != ifindex;
}

static void link_changed(struct capture *c, struct capture_link *l,
			 const struct link_change *change)
{
	if (change->filters) {
		hooks_follow(c, l);
		return;
	}
	if (change->gone ||
	    (change->name[0] && strcmp(change->name, l->name) != 0)) {
		(void)link_follow(c, l);
		return;
	}
	if (change->running == l->running)
		return;
	l->running = change->running;
	log_info("%s: the link is %s", l->name, l->running ? "up" : "down");
}

/*
 * By the time that a message is read the interface may have another name or
 * none: name_attach() looks again.
 */
static void change_apply(struct capture *c, const struct link_change *change)
{
	struct capture_link *l = link_by_index(c, change->ifindex);

	if (l)
		link_changed(c, l, change);
	else if (change->name[0] && !change->gone &&
		 wanted(c, change->name, change->ifindex))
		(void)name_attach(c, change->name, false);
}

/* Some changes were lost: compare with what there is. */
static void rescan(struct capture *c)
{
	for (int i = 0; i < c->n_links; i++) {
		struct capture_link *l = &c->links[i];

		if (l->state == LINK_GONE)
			continue;
		for (int n = 0; n < c->n_links && link_follow(c, l); n++)
			;
	}
	for (size_t i = 0; i < c->n_patterns; i++) {
		if (is_glob(c->patterns[i]))
			(void)glob_attach(c, c->patterns[i]);
		else
			(void)name_attach(c, c->patterns[i], false);
	}
}

int capture_links_fd(const struct capture *c)
{
	return c->watch_fd;
}

int capture_links_dispatch(struct capture *c, int budget)
{
	struct link_change change;

	for (int n = 0; n < budget; n++) {
		int what = links_watch_read(c->watch_fd, &change);

		if (what < 0)
			return what;
		if (what == LINKS_NONE)
			return n;
		if (what == LINKS_CHANGE)
			change_apply(c, &change);
		else if (what == LINKS_OVERFLOW)
			rescan(c);
	}
	return budget;
}
