/* SPDX-License-Identifier: ISC */
#ifndef TRUST_H
#define TRUST_H

/* Whom the client side of TLS trusts, and as whom it presents itself. */
#include "agent/loop_lws.h"
#include "agent/transport.h"

/*
 * Sets what a virtual host needs to speak TLS as `config` asks. Negative
 * errno, logged: a file that cannot be read or used, no CAs at all.
 */
int trust_fill(const struct transport_config *config,
	       struct lws_context_creation_info *info);

#endif
