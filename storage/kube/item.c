#include "storage/kube/item.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"
#include "storage/base/str.h"
#include "storage/json/range.h"

#include <string.h>

static const char *const mentions[] = {"storageClassName", "priorityClassName",
    "runtimeClassName", "ingressClassName", "volumeAttributesClassName",
    "deviceClassName", "volumeSnapshotClassName", "volumeSnapshotContentName",
    "boundVolumeSnapshotContentName", "volumeGroupSnapshotClassName",
    "volumeGroupSnapshotContentName", "boundVolumeGroupSnapshotContentName",
    NULL};

void kube_item_done(struct kube_item *item)
{
	buf_done(&item->name);
	buf_done(&item->ns);
	buf_done(&item->uid);
	buf_done(&item->api_version);
	buf_done(&item->kind);
}

/* A string member that may occur once. */
static void read_text(
    struct json_scan *s, struct buf *to, bool *seen, const char *twice)
{
	struct json_range value;

	if (*seen && !s->wrong)
		s->wrong = twice;
	*seen = true;
	if (json_scan_next_is(s, 'n')) { /* null */
		json_scan_value(s);
		return;
	}
	if (json_scan_string(s, &value))
		json_range_decode(value, to);
}

static struct json_range read_range(struct json_scan *s)
{
	struct json_range r = {NULL, 0};

	bool collection =
	    json_scan_next_is(s, '{') || json_scan_next_is(s, '[');
	const char *start = s->at;
	if (json_scan_value(s) && collection)
		r = (struct json_range){start, (size_t)(s->at - start)};
	return r;
}

static void metadata(struct json_scan *s, struct kube_item *item)
{
	struct json_range key;
	bool first = true;
	bool name = false;
	bool ns = false;
	bool uid = false;

	if (!json_scan_open(s))
		return;
	while (json_scan_member(s, &first, &key)) {
		if (json_range_is(key, "name"))
			read_text(s, &item->name, &name, "two names");
		else if (json_range_is(key, "namespace"))
			read_text(s, &item->ns, &ns, "two namespaces");
		else if (json_range_is(key, "uid"))
			read_text(s, &item->uid, &uid, "two uids");
		else if (json_range_is(key, "labels"))
			item->labels = read_range(s);
		else if (json_range_is(key, "annotations"))
			item->annotations = read_range(s);
		else if (json_range_is(key, "ownerReferences"))
			item->owners = read_range(s);
		else if (json_range_is(key, "managedFields"))
			item->managed = read_range(s);
		else
			json_scan_value(s);
	}
}

struct watching {
	kube_mention_fn *fn;
	void *ctx;
};

static void on_watched(void *ctx, size_t which, struct json_range value)
{
	const struct watching *t = ctx;

	t->fn(t->ctx, (enum kube_mention)which, value);
}

/* A member of the object itself. */
static void member(struct json_scan *s, struct kube_item *item,
    struct json_range key, bool seen[3], const struct watching *watching)
{
	if (json_range_is(key, "metadata")) {
		if (seen[0])
			s->wrong = "two metadata";
		seen[0] = true;
		metadata(s, item);
	} else if (json_range_is(key, "apiVersion")) {
		read_text(s, &item->api_version, &seen[1], "two apiVersions");
	} else if (json_range_is(key, "kind")) {
		read_text(s, &item->kind, &seen[2], "two kinds");
	} else {
		s->watched = watching->fn ? mentions : NULL;
		json_scan_value(s);
		s->watched = NULL;
	}
}

int kube_item_read(struct kube_item *item, const char *text, size_t len,
    kube_mention_fn *on_mention, void *ctx, struct err *err)
{
	struct watching watching = {.fn = on_mention, .ctx = ctx};
	struct buf *const bufs[] = {&item->name, &item->ns, &item->uid,
	    &item->api_version, &item->kind};
	struct json_range none = {NULL, 0};
	struct json_range key;
	struct json_scan s;
	bool seen[3] = {false, false, false};
	bool first = true;

	for (size_t i = 0; i < sizeof(bufs) / sizeof(*bufs); i++)
		buf_clear(bufs[i]);
	item->text = text;
	item->len = len;
	item->labels = item->annotations = item->owners = none;
	item->managed = none;
	json_scan_init(&s, text, len);
	s.on_watched = on_watched;
	s.ctx = &watching;
	if (json_scan_open(&s))
		item->body = (size_t)(s.at - text);
	item->empty = json_scan_next_is(&s, '}');
	while (json_scan_member(&s, &first, &key))
		member(&s, item, key, seen, &watching);
	/* They are put first if they are missing; they cannot occur twice. */
	if (!s.wrong && ((seen[1] && !item->api_version.len) ||
			    (seen[2] && !item->kind.len)))
		return err_set(err, ERR_FORMAT,
		    "the object's apiVersion or kind is empty");
	if (json_scan_end(&s))
		return 0;
	return err_set(err, ERR_FORMAT, "not valid JSON at byte %zu: %s",
	    (size_t)(s.at - s.text), s.wrong);
}

static bool is_status_update(struct json_range entry)
{
	struct json_range value;

	return json_range_get(entry, "subresource", &value) &&
	       json_range_is(value, "\"status\"") &&
	       json_range_get(entry, "operation", &value) &&
	       json_range_is(value, "\"Update\"");
}

/* Up to the end of managedFields, without the fields of a status that was
 * updated: most of what such a list holds, and no write is ever refused over
 * them. Returns where to go on. */
static const char *write_managed(
    const struct kube_item *item, const char *from, struct buf *out)
{
	struct json_range entry;
	struct json_range fields;
	size_t at = 0;

	if (!item->managed.at || *item->managed.at != '[' ||
	    !memmem(item->managed.at, item->managed.len, "\"subresource\"", 13))
		return from;
	while (json_range_next(item->managed, &at, &entry)) {
		if (*entry.at != '{' || !is_status_update(entry) ||
		    !json_range_get(entry, "fieldsV1", &fields))
			continue;
		buf_add(out, from, (size_t)(fields.at - from));
		buf_add(out, "{}", 2);
		from = fields.at + fields.len;
	}
	return from;
}

void kube_item_write(const struct kube_item *item, const char *api_version,
    const char *kind, struct buf *out)
{
	const char *from = item->text + item->body;
	const char *end = item->text + item->len;
	bool whole = item->api_version.len && item->kind.len;

	buf_reserve(out, item->len + 256);
	json_text_object(out, NULL);
	if (!item->api_version.len)
		json_text_str(out, "apiVersion", api_version);
	if (!item->kind.len)
		json_text_str(out, "kind", kind);
	if (!whole && !item->empty)
		buf_add_char(out, ',');
	from = write_managed(item, from, out);
	buf_add(out, from, (size_t)(end - from));
	buf_add_char(out, '\n');
}

bool kube_item_lookup(
    struct json_range object, const char *key, struct buf *value)
{
	cleanup(buf_done) struct buf decoded = BUF_INIT;
	struct json_range at;
	struct json_range text;
	struct json_scan s;
	bool first = true;

	if (!object.at)
		return false;
	json_scan_init(&s, object.at, object.len);
	if (!json_scan_open(&s))
		return false;
	while (json_scan_member(&s, &first, &at)) {
		buf_clear(&decoded);
		json_range_decode(at, &decoded);
		if (!str_eq(buf_str(&decoded), key)) {
			json_scan_value(&s);
			continue;
		}
		if (!json_scan_next_is(&s, '"') || !json_scan_string(&s, &text))
			return false;
		if (value)
			json_range_decode(text, value);
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
