/* SPDX-License-Identifier: ISC */
#ifndef EXPOSITION_H
#define EXPOSITION_H

/*
 * Writes Prometheus's text format 0.0.4 ("Exposition formats" in its
 * documentation) into a buffer that grows. Pure; a failure is sticky.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exposition {
	char *text; /* ends with NUL; the caller's to free */
	size_t len;
	size_t size;
	bool failed; /* out of memory, or above the maximum */
};

/* A label of a sample; the value may hold any bytes. */
struct exposition_label {
	const char *name;
	const char *value;
};

#define EXPOSITION_MAX_BYTES (16u << 20)

void exposition_init(struct exposition *e);
void exposition_free(struct exposition *e);

/* The head of a metric family: type is "counter", "gauge" or "histogram". */
void exposition_family(struct exposition *e, const char *name, const char *type,
		       const char *help);

/*
 * One sample. `labels` ends with a NULL name and may be NULL; labels whose
 * value is NULL are left out.
 */
void exposition_sample(struct exposition *e, const char *name,
		       const struct exposition_label *labels, uint64_t value);

/* The same for a number of seconds that is given in ns. */
void exposition_seconds(struct exposition *e, const char *name,
			const struct exposition_label *labels,
			uint64_t value_ns);

/* "0.005" of 5,000,000: as a label value of a histogram; buf of 32 bytes. */
void exposition_write_seconds(uint64_t value_ns, char buf[static 32]);

#endif
