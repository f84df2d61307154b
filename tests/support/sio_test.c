/* SPDX-License-Identifier: ISC */
#include "tests/support/sio_test.h"

struct sio_peer peer;

int sio_test_setup(void **state)
{
	(void)state;
	peer_init(&peer);
	return 0;
}

int sio_test_setup_ws(void **state)
{
	(void)sio_test_setup(state);
	peer.config.transports = SIO_WEBSOCKET;
	return 0;
}

int sio_test_teardown(void **state)
{
	(void)state;
	peer_free(&peer);
	return 0;
}

int sio_test_auth(void *user, const char *nsp, char *buf, size_t size)
{
	const char *text = *(const char **)user;

	(void)nsp;
	return text ? snprintf(buf, size, "%s", text) : -1;
}

int sio_test_emit_ack(uint64_t timeout_ns, void *ack_user)
{
	const struct sio_emit emit = {
		.name = "q",
		.want_ack = true,
		.ack_timeout_ns = timeout_ns,
		.ack_user = ack_user,
	};

	return sio_client_emit(peer.client, &emit, peer.now_ns);
}

void sio_test_lose_and_reopen(void)
{
	peer_ws_fail(&peer, SIO_STAGE_CLOSED, 1006, "");
	peer_skip(&peer);
	peer_reopen_ws(&peer);
}

const char *sio_test_many_messages(int n)
{
	static char body[20000];
	size_t len = 0;

	for (int i = 0; i < n; i++)
		len += (size_t)snprintf(body + len, sizeof(body) - len,
					"%s42[\"m\",%d]", i ? "\x1e" : "", i);
	return body;
}
