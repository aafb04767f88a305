#include "storage/kube/item.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <string.h>

static const char *const mentions[] = {"storageClassName", "priorityClassName",
    "runtimeClassName", "ingressClassName", NULL};

void kube_item_done(struct kube_item *item)
{
	buf_done(&item->name);
	buf_done(&item->ns);
	buf_done(&item->uid);
	buf_done(&item->api_version);
	buf_done(&item->kind);
}

/* A string member that may come once. */
static void take_text(
    struct kube_scan *s, struct buf *to, bool *seen, const char *twice)
{
	struct kube_range value;

	if (*seen && !s->wrong)
		s->wrong = twice;
	*seen = true;
	if (kube_scan_next_is(s, 'n')) { /* null */
		kube_scan_value(s);
		return;
	}
	if (kube_scan_string(s, &value))
		kube_range_decode(value, to);
}

static struct kube_range take_range(struct kube_scan *s)
{
	struct kube_range r = {NULL, 0};

	bool collection =
	    kube_scan_next_is(s, '{') || kube_scan_next_is(s, '[');
	const char *start = s->at;
	if (kube_scan_value(s) && collection)
		r = (struct kube_range){start, (size_t)(s->at - start)};
	return r;
}

/* Over managedFields; the stretch to cut takes one comma along. `from` is
 * where the member before it, or the '{', ended. */
static void take_cut(
    struct kube_scan *s, struct kube_item *item, const char *from, bool first)
{
	item->managed = take_range(s);
	if (s->wrong)
		return;
	if (first && kube_scan_next_is(s, ',')) {
		item->cut =
		    (struct kube_range){from, (size_t)(s->at + 1 - from)};
		return;
	}
	item->cut = (struct kube_range){from, (size_t)(s->at - from)};
}

static void metadata(struct kube_scan *s, struct kube_item *item)
{
	struct kube_range key;
	bool first = true;
	bool name = false;
	bool ns = false;
	bool uid = false;

	if (!kube_scan_open(s))
		return;
	for (;;) {
		const char *from = s->at;
		bool at_first = first;
		if (!kube_scan_member(s, &first, &key))
			return;
		if (kube_range_is(key, "name"))
			take_text(s, &item->name, &name, "two names");
		else if (kube_range_is(key, "namespace"))
			take_text(s, &item->ns, &ns, "two namespaces");
		else if (kube_range_is(key, "uid"))
			take_text(s, &item->uid, &uid, "two uids");
		else if (kube_range_is(key, "labels"))
			item->labels = take_range(s);
		else if (kube_range_is(key, "annotations"))
			item->annotations = take_range(s);
		else if (kube_range_is(key, "ownerReferences"))
			item->owners = take_range(s);
		else if (kube_range_is(key, "managedFields"))
			take_cut(s, item, from, at_first);
		else
			kube_scan_value(s);
	}
}

struct telling {
	kube_mention_fn *fn;
	void *ctx;
};

static void on_watched(void *ctx, size_t which, struct kube_range value)
{
	const struct telling *t = ctx;

	t->fn(t->ctx, (enum kube_mention)which, value);
}

/* A member of the object itself. */
static void member(struct kube_scan *s, struct kube_item *item,
    struct kube_range key, bool seen[3], const struct telling *telling)
{
	if (kube_range_is(key, "metadata")) {
		if (seen[0])
			s->wrong = "two metadata";
		seen[0] = true;
		metadata(s, item);
	} else if (kube_range_is(key, "apiVersion")) {
		take_text(s, &item->api_version, &seen[1], "two apiVersions");
	} else if (kube_range_is(key, "kind")) {
		take_text(s, &item->kind, &seen[2], "two kinds");
	} else {
		s->watched = telling->fn ? mentions : NULL;
		kube_scan_value(s);
		s->watched = NULL;
	}
}

int kube_item_read(struct kube_item *item, const char *text, size_t len,
    kube_mention_fn *on_mention, void *ctx, struct err *err)
{
	struct telling telling = {.fn = on_mention, .ctx = ctx};
	struct buf *const bufs[] = {&item->name, &item->ns, &item->uid,
	    &item->api_version, &item->kind};
	struct kube_range none = {NULL, 0};
	struct kube_range key;
	struct kube_scan s;
	bool seen[3] = {false, false, false};
	bool first = true;

	for (size_t i = 0; i < sizeof(bufs) / sizeof(*bufs); i++)
		buf_clear(bufs[i]);
	item->text = text;
	item->len = len;
	item->labels = item->annotations = item->owners = none;
	item->managed = item->cut = none;
	kube_scan_init(&s, text, len);
	s.on_watched = on_watched;
	s.ctx = &telling;
	if (kube_scan_open(&s))
		item->body = (size_t)(s.at - text);
	item->empty = kube_scan_next_is(&s, '}');
	while (kube_scan_member(&s, &first, &key))
		member(&s, item, key, seen, &telling);
	/* They are put in front where they are lacking, and there cannot be
	 * two of them. */
	if (!s.wrong && ((seen[1] && !item->api_version.len) ||
			    (seen[2] && !item->kind.len)))
		return err_set(err, ERR_FORMAT,
		    "the object's apiVersion or kind is empty");
	if (kube_scan_end(&s))
		return 0;
	return err_set(err, ERR_FORMAT, "no valid JSON at byte %zu: %s",
	    (size_t)(s.at - s.text), s.wrong);
}

void kube_item_write(const struct kube_item *item, const char *api_version,
    const char *kind, struct buf *out)
{
	const char *from = item->text + item->body;
	const char *end = item->text + item->len;
	const char *comma = item->empty ? "" : ",";

	buf_reserve(out, item->len + 256);
	buf_add_char(out, '{');
	if (!item->api_version.len) {
		buf_add_str(out, "\"apiVersion\":");
		json_add_quoted(out, api_version, strlen(api_version));
		buf_add_str(out, item->kind.len ? comma : ",");
	}
	if (!item->kind.len) {
		buf_add_str(out, "\"kind\":");
		json_add_quoted(out, kind, strlen(kind));
		buf_add_str(out, comma);
	}
	if (item->cut.at) {
		buf_add(out, from, (size_t)(item->cut.at - from));
		from = item->cut.at + item->cut.len;
	}
	buf_add(out, from, (size_t)(end - from));
	buf_add_char(out, '\n');
}

bool kube_item_lookup(
    struct kube_range object, const char *key, struct buf *value)
{
	cleanup(buf_done) struct buf decoded = BUF_INIT;
	struct kube_range at;
	struct kube_range text;
	struct kube_scan s;
	bool first = true;

	if (!object.at)
		return false;
	kube_scan_init(&s, object.at, object.len);
	if (!kube_scan_open(&s))
		return false;
	while (kube_scan_member(&s, &first, &at)) {
		buf_clear(&decoded);
		kube_range_decode(at, &decoded);
		if (!str_eq(buf_str(&decoded), key)) {
			kube_scan_value(&s);
			continue;
		}
		if (!kube_scan_next_is(&s, '"') || !kube_scan_string(&s, &text))
			return false;
		if (value)
			kube_range_decode(text, value);
		return true;
	}
	return false;
}

bool kube_item_has_controller(const struct kube_item *item)
{
	cleanup(json_freep) struct json_object *owners = kube_item_owners(item);

	for (size_t i = 0; i < json_len(owners); i++)
		if (json_truth(
			json_get(json_at(owners, i), "controller"), false))
			return true;
	return false;
}

struct json_object *kube_item_owners(const struct kube_item *item)
{
	static const char *const kept[] = {
	    "apiVersion", "kind", "name", "uid", "controller"};
	struct err ignored = ERR_INIT; /* it was read already */

	if (!item->owners.at)
		return NULL;
	cleanup(json_freep) struct json_object *all =
	    json_parse(item->owners.at, item->owners.len, &ignored);
	if (!json_len(all))
		return NULL;
	struct json_object *owners = json_new_array();
	for (size_t i = 0; i < json_len(all); i++) {
		struct json_object *one = json_new_object();
		for (size_t k = 0; k < sizeof(kept) / sizeof(*kept); k++) {
			struct json_object *value =
			    json_get(json_at(all, i), kept[k]);
			if (value)
				json_set(one, kept[k], json_share(value));
		}
		json_append(owners, one);
	}
	return owners;
}
