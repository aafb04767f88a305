#include "config/schema/plain_text.h"

#include "storage/base/cleanup.h"
#include "storage/base/json_text.h"
#include "storage/base/str.h"

void plain_text_escape(const char *s, struct buf *out)
{
	for (; *s; s++) {
		if (str_starts(s, "${"))
			buf_add_char(out, '$');
		buf_add_char(out, *s);
	}
}

void plain_text_quote(const char *s, struct buf *out)
{
	cleanup(buf_done) struct buf escaped = BUF_INIT;

	plain_text_escape(s, &escaped);
	json_text_quoted(out, buf_str(&escaped), escaped.len);
}
