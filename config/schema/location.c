#include "config/schema/location.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <stdarg.h>
#include <string.h>

static void location_path(const struct schema_location *p, struct buf *out)
{
	if (!p->up)
		return;
	location_path(p->up, out);
	if (!p->key) {
		buf_printf(out, "[%zu]", p->index);
		return;
	}
	if (out->len)
		buf_add_char(out, '.');
	str_add_printable(out, p->key, strlen(p->key));
}

void schema_location_add(const struct schema_location *where,
    const struct yaml_node *node, const char *key, struct buf *out)
{
	cleanup(buf_done) struct buf path = BUF_INIT;
	struct schema_location below = {.up = where, .key = key};
	const struct schema_location *root = where;

	while (root->up)
		root = root->up;
	location_path(key ? &below : where, &path);
	for (size_t i = 0; key && node && i < node->keys.len; i++) {
		if (!str_eq(node->keys.items[i]->text, key))
			continue;
		node = node->keys.items[i];
		break;
	}
	buf_add_str(out, root->file);
	if (node)
		buf_printf(out, ":%d:%d", node->line, node->column);
	if (path.len)
		buf_printf(out, ": %s", path.data);
}

int schema_location_refuse(const struct schema_location *where,
    const struct yaml_node *node, const char *key, struct err *err,
    const char *fmt, ...)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	va_list ap;

	schema_location_add(where, node, key, &text);
	buf_add_str(&text, ": ");
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	return err_set(err, ERR_USAGE, "%s", text.data);
}
