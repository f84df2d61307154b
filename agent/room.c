/* SPDX-License-Identifier: ISC */
#include "agent/room.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "agent/credentials.h"
#include "agent/format.h"
#include "agent/limit.h"
#include "agent/log.h"
#include "agent/queue.h"
#include "agent/transport.h"
#include "agent/url.h"

enum {
	OUTPUT_HIGH_BYTES = 256 * 1024, /* what the client may hold encoded */
	PASSWORD_MAX_BYTES = 1024,
};

#define NS_PER_S INT64_C(1000000000)
#define LEAVE_NS (UINT64_C(500) * 1000 * 1000)

struct room {
	struct room_config config;
	struct loop *loop;
	struct limit limit;
	struct loop_timer *limit_timer;
	struct queue *queue;
	struct sio_client *client;
	struct transport *transport;
	struct room_counters counters;
	char failure[512]; /* what was last said of the connection */
	bool queue_full;   /* said */
	bool stopping;
	bool leaving; /* the queue is empty, the last answer is awaited */
	loop_fn on_stopped;
	void *stopped_user;
};

static int64_t unix_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* ---- from the capture into the queue ---- */

static void enqueue(struct room *r, const struct message *m)
{
	struct message evicted;

	if (queue_push(r->queue, m, &evicted) != 1)
		return;
	if (evicted.kind == MESSAGE_EVENT)
		r->counters.dropped_queue += evicted.event.count;
	if (r->queue_full)
		return;
	r->queue_full = true;
	log_warning("%s: the queue is full (%zu messages), dropping the "
		    "oldest; raise --queue to keep more",
		    r->config.name, r->config.queue_messages);
}

static void enqueue_notice(struct room *r, enum message_kind kind,
			   uint64_t number)
{
	struct message m = {.kind = kind, .number = number};

	enqueue(r, &m);
}

static void arm_limit(struct room *r, int64_t unix_ns)
{
	int64_t deadline_ns = limit_deadline(&r->limit);

	if (deadline_ns == INT64_MAX) {
		loop_timer_set(r->limit_timer, LOOP_NEVER);
		return;
	}
	if (deadline_ns < unix_ns)
		deadline_ns = unix_ns;
	loop_timer_set(r->limit_timer,
		       loop_now(r->loop) + (uint64_t)(deadline_ns - unix_ns));
}

static void turn_second(struct room *r, int64_t unix_ns)
{
	uint64_t dropped = limit_turn(&r->limit, unix_ns);

	if (dropped)
		enqueue_notice(r, MESSAGE_RATE_EXCEEDED, dropped);
}

static void on_limit_timer(void *user)
{
	struct room *r = user;
	int64_t unix_ns = unix_now();

	turn_second(r, unix_ns);
	arm_limit(r, unix_ns);
	room_flush(r);
}

void room_take(struct room *r, const struct icmp_event *event, int64_t unix_ns)
{
	struct message m = {.kind = MESSAGE_EVENT, .event = *event};

	turn_second(r, unix_ns);
	switch (limit_take(&r->limit)) {
	case LIMIT_PASS:
		enqueue(r, &m);
		return;
	case LIMIT_DROP_FIRST:
		enqueue_notice(r, MESSAGE_RATE_REACHED, r->config.rate);
		arm_limit(r, unix_ns);
		break;
	case LIMIT_DROP:
		break;
	}
	r->counters.dropped_rate += event->count;
}

/* ---- from the queue to the server ---- */

static int format_message(const struct room *r, const struct message *m,
			  char *buf, size_t size)
{
	switch (m->kind) {
	case MESSAGE_RATE_REACHED:
		return snprintf(buf, size,
				"⚠️ [%s] Rate limit reached (%" PRIu64
				"/sec), dropping messages...",
				r->config.name, m->number);
	case MESSAGE_RATE_EXCEEDED:
		return snprintf(buf, size,
				"⚠️ [%s] Rate limit exceeded: %" PRIu64
				" messages dropped in the last second",
				r->config.name, m->number);
	case MESSAGE_EVENT:
		break;
	}
	if (r->config.format == FORMAT_JSON)
		return format_json(&m->event, buf, size);
	return format_text(&m->event, r->config.detail, buf, size);
}

/* False where the client takes no more now. */
static bool send_message(struct room *r, const struct message *m)
{
	char text[FORMAT_MAX_BYTES];
	int len = format_message(r, m, text, sizeof(text));
	struct sio_value arg = {.type = SIO_STRING, .data = text};
	struct sio_emit emit = {.name = "data", .args = &arg, .n_args = 1};

	arg.len = len > 0 ? (size_t)len : 0;
	if (sio_client_emit(r->client, &emit, loop_now(r->loop)))
		return false;
	r->counters.messages_sent++;
	if (m->kind == MESSAGE_EVENT)
		r->counters.reported += m->event.count;
	return true;
}

static void pump(struct room *r)
{
	const struct message *m;

	if (!sio_client_connected(r->client, "/"))
		return;
	while ((m = queue_peek(r->queue)) &&
	       sio_client_output_bytes(r->client) < OUTPUT_HIGH_BYTES) {
		if (!send_message(r, m))
			return;
		queue_pop(r->queue);
		r->queue_full = false;
	}
}

/*
 * socket.io's server forgets the events that it reads in one go with a
 * DISCONNECT, and its kernel those behind which a reset comes, since echoes
 * were still unread here. So a question goes behind the last message, and its
 * answer, or none in time, ends the connection.
 */
static void leave(struct room *r)
{
	struct sio_emit ping = {
		.name = "ping", .want_ack = true, .ack_timeout_ns = LEAVE_NS};

	if (r->leaving)
		return;
	r->leaving = true;
	if (sio_client_emit(r->client, &ping, loop_now(r->loop)))
		sio_client_stop(r->client, loop_now(r->loop));
}

/* Also where leaving was asked for and the queue has just run empty. */
static void on_writable(void *user)
{
	struct room *r = user;

	pump(r);
	if (r->stopping && !queue_length(r->queue))
		leave(r);
}

void room_flush(struct room *r)
{
	pump(r);
	transport_kick(r->transport);
}

/* ---- what the client tells ---- */

static void say_failure(struct room *r, const struct sio_event *event)
{
	const struct sio_failure *f = &event->failure;
	char line[sizeof(r->failure)];
	const char *advice = f->stage == SIO_STAGE_REFUSED
				     ? "; check PASSWORD, trying again slowly"
				     : "; trying again";

	snprintf(line, sizeof(line), "%s: %s: %s%s%s", r->config.url,
		 event->kind == SIO_EVENT_LOST ? "connection lost"
					       : "cannot connect",
		 sio_stage_name(f->stage), f->text[0] ? ": " : "", f->text);
	if (!strcmp(line, r->failure))
		return;
	log_warning("%s%s", line, advice);
	snprintf(r->failure, sizeof(r->failure), "%s", line);
}

static void on_event(void *user, const struct sio_event *event)
{
	struct room *r = user;

	switch (event->kind) {
	case SIO_EVENT_CONNECT:
		log_info("%s: connected, room %s", r->config.url,
			 r->config.name);
		r->failure[0] = '\0';
		return;
	case SIO_EVENT_LOST:
	case SIO_EVENT_FAILED:
		say_failure(r, event);
		return;
	case SIO_EVENT_ACK: /* leave() alone asks for one */
		sio_client_stop(r->client, loop_now(r->loop));
		return;
	case SIO_EVENT_MESSAGE:
		if (!strcmp(event->name, "data"))
			r->counters.messages_echoed++;
		return;
	default:
		return;
	}
}

static int read_password(struct room *r, char *buf, size_t size)
{
	int err = credentials_read(r->config.password_file, buf, size);

	if (!err)
		return 0;
	log_error("password file %s: %s; it is read again at the next attempt",
		  r->config.password_file,
		  err == -ENODATA    ? "empty"
		  : err == -EMSGSIZE ? "too long"
				     : strerror(-err));
	return err;
}

static int on_auth(void *user, const char *nsp, char *buf, size_t size)
{
	struct room *r = user;
	char password[PASSWORD_MAX_BYTES];
	int n;

	(void)nsp;
	if (!r->config.password_file)
		return credentials_payload(r->config.name, r->config.password,
					   buf, size);
	n = read_password(r, password, sizeof(password));
	if (n < 0)
		return n;
	n = credentials_payload(r->config.name, password, buf, size);
	explicit_bzero(password, sizeof(password));
	return n;
}

/* ---- life ---- */

static int client_new(struct room *r)
{
	struct sio_config config;
	struct url url;
	char error[256];
	char path[sizeof(url.path) + sizeof("/socket.io/")];
	int err;

	if (url_parse(r->config.url, &url, error, sizeof(error))) {
		log_error("%s", error);
		return -EINVAL;
	}
	snprintf(path, sizeof(path), "%s/socket.io/", url.path);
	sio_config_init(&config);
	config.path = path;
	config.transports = SIO_WEBSOCKET;
	config.auth = on_auth;
	config.user = r;
	if (getrandom(&config.seed, sizeof(config.seed), 0) < 0)
		return -errno;
	err = sio_client_new(&config, &r->client);
	return err ? -ENOMEM : 0;
}

static int connect_room(struct room *r)
{
	struct transport_config config = {.url = r->config.url};
	int err;

	err = client_new(r);
	if (err)
		return err;
	err = transport_new(r->loop, r->client, &config, on_event, on_writable,
			    r, &r->transport);
	if (err)
		return err;
	sio_client_start(r->client, loop_now(r->loop));
	transport_kick(r->transport);
	return 0;
}

int room_new(struct loop *loop, const struct room_config *config,
	     struct room **ret_room)
{
	struct room *r;
	int err;

	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->config = *config;
	r->loop = loop;
	limit_init(&r->limit, config->rate);
	err = queue_new(config->queue_messages, &r->queue);
	if (!err)
		err = loop_timer_new(loop, on_limit_timer, r, &r->limit_timer);
	if (!err)
		err = connect_room(r);
	if (err) {
		room_free(r);
		return err;
	}
	*ret_room = r;
	return 0;
}

void room_free(struct room *r)
{
	if (!r)
		return;
	transport_free(r->transport);
	sio_client_free(r->client);
	loop_timer_free(r->limit_timer);
	queue_free(r->queue);
	free(r);
}

void room_stop(struct room *r, loop_fn on_stopped, void *user)
{
	size_t waiting = queue_length(r->queue);

	if (!sio_client_connected(r->client, "/")) {
		if (waiting)
			log_warning("%s: not connected, %zu messages were "
				    "never sent",
				    r->config.url, waiting);
		on_stopped(user);
		return;
	}
	r->stopping = true;
	transport_on_stopped(r->transport, on_stopped, user);
	transport_kick(r->transport);
}

void room_counters(const struct room *r, struct room_counters *ret_counters)
{
	*ret_counters = r->counters;
}

uint64_t room_pending(const struct room *r)
{
	return queue_packets(r->queue);
}
