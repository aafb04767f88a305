/*
 * Metrics as they are kept from run to run, and as Prometheus reads them: the
 * text format, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/).
 *
 * Values are whole numbers. Those of a family in milliseconds are written as
 * seconds with their fraction.
 */
#ifndef STORAGE_NOTIFY_METRICS_H
#define STORAGE_NOTIFY_METRICS_H

#include "storage/base/buf.h"
#include "storage/base/err.h"

#include <stddef.h>
#include <stdint.h>

enum metrics_kind { METRICS_GAUGE, METRICS_COUNTER, METRICS_GAUGE_MS };

struct metrics_family {
	const char *name; /* NULL ends a table */
	enum metrics_kind kind;
	const char *help;
};

struct metrics_label {
	const char *name; /* NULL ends a list */
	const char *value;
};

/* As many as a configuration has names for, and no more: what is read is held
 * to it. */
enum { METRICS_MAX_SAMPLES = 20000, METRICS_MAX_LABELS = 4 };

struct metrics;
/* The table is borrowed. */
struct metrics *metrics_new(const struct metrics_family *families);
void metrics_free(struct metrics *m); /* takes NULL */
void metrics_freep(struct metrics **m);

/* A sample of a family of the table (another is a mistake, and aborts), at most
 * METRICS_MAX_LABELS of labels. */
void metrics_set(struct metrics *m, const char *family,
    const struct metrics_label *labels, int64_t value);
void metrics_add(struct metrics *m, const char *family,
    const struct metrics_label *labels, int64_t value);
int64_t metrics_value(const struct metrics *m, const char *family,
    const struct metrics_label *labels, int64_t fallback);
/* Adds the counters of `from`, and takes over its gauges. */
void metrics_merge(struct metrics *m, const struct metrics *from);
/* Removes the samples that have the label with another value than those. */
struct strvec;
void metrics_keep_only(
    struct metrics *m, const char *label, const struct strvec *values);

/* What Prometheus reads. Families without samples are left out. */
void metrics_write(const struct metrics *m, struct buf *out);
/* For the next run. */
void metrics_save(const struct metrics *m, struct buf *out);
/* Samples of families that the table does not have are left out. ERR_FORMAT,
 * and nothing is read, where the text is not what metrics_save wrote. */
int metrics_load(
    struct metrics *m, const char *text, size_t len, struct err *err);

#endif
