/* SPDX-License-Identifier: ISC */
#ifndef SIPHASH_H
#define SIPHASH_H

/*
 * SipHash-2-4 (Aumasson, Bernstein, 2012): a keyed hash, so that who chooses
 * addresses cannot choose where they fall in a table. Pure.
 */
#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY_BYTES 16

uint64_t siphash(const uint8_t key[SIPHASH_KEY_BYTES], const void *data,
		 size_t n);

#endif
