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
};

/* Negative errno; -ENODEV where there is no such interface. */
int link_info_get(const char *name, struct link_info *ret_info);

/*
 * Writes the names that exist, separated by ", ", shortened with "..." where
 * the buffer ends. Always NUL-terminated.
 */
void link_names(char *buf, size_t size);

#endif
