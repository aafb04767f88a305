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

static struct json_object *add_row(struct checks *c, const char *state,
    bool good, const char *what, const char *detail)
{
	struct json_object *j = json_new_object();
	struct strvec *row = table_row(&c->rows);

	table_cell(row, "%s", state);
	table_cell(row, "%s", what);
	table_cell(row, "%s", detail);
	json_set_str(j, "what", what);
	json_set_bool(j, "ok", good);
	json_set_str(j, "detail", detail);
	json_append(c->array, j);
	return j;
}

void checks_add(
    struct checks *c, const char *what, bool good, const char *fmt, ...)
{
	cleanup(buf_done) struct buf detail = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&detail, fmt, ap);
	va_end(ap);
	add_row(c, good ? "ok" : "FAILED", good, what, buf_str(&detail));
	if (!good)
		c->failed++;
}

void checks_warn(struct checks *c, const char *what, const char *detail)
{
	json_set_bool(
	    add_row(c, "warning", true, what, detail), "warning", true);
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
