/*
 * What a journal says of the layers of its restore, so that somebody who has
 * nothing but the file can tell how far each of them is:
 *
 *     {"layers":[{"name":"platform","nodes":[[0,4],[9,9]]}]}
 *     {"layer":0,"waits":true,"at":1796000000}
 *     {"layer":0,"starts":true,"at":1796000000}
 *
 * Nodes are ranges, first and last. Times are seconds since the epoch, UTC.
 */
#ifndef RESTORE_RUN_LAYER_LINES_H
#define RESTORE_RUN_LAYER_LINES_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/base/vec.h"

#include <stdbool.h>
#include <stdint.h>

struct json_object;

/* A node is its index in the plan. A plan with more is refused on reading. */
enum { LAYER_LINES_MAX_NODES = 8 * 1024 * 1024 };

struct layer_range {
	uint32_t first, last;
};

struct layer_line {
	char *name;
	VEC_DEFINE(, struct layer_range) nodes; /* ascending, apart */
	bool waits;				/* for somebody to approve it */
	int64_t waits_s;			/* since when */
	int64_t started_s;			/* 0: it has not */
};
VEC_DEFINE(layer_line_vec, struct layer_line);

void layer_lines_done(struct layer_line_vec *v);
/* The node with the next higher index belongs to that layer. */
void layer_lines_add_node(struct layer_line *l, uint32_t node);

/* The first form, and one of the others; without the end of the line. */
void layer_lines_write(const struct layer_line_vec *v, struct buf *out);
void layer_lines_write_event(
    size_t layer, bool starts, int64_t now_s, struct buf *out);

/* 1 where the line was one of these, 0 where it is none, -1 with ERR_FORMAT.
 * The first form replaces what was there. */
int layer_lines_read(
    const struct json_object *line, struct layer_line_vec *v, struct err *err);

#endif
