/* SPDX-License-Identifier: ISC */
/*
 * What libsio makes of packets, for comparison with another decoder. Standard
 * input: a packet a line, in hexadecimal. Standard output, a line each:
 *
 *     error, or: type TAB attachments TAB namespace TAB id TAB JSON
 *
 * (namespace and JSON in hexadecimal, as they may contain anything).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "proto/sio_packet.h"

static void put_hex(const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		printf("%02x", (unsigned char)data[i]);
}

static size_t from_hex(char *line, size_t len)
{
	unsigned int byte;
	size_t n = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		if (sscanf(line + i, "%2x", &byte) == 1)
			line[n++] = (char)byte;
	return n;
}

static void decode(const char *text, size_t len)
{
	static const struct sio_packet_limits limits = {
		.max_attachments = 10,
		.max_depth = 32,
	};
	struct sio_packet p;

	if (sio_packet_decode(text, len, &limits, &p) != SIO_OK) {
		puts("error");
		return;
	}
	printf("%c\t%u\t", p.type, p.attachments);
	put_hex(p.nsp, p.nsp_len);
	printf("\t%lld\t", (long long)p.id);
	put_hex(p.json, p.json_len);
	putchar('\n');
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while ((len = getline(&line, &size, stdin)) > 0)
		decode(line, from_hex(line, strcspn(line, "\n")));
	free(line);
	return 0;
}
