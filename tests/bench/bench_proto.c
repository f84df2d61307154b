/* SPDX-License-Identifier: ISC */
/*
 * What a message costs in the protocol alone: encoding a "data" event with a
 * text of 60 characters until it is handed to the transport, and decoding the
 * echo until the application has it. Best of several runs, one core.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/sio.h"

#define ROUNDS 200000
#define RUNS   7

static const char text[] =
	"ICMP Echo Request from 192.168.1.100 to 8.8.8.8 (code: 0) ab";
static const char echo[] =
	"42[\"data\",{\"message\":\"ICMP Echo Request from 192.168.1.100 to "
	"8.8.8.8 (code: 0) ab\",\"client\":\"ICMP\"}]";

/* Of this process alone: others may have the machine. */
static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void feed(struct sio_client *c, const char *frame)
{
	sio_client_ws_feed(c, 1, false, frame, strlen(frame), true, 0);
}

static struct sio_client *connected(void)
{
	struct sio_config config;
	struct sio_client *c;
	struct sio_request r;
	struct sio_output o;
	struct sio_event e;

	sio_config_init(&config);
	check(sio_client_new(&config, &c) == SIO_OK);
	check(sio_client_start(c, 0) == SIO_OK);
	check(sio_client_next_request(c, &r) == SIO_OK && r.channel == 1);
	sio_client_ws_open(c, 1, 0);
	feed(c, "0{\"sid\":\"s\",\"upgrades\":[],\"pingInterval\":25000,"
		"\"pingTimeout\":20000,\"maxPayload\":1000000}");
	feed(c, "40{\"sid\":\"n\"}");
	check(sio_client_connected(c, "/"));
	while (sio_client_peek_output(c, &o) == SIO_OK)
		sio_client_commit_output(c);
	while (sio_client_next_event(c, &e) == SIO_OK)
		;
	return c;
}

static void encode(struct sio_client *c)
{
	const struct sio_value arg = {
		.type = SIO_STRING, .data = text, .len = sizeof(text) - 1};
	const struct sio_emit emit = {
		.name = "data", .args = &arg, .n_args = 1};
	struct sio_output o;

	check(sio_client_emit(c, &emit, 0) == SIO_OK);
	check(sio_client_peek_output(c, &o) == SIO_OK);
	sio_client_commit_output(c);
}

static void decode(struct sio_client *c)
{
	struct sio_event e;

	sio_client_ws_feed(c, 1, false, echo, sizeof(echo) - 1, true, 0);
	check(sio_client_next_event(c, &e) == SIO_OK && e.name_len == 4);
}

static double best_of(struct sio_client *c, void (*work)(struct sio_client *))
{
	double best = 1e9;

	for (int run = 0; run < RUNS; run++) {
		uint64_t begin = cpu_ns();
		double each;

		for (int i = 0; i < ROUNDS; i++)
			work(c);
		each = (double)(cpu_ns() - begin) / ROUNDS;
		best = each < best ? each : best;
	}
	return best;
}

int main(void)
{
	struct sio_client *c = connected();

	printf("proto: encode a data event of %zu characters: %.0f ns\n",
	       sizeof(text) - 1, best_of(c, encode));
	printf("proto: decode its echo of %zu bytes: %.0f ns\n",
	       sizeof(echo) - 1, best_of(c, decode));
	sio_client_free(c);
	return 0;
}
