/* SPDX-License-Identifier: ISC */
#ifndef TYPES_H
#define TYPES_H

/*
 * Which types and codes to show, as --type names them: a list of
 *
 *     [4:|6:]TYPE[/CODE]
 *
 * where TYPE is a number, or a name of format_type_name() in any case with '-'
 * for a blank; "4:" and "6:" ask for ICMP or ICMPv6 alone. Short for several:
 * "echo" (request and reply), "error" (RFC 1122 section 3.2.2, RFC 4443
 * section 2.1), "unreachable". Pure.
 */
#include <stddef.h>
#include <stdint.h>

enum {
	TYPES_CODES = 32 /* bit 31 stands for itself and all above */
};

struct types {
	/* bits are codes; [0] is ICMP, [1] ICMPv6 */
	uint32_t codes[2][256];
};

/* 0, or -EINVAL with the part and the cause in ret_error. */
int types_parse(const char *text, struct types *ret_types, char *ret_error,
		size_t error_size);

#endif
