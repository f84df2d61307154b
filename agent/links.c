// SPDX-License-Identifier: ISC
#include "agent/links.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/log.h"

/* The link layers that put nothing before the IP header. */
static bool is_layer3(unsigned int arphrd)
{
	switch (arphrd) {
	case ARPHRD_NONE: /* tun, wireguard */
	case ARPHRD_PPP:
	case ARPHRD_RAWIP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
		return true;
	}
	return false;
}

static void driver_get(int fd, struct link_info *info)
{
	struct ethtool_drvinfo drv = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq ifr = {.ifr_data = (char *)&drv};

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", info->name);
	if (ioctl(fd, SIOCETHTOOL, &ifr) == 0)
		snprintf(info->driver, sizeof(info->driver), "%s", drv.driver);
}

static int info_read(int fd, const char *name, struct link_info *info)
{
	struct ifreq ifr = {0};

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFINDEX, &ifr))
		return -errno;
	info->ifindex = ifr.ifr_ifindex;
	if (ioctl(fd, SIOCGIFNAME, &ifr)) /* `name` may be an alternative */
		return -errno;
	snprintf(info->name, sizeof(info->name), "%s", ifr.ifr_name);
	if (ioctl(fd, SIOCGIFHWADDR, &ifr))
		return -errno;
	info->ethernet = ifr.ifr_hwaddr.sa_family == ARPHRD_ETHER ||
			 ifr.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK;
	info->layer3 = is_layer3(ifr.ifr_hwaddr.sa_family);
	if (ioctl(fd, SIOCGIFFLAGS, &ifr))
		return -errno;
	info->running = ifr.ifr_flags & IFF_RUNNING;
	driver_get(fd, info);
	return 0;
}

int link_info_get(const char *name, struct link_info *ret_info)
{
	struct link_info info = {0};
	int fd, err;

	if (strlen(name) >= IF_NAMESIZE)
		return -ENODEV;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	err = info_read(fd, name, &info);
	close(fd);
	if (err == 0)
		*ret_info = info;
	return err;
}

static void write_names(char *buf, size_t size)
{
	struct if_nameindex *all = if_nameindex();
	size_t used = 0;

	buf[0] = '\0';
	if (!all)
		return;
	for (struct if_nameindex *i = all; i->if_index; i++) {
		if (used + IF_NAMESIZE + sizeof(", ...") > size) {
			snprintf(buf + used, size - used, ", ...");
			break;
		}
		used += (size_t)snprintf(buf + used, size - used, "%s%s",
					 used ? ", " : "", i->if_name);
	}
	if_freenameindex(all);
}

void link_log_missing(const char *name)
{
	char names[512];

	write_names(names, sizeof(names));
	log_error("%s: there is no such interface; there are: %s", name, names);
}

/* ---- changes ---- */

int links_watch_open(int *ret_fd)
{
	struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		int err = -errno;

		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

int links_watch_filters(int fd)
{
	const int group = RTNLGRP_TC;

	return setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
			  sizeof(group))
		       ? -errno
		       : 0;
}

static void name_get(const struct nlmsghdr *m, char *name)
{
	const struct ifinfomsg *info = NLMSG_DATA(m);
	const struct rtattr *a = IFLA_RTA(info);
	size_t left = IFLA_PAYLOAD(m);

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == IFLA_IFNAME)
			snprintf(name, IF_NAMESIZE, "%.*s", (int)RTA_PAYLOAD(a),
				 (char *)RTA_DATA(a));
}

/* A qdisc takes its filters with it. */
static int filters_read(const struct nlmsghdr *m,
			struct link_change *ret_change)
{
	const struct tcmsg *tc = NLMSG_DATA(m);

	if (m->nlmsg_len < NLMSG_LENGTH(sizeof(*tc)))
		return LINKS_OTHER;
	*ret_change = (struct link_change){
		.ifindex = tc->tcm_ifindex,
		.filters = true,
	};
	return LINKS_CHANGE;
}

/* Bridges announce their ports' changes in a family of their own. */
static int change_read(const struct nlmsghdr *m, size_t size,
		       struct link_change *ret_change)
{
	const struct ifinfomsg *info = NLMSG_DATA(m);
	struct link_change change = {0};

	if (!NLMSG_OK(m, size))
		return LINKS_OTHER;
	if (m->nlmsg_type == RTM_DELQDISC || m->nlmsg_type == RTM_DELTFILTER)
		return filters_read(m, ret_change);
	if (m->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) ||
	    (m->nlmsg_type != RTM_NEWLINK && m->nlmsg_type != RTM_DELLINK) ||
	    info->ifi_family != AF_UNSPEC)
		return LINKS_OTHER;
	change.ifindex = info->ifi_index;
	change.gone = m->nlmsg_type == RTM_DELLINK;
	change.running = info->ifi_flags & IFF_RUNNING;
	name_get(m, change.name);
	*ret_change = change;
	return LINKS_CHANGE;
}

int links_watch_read(int fd, struct link_change *ret_change)
{
	_Alignas(struct nlmsghdr) char buf[32768];
	struct sockaddr_nl from = {0};
	socklen_t from_bytes = sizeof(from);
	ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from,
			     &from_bytes);

	if (n < 0) {
		if (errno == ENOBUFS)
			return LINKS_OVERFLOW;
		return errno == EAGAIN || errno == EINTR ? LINKS_NONE : -errno;
	}
	if (from.nl_pid != 0) /* not from the kernel */
		return LINKS_OTHER;
	return change_read((const struct nlmsghdr *)buf, (size_t)n, ret_change);
}
