#include "storage/kube/page_meta.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "storage/json/scan.h"

#include <string.h>

void kube_page_meta_clear(struct kube_page_meta *m)
{
	buf_clear(&m->kind);
	buf_clear(&m->api_version);
	buf_clear(&m->resource_version);
	buf_clear(&m->continue_);
	m->remaining = -1;
	m->items = m->bytes = 0;
}

void kube_page_meta_done(struct kube_page_meta *m)
{
	buf_done(&m->kind);
	buf_done(&m->api_version);
	buf_done(&m->resource_version);
	buf_done(&m->continue_);
}

static int check(const char *key, const struct buf *value, struct err *err)
{
	struct json_scan s;

	json_scan_init(&s, buf_str(value), value->len);
	if (json_scan_value(&s) && json_scan_end(&s))
		return 0;
	return err_set(err, ERR_FORMAT,
	    "the list's '%.64s' is not valid JSON: %s", key, s.wrong);
}

static void set_text(struct buf *to, const struct json_object *from)
{
	buf_clear(to);
	if (json_str(from))
		buf_add(to, json_str(from), json_str_len(from));
}

int kube_page_meta_add(struct kube_page_meta *m, const char *key,
    const struct buf *text, struct err *err)
{
	if (check(key, text, err))
		return -1;
	if (!str_eq(key, "metadata") && !str_eq(key, "kind") &&
	    !str_eq(key, "apiVersion"))
		return 0;
	/* json.h parses documents; a string becomes one in an array. */
	autofree char *document = str_printf("[%s]", buf_str(text));
	cleanup(json_freep) struct json_object *j =
	    json_parse(document, strlen(document), err);
	if (!j)
		return err_wrap(err, "the list's '%s'", key);
	const struct json_object *value = json_at(j, 0);
	if (str_eq(key, "kind")) {
		set_text(&m->kind, value);
	} else if (str_eq(key, "apiVersion")) {
		set_text(&m->api_version, value);
	} else {
		set_text(
		    &m->resource_version, json_get(value, "resourceVersion"));
		set_text(&m->continue_, json_get(value, "continue"));
		m->remaining = json_get_int(value, "remainingItemCount", -1);
	}
	return 0;
}
