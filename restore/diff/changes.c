#include "restore/diff/changes.h"

#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

static void change_done(struct change *c)
{
	free(c->path);
	free(c->from);
	free(c->to);
	free(c->note);
}

void changes_done(struct changes *f)
{
	VEC_EACH (f, one)
		change_done(one);
	vec_done(f);
}

static bool is_of_server(const struct change *c)
{
	return !c->from || str_eq(c->from, "null") ||
	       (c->to && str_eq(c->path, "apiVersion"));
}

size_t changes_drop_of_server(struct changes *f)
{
	size_t kept = 0, all = f->len;

	for (size_t i = 0; i < all; i++) {
		struct change *c = &f->items[i];
		if (is_of_server(c))
			change_done(c);
		else
			f->items[kept++] = *c;
	}
	f->len = kept;
	return all - kept;
}

void changes_add(
    struct changes *f, const char *path, const char *from, const char *to)
{
	*vec_add(f) = (struct change){.path = str_dup(path),
	    .from = from ? str_dup(from) : NULL,
	    .to = to ? str_dup(to) : NULL};
}

void changes_note(struct changes *f, const char *note)
{
	struct change *last = &f->items[f->len - 1];

	free(last->note);
	last->note = str_dup(note);
}

void changes_write_json(const struct changes *f, struct buf *out)
{
	json_text_array(out, "fields");
	VEC_EACH (f, one) {
		json_text_object(out, NULL);
		json_text_str(out, "path", one->path);
		json_text_str_or_null(out, "from", one->from);
		json_text_str_or_null(out, "to", one->to);
		json_text_str_if(out, "note", one->note);
		json_text_object_end(out);
	}
	json_text_array_end(out);
}

struct comparing {
	struct changes *fields;
	const struct changes_options *options;
	struct buf path;
	struct strvec field; /* of `keys` */
};

static void compare(struct comparing *c, const struct json_object *from,
    const struct json_object *to);

static bool is_hidden(
    const struct comparing *c, const struct json_object *value)
{
	const struct changes_options *o = c->options;

	return o->hides && o->hides(o->ctx, buf_str(&c->path), value);
}

static char *shown(
    const struct comparing *c, const struct json_object *value, bool hidden)
{
	struct buf text = BUF_INIT;

	if (hidden)
		return str_dup(
		    c->options->hidden ? c->options->hidden : "(secret)");
	json_write(&text, value, JSON_COMPACT);
	return buf_steal(&text);
}

static void add(struct comparing *c, const struct json_object *from,
    const struct json_object *to, bool was, bool is)
{
	bool hidden = (was && is_hidden(c, from)) || (is && is_hidden(c, to));
	autofree char *before = was ? shown(c, from, hidden) : NULL;
	autofree char *after = !is	       ? NULL
			       : hidden && was ? str_dup("(changed)")
					       : shown(c, to, hidden);

	changes_add(c->fields, buf_str(&c->path), before, after);
}

/* Without the brackets, a key with a dot in it would look like two keys. */
void changes_enter(struct buf *path, const char *key)
{
	if (strpbrk(key, "./[]"))
		buf_printf(path, "[%s]", key);
	else
		buf_printf(path, "%s%s", path->len ? "." : "", key);
}

static size_t enter(struct comparing *c, const char *key)
{
	size_t before = c->path.len;

	changes_enter(&c->path, key);
	strvec_add(&c->field, key);
	return before;
}

static void leave_item(struct comparing *c, size_t before)
{
	c->path.len = before;
	if (c->path.data)
		c->path.data[before] = '\0';
}

static void leave(struct comparing *c, size_t before)
{
	free(c->field.items[--c->field.len]);
	leave_item(c, before);
}

/* A member whose value is null is present, too. */
static bool has(const struct json_object *object, const char *key)
{
	for (struct json_iter it = json_iter(object); json_next(&it);)
		if (str_eq(it.key, key))
			return true;
	return false;
}

static void compare_members(struct comparing *c, const struct json_object *from,
    const struct json_object *to)
{
	for (struct json_iter it = json_iter(from); json_next(&it);) {
		const struct json_object *other = json_get(to, it.key);
		size_t before = enter(c, it.key);
		if (other || has(to, it.key))
			compare(c, it.value, other);
		else
			add(c, it.value, NULL, true, false);
		leave(c, before);
	}
	for (struct json_iter it = json_iter(to); json_next(&it);) {
		if (json_get(from, it.key) || has(from, it.key))
			continue;
		size_t before = enter(c, it.key);
		add(c, NULL, it.value, false, true);
		leave(c, before);
	}
}

/* ---- lists ---- */

/* What tells an item apart, for people and to match it: "name=web", or
 * "containerPort=80,protocol=TCP". False where the item does not say. */
static bool identify(const struct json_object *item,
    const struct json_object *keys, struct buf *out)
{
	buf_clear(out);
	if (json_kind(item) != JSON_OBJECT)
		return false;
	for (struct json_iter it = json_iter(keys); json_next(&it);) {
		const struct json_object *value = json_get(item, it.key);
		if (!value)
			value = it.value;
		enum json_kind kind = json_kind(value);
		if (kind == JSON_NULL || kind == JSON_OBJECT ||
		    kind == JSON_ARRAY)
			return false;
		buf_printf(out, "%s%s=", out->len ? "," : "", it.key);
		if (kind == JSON_STRING)
			buf_add(out, json_str(value), json_str_len(value));
		else
			json_write(out, value, JSON_COMPACT);
	}
	return out->len > 0;
}

/* The position of each item by what tells it apart; NULL unless each has
 * something of its own. */
static struct index *identify_all(
    const struct json_object *list, const struct json_object *keys)
{
	struct index *ids = index_new();
	cleanup(buf_done) struct buf id = BUF_INIT;

	for (size_t i = 0; i < json_len(list); i++) {
		if (!identify(json_at(list, i), keys, &id) ||
		    index_first(ids, buf_str(&id)) != INDEX_END) {
			index_free(ids);
			return NULL;
		}
		index_add(ids, buf_str(&id), (uint32_t)i);
	}
	return ids;
}

static const struct json_object *identified(
    const struct json_object *list, const struct index *ids, const char *id)
{
	uint32_t it = index_first(ids, id);

	return it == INDEX_END ? NULL : json_at(list, index_value(ids, it));
}

static void compare_keyed(struct comparing *c, const struct json_object *from,
    const struct index *from_ids, const struct json_object *to,
    const struct index *to_ids, const struct json_object *keys)
{
	cleanup(buf_done) struct buf id = BUF_INIT;
	size_t before = c->path.len;

	for (size_t i = 0; i < json_len(from); i++) {
		identify(json_at(from, i), keys, &id);
		const struct json_object *other =
		    identified(to, to_ids, buf_str(&id));
		buf_printf(&c->path, "[%s]", buf_str(&id));
		if (other)
			compare(c, json_at(from, i), other);
		else
			add(c, json_at(from, i), NULL, true, false);
		leave_item(c, before);
	}
	for (size_t i = 0; i < json_len(to); i++) {
		identify(json_at(to, i), keys, &id);
		if (identified(from, from_ids, buf_str(&id)))
			continue;
		buf_printf(&c->path, "[%s]", buf_str(&id));
		add(c, NULL, json_at(to, i), false, true);
		leave_item(c, before);
	}
}

/* False where the items of one of them cannot be told apart so. */
static bool compare_by(struct comparing *c, const struct json_object *from,
    const struct json_object *to, const struct json_object *keys)
{
	struct index *from_ids = identify_all(from, keys);
	struct index *to_ids = from_ids ? identify_all(to, keys) : NULL;
	bool told_apart = from_ids && to_ids;

	if (told_apart)
		compare_keyed(c, from, from_ids, to, to_ids, keys);
	index_free(from_ids);
	index_free(to_ids);
	return told_apart;
}

static bool compare_by_name(struct comparing *c, const struct json_object *from,
    const struct json_object *to)
{
	cleanup(json_freep) struct json_object *name = json_new_object();

	if (c->options->in_order)
		return false;
	json_set(name, "name", NULL);
	return compare_by(c, from, to, name);
}

static void compare_in_order(struct comparing *c,
    const struct json_object *from, const struct json_object *to)
{
	for (size_t i = 0; i < json_len(from); i++) {
		size_t before = c->path.len;
		buf_printf(&c->path, "[%zu]", i);
		compare(c, json_at(from, i), json_at(to, i));
		leave_item(c, before);
	}
}

static void compare_lists(struct comparing *c, const struct json_object *from,
    const struct json_object *to)
{
	const struct changes_options *o = c->options;

	if (json_equal(from, to))
		return;
	const struct json_object *keys =
	    o->keys ? o->keys(o->ctx, &c->field) : NULL;
	if ((json_len(keys) && compare_by(c, from, to, keys)) ||
	    compare_by_name(c, from, to))
		return;
	if (json_len(from) == json_len(to))
		compare_in_order(c, from, to);
	else
		add(c, from, to, true, true);
}

static void compare(struct comparing *c, const struct json_object *from,
    const struct json_object *to)
{
	enum json_kind kind = json_kind(from);

	if (kind == json_kind(to) && kind == JSON_OBJECT)
		compare_members(c, from, to);
	else if (kind == json_kind(to) && kind == JSON_ARRAY)
		compare_lists(c, from, to);
	else if (!json_equal(from, to))
		add(c, from, to, true, true);
}

void changes_compare(struct changes *f, const struct json_object *from,
    const struct json_object *to, const struct changes_options *o)
{
	static const struct changes_options none = {.hides = NULL};
	struct comparing c = {.fields = f,
	    .options = o ? o : &none,
	    .path = BUF_INIT,
	    .field = VEC_INIT};

	compare(&c, from, to);
	buf_done(&c.path);
	strvec_done(&c.field);
}
