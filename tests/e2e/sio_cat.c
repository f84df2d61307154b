/* SPDX-License-Identifier: ISC */
/*
 * A Socket.IO client for the command line, on libsio and the agent's own
 * transport: what the tests of the network run in the agent's place. It needs
 * no privileges.
 *
 *     sio_cat [OPTION]... URL
 *
 * Standard output: a JSON object a line for each event. Standard input: a
 * command a line, a JSON object too:
 *
 *     {"emit":NAME,"args":[...],"nsp":N,"binary":[BASE64...],"ack":true,
 *      "timeout_ms":N,"volatile":true}
 *     {"ack":ID,"args":[...],"nsp":N}
 *     {"join":NSP}, {"leave":NSP}, {"retry":true}, {"stop":true}
 *
 * An argument {"_bin":BASE64} is binary; `binary` has what placeholders in the
 * arguments stand for. The end of the input is a stop. Exit status: 0 after a
 * stop, 1 where it could not even start.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <getopt.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/loop.h"
#include "agent/proxy.h"
#include "agent/transport.h"
#include "agent/trust.h"
#include "agent/url.h"
#include "proto/sio.h"

#define NS_PER_MS UINT64_C(1000000)

enum {
	MAX_ARGS = 16,
	READ_BYTES = 65536,
};

struct cat {
	struct loop *loop;
	struct loop_watch *input;
	struct sio_client *client;
	struct transport *transport;
	struct sio_config config;
	struct transport_config carrier;
	struct trust_config trust;
	const char *auth;
	const char *proxy;
	const char *namespaces[MAX_ARGS];
	size_t n_namespaces;
	char *line; /* what was read and has no end yet */
	size_t line_len;
	size_t line_size;
};

/* ---- events ---- */

static void add_text(cJSON *o, const char *name, const char *text)
{
	if (text[0])
		cJSON_AddStringToObject(o, name, text);
}

static char *encode_base64(const void *data, size_t len)
{
	char *text = malloc(len * 4 / 3 + 5);

	if (text)
		EVP_EncodeBlock((unsigned char *)text, data, (int)len);
	return text;
}

static void add_attachments(cJSON *o, const struct sio_event *e)
{
	cJSON *list;

	if (!e->n_attachments)
		return;
	list = cJSON_AddArrayToObject(o, "binary");
	for (size_t i = 0; i < e->n_attachments; i++) {
		char *text = encode_base64(e->attachments[i].data,
					   e->attachments[i].len);

		cJSON_AddItemToArray(list, cJSON_CreateString(text));
		free(text);
	}
}

/* As it was received; a line's end in it can only be white space. */
static void add_json(cJSON *o, const char *name, const struct sio_event *e)
{
	char *copy = strndup(e->json, e->json_len);

	for (char *p = copy; p && *p; p++)
		if (*p == '\n' || *p == '\r')
			*p = ' ';
	if (copy && copy[0])
		cJSON_AddItemToObject(o, name, cJSON_CreateRaw(copy));
	free(copy);
}

static void add_failure(cJSON *o, const struct sio_event *e)
{
	cJSON_AddStringToObject(o, "stage", sio_stage_name(e->failure.stage));
	cJSON_AddNumberToObject(o, "status", e->failure.status);
	cJSON_AddStringToObject(o, "text", e->failure.text);
	cJSON_AddNumberToObject(o, "retry_ms",
				(double)(e->retry_ns / NS_PER_MS));
}

static const char *transport_name(const struct sio_event *e)
{
	return e->transport == SIO_WEBSOCKET ? "websocket" : "polling";
}

static void add_members(cJSON *o, const struct sio_event *e)
{
	switch (e->kind) {
	case SIO_EVENT_OPEN:
	case SIO_EVENT_UPGRADE:
		cJSON_AddStringToObject(o, "transport", transport_name(e));
		break;
	case SIO_EVENT_CONNECT:
		cJSON_AddBoolToObject(o, "recovered", e->recovered);
		break;
	case SIO_EVENT_CONNECT_ERROR:
		add_json(o, "data", e);
		add_failure(o, e);
		break;
	case SIO_EVENT_DISCONNECT:
	case SIO_EVENT_LOST:
	case SIO_EVENT_FAILED:
		add_failure(o, e);
		break;
	case SIO_EVENT_MESSAGE:
		cJSON_AddStringToObject(o, "name", e->name);
		if (e->ack_id >= 0)
			cJSON_AddNumberToObject(o, "id", (double)e->ack_id);
		add_json(o, "args", e);
		break;
	case SIO_EVENT_ACK:
		cJSON_AddNumberToObject(o, "tag",
					(double)(uintptr_t)e->ack_user);
		cJSON_AddBoolToObject(o, "timed_out", e->timed_out);
		add_json(o, "args", e);
		break;
	}
}

static void on_event(void *user, const struct sio_event *e)
{
	static const char *const names[] = {
		[SIO_EVENT_OPEN] = "open",
		[SIO_EVENT_UPGRADE] = "upgrade",
		[SIO_EVENT_CONNECT] = "connect",
		[SIO_EVENT_CONNECT_ERROR] = "connect_error",
		[SIO_EVENT_DISCONNECT] = "disconnect",
		[SIO_EVENT_MESSAGE] = "message",
		[SIO_EVENT_ACK] = "ack",
		[SIO_EVENT_LOST] = "lost",
		[SIO_EVENT_FAILED] = "failed",
	};
	cJSON *o = cJSON_CreateObject();
	char *line;

	(void)user;
	cJSON_AddStringToObject(o, "event", names[e->kind]);
	add_text(o, "nsp", e->nsp);
	add_text(o, "sid", e->sid);
	add_members(o, e);
	add_attachments(o, e);
	line = cJSON_PrintUnformatted(o);
	puts(line ? line : "{\"event\":\"out of memory\"}");
	fflush(stdout);
	cJSON_free(line);
	cJSON_Delete(o);
}

static void on_writable(void *user)
{
	(void)user;
}

/* ---- commands ---- */

/* What the arguments of one emit need while it is encoded. */
struct arguments {
	struct sio_value values[MAX_ARGS];
	size_t n_values;
	struct sio_binary binaries[MAX_ARGS];
	size_t n_binaries;
	void *memory[2 * MAX_ARGS];
	size_t n_memory;
};

static void *decode_base64(const char *text, size_t *ret_len)
{
	size_t len = strlen(text);
	unsigned char *data = malloc(len + 1);

	if (data)
		EVP_DecodeBlock(data, (const unsigned char *)text, (int)len);
	*ret_len = len / 4 * 3;
	while (len && text[len - 1] == '=') {
		len--;
		--*ret_len;
	}
	return data;
}

static void *keep(struct arguments *a, void *memory)
{
	a->memory[a->n_memory++] = memory;
	return memory;
}

static void add_argument(struct arguments *a, const cJSON *item)
{
	const cJSON *binary = cJSON_GetObjectItem(item, "_bin");
	struct sio_value *v = &a->values[a->n_values++];

	if (cJSON_IsString(binary)) {
		v->type = SIO_BINARY;
		v->data = keep(a, decode_base64(binary->valuestring, &v->len));
	} else if (cJSON_IsString(item)) {
		v->type = SIO_STRING;
		v->data = item->valuestring;
		v->len = strlen(item->valuestring);
	} else {
		v->type = SIO_JSON;
		v->data = keep(a, cJSON_PrintUnformatted(item));
		v->len = strlen(v->data);
	}
}

static void read_arguments(struct arguments *a, const cJSON *command)
{
	const cJSON *item;

	*a = (struct arguments){0};
	cJSON_ArrayForEach(item, cJSON_GetObjectItem(command, "args"))
	{
		if (a->n_values < MAX_ARGS)
			add_argument(a, item);
	}
	cJSON_ArrayForEach(item, cJSON_GetObjectItem(command, "binary"))
	{
		struct sio_binary *b = &a->binaries[a->n_binaries];

		if (a->n_binaries == MAX_ARGS)
			break;
		a->n_binaries++;
		b->data = keep(a, decode_base64(item->valuestring, &b->len));
	}
}

static void free_arguments(struct arguments *a)
{
	for (size_t i = 0; i < a->n_memory; i++)
		free(a->memory[i]);
}

static const char *text_of(const cJSON *command, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(command, name));
}

static double number_of(const cJSON *command, const char *name)
{
	const cJSON *item = cJSON_GetObjectItem(command, name);

	return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static int run_emit(struct cat *cat, const cJSON *command,
		    const struct arguments *a)
{
	struct sio_emit emit = {
		.nsp = text_of(command, "nsp"),
		.name = text_of(command, "emit"),
		.args = a->values,
		.n_args = a->n_values,
		.attachments = a->binaries,
		.n_attachments = a->n_binaries,
		.want_ack = cJSON_IsTrue(cJSON_GetObjectItem(command, "ack")),
		.ack_timeout_ns =
			(uint64_t)number_of(command, "timeout_ms") * NS_PER_MS,
		.ack_user =
			(void *)(uintptr_t)(uint64_t)number_of(command, "tag"),
	};

	if (cJSON_IsTrue(cJSON_GetObjectItem(command, "volatile")))
		emit.flags = SIO_VOLATILE;
	return sio_client_emit(cat->client, &emit, loop_now(cat->loop));
}

static int run_command(struct cat *cat, const cJSON *command)
{
	uint64_t now_ns = loop_now(cat->loop);
	struct arguments a;
	int err = SIO_OK;

	read_arguments(&a, command);
	if (text_of(command, "emit"))
		err = run_emit(cat, command, &a);
	else if (cJSON_GetObjectItem(command, "ack"))
		err = sio_client_ack(cat->client, text_of(command, "nsp"),
				     (int64_t)number_of(command, "ack"),
				     a.values, a.n_values, now_ns);
	else if (text_of(command, "join"))
		err = sio_client_join(cat->client, text_of(command, "join"),
				      now_ns);
	else if (text_of(command, "leave"))
		err = sio_client_leave(cat->client, text_of(command, "leave"),
				       now_ns);
	else if (cJSON_GetObjectItem(command, "retry"))
		sio_client_retry_now(cat->client, now_ns);
	else if (cJSON_GetObjectItem(command, "stop"))
		sio_client_stop(cat->client, now_ns);
	else
		err = SIO_ERR_INVALID;
	free_arguments(&a);
	return err;
}

static void on_line(struct cat *cat, const char *line)
{
	cJSON *command = cJSON_Parse(line);
	int err = command ? run_command(cat, command) : SIO_ERR_SYNTAX;

	cJSON_Delete(command);
	if (err) {
		printf("{\"event\":\"error\",\"code\":%d,\"text\":\"%s\"}\n",
		       err, sio_strerror(err));
		fflush(stdout);
	}
	transport_kick(cat->transport);
}

static void split_lines(struct cat *cat)
{
	char *from = cat->line, *end;

	while ((end = strchr(from, '\n'))) {
		*end = '\0';
		on_line(cat, from);
		from = end + 1;
	}
	cat->line_len -= (size_t)(from - cat->line);
	memmove(cat->line, from, cat->line_len + 1);
}

static bool make_room(struct cat *cat)
{
	size_t size = 2 * cat->line_size;
	char *line;

	if (cat->line_size - cat->line_len > READ_BYTES)
		return true;
	if (!size)
		size = 4 * READ_BYTES;
	line = realloc(cat->line, size);
	if (!line)
		return false;
	cat->line = line;
	cat->line_size = size;
	return true;
}

static void on_input(void *user)
{
	struct cat *cat = user;
	ssize_t n;

	if (!make_room(cat))
		abort();
	n = read(STDIN_FILENO, cat->line + cat->line_len, READ_BYTES);
	if (n > 0) {
		cat->line_len += (size_t)n;
		cat->line[cat->line_len] = '\0';
		split_lines(cat);
		return;
	}
	loop_watch_free(cat->input);
	cat->input = NULL;
	sio_client_stop(cat->client, loop_now(cat->loop));
	transport_kick(cat->transport);
}

/* ---- life ---- */

static void on_stopped(void *user)
{
	struct cat *cat = user;

	puts("{\"event\":\"stopped\"}");
	fflush(stdout);
	loop_stop(cat->loop);
}

static int on_auth(void *user, const char *nsp, char *buf, size_t size)
{
	struct cat *cat = user;

	(void)nsp;
	return snprintf(buf, size, "%s", cat->auth);
}

static void on_log(void *user, const char *line)
{
	(void)user;
	log_debug("libsio: %s", line);
}

static int start(struct cat *cat)
{
	struct url url;
	struct proxy_url via;
	char error[256], path[sizeof(url.path) + sizeof("/socket.io/")];
	int err;

	if (url_parse(cat->carrier.url, &url, error, sizeof(error))) {
		log_error("%s", error);
		return -EINVAL;
	}
	snprintf(path, sizeof(path), "%s/socket.io/", url.path);
	cat->config.path = path;
	err = proxy_choose(&url, cat->proxy, &via);
	if (err < 0)
		return err;
	cat->carrier.proxy = err ? NULL : &via;
	err = sio_client_new(&cat->config, &cat->client);
	for (size_t i = 0; !err && i < cat->n_namespaces; i++)
		err = sio_client_join(cat->client, cat->namespaces[i], 0);
	if (err) {
		log_error("%s", sio_strerror(err));
		return -EINVAL;
	}
	err = trust_new(&cat->trust, &cat->carrier.tls);
	if (!err)
		err = transport_new(cat->loop, cat->client, &cat->carrier,
				    on_event, on_writable, cat,
				    &cat->transport);
	if (!err)
		err = loop_watch_new(cat->loop, STDIN_FILENO, on_input, cat,
				     &cat->input);
	return err;
}

static int run(struct cat *cat)
{
	int err = loop_new(&cat->loop);

	if (!err)
		err = start(cat);
	if (!err) {
		transport_on_stopped(cat->transport, on_stopped, cat);
		sio_client_start(cat->client, loop_now(cat->loop));
		transport_kick(cat->transport);
		err = loop_run(cat->loop);
	}
	loop_watch_free(cat->input);
	transport_free(cat->transport);
	sio_client_free(cat->client);
	loop_free(cat->loop);
	trust_free(cat->carrier.tls);
	free(cat->line);
	return err;
}

/* ---- options ---- */

enum opt {
	OPT_CA = 256,
	OPT_CERT,
	OPT_KEY,
	OPT_PROXY,
	OPT_TRANSPORTS,
	OPT_NSP,
	OPT_AUTH,
	OPT_QUERY,
	OPT_RECOVERY,
	OPT_BACKOFF_MS,
	OPT_REFUSAL_MS,
	OPT_CONNECT_MS,
	OPT_MAX_MESSAGE,
	OPT_VERBOSE,
};

static const struct option options[] = {
	{"ca", required_argument, NULL, OPT_CA},
	{"cert", required_argument, NULL, OPT_CERT},
	{"key", required_argument, NULL, OPT_KEY},
	{"proxy", required_argument, NULL, OPT_PROXY},
	{"transports", required_argument, NULL, OPT_TRANSPORTS},
	{"nsp", required_argument, NULL, OPT_NSP},
	{"auth", required_argument, NULL, OPT_AUTH},
	{"query", required_argument, NULL, OPT_QUERY},
	{"recovery", no_argument, NULL, OPT_RECOVERY},
	{"backoff-ms", required_argument, NULL, OPT_BACKOFF_MS},
	{"refusal-ms", required_argument, NULL, OPT_REFUSAL_MS},
	{"connect-ms", required_argument, NULL, OPT_CONNECT_MS},
	{"max-message", required_argument, NULL, OPT_MAX_MESSAGE},
	{"verbose", no_argument, NULL, OPT_VERBOSE},
	{0},
};

static uint64_t ms(const char *text)
{
	return strtoull(text, NULL, 10) * NS_PER_MS;
}

/* websocket, polling, both (WebSocket first) or upgrade (polling first) */
static void set_transports(struct sio_config *k, const char *name)
{
	k->transports = !strcmp(name, "websocket") ? SIO_WEBSOCKET
			: !strcmp(name, "polling")
				? SIO_POLLING
				: SIO_WEBSOCKET | SIO_POLLING;
	k->polling_first = !strcmp(name, "upgrade");
}

static bool set_carrier(struct cat *cat, int option, const char *value)
{
	switch (option) {
	case OPT_CA:
		cat->trust.ca_file = value;
		return true;
	case OPT_CERT:
		cat->trust.cert_file = value;
		return true;
	case OPT_KEY:
		cat->trust.key_file = value;
		return true;
	case OPT_PROXY:
		cat->proxy = value;
		return true;
	case OPT_VERBOSE:
		log_init(LOG_LEVEL_DEBUG);
		return true;
	default:
		return false;
	}
}

static bool set_client(struct cat *cat, int option, const char *value)
{
	struct sio_config *k = &cat->config;

	switch (option) {
	case OPT_TRANSPORTS:
		set_transports(k, value);
		return true;
	case OPT_NSP:
		if (cat->n_namespaces == MAX_ARGS)
			return false;
		cat->namespaces[cat->n_namespaces++] = value;
		return true;
	case OPT_AUTH:
		cat->auth = value;
		k->auth = on_auth;
		return true;
	case OPT_QUERY:
		k->query = value;
		return true;
	case OPT_RECOVERY:
		k->recovery = true;
		return true;
	case OPT_BACKOFF_MS:
		k->backoff_min_ns = k->backoff_max_ns = ms(value);
		return true;
	case OPT_REFUSAL_MS:
		k->refusal_min_ns = k->refusal_max_ns = ms(value);
		return true;
	case OPT_CONNECT_MS:
		k->connect_timeout_ns = ms(value);
		return true;
	case OPT_MAX_MESSAGE:
		k->max_message_bytes = strtoull(value, NULL, 10);
		return true;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	struct cat cat = {0};
	int option;

	log_init(LOG_LEVEL_INFO);
	sio_config_init(&cat.config);
	cat.config.log = on_log;
	cat.config.user = &cat;
	if (getrandom(&cat.config.seed, sizeof(cat.config.seed), 0) < 0)
		return EXIT_FAILURE;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!set_carrier(&cat, option, optarg) &&
		    !set_client(&cat, option, optarg))
			return EXIT_FAILURE;
	if (optind != argc - 1) {
		fprintf(stderr, "usage: sio_cat [OPTION]... URL\n");
		return EXIT_FAILURE;
	}
	cat.carrier.url = cat.trust.url = argv[optind];
	return run(&cat) ? EXIT_FAILURE : EXIT_SUCCESS;
}
