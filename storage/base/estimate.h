/*
 * How far something is, how fast it goes and how long it will go on, as text
 * for people. Pure: the time that it has taken is given.
 */
#ifndef STORAGE_BASE_ESTIMATE_H
#define STORAGE_BASE_ESTIMATE_H

#include "storage/base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct estimate {
	bool bytes; /* else, things that are counted */
	uint64_t done;
	uint64_t total;	    /* 0: not known */
	uint64_t before;    /* what of `done` was there when it began */
	int64_t elapsed_ms; /* since it began */
};

/* How long the rest will take if it goes as what was done did; -1 where nothing
 * was done yet, or more than there was to do. */
int64_t estimate_left_ms(uint64_t done, uint64_t total, int64_t elapsed_ms);

/* Appends "3.0 MiB of 12.0 MiB, 1.5 MiB/s, 0:06 left", or "30 of 120, 15/s,
 * 0:06 left". Without a rate in the first second, and without what is left in
 * the first five, in the last one, and where it is not known. */
void estimate_add(struct buf *out, const struct estimate *e);
/* The parts of it, each with a comma before it, or nothing. */
void estimate_add_rate(struct buf *out, const struct estimate *e);
void estimate_add_left(struct buf *out, int64_t left_ms, int64_t elapsed_ms);

#endif
