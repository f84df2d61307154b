/* SPDX-License-Identifier: ISC */
#ifndef ROOM_NAME_H
#define ROOM_NAME_H

/*
 * The pattern of CLIENTNAME: "%i" stands for the interface, "%%" for a percent
 * sign, and nothing else follows one. Pure.
 */
#include <stdbool.h>
#include <stddef.h>

enum {
	/* what the dashboard's list of rooms can show */
	ROOM_NAME_MAX_BYTES = 128,
	ROOM_NAME_BYTES = ROOM_NAME_MAX_BYTES + 1,
};

/*
 * 0, or -EINVAL with what is wrong. What passes expands to a name of at most
 * ROOM_NAME_MAX_BYTES whatever the interface.
 */
int room_name_check(const char *pattern, char *ret_cause, size_t cause_size);

/* Each interface has a name of its own. */
bool room_name_is_each(const char *pattern);

/*
 * The name for an interface; of a pattern that was checked. What is not UTF-8
 * in an interface's name, or a control character, becomes '?'.
 */
void room_name_expand(const char *pattern, const char *ifname,
		      char name[static ROOM_NAME_BYTES]);

#endif
