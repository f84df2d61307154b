// SPDX-License-Identifier: ISC
/* send_frame INTERFACE HEX: one frame, as it stands, for what no tool sends. */
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	FRAME_MAX_BYTES = 1514,
};

int main(int argc, char **argv)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET};
	uint8_t frame[FRAME_MAX_BYTES];
	size_t n;
	int fd;

	if (argc != 3 || strlen(argv[2]) / 2 > sizeof(frame)) {
		fprintf(stderr, "usage: send_frame INTERFACE HEX\n");
		return 64;
	}
	n = strlen(argv[2]) / 2;
	for (size_t i = 0; i < n; i++) {
		const char digits[] = {argv[2][2 * i], argv[2][2 * i + 1], 0};

		frame[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	to.sll_ifindex = (int)if_nametoindex(argv[1]);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 || sendto(fd, frame, n, 0, (struct sockaddr *)&to,
			     sizeof(to)) != (ssize_t)n) {
		perror("send_frame");
		return 1;
	}
	return 0;
}
