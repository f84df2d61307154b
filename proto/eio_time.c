/* SPDX-License-Identifier: ISC */
/* What changes by time alone. */
#include <stdio.h>

#include "proto/eio_session.h"

uint64_t eio_session_deadline(const struct eio_session *s)
{
	const uint64_t all[] = {s->connect_deadline_ns, s->ping_deadline_ns,
				s->close_deadline_ns, s->upgrade_deadline_ns};
	uint64_t first = SIO_NEVER;

	if (s->state == EIO_IDLE)
		return SIO_NEVER;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] < first)
			first = all[i];
	return first;
}

static void connect_timeout(struct eio_session *s)
{
	bool is_open = s->ws.state == EIO_CH_OPEN;
	bool by_ws = s->transport == SIO_WEBSOCKET;

	/*
	 * A middlebox may swallow upgrades, or all frames behind one, and let
	 * plain HTTP through.
	 */
	if (by_ws && s->config.transports & SIO_POLLING) {
		eio_channel_end(s, &s->ws, false);
		eio_session_fall_back(s);
		return;
	}
	eio_session_fail(s, SIO_STAGE_TIMEOUT, 0,
			 by_ws && !is_open
				 ? "no answer to the WebSocket request"
				 : "no Engine.IO handshake");
}

/* In seconds, to the microsecond and without a locale: "45", "0.3". */
static void heartbeat_lost(struct eio_session *s)
{
	uint64_t us = (s->heartbeat_ns + 500) / 1000;
	char text[32];
	size_t n = (size_t)snprintf(text, sizeof(text), "%llu.%06llu",
				    (unsigned long long)(us / 1000000),
				    (unsigned long long)(us % 1000000));

	while (text[n - 1] == '0')
		n--;
	if (text[n - 1] == '.')
		n--;
	eio_session_failf(s, SIO_STAGE_HEARTBEAT, 0, "no ping for %.*s s",
			  (int)n, text);
}

static void upgrade_timeout(struct eio_session *s)
{
	if (s->upgrade == EIO_UP_NONE)
		eio_upgrade_begin(s);
	else
		eio_upgrade_give_up(s, "no answer in time");
}

void eio_session_timeout(struct eio_session *s, uint64_t now_ns)
{
	s->now_ns = now_ns;
	if (s->state == EIO_CLOSING && now_ns >= s->close_deadline_ns)
		eio_session_finish(s);
	if (s->state == EIO_OPENING && now_ns >= s->connect_deadline_ns)
		connect_timeout(s);
	if (s->state != EIO_IDLE && now_ns >= s->ping_deadline_ns)
		heartbeat_lost(s);
	if (s->state == EIO_OPENED && now_ns >= s->upgrade_deadline_ns)
		upgrade_timeout(s);
}
