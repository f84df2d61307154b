// SPDX-License-Identifier: ISC
#include "agent/links.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

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

static void driver_get(int fd, struct ifreq *ifr, struct link_info *info)
{
	struct ethtool_drvinfo drv = {.cmd = ETHTOOL_GDRVINFO};

	ifr->ifr_data = (char *)&drv;
	if (ioctl(fd, SIOCETHTOOL, ifr) == 0)
		snprintf(info->driver, sizeof(info->driver), "%s", drv.driver);
}

static int info_read(int fd, const char *name, struct link_info *info)
{
	struct ifreq ifr = {0};

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFINDEX, &ifr))
		return -errno;
	info->ifindex = ifr.ifr_ifindex;
	snprintf(info->name, sizeof(info->name), "%s", name);
	if (ioctl(fd, SIOCGIFHWADDR, &ifr))
		return -errno;
	info->ethernet = ifr.ifr_hwaddr.sa_family == ARPHRD_ETHER ||
			 ifr.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK;
	info->layer3 = is_layer3(ifr.ifr_hwaddr.sa_family);
	driver_get(fd, &ifr, info);
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

void link_names(char *buf, size_t size)
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
