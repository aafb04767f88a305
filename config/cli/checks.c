#include "config/cli/checks.h"

#include "config/cli/document.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdarg.h>

void checks_init(struct checks *c)
{
	*c = (struct checks){.array = json_new_array()};
}

void checks_done(struct checks *c)
{
	table_done(&c->rows);
	json_free(c->array);
}

void checks_add(
    struct checks *c, const char *what, bool good, const char *fmt, ...)
{
	cleanup(buf_done) struct buf detail = BUF_INIT;
	struct json_object *j = json_new_object();
	struct strvec *row = table_row(&c->rows);
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&detail, fmt, ap);
	va_end(ap);
	table_cell(row, "%s", good ? "ok" : "FAILED");
	table_cell(row, "%s", what);
	table_cell(row, "%s", buf_str(&detail));
	json_set_str(j, "what", what);
	json_set_bool(j, "ok", good);
	json_set_str(j, "detail", buf_str(&detail));
	json_append(c->array, j);
	if (!good)
		c->failed++;
}

void checks_failed(struct checks *c, const char *what, const struct err *err)
{
	checks_add(c, what, false, "%s", err->message);
}

void checks_write(
    const struct checks *c, const char *command, bool json, struct buf *out)
{
	if (!json) {
		table_write(&c->rows, out);
		return;
	}
	cleanup(json_freep) struct json_object *j = document_new(command, NULL);

	json_set_int(j, "failed", (int64_t)c->failed);
	json_set(j, "checks", json_share(c->array));
	document_write(j, out);
}
