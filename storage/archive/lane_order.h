/*
 * Whose turn it is to write to an archive: the lanes of the first rank in the
 * order of their indexes, then those of the next. Within writer.c and lane.c
 * alone.
 */
#ifndef STORAGE_ARCHIVE_LANE_ORDER_H
#define STORAGE_ARCHIVE_LANE_ORDER_H

#include "storage/archive/writer.h"
#include "storage/base/vec.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum lane_state { LANE_UNKNOWN, LANE_OPEN, LANE_DONE };
VEC_DEFINE(lane_states, enum lane_state);

struct lane_order {
	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t passed;
	struct lane_states lanes[RANK_COUNT];
	bool rank_done[RANK_COUNT];
	size_t rank, index; /* whose turn it is */
};

void lane_order_init(struct lane_order *t);
void lane_order_done(struct lane_order *t);
void lane_order_set(struct lane_order *t, enum archive_rank rank, size_t index,
    enum lane_state state);
void lane_order_rank_done(struct lane_order *t, enum archive_rank rank);
void lane_order_wait(
    struct lane_order *t, enum archive_rank rank, size_t index);
/* Whether every rank, and every lane in it, is done. */
bool lane_order_ended(struct lane_order *t);

#endif
