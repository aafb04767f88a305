#include "storage/base/pieces.h"

#include <stdio.h>

enum { PIECE_BYTES = 64 * 1024 };

void pieces_pass(struct pieces *p)
{
	if (p->text.len < PIECE_BYTES)
		return;
	p->take(p->ctx, p->text.data, p->text.len - 1);
	buf_drop_front(&p->text, p->text.len - 1);
}

void pieces_end(struct pieces *p)
{
	p->take(p->ctx, buf_str(&p->text), p->text.len);
	buf_done(&p->text);
}

void pieces_to_file(void *ctx, const char *text, size_t len)
{
	(void)fwrite(text, 1, len, ctx);
}
