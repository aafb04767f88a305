/*
 * A request to stop, made by a signal or by whoever started the work, and
 * looked at by whoever does it. Setting it is safe in a signal handler.
 */
#ifndef STORAGE_BASE_CANCEL_H
#define STORAGE_BASE_CANCEL_H

#include "storage/base/err.h"

#include <stdatomic.h>
#include <stdbool.h>

struct cancel {
	atomic_bool requested;
	/* One that stops more than this; or NULL. */
	const struct cancel *outer;
};

void cancel_request(struct cancel *c);
bool cancel_requested(const struct cancel *c); /* NULL: never */

/* 0, or -1 with ERR_CANCELLED. */
int cancel_check(const struct cancel *c, struct err *err);

#endif
