#include "config/cli/table.h"

#include "storage/base/cleanup.h"

#include <stdarg.h>

void table_done(struct table *t)
{
	VEC_EACH (t, row)
		strvec_done(row);
	vec_done(t);
}

struct strvec *table_row(struct table *t)
{
	return vec_add(t);
}

void table_cell(struct strvec *row, const char *fmt, ...)
{
	cleanup(buf_done) struct buf raw = BUF_INIT, text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&raw, fmt, ap);
	va_end(ap);
	str_add_printable(&text, buf_str(&raw), raw.len);
	*vec_add(row) = buf_steal(&text);
}

void table_write(const struct table *t, struct buf *out)
{
	size_t width[TABLE_COLUMNS_MAX] = {0};

	VEC_EACH (t, row)
		for (size_t i = 0; i < row->len && i < TABLE_COLUMNS_MAX; i++) {
			size_t n = str_columns(row->items[i]);
			width[i] = n > width[i] ? n : width[i];
		}
	VEC_EACH (t, row) {
		for (size_t i = 0; i < row->len && i < TABLE_COLUMNS_MAX; i++) {
			const char *cell = row->items[i];
			buf_add_str(out, cell);
			if (i + 1 < row->len)
				buf_printf(out, "%*s  ",
				    (int)(width[i] - str_columns(cell)), "");
		}
		buf_add_char(out, '\n');
	}
}
