#include "restore/diff/changes.h"

#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "storage/base/json.h"
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

struct comparing {
	struct changes *fields;
	bool (*hides)(const char *path);
	struct buf path;
};

static void compare(struct comparing *c, const struct json_object *from,
    const struct json_object *to);

static char *shown(const struct comparing *c, const struct json_object *value)
{
	struct buf text = BUF_INIT;

	if (c->hides && c->hides(buf_str(&c->path)))
		return str_dup("(secret)");
	json_write(&text, value, JSON_COMPACT);
	return buf_steal(&text);
}

static void add(struct comparing *c, const struct json_object *from,
    const struct json_object *to, bool was, bool is)
{
	bool hidden = c->hides && c->hides(buf_str(&c->path));
	autofree char *before = was ? shown(c, from) : NULL;
	autofree char *after = is ? shown(c, to) : NULL;

	if (hidden && was && is)
		changes_add(
		    c->fields, buf_str(&c->path), "(secret)", "(changed)");
	else
		changes_add(c->fields, buf_str(&c->path), before, after);
}

/* Without the brackets, a key with a dot in it would look like two keys. */
static size_t enter(struct comparing *c, const char *key)
{
	size_t before = c->path.len;

	if (strpbrk(key, "./[]"))
		buf_printf(&c->path, "[%s]", key);
	else
		buf_printf(&c->path, "%s%s", before ? "." : "", key);
	return before;
}

static void leave(struct comparing *c, size_t before)
{
	c->path.len = before;
	if (c->path.data)
		c->path.data[before] = '\0';
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

/* The position of each name; NULL unless every item has a unique name. */
static struct index *names_of(const struct json_object *list)
{
	struct index *names = index_new();

	for (size_t i = 0; i < json_len(list); i++) {
		const char *name = json_get_str(json_at(list, i), "name");
		if (!name || index_first(names, name) != INDEX_END) {
			index_free(names);
			return NULL;
		}
		index_add(names, name, (uint32_t)i);
	}
	return names;
}

static const struct json_object *named(
    const struct json_object *list, const struct index *names, const char *name)
{
	uint32_t it = index_first(names, name);

	return it == INDEX_END ? NULL : json_at(list, index_value(names, it));
}

static void compare_named(struct comparing *c, const struct json_object *from,
    const struct index *from_names, const struct json_object *to,
    const struct index *to_names)
{
	for (size_t i = 0; i < json_len(from); i++) {
		const char *name = json_get_str(json_at(from, i), "name");
		const struct json_object *other = named(to, to_names, name);
		size_t before = c->path.len;
		buf_printf(&c->path, "[name=%s]", name);
		if (other)
			compare(c, json_at(from, i), other);
		else
			add(c, json_at(from, i), NULL, true, false);
		leave(c, before);
	}
	for (size_t i = 0; i < json_len(to); i++) {
		const char *name = json_get_str(json_at(to, i), "name");
		size_t before = c->path.len;
		if (named(from, from_names, name))
			continue;
		buf_printf(&c->path, "[name=%s]", name);
		add(c, NULL, json_at(to, i), false, true);
		leave(c, before);
	}
}

static void compare_in_order(struct comparing *c,
    const struct json_object *from, const struct json_object *to)
{
	for (size_t i = 0; i < json_len(from); i++) {
		size_t before = c->path.len;
		buf_printf(&c->path, "[%zu]", i);
		compare(c, json_at(from, i), json_at(to, i));
		leave(c, before);
	}
}

static void compare_lists(struct comparing *c, const struct json_object *from,
    const struct json_object *to)
{
	struct index *from_names = names_of(from), *to_names = names_of(to);

	if (from_names && to_names)
		compare_named(c, from, from_names, to, to_names);
	else if (json_len(from) == json_len(to))
		compare_in_order(c, from, to);
	else
		add(c, from, to, true, true);
	index_free(from_names);
	index_free(to_names);
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
    const struct json_object *to, bool (*hides)(const char *path))
{
	struct comparing c = {.fields = f, .hides = hides, .path = BUF_INIT};

	compare(&c, from, to);
	buf_done(&c.path);
}
