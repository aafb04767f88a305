/*
 * Watches over control planes while they are used. If one ends by itself, the
 * work that uses it is asked to stop, instead of waiting for a server that will
 * not answer any more.
 */
#ifndef RESTORE_DRILL_GUARD_H
#define RESTORE_DRILL_GUARD_H

#include "restore/drill/control_plane.h"
#include "storage/base/cancel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct guard {
	/* For those who use them; `outer` is that of the whole run, set by the
	 * caller. */
	struct cancel cancel;
	struct control_plane *planes; /* borrowed */
	size_t count;
	pthread_t thread;
	bool watches;
	atomic_bool over;
};

/* Nothing else may start, wait for or end them until guard_end. */
int guard_begin(struct guard *g, struct control_plane *planes, size_t count,
    struct err *err);
/* May be called again, and where it was not begun. */
void guard_end(struct guard *g);
/* After the end: replaces the error where one of them has ended by itself. */
int guard_explain(const struct guard *g, struct err *err);

#endif
