// SPDX-License-Identifier: ISC
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "agent/room_name.h"
#include "agent/utf8.h"

static void patterns_expand(void **state)
{
	static const struct {
		const char *pattern, *ifname, *name;
		bool each;
	} rows[] = {
		{"ICMP", "eth0", "ICMP", false},
		{"%i", "eth0", "eth0", true},
		{"%i-ICMP", "wlan0", "wlan0-ICMP", true},
		{"a%ib%ic", "x", "axbxc", true},
		{"100%%", "eth0", "100%", false},
		{"%%i", "eth0", "%i", false},
		{"%%%i%%", "eth0", "%eth0%", true},
		{"%i", "", "", true},
		{"%i", "na\xc3\xafve", "na\xc3\xafve", true},
		{"%i", "a\xff\x01z", "a??z", true},
	};
	char name[ROOM_NAME_BYTES], cause[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
			room_name_check(rows[i].pattern, cause, sizeof(cause)),
			0);
		room_name_expand(rows[i].pattern, rows[i].ifname, name);
		assert_string_equal(name, rows[i].name);
		assert_int_equal(room_name_is_each(rows[i].pattern),
				 rows[i].each);
	}
}

static void what_means_nothing_is_named(void **state)
{
	static const struct {
		const char *pattern, *cause;
	} rows[] = {
		{"%e-ICMP", "'%e-ICMP': '%e' means nothing: %i is the "
			    "interface and %% a percent sign"},
		{"100%", "'100%': '%' means nothing: %i is the interface and "
			 "%% a percent sign"},
		{"%\xc3\xa9", "'%\xc3\xa9': '%\xc3\xa9' means nothing: %i is "
			      "the interface and %% a percent sign"},
		{"a\nb", "'a\nb': a control character in the room's name"},
		{"%\xff", "'%\xff': a room's name must be UTF-8"},
	};
	char cause[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
			room_name_check(rows[i].pattern, cause, sizeof(cause)),
			-EINVAL);
		assert_string_equal(cause, rows[i].cause);
	}
}

static void no_interface_makes_it_too_long(void **state)
{
	char pattern[ROOM_NAME_BYTES + 2] = "%i", cause[256];
	char name[ROOM_NAME_BYTES];

	(void)state;
	memset(pattern + 2, 'x', ROOM_NAME_MAX_BYTES - 15);
	assert_int_equal(room_name_check(pattern, cause, sizeof(cause)), 0);
	room_name_expand(pattern, "123456789012345", name);
	assert_int_equal(strlen(name), ROOM_NAME_MAX_BYTES);
	strcat(pattern, "x");
	assert_int_equal(room_name_check(pattern, cause, sizeof(cause)),
			 -EINVAL);
	assert_non_null(strstr(cause, "1 to 128 bytes, an interface up to 15"));

	memset(pattern, 'x', ROOM_NAME_BYTES);
	pattern[ROOM_NAME_BYTES] = '\0';
	assert_int_equal(room_name_check(pattern, cause, sizeof(cause)),
			 -EINVAL);
	/* unchecked, it is cut */
	room_name_expand(pattern, "", name);
	assert_int_equal(strlen(name), ROOM_NAME_MAX_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_expand),
		cmocka_unit_test(what_means_nothing_is_named),
		cmocka_unit_test(no_interface_makes_it_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
