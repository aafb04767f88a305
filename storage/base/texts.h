/*
 * Many short texts that stay as long as all of them: one behind the other in
 * large blocks, without what an allocation of its own costs each of them.
 */
#ifndef STORAGE_BASE_TEXTS_H
#define STORAGE_BASE_TEXTS_H

#include "storage/base/vec.h"

#include <stddef.h>

struct texts {
	VEC_DEFINE(, char *) blocks;
	size_t used, room; /* of the last of them, bytes */
};
#define TEXTS_INIT                                                             \
	{                                                                      \
		.blocks = VEC_INIT                                             \
	}

void texts_done(struct texts *t); /* frees all; it can be used again */
/* A copy that never moves. */
const char *texts_keep(struct texts *t, const char *text);

#endif
