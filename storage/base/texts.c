#include "storage/base/texts.h"

#include <string.h>

enum { BLOCK_BYTES = 64 * 1024 };

void texts_done(struct texts *t)
{
	VEC_EACH (&t->blocks, block)
		free(*block);
	vec_done(&t->blocks);
	t->used = t->room = 0;
}

const char *texts_keep(struct texts *t, const char *text)
{
	size_t len = strlen(text) + 1;

	if (len > t->room - t->used) {
		t->room = len > BLOCK_BYTES ? len : BLOCK_BYTES;
		t->used = 0;
		*vec_add(&t->blocks) = mem_alloc(t->room);
	}
	char *kept = t->blocks.items[t->blocks.len - 1] + t->used;
	memcpy(kept, text, len);
	t->used += len;
	return kept;
}
