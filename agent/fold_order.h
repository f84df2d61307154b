/* SPDX-License-Identifier: ISC */
#ifndef FOLD_ORDER_H
#define FOLD_ORDER_H

/*
 * Which of many events comes first, a part of fold: a binary heap over
 * pointers, so that the best k of n cost n + k log n and no memory.
 */
#include <stddef.h>

#include "agent/fold.h"

/* The best one is heap[0] afterwards. */
void fold_heap_make(struct icmp_event **heap, size_t n);

/* Takes heap[0] away; n - 1 are left. n is at least 1. */
void fold_heap_pop(struct icmp_event **heap, size_t n);

#endif
