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
#include "agent/url.h"
#include "agent/utf8.h"

#define NAME_MAX_BYTES	  128 /* what the dashboard's list of rooms can show */
#define PATTERN_MAX_BYTES 63
#define RATE_MAX	  1000000
#define QUEUE_MAX	  1000000
#define BATCH_MAX	  1000

static const char *name_defect(const char *value)
{
	size_t left = strlen(value);

	if (left > NAME_MAX_BYTES)
		return "a room's name has 1 to 128 bytes";
	while (left > 0) {
		size_t n = utf8_char_bytes(value, left);

		if (n == 0)
			return "a room's name must be UTF-8";
		if (utf8_is_control(value, n))
			return "a control character in the room's name";
		value += n;
		left -= n;
	}
	return NULL;
}

static int check_name(const char *value, char *ret_cause, size_t cause_size)
{
	const char *defect = name_defect(value);

	if (!defect)
		return 0;
	(void)snprintf(ret_cause, cause_size, "'%.100s': %s", value, defect);
	return -EINVAL;
}

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
	 .check = check_name,
	 .help = "room of the dashboard to which the messages go"},
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

static bool is_name(const char *name, const char *s, size_t n)
{
	return name && strlen(name) == n && memcmp(name, s, n) == 0;
}

const struct setting *setting_by_key(const char *key, size_t key_length)
{
	for (size_t i = 0; i < settings_count; i++)
		if (is_name(settings[i].key, key, key_length))
			return &settings[i];
	return NULL;
}

const struct setting *setting_by_option(const char *option,
					size_t option_length)
{
	for (size_t i = 0; i < settings_count; i++)
		if (is_name(settings[i].option, option, option_length))
			return &settings[i];
	return NULL;
}

const struct setting *setting_by_letter(char letter)
{
	for (size_t i = 0; i < settings_count; i++)
		if (settings[i].letter == letter && letter)
			return &settings[i];
	return NULL;
}

static int apply_string(const struct setting *s, const char *value,
			char **field, char *ret_cause, size_t cause_size)
{
	char *copy;
	int r;

	r = s->check ? s->check(value, ret_cause, cause_size) : 0;
	if (r < 0)
		return r;
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

/* Digits alone: strtoull() would take blanks, a sign, "0x". */
static int apply_number(const struct setting *s, const char *value,
			uint64_t *field, char *ret_cause, size_t cause_size)
{
	uint64_t number = 0;
	const char *c = value;

	/* max is far below UINT64_MAX / 10, so this cannot wrap */
	for (; *c >= '0' && *c <= '9' && number <= s->max; c++)
		number = number * 10 + (uint64_t)(*c - '0');
	if (c == value || *c || number < s->min || number > s->max) {
		(void)snprintf(ret_cause, cause_size,
			       "not a whole number from %llu to %llu",
			       (unsigned long long)s->min,
			       (unsigned long long)s->max);
		return -EINVAL;
	}
	*field = number;
	return 0;
}

static int apply_choice(const struct setting *s, const char *value,
			unsigned int *field, char *ret_cause, size_t cause_size)
{
	const struct setting_choice *c;
	size_t n = 0;

	for (c = s->choices; c->name; c++) {
		if (strcmp(c->name, value) != 0)
			continue;
		*field = c->value;
		return 0;
	}
	for (c = s->choices; c->name && n < cause_size; c++)
		n += (size_t)snprintf(ret_cause + n, cause_size - n, "%s%s",
				      c == s->choices ? "not one of " : ", ",
				      c->name);
	return -EINVAL;
}

int setting_apply(const struct setting *s, const char *value, struct options *o,
		  char *ret_cause, size_t cause_size)
{
	void *field = (char *)o + s->offset;

	switch (s->kind) {
	case SETTING_STRING:
		return apply_string(s, value, field, ret_cause, cause_size);
	case SETTING_NUMBER:
		return apply_number(s, value, field, ret_cause, cause_size);
	case SETTING_CHOICE:
		return apply_choice(s, value, field, ret_cause, cause_size);
	case SETTING_FLAG:
		*(bool *)field = true;
		return 0;
	case SETTING_ACTION:
		break;
	}
	return 0;
}
