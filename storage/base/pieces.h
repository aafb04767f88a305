/*
 * A long text that is handed on while it is written, so that no more than a
 * piece of it is held at a time.
 *
 *     struct pieces out = {.take = pieces_to_file, .ctx = stdout};
 *
 *     for (...) {
 *             buf_printf(&out.text, "a line\n");
 *             pieces_pass(&out);
 *     }
 *     pieces_end(&out);
 */
#ifndef STORAGE_BASE_PIECES_H
#define STORAGE_BASE_PIECES_H

#include "storage/base/buf.h"

#include <stddef.h>

struct pieces {
	struct buf text; /* written, and not handed on yet */
	void (*take)(void *ctx, const char *text, size_t len);
	void *ctx;
};

/* Hands on what there is, once it is much. The last byte stays, since by that
 * json_text.h knows whether a value came before. */
void pieces_pass(struct pieces *p);
/* Hands on all of it. It can be written again. */
void pieces_end(struct pieces *p);

/* A `take` that writes to the FILE at ctx. */
void pieces_to_file(void *ctx, const char *text, size_t len);

#endif
