/* SPDX-License-Identifier: ISC */
/* Emits one event and prints the first that comes back: example HOST PORT */
#include "carrier.h"

#include <stdio.h>

static void on_event(struct sio_client *client, const struct sio_event *e)
{
	const struct sio_value hello = {SIO_STRING, "hello", 5, 0};
	const struct sio_emit emit = {
		.name = "say", .args = &hello, .n_args = 1};

	if (e->kind == SIO_EVENT_CONNECT) {
		sio_client_emit(client, &emit, carrier_now());
	} else if (e->kind == SIO_EVENT_MESSAGE) {
		printf("%s %s\n", e->name, e->json);
		sio_client_stop(client, carrier_now());
	} else if (e->failure.text[0]) {
		fprintf(stderr, "%s: %s\n", sio_stage_name(e->failure.stage),
			e->failure.text);
	}
}

int main(int argc, char **argv)
{
	struct sio_client *client;
	struct carrier *carrier;
	struct sio_config config;
	struct sio_event e;

	sio_config_init(&config);
	config.transports = SIO_POLLING; /* what this carrier can do */
	config.seed = carrier_now();
	if (argc != 3 || sio_client_new(&config, &client) != SIO_OK)
		return 1;
	carrier = carrier_new(argv[1], argv[2], client);
	if (!carrier) {
		fprintf(stderr, "%s: no such host\n", argv[1]);
		sio_client_free(client);
		return 1;
	}
	sio_client_start(client, carrier_now());
	while (!sio_client_stopped(client)) {
		carrier_run_once(carrier);
		while (sio_client_next_event(client, &e) == SIO_OK)
			on_event(client, &e);
	}
	carrier_free(carrier);
	sio_client_free(client);
	return 0;
}
