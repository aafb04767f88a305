/*
 * A request to stop. A signal or whoever started the work makes it; whoever
 * does the work checks it. Making it is safe in a signal handler.
 */
#ifndef STORAGE_BASE_CANCEL_H
#define STORAGE_BASE_CANCEL_H

#include "storage/base/err.h"

#include <stdatomic.h>
#include <stdbool.h>

struct cancel {
	atomic_bool requested;
	/* Another request, which stops this work too; or NULL. */
	const struct cancel *outer;
};

void cancel_request(struct cancel *c);
bool cancel_requested(const struct cancel *c); /* NULL: never */

/* 0, or -1 with ERR_CANCELLED. */
int cancel_check(const struct cancel *c, struct err *err);

#endif
