/*
 * The objects of which a lock consists, by name and content (lock.h says what
 * they mean). Only the rest of this room uses it.
 *
 *     <name>.lock-<generation>-<beat>      six and eight decimal digits
 *     {"holder": "backup on host7, pid 12", "process": "…", "id": "…",
 *      "taken": …, "renewed": …}
 *
 * One that has "over": true is the end of a lock whose objects could not be
 * removed: credentials that may only add are enough for one run after another.
 *
 * An empty one is of a run that found the vault full: to make room, it must be
 * able to lock it.
 *
 * The id is drawn by each taker, so that one that stood still cannot take the
 * lock of a later run for its own, whose numbers may be the same.
 */
#ifndef STORAGE_VAULT_LOCK_ROW_H
#define STORAGE_VAULT_LOCK_ROW_H

#include "storage/base/err.h"
#include "storage/vault/vault.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	LOCK_ID_TEXT = 33, /* with its NUL */
	LOCK_GENERATION_MAX = 999999,
};

struct lock_beat {
	uint64_t generation;
	uint64_t beat;
	char *holder;
	char *process; /* storage/base/process.h; NULL: not told */
	char id[LOCK_ID_TEXT];
	int64_t taken;	 /* seconds, by the writer's clock */
	int64_t renewed; /* the same */
	int64_t stored;	 /* seconds, by the store's clock */
	/* Without content, because the vault had no room for any. Its numbers
	 * and the time at which it was stored identify it. */
	bool bare;
	bool over; /* it ends the lock: nobody holds it */
};
void lock_beat_done(struct lock_beat *b);

/* Whether an object of that name is of some lock. */
bool lock_row_owns(const char *object);

/* The highest beat of the highest generation: who holds the lock, unless it is
 * `over`. *found is false if there is none, and b is then empty. */
int lock_row_top(struct vault *v, const char *name, struct lock_beat *b,
    bool *found, struct err *err);
/* ERR_EXISTS if there is an object with these numbers. Sets `bare`, and
 * `stored` if it is bare. */
int lock_row_put(
    struct vault *v, const char *name, struct lock_beat *b, struct err *err);
/* A beat that stays behind is below the highest and counts for nothing. */
void lock_row_remove(
    struct vault *v, const char *name, uint64_t generation, uint64_t beat);
/* Removes all of the row below that generation; how many objects, or -1. */
int lock_row_remove_below(
    struct vault *v, const char *name, uint64_t generation, struct err *err);
/* Removes all of the last generation that can exist. */
int lock_row_remove_top(struct vault *v, const char *name, struct err *err);

#endif
