/* SPDX-License-Identifier: ISC */
#ifndef ECHO_H
#define ECHO_H

/*
 * The backend sends each message back to its sender, as it does to everybody
 * in the room: {"message":TEXT,"client":NAME}. That is the only evidence of
 * delivery. A message is known again by a hash of its text, so that the echo
 * needs no parsing and other senders in the room do no harm. Pure.
 */
#include <stddef.h>
#include <stdint.h>

/* Never 0. */
uint64_t echo_hash(const char *text, size_t len);

/*
 * The same of the message in an event's arguments, a JSON array with that
 * object. 0 where it is of another shape.
 */
uint64_t echo_hash_json(const char *json, size_t len);

#endif
