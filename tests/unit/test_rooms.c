/* SPDX-License-Identifier: ISC */
/* Which room a packet goes to; the rooms are of paper. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/log.h"
#include "agent/rooms.h"

struct room {
	char name[64];
	uint64_t packets;
};

uint64_t loop_now(struct loop *l)
{
	(void)l;
	return 0;
}

void log_line(enum log_level level, const char *format, ...)
{
	(void)level, (void)format;
}

int room_new(struct loop *loop, const struct options *options,
	     const struct credentials *credentials, const char *name,
	     struct room **ret_room)
{
	(void)loop, (void)options, (void)credentials;
	*ret_room = calloc(1, sizeof(**ret_room));
	assert_non_null(*ret_room);
	strncpy((*ret_room)->name, name, sizeof((*ret_room)->name) - 1);
	return 0;
}

void room_free(struct room *r)
{
	free(r);
}

void room_start(struct room *r)
{
	(void)r;
}

void room_take(struct room *r, const struct icmp_event *event, int64_t unix_ns)
{
	(void)unix_ns;
	r->packets += event->count;
}

void room_flush(struct room *r)
{
	(void)r;
}

void room_stop(struct room *r, loop_fn on_stopped, void *user)
{
	(void)r;
	on_stopped(user);
}

const char *room_name(const struct room *r)
{
	return r->name;
}

static char one_name[] = "ICMP";
static char each_name[] = "%i";
static char url[] = "http://localhost";

static struct rooms *new_rooms(const struct options *o)
{
	struct rooms *rs;

	assert_int_equal(rooms_new(NULL, o, &rs), 0);
	return rs;
}

static void take(struct rooms *rs, const char *ifname, uint64_t packets)
{
	struct icmp_event e = {.count = packets};

	strncpy(e.ifname, ifname, sizeof(e.ifname) - 1);
	rooms_take(rs, &e, 0);
}

static void assert_room(const struct rooms *rs, size_t i, const char *name,
			uint64_t packets)
{
	assert_non_null(rooms_get(rs, i));
	assert_string_equal(rooms_get(rs, i)->name, name);
	assert_int_equal(rooms_get(rs, i)->packets, packets);
}

static void one_room_takes_all(void **state)
{
	const struct options o = {.name = one_name, .url = url};
	struct rooms *rs = new_rooms(&o);

	(void)state;
	assert_int_equal(rooms_open(rs, "eth0"), 0);
	take(rs, "eth0", 1);
	take(rs, "eth1", 2);
	take(rs, "", 4);
	assert_room(rs, 0, "ICMP", 7);
	assert_null(rooms_get(rs, 1));
	rooms_free(rs);
}

/* What the kernel counted without its interface gets no room of its own. */
static void each_interface_has_a_room(void **state)
{
	const struct options o = {.name = each_name, .url = url};
	struct rooms *rs = new_rooms(&o);

	(void)state;
	assert_int_equal(rooms_open(rs, "eth0"), 0);
	assert_int_equal(rooms_open(rs, "eth1"), 0);
	take(rs, "eth0", 1);
	take(rs, "eth1", 2);
	take(rs, "", 4);
	take(rs, "eth2", 8);
	assert_room(rs, 0, "eth0", 5);
	assert_room(rs, 1, "eth1", 2);
	assert_room(rs, 2, "eth2", 8);
	assert_null(rooms_get(rs, 3));
	rooms_free(rs);
}

/* Behind the last room that there is place for, packets go to the first. */
static void no_packet_is_without_a_room(void **state)
{
	const struct options o = {.name = each_name, .url = url};
	struct rooms *rs = new_rooms(&o);
	char name[] = "eth000";

	(void)state;
	for (int i = 0; i < 300; i++) {
		name[3] = (char)('0' + i / 100);
		name[4] = (char)('0' + i / 10 % 10);
		name[5] = (char)('0' + i % 10);
		take(rs, name, 1);
	}
	assert_room(rs, 0, "eth000", 1 + 300 - 256);
	assert_room(rs, 255, "eth255", 1);
	assert_null(rooms_get(rs, 256));
	rooms_free(rs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_room_takes_all),
		cmocka_unit_test(each_interface_has_a_room),
		cmocka_unit_test(no_packet_is_without_a_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
