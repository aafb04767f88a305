#include "restore/diff/states.h"

#include "restore/diff/sensitive.h"
#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <stdlib.h>

struct instance {
	char *address;
	const char *type; /* of the resource; borrowed */
	const struct json_object *what;
};

struct instances {
	VEC_DEFINE(, struct instance) list;
	struct index *addresses;
};

static char *address_of(
    const struct json_object *resource, const struct json_object *instance)
{
	const char *module = json_get_str(resource, "module");
	const char *type = json_get_str(resource, "type");
	const char *name = json_get_str(resource, "name");
	const char *deposed = json_get_str(instance, "deposed");
	const struct json_object *key = json_get(instance, "index_key");
	struct buf out = BUF_INIT;

	buf_printf(&out, "%s%s%s%s.%s", module ? module : "", module ? "." : "",
	    str_eq(json_get_str(resource, "mode"), "data") ? "data." : "",
	    type ? type : "?", name ? name : "?");
	if (key) {
		buf_add_char(&out, '[');
		json_write(&out, key, JSON_COMPACT);
		buf_add_char(&out, ']');
	}
	if (deposed)
		buf_printf(&out, " (deposed %s)", deposed);
	return buf_steal(&out);
}

static void instances_init(struct instances *s, const struct json_object *state)
{
	const struct json_object *resources = json_get(state, "resources");

	s->addresses = index_new();
	for (size_t i = 0; i < json_len(resources); i++) {
		const struct json_object *resource = json_at(resources, i);
		const struct json_object *all = json_get(resource, "instances");
		for (size_t n = 0; n < json_len(all); n++) {
			struct instance *one = vec_add(&s->list);
			one->what = json_at(all, n);
			one->type = json_get_str(resource, "type");
			one->address = address_of(resource, one->what);
			index_add(s->addresses, one->address,
			    (uint32_t)(s->list.len - 1));
		}
	}
}

static void instances_done(struct instances *s)
{
	VEC_EACH (&s->list, i)
		free(i->address);
	vec_done(&s->list);
	index_free(s->addresses);
}

static const struct instance *find(
    const struct instances *s, const char *address)
{
	uint32_t it = index_first(s->addresses, address);

	return it == INDEX_END ? NULL
			       : &s->list.items[index_value(s->addresses, it)];
}

/* ---- attributes ---- */

struct attributes {
	struct strvec marks; /* of both versions */
	bool all;	     /* the type of the resource speaks of a secret */
};

static bool hides_attribute(
    void *ctx, const char *path, const struct json_object *value)
{
	const struct attributes *a = ctx;

	return a->all || sensitive_is_marked(&a->marks, path) ||
	       sensitive_name(path) || sensitive_within(value);
}

/* NULL: they can be compared. */
static const char *why_no_attributes(const struct instance *from,
    const struct instance *to, struct attributes *a)
{
	const struct json_object *before = json_get(from->what, "attributes");
	const struct json_object *after = json_get(to->what, "attributes");

	if (!sensitive_marks(from->what, &a->marks) ||
	    !sensitive_marks(to->what, &a->marks))
		return "values not shown: a version of it does not say which "
		       "are sensitive";
	if (json_kind(before) != JSON_OBJECT || json_kind(after) != JSON_OBJECT)
		return "values not shown: a version of it has no attributes";
	return json_equal(before, after) ? "its attributes are the same" : NULL;
}

static void add_attributes(
    struct changes *f, const struct instance *from, const struct instance *to)
{
	struct attributes a = {
	    .marks = VEC_INIT, .all = from->type && sensitive_name(from->type)};
	const struct changes_options o = {.hides = hides_attribute,
	    .hidden = "(sensitive)",
	    .in_order = true,
	    .ctx = &a};
	cleanup(changes_done) struct changes inner = VEC_INIT;
	const char *why = why_no_attributes(from, to, &a);

	if (why) {
		changes_add(f, from->address, "(there)", "(changed)");
		changes_note(f, why);
	} else {
		changes_compare(&inner, json_get(from->what, "attributes"),
		    json_get(to->what, "attributes"), &o);
	}
	VEC_EACH (&inner, c) {
		autofree char *path =
		    str_printf("%s.%s", from->address, c->path);
		changes_add(f, path, c->from, c->to);
	}
	strvec_done(&a.marks);
}

static void compare_resources(struct changes *f, const struct json_object *from,
    const struct json_object *to, bool values)
{
	struct instances before = {.list = VEC_INIT};
	struct instances after = {.list = VEC_INIT};

	instances_init(&before, from);
	instances_init(&after, to);
	VEC_EACH (&before.list, i) {
		const struct instance *other = find(&after, i->address);
		if (!other)
			changes_add(f, i->address, "(there)", NULL);
		else if (json_equal(i->what, other->what))
			continue;
		else if (values)
			add_attributes(f, i, other);
		else
			changes_add(f, i->address, "(there)", "(changed)");
	}
	VEC_EACH (&after.list, i)
		if (!find(&before, i->address))
			changes_add(f, i->address, NULL, "(there)");
	instances_done(&before);
	instances_done(&after);
}

static void compare_member(struct changes *f, const char *key,
    const struct json_object *from, const struct json_object *to)
{
	cleanup(buf_done) struct buf before = BUF_INIT, after = BUF_INIT;
	const struct json_object *a = json_get(from, key);
	const struct json_object *b = json_get(to, key);

	if (json_equal(a, b))
		return;
	json_write(&before, a, JSON_COMPACT);
	json_write(&after, b, JSON_COMPACT);
	changes_add(f, key, buf_str(&before), buf_str(&after));
}

/* ---- outputs ---- */

static bool is_sensitive(const char *name, const struct json_object *output)
{
	return json_truth(json_get(output, "sensitive"), false) ||
	       sensitive_name(name) ||
	       sensitive_within(json_get(output, "value"));
}

static void add_output(struct changes *f, const char *name,
    const struct json_object *from, const struct json_object *to, bool values)
{
	autofree char *path = str_printf("output.%s", name);
	cleanup(buf_wipe) struct buf before = BUF_INIT, after = BUF_INIT;
	bool sensitive = is_sensitive(name, from) || is_sensitive(name, to);

	if (!values || sensitive) {
		const char *hidden = values ? "(sensitive)" : "(there)";
		changes_add(f, path, from ? hidden : NULL,
		    !to	   ? NULL
		    : from ? "(changed)"
			   : hidden);
		return;
	}
	json_write(&before, json_get(from, "value"), JSON_COMPACT);
	json_write(&after, json_get(to, "value"), JSON_COMPACT);
	changes_add(f, path, from ? buf_str(&before) : NULL,
	    to ? buf_str(&after) : NULL);
}

static void compare_outputs(struct changes *f, const struct json_object *from,
    const struct json_object *to, bool values)
{
	const struct json_object *a = json_get(from, "outputs");
	const struct json_object *b = json_get(to, "outputs");

	for (struct json_iter it = json_iter(a); json_next(&it);) {
		const struct json_object *other = json_get(b, it.key);
		if (!other || !json_equal(it.value, other))
			add_output(f, it.key, it.value, other, values);
	}
	for (struct json_iter it = json_iter(b); json_next(&it);)
		if (!json_get(a, it.key))
			add_output(f, it.key, NULL, it.value, values);
}

/* ---- all of it ---- */

static void add_content(struct changes *f, bool values, const char *why)
{
	changes_add(f, "content", "(there)", "(changed)");
	if (values)
		changes_note(f, why);
}

static struct json_object *parse(const char *text, size_t len)
{
	struct err ignored = ERR_INIT;
	struct json_object *j = json_parse(text, len, &ignored);

	if (j && json_get_int(j, "version", 0) == 4 &&
	    json_kind(json_get(j, "resources")) == JSON_ARRAY)
		return j;
	json_free(j);
	return NULL;
}

void states_compare(struct changes *f, const char *from, size_t from_len,
    const char *to, size_t to_len, bool values)
{
	cleanup(json_freep) struct json_object *a = parse(from, from_len);
	cleanup(json_freep) struct json_object *b = parse(to, to_len);

	if (!a || !b) {
		add_content(f, values,
		    "values not shown: a version of it is not a plain state of "
		    "format 4, so it does not say which are sensitive");
		return;
	}
	compare_member(f, "serial", a, b);
	compare_member(f, "lineage", a, b);
	compare_outputs(f, a, b, values);
	compare_resources(f, a, b, values);
	if (!f->len) /* something that none of these shows */
		add_content(f, values,
		    "its serial, lineage, outputs and resources are the same");
}
