#include "restore/diff/states.h"

#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <stdlib.h>

struct instance {
	char *address;
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

static void compare_resources(struct changes *f, const struct json_object *from,
    const struct json_object *to)
{
	struct instances before = {.list = VEC_INIT};
	struct instances after = {.list = VEC_INIT};

	instances_init(&before, from);
	instances_init(&after, to);
	VEC_EACH (&before.list, i) {
		const struct instance *other = find(&after, i->address);
		if (!other)
			changes_add(f, i->address, "(there)", NULL);
		else if (!json_equal(i->what, other->what))
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

/* Their values may be secret. */
static void compare_outputs(struct changes *f, const struct json_object *from,
    const struct json_object *to)
{
	const struct json_object *a = json_get(from, "outputs");
	const struct json_object *b = json_get(to, "outputs");

	for (struct json_iter it = json_iter(a); json_next(&it);) {
		const struct json_object *other = json_get(b, it.key);
		autofree char *path = str_printf("output.%s", it.key);
		if (!other || !json_equal(it.value, other))
			changes_add(
			    f, path, "(there)", other ? "(changed)" : NULL);
	}
	for (struct json_iter it = json_iter(b); json_next(&it);) {
		autofree char *path = str_printf("output.%s", it.key);
		if (!json_get(a, it.key))
			changes_add(f, path, NULL, "(there)");
	}
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
    const char *to, size_t to_len)
{
	cleanup(json_freep) struct json_object *a = parse(from, from_len);
	cleanup(json_freep) struct json_object *b = parse(to, to_len);

	if (!a || !b) {
		changes_add(f, "content", "(there)", "(changed)");
		return;
	}
	compare_member(f, "serial", a, b);
	compare_member(f, "lineage", a, b);
	compare_outputs(f, a, b);
	compare_resources(f, a, b);
	if (!f->len) /* something that none of these shows */
		changes_add(f, "content", "(there)", "(changed)");
}
