// SPDX-License-Identifier: ISC
/*
 * Sends ICMP Echo Requests through a packet socket, as fast as the interface
 * takes them or at a rate, from one or from many sources that nobody has:
 *
 *     flood INTERFACE MAC ADDRESS PACKETS SOURCES [RATE [SECONDS]]
 *
 * to the MAC and IPv4 address of a neighbour. It ends after that many packets,
 * or after SECONDS (10). Prints {"sent":N,"refused":N,"seconds":N}.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

enum {
	BATCH = 64,
	PAYLOAD_BYTES = 56, /* as ping sends */
};

struct frame {
	struct ether_header ether;
	struct iphdr ip;
	struct icmphdr icmp;
	uint8_t payload[PAYLOAD_BYTES];
} __attribute__((packed));

struct flood {
	int fd;
	uint64_t packets;
	uint64_t sources;
	uint64_t rate; /* packets a second, 0: as fast as it goes */
	double seconds;
	uint64_t sent;
	uint64_t refused; /* the interface had no room: not sent */
	struct frame frames[BATCH];
	struct iovec parts[BATCH];
	struct mmsghdr messages[BATCH];
};

static void die(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* RFC 1071 */
static uint16_t checksum(const void *data, size_t n)
{
	const uint8_t *p = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void make_frame(struct frame *f, const uint8_t *from, const uint8_t *to,
		       in_addr_t address)
{
	memcpy(f->ether.ether_shost, from, ETH_ALEN);
	memcpy(f->ether.ether_dhost, to, ETH_ALEN);
	f->ether.ether_type = htons(ETHERTYPE_IP);
	f->ip.version = 4;
	f->ip.ihl = 5;
	f->ip.ttl = 64;
	f->ip.protocol = IPPROTO_ICMP;
	f->ip.tot_len = htons(sizeof(*f) - sizeof(f->ether));
	f->ip.daddr = address;
	f->icmp.type = ICMP_ECHO;
}

/* The `n`th packet: sources 10.0.0.1 and on, one after the other. */
static void number_frame(const struct flood *fl, struct frame *f, uint64_t n)
{
	f->ip.saddr = htonl((10u << 24) + 1 + (uint32_t)(n % fl->sources));
	f->ip.check = 0;
	f->ip.check = checksum(&f->ip, sizeof(f->ip));
	f->icmp.un.echo.id = htons((uint16_t)(n >> 16));
	f->icmp.un.echo.sequence = htons((uint16_t)n);
	f->icmp.checksum = 0;
	f->icmp.checksum = checksum(&f->icmp, sizeof(f->icmp) + PAYLOAD_BYTES);
}

static void open_socket(struct flood *fl, const char *ifname, uint8_t *ret_mac)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
				 .sll_ifindex = (int)if_nametoindex(ifname)};
	struct ifreq ifr = {0};

	fl->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fl->fd < 0 || bind(fl->fd, (struct sockaddr *)&to, sizeof(to)))
		die(ifname);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	if (ioctl(fl->fd, SIOCGIFHWADDR, &ifr))
		die(ifname);
	memcpy(ret_mac, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
}

static void send_batch(struct flood *fl, unsigned int n)
{
	int done;

	for (unsigned int i = 0; i < n; i++)
		number_frame(fl, &fl->frames[i], fl->sent + i);
	done = sendmmsg(fl->fd, fl->messages, n, 0);
	if (done > 0)
		fl->sent += (uint64_t)done;
	else if (errno == ENOBUFS || errno == EAGAIN)
		fl->refused++;
	else if (errno != EINTR)
		die("sendmmsg");
}

/* How many may go now, so that the rate is kept. */
static uint64_t allowed(const struct flood *fl, double elapsed)
{
	uint64_t due = fl->packets;

	if (fl->rate && (double)fl->rate * elapsed < (double)due)
		due = (uint64_t)((double)fl->rate * elapsed);
	return due > fl->sent ? due - fl->sent : 0;
}

static double run(struct flood *fl)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	double began = now(), elapsed = 0;

	while (fl->sent < fl->packets && elapsed < fl->seconds) {
		uint64_t n = allowed(fl, elapsed);

		if (n)
			send_batch(fl, n < BATCH ? (unsigned int)n : BATCH);
		else
			nanosleep(&pause, NULL);
		elapsed = now() - began;
	}
	return elapsed;
}

static void parse_mac(const char *text, uint8_t *mac)
{
	unsigned int b[ETH_ALEN];

	if (sscanf(text, "%x:%x:%x:%x:%x:%x", &b[0], &b[1], &b[2], &b[3], &b[4],
		   &b[5]) != ETH_ALEN) {
		fprintf(stderr, "flood: %s is no MAC address\n", text);
		exit(1);
	}
	for (int i = 0; i < ETH_ALEN; i++)
		mac[i] = (uint8_t)b[i];
}

int main(int argc, char *argv[])
{
	static struct flood fl;
	uint8_t from[ETH_ALEN], to[ETH_ALEN];
	double elapsed;

	if (argc < 6) {
		fprintf(stderr, "usage: flood INTERFACE MAC ADDRESS PACKETS "
				"SOURCES [RATE [SECONDS]]\n");
		return 2;
	}
	parse_mac(argv[2], to);
	fl.packets = strtoull(argv[4], NULL, 10);
	fl.sources = strtoull(argv[5], NULL, 10);
	fl.rate = argc > 6 ? strtoull(argv[6], NULL, 10) : 0;
	fl.seconds = argc > 7 ? strtod(argv[7], NULL) : 10;
	if (fl.sources == 0)
		fl.sources = 1;
	open_socket(&fl, argv[1], from);
	for (int i = 0; i < BATCH; i++) {
		make_frame(&fl.frames[i], from, to, inet_addr(argv[3]));
		fl.parts[i] =
			(struct iovec){&fl.frames[i], sizeof(struct frame)};
		fl.messages[i].msg_hdr.msg_iov = &fl.parts[i];
		fl.messages[i].msg_hdr.msg_iovlen = 1;
	}
	elapsed = run(&fl);
	printf("{\"sent\":%llu,\"refused\":%llu,\"seconds\":%.3f}\n",
	       (unsigned long long)fl.sent, (unsigned long long)fl.refused,
	       elapsed);
	return 0;
}
