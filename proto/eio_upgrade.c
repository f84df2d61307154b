/* SPDX-License-Identifier: ISC */
#include "proto/eio_session.h"

#define NS_PER_S 1000000000ull

/* a server gives up an upgrade after 10 s (engine.io, upgradeTimeout) */
#define UPGRADE_TIMEOUT_NS (10 * NS_PER_S)
/* where WebSocket was refused: after how long it is tried again */
#define AVOID_MIN_NS	   (300 * NS_PER_S)
#define AVOID_MAX_NS	   (3600 * NS_PER_S)

void eio_upgrade_avoid_ws(struct eio_session *s)
{
	uint64_t next = s->ws_avoid_ns * 2;

	s->ws_avoid_ns = next < AVOID_MIN_NS   ? AVOID_MIN_NS
			 : next > AVOID_MAX_NS ? AVOID_MAX_NS
					       : next;
	s->ws_avoid_until_ns = s->now_ns + s->ws_avoid_ns;
}

void eio_upgrade_begin(struct eio_session *s)
{
	if (!(s->config.transports & SIO_WEBSOCKET) || !s->server_upgrades)
		return;
	if (s->now_ns < s->ws_avoid_until_ns) {
		s->upgrade_deadline_ns = s->ws_avoid_until_ns;
		return;
	}
	s->upgrade = EIO_UP_OPENING;
	s->ws.state = EIO_CH_WANTED;
	s->upgrade_deadline_ns = s->now_ns + UPGRADE_TIMEOUT_NS;
}

void eio_upgrade_give_up(struct eio_session *s, const char *why)
{
	eio_session_log(s, "no upgrade to WebSocket: %s", why);
	eio_channel_end(s, &s->ws, true);
	s->upgrade = EIO_UP_NONE;
	s->peeked = EIO_OUT_NONE;
	if (s->state == EIO_CLOSING)
		return;
	eio_upgrade_avoid_ws(s);
	s->upgrade_deadline_ns = s->ws_avoid_until_ns;
}

/*
 * The probe is answered: no exchange is begun any more, and those under way
 * are awaited. The server ends a waiting GET with NOOP.
 */
static void pause_polling(struct eio_session *s)
{
	s->upgrade = EIO_UP_PAUSING;
	if (s->get.state == EIO_CH_WANTED)
		s->get.state = EIO_CH_NONE;
	eio_upgrade_check_paused(s);
}

void eio_upgrade_message(struct eio_session *s, bool binary, const char *data,
			 size_t len)
{
	bool probe = !binary && len == 6 && memcmp(data, "3probe", 6) == 0;

	if (s->upgrade == EIO_UP_PROBING && s->probe_sent && probe)
		pause_polling(s);
	else
		eio_upgrade_give_up(s, "the probe was not answered with one");
}

void eio_upgrade_check_paused(struct eio_session *s)
{
	if (s->state != EIO_OPENED || s->upgrade != EIO_UP_PAUSING || s->rest ||
	    s->get.state != EIO_CH_NONE || s->post.state != EIO_CH_NONE)
		return;
	s->upgrade = EIO_UP_NONE;
	s->upgrade_deadline_ns = SIO_NEVER;
	s->ws_avoid_ns = 0;
	s->transport = SIO_WEBSOCKET;
	s->upgrade_due = true;
	eio_session_log(s, "upgraded to WebSocket");
	s->handler.upgraded(s->handler.user);
}
