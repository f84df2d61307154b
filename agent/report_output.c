// SPDX-License-Identifier: ISC
/* The figures of what goes out: to rooms, or to standard output. */
#include "agent/report_internal.h"

bool report_output_get(const struct report_sources *s, size_t i,
		       struct report_output *ret_output)
{
	const struct room *r = s->rooms ? rooms_get(s->rooms, i) : NULL;

	if (r) {
		*ret_output = (struct report_output){
			.room = room_name(r),
			.account = &outbox_counters(room_outbox(r))->account,
			.pending = outbox_pending(room_outbox(r)),
		};
		return true;
	}
	if (!s->printer || i > 0)
		return false;
	*ret_output = (struct report_output){
		.account = printer_account(s->printer),
		.pending = printer_pending(s->printer),
	};
	return true;
}

static void expose_pending(const struct report_sources *s, struct exposition *e)
{
	static const char name[] = PREFIX "pending_packets";
	struct report_output out;

	exposition_family(e, name, "gauge",
			  "Packets that wait, or are in messages whose echo "
			  "has not come.");
	for (size_t i = 0; report_output_get(s, i, &out); i++) {
		const struct exposition_label labels[] = {
			{"room", out.room},
			{NULL, NULL},
		};

		exposition_sample(e, name, labels, out.pending);
	}
}

static void expose_reported(const struct report_sources *s,
			    struct exposition *e)
{
	static const char name[] = PREFIX "reported_packets_total";
	struct report_output out;

	exposition_family(e, name, "counter",
			  "Packets that are part of a message or line, by "
			  "how.");
	for (size_t i = 0; report_output_get(s, i, &out); i++) {
		for (int how = 0; how < ACCOUNT_HOW_COUNT; how++) {
			const struct exposition_label labels[] = {
				{"room", out.room},
				{"how", account_how_name(how)},
				{NULL, NULL},
			};

			exposition_sample(e, name, labels,
					  out.account->reported[how]);
		}
	}
}

static void expose_dropped(const struct report_sources *s, struct exposition *e)
{
	static const char name[] = PREFIX "dropped_packets_total";
	struct report_output out;

	exposition_family(e, name, "counter",
			  "Packets that are part of no message, by reason.");
	for (size_t i = 0; report_output_get(s, i, &out); i++) {
		for (int k = 0; k < ACCOUNT_REASON_COUNT; k++) {
			const struct exposition_label labels[] = {
				{"room", out.room},
				{"reason", account_reason_name(k)},
				{NULL, NULL},
			};

			exposition_sample(e, name, labels,
					  out.account->dropped[k]);
		}
	}
}

/* ---- of the rooms ---- */

static uint64_t sent_of(const struct room *r)
{
	return outbox_counters(room_outbox(r))->sent;
}

static uint64_t echoed_of(const struct room *r)
{
	return outbox_counters(room_outbox(r))->echoed;
}

static uint64_t resent_of(const struct room *r)
{
	return outbox_counters(room_outbox(r))->resent;
}

static uint64_t connected_of(const struct room *r)
{
	return room_connected(r);
}

static const struct {
	const char *name, *type, *help;
	uint64_t (*value)(const struct room *r);
} room_families[] = {
	{PREFIX "messages_sent_total", "counter", "Messages sent to the room.",
	 sent_of},
	{PREFIX "messages_echoed_total", "counter",
	 "Messages that the backend sent back: delivered.", echoed_of},
	{PREFIX "messages_resent_total", "counter",
	 "Messages that shall leave again after a connection ended.",
	 resent_of},
	{PREFIX "connects_total", "counter", "Times that the room was joined.",
	 room_connects},
	{PREFIX "connected", "gauge", "1 while the room is joined.",
	 connected_of},
};

static void expose_room_family(const struct report_sources *s,
			       struct exposition *e, size_t k)
{
	const struct room *r;

	exposition_family(e, room_families[k].name, room_families[k].type,
			  room_families[k].help);
	for (size_t i = 0; (r = rooms_get(s->rooms, i)); i++) {
		const struct exposition_label labels[] = {
			{"room", room_name(r)},
			{NULL, NULL},
		};

		exposition_sample(e, room_families[k].name, labels,
				  room_families[k].value(r));
	}
}

void report_outputs(const struct report_sources *s, struct exposition *e)
{
	expose_pending(s, e);
	expose_reported(s, e);
	expose_dropped(s, e);
	if (!s->rooms)
		return;
	for (size_t k = 0; k < sizeof(room_families) / sizeof(room_families[0]);
	     k++)
		expose_room_family(s, e, k);
}
