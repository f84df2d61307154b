/* SPDX-License-Identifier: ISC */
#ifndef LINKS_H
#define LINKS_H

/*
 * What the host's network interfaces are: their names, indices and kinds.
 */
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

struct link_info {
	int ifindex;
	char name[IF_NAMESIZE];
	char driver[32]; /* as ethtool -i says it, "" where unknown */
	bool ethernet;	 /* frames begin with an Ethernet header */
	bool layer3;	 /* ... or with the IP header */
	bool running;	 /* up, and a carrier is there */
};

/* Negative errno; -ENODEV where there is no such interface. */
int link_info_get(const char *name, struct link_info *ret_info);

/* Logs that there is no interface of this name, and which there are. */
void link_log_missing(const char *name);

/* What the kernel tells of an interface. */
struct link_change {
	int ifindex;
	char name[IF_NAMESIZE];
	bool gone;    /* removed, or moved to another namespace */
	bool running; /* up, and a carrier is there */
	bool filters; /* lost tc filters; the index alone is set */
};

enum {
	LINKS_NONE = 0,	    /* nothing waits */
	LINKS_CHANGE = 1,   /* *ret_change was written */
	LINKS_OVERFLOW = 2, /* changes were lost: look at all interfaces */
	LINKS_OTHER = 3,    /* a message of no interest: read on */
};

/* A non-blocking netlink socket that hears of interfaces. Negative errno. */
int links_watch_open(int *ret_fd);

/* Lets it hear of tc filters that are removed too. Negative errno. */
int links_watch_filters(int fd);

/* Reads one message. One of the above, or negative errno. */
int links_watch_read(int fd, struct link_change *ret_change);

#endif
