/* SPDX-License-Identifier: ISC */
#include "agent/fold_order.h"

#include <string.h>

static enum fold_class class_of_4(uint8_t type)
{
	switch (type) {
	case 0: /* Echo Reply */
	case 8: /* Echo Request */
		return FOLD_ECHO;
	case 3:	 /* Destination Unreachable */
	case 4:	 /* Source Quench */
	case 5:	 /* Redirect */
	case 9:	 /* Router Advertisement */
	case 11: /* Time Exceeded */
	case 12: /* Parameter Problem */
		return FOLD_URGENT;
	default:
		return FOLD_NORMAL;
	}
}

static enum fold_class class_of_6(uint8_t type)
{
	if (type == 128 || type == 129)
		return FOLD_ECHO;
	/* errors have the highest bit zero, RFC 4443 section 2.1 */
	if (type < 128 || type == 134 /* RA */ || type == 137 /* Redirect */)
		return FOLD_URGENT;
	return FOLD_NORMAL;
}

enum fold_class fold_class_of(uint8_t family, uint8_t type)
{
	return family == 6 ? class_of_6(type) : class_of_4(type);
}

/* A strict order of unequal keys, so that equal input gives equal output. */
static bool goes_before(const struct icmp_event *a, const struct icmp_event *b)
{
	enum fold_class class_a = fold_class_of(a->key.family, a->key.type);
	enum fold_class class_b = fold_class_of(b->key.family, b->key.type);

	if (class_a != class_b)
		return class_a < class_b;
	if (a->count != b->count)
		return a->count > b->count;
	if (a->first_ns != b->first_ns)
		return a->first_ns < b->first_ns;
	return memcmp(&a->key, &b->key, sizeof(a->key)) < 0;
}

static void sift_down(struct icmp_event **heap, size_t n, size_t i)
{
	for (;;) {
		size_t best = i;
		struct icmp_event *e = heap[i];

		for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
			if (child < n && goes_before(heap[child], heap[best]))
				best = child;
		if (best == i)
			return;
		heap[i] = heap[best];
		heap[best] = e;
		i = best;
	}
}

void fold_heap_make(struct icmp_event **heap, size_t n)
{
	for (size_t i = n / 2; i-- > 0;)
		sift_down(heap, n, i);
}

void fold_heap_pop(struct icmp_event **heap, size_t n)
{
	heap[0] = heap[n - 1];
	sift_down(heap, n - 1, 0);
}
