/*
 * Who lets a manual layer start. Nothing of a layer is written before; a layer
 * that has nothing left to write needs nobody.
 */
#ifndef RESTORE_APPLY_APPROVAL_H
#define RESTORE_APPLY_APPROVAL_H

#include "storage/base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct plan;

/* All borrowed. */
struct apply_approval {
	const struct strvec *approved; /* names, from --approve */
	/* Asks the operator about a layer and what it will write; NULL: nobody
	 * can be asked. */
	bool (*ask)(void *ctx, const char *layer, size_t nodes);
	void *ctx;
};

#endif
