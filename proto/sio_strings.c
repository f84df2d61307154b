/* SPDX-License-Identifier: ISC */
#include "proto/sio.h"

const char *sio_strerror(int err)
{
	switch (err) {
	case SIO_OK:
		return "success";
	case SIO_NONE:
		return "nothing there";
	case SIO_ERR_NOMEM:
		return "out of memory";
	case SIO_ERR_INVALID:
		return "invalid argument";
	case SIO_ERR_STATE:
		return "not possible in this state";
	case SIO_ERR_FULL:
		return "the output buffer is full";
	case SIO_ERR_TOO_BIG:
		return "larger than allowed";
	case SIO_ERR_SYNTAX:
		return "against the protocol, or not JSON";
	default:
		return "unknown error";
	}
}

const char *sio_stage_name(enum sio_stage stage)
{
	static const char *const names[] = {
		[SIO_STAGE_DNS] = "DNS",
		[SIO_STAGE_TCP] = "TCP",
		[SIO_STAGE_PROXY] = "proxy",
		[SIO_STAGE_TLS] = "TLS",
		[SIO_STAGE_HTTP] = "HTTP",
		[SIO_STAGE_ENGINE] = "Engine.IO",
		[SIO_STAGE_SOCKET] = "Socket.IO",
		[SIO_STAGE_VERSION] = "old server",
		[SIO_STAGE_REFUSED] = "refused",
		[SIO_STAGE_HEARTBEAT] = "heartbeat lost",
		[SIO_STAGE_TIMEOUT] = "timeout",
		[SIO_STAGE_CLOSED] = "closed",
		[SIO_STAGE_LOCAL] = "local",
	};

	if ((unsigned int)stage >= sizeof(names) / sizeof(names[0]))
		return "unknown stage";
	return names[stage];
}
