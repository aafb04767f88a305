/*
 * Whose turn it is to write to an archive: the lanes of the first rank in the
 * order of their indexes, then those of the next. Only writer.c uses it.
 */
#ifndef STORAGE_ARCHIVE_LANE_ORDER_H
#define STORAGE_ARCHIVE_LANE_ORDER_H

#include "storage/archive/writer.h"
#include "storage/base/vec.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum turn_state { TURN_UNKNOWN, TURN_OPEN, TURN_DONE };
VEC_DEFINE(turn_states, enum turn_state);

struct turns {
	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t passed;
	struct turn_states lanes[RANK_COUNT];
	bool rank_done[RANK_COUNT];
	size_t rank, index; /* whose turn it is */
};

void turns_init(struct turns *t);
void turns_done(struct turns *t);
void turns_set(struct turns *t, enum archive_rank rank, size_t index,
    enum turn_state state);
void turns_rank_done(struct turns *t, enum archive_rank rank);
void turns_wait(struct turns *t, enum archive_rank rank, size_t index);
/* Whether every rank is done, and every lane of it. */
bool turns_ended(struct turns *t);

#endif
