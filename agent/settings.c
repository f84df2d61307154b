/* SPDX-License-Identifier: ISC */
#include "agent/settings.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/address.h"
#include "agent/proxy_url.h"
#include "agent/room_name.h"
#include "agent/types.h"
#include "agent/url.h"

#define PATTERN_MAX_BYTES 63
#define RATE_MAX	  1000000
#define QUEUE_MAX	  1000000
#define BATCH_MAX	  1000
#define RING_MIN	  64 /* KiB, a page of any architecture */
#define RING_MAX	  262144

static int check_url(const char *value, char *ret_cause, size_t cause_size)
{
	struct url url;

	return url_parse(value, &url, ret_cause, cause_size);
}

static int check_proxy(const char *value, char *ret_cause, size_t cause_size)
{
	struct proxy_url url;

	return proxy_url_parse(value, &url, ret_cause, cause_size);
}

static int check_metrics(const char *value, char *ret_cause, size_t cause_size)
{
	char host[INET6_ADDRSTRLEN];
	int port;

	if (!address_parse(value, host, sizeof(host), &port))
		return 0;
	(void)snprintf(ret_cause, cause_size,
		       "'%.100s': an IP address and a port are needed, such as "
		       "127.0.0.1:9427 or [::1]:9427",
		       value);
	return -EINVAL;
}

static int check_types(const char *value, char *ret_cause, size_t cause_size)
{
	struct types types;

	return types_parse(value, &types, ret_cause, cause_size);
}

/* A number it is; that is checked before this. */
static int check_ring(const char *value, char *ret_cause, size_t cause_size)
{
	unsigned long kib = strtoul(value, NULL, 10);

	if ((kib & (kib - 1)) == 0)
		return 0;
	(void)snprintf(ret_cause, cause_size, "not a power of two");
	return -EINVAL;
}

static const char *interface_defect(const char *value)
{
	size_t length = strlen(value);

	if (length == 0)
		return "a name is needed";
	if (strpbrk(value, "/ \t\n\v\f\r"))
		return "no interface has '/' or a blank in its name";
	if (strpbrk(value, "*?["))
		return length > PATTERN_MAX_BYTES
			       ? "a pattern has at most 63 bytes"
			       : NULL;
	return length >= IFNAMSIZ ? "a name has at most 15 bytes" : NULL;
}

int setting_check_interface(const char *value, char *ret_cause,
			    size_t cause_size)
{
	const char *defect = interface_defect(value);

	if (!defect)
		return 0;
	(void)snprintf(ret_cause, cause_size, "'%.100s': %s", value, defect);
	return -EINVAL;
}

static const struct setting_choice formats[] = {
	{"text", FORMAT_TEXT}, {"json", FORMAT_JSON}, {NULL, 0}};
static const struct setting_choice overflows[] = {
	{"summarize", OVERFLOW_SUMMARIZE}, {"drop", OVERFLOW_DROP}, {NULL, 0}};
static const struct setting_choice outputs[] = {{"socketio", OUTPUT_SOCKETIO},
						{"json", OUTPUT_JSON},
						{"text", OUTPUT_TEXT},
						{NULL, 0}};
static const struct setting_choice directions[] = {
	{"both", DIRECTION_IN | DIRECTION_OUT},
	{"in", DIRECTION_IN},
	{"out", DIRECTION_OUT},
	{NULL, 0}};
static const struct setting_choice families[] = {{"both", FAMILY_4 | FAMILY_6},
						 {"4", FAMILY_4},
						 {"6", FAMILY_6},
						 {NULL, 0}};
static const struct setting_choice hooks[] = {
	{"auto", HOOK_AUTO}, {"xdp", HOOK_XDP}, {"tc", HOOK_TC}, {NULL, 0}};
static const struct setting_choice xdp_modes[] = {{"auto", XDP_MODE_AUTO},
						  {"native", XDP_MODE_NATIVE},
						  {"generic", XDP_MODE_GENERIC},
						  {NULL, 0}};

static const struct setting_choice transports[] = {
	{"both", TRANSPORTS_WEBSOCKET | TRANSPORTS_POLLING},
	{"websocket", TRANSPORTS_WEBSOCKET},
	{"polling", TRANSPORTS_POLLING},
	{NULL, 0}};

#define FIELD(name)	  .offset = offsetof(struct options, name)
#define STRING(arg, name) .kind = SETTING_STRING, .argument = (arg), FIELD(name)
#define NUMBER(name, low, high)                                             \
	.kind = SETTING_NUMBER, .argument = "N", FIELD(name), .min = (low), \
	.max = (high)
#define CHOICE(arg, name, list)                                 \
	.kind = SETTING_CHOICE, .argument = (arg), FIELD(name), \
	.choices = (list)
#define FLAG(name) .kind = SETTING_FLAG, FIELD(name)

const struct setting settings[] = {
	{.key = "CLIENTNAME",
	 .option = "name",
	 STRING("NAME", name),
	 .fallback = "ICMP",
	 .check = room_name_check,
	 .help = "room of the dashboard to which the messages go; %i is "
		 "the interface, each then has a room of its own"},
	{.key = "URL",
	 .option = "url",
	 STRING("URL", url),
	 .fallback = "http://localhost:5000",
	 .check = check_url,
	 .help = "backend: http, https, ws or wss, with a path where a proxy "
		 "asks for one"},
	{.key = "PASSWORD",
	 STRING("TEXT", password),
	 .help = "password of the backend; never an option, since every user "
		 "of the host can read those"},
	{.key = "PASSWORD_FILE",
	 .option = "password-file",
	 STRING("FILE", password_file),
	 .help = "file whose first line is the password, read anew at each "
		 "attempt to connect"},
	{.key = "CA_FILE",
	 .option = "ca-file",
	 STRING("FILE", ca_file),
	 .help = "PEM file of the CAs to trust instead of the system's"},
	{.key = "CERT_FILE",
	 .option = "cert",
	 STRING("FILE", cert_file),
	 .help = "PEM file of the certificate to present to the backend"},
	{.key = "KEY_FILE",
	 .option = "key",
	 STRING("FILE", key_file),
	 .help = "PEM file of that certificate's key"},
	{.key = "PROXY",
	 .option = "proxy",
	 STRING("URL", proxy),
	 .check = check_proxy,
	 .help = "HTTP proxy to reach the backend through; without it "
		 "http_proxy, https_proxy, all_proxy and no_proxy apply"},
	{.key = "TRANSPORTS",
	 .option = "transports",
	 CHOICE("WHICH", transports, transports),
	 .fallback = "both",
	 .help = "websocket, polling, or both: WebSocket first and polling "
		 "where that is refused"},
	{.key = "MAX_MESSAGES_PER_SECOND",
	 .option = "rate",
	 NUMBER(rate, 0, RATE_MAX),
	 .fallback = "10",
	 .help = "messages a second to the room; 0 lifts the limit"},
	{.key = "OVERFLOW",
	 .option = "overflow",
	 CHOICE("HOW", overflow, overflows),
	 .fallback = "summarize",
	 .help = "what exceeds the rate: summarize it per flow, or drop it "
		 "and say so"},
	{.key = "BATCH",
	 .option = "batch",
	 NUMBER(batch, 1, BATCH_MAX),
	 .fallback = "1",
	 .help = "lines in one message, for backends that carry more than "
		 "the rate"},
	{.key = "FORMAT",
	 .option = "format",
	 CHOICE("FORMAT", format, formats),
	 .fallback = "text",
	 .help = "what a message is: text or json"},
	{.key = "OUTPUT",
	 .option = "output",
	 CHOICE("OUTPUT", output, outputs),
	 .fallback = "socketio",
	 .help = "where packets go: socketio, or json or text for lines to "
		 "standard output, without a backend and a rate limit"},
	{.key = "DIRECTION",
	 .option = "direction",
	 CHOICE("DIR", directions, directions),
	 .fallback = "both",
	 .help = "packets to show: in, out or both"},
	{.key = "FAMILY",
	 .option = "family",
	 CHOICE("FAMILY", families, families),
	 .fallback = "both",
	 .help = "packets to show: 4 (ICMP), 6 (ICMPv6) or both"},
	{.key = "TYPES",
	 .option = "type",
	 STRING("LIST", types),
	 .check = check_types,
	 .help = "packets to show: names and numbers such as "
		 "echo-request,error,3/4,6:135; all without it"},
	{.key = "HOOK",
	 .option = "hook",
	 CHOICE("HOOK", hook, hooks),
	 .fallback = "auto",
	 .help = "where to read incoming packets: auto, xdp or tc"},
	{.key = "XDP_MODE",
	 .option = "xdp-mode",
	 CHOICE("MODE", xdp_mode, xdp_modes),
	 .fallback = "auto",
	 .help = "XDP in the driver or above it: auto, native or generic"},
	{.option = "replace",
	 FLAG(replace),
	 .help = "detach the XDP program of another owner"},
	{.option = "detail",
	 FLAG(detail),
	 .help = "say more behind each line of text: id, sequence, TTL, "
		 "MTU, the packet that an error is about"},
	{.key = "RING",
	 .option = "ring",
	 NUMBER(ring_kib, RING_MIN, RING_MAX),
	 .check = check_ring,
	 .fallback = "4096",
	 .help = "size of the ring buffer to the kernel, KiB, a power of two"},
	{.key = "QUEUE",
	 .option = "queue",
	 NUMBER(queue_messages, 1, QUEUE_MAX),
	 .fallback = "10000",
	 .help = "messages kept while the backend is away"},
	{.key = "METRICS",
	 .option = "metrics",
	 STRING("ADDRESS:PORT", metrics),
	 .check = check_metrics,
	 .help = "serve /metrics for Prometheus and /healthz there, as on "
		 "127.0.0.1:9427; off without it"},
	{.key = "RUN_AS",
	 .option = "user",
	 STRING("USER", user),
	 .fallback = "nobody",
	 .help = "whom to become, by name or number, once the interfaces are "
		 "attached"},
	{.option = "config",
	 STRING("FILE", config_file),
	 .help = "file of KEY=VALUE lines for what neither an option nor "
		 "the environment sets"},
	{.option = "verbose", .letter = 'v', FLAG(verbose), .help = "log more"},
	{.option = "version",
	 .letter = 'V',
	 .kind = SETTING_ACTION,
	 .result = OPTIONS_VERSION,
	 .help = "print the version and exit"},
	{.option = "help",
	 .letter = 'h',
	 .kind = SETTING_ACTION,
	 .result = OPTIONS_HELP,
	 .help = "print this text and exit"},
};

const size_t settings_count = sizeof(settings) / sizeof(settings[0]);

_Static_assert(sizeof(settings) / sizeof(settings[0]) <= SETTINGS_MAX, "");
