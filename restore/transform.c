#include "restore/transform.h"

#include "restore/rules.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

struct patch {
	const struct transform_patch *of;
	struct json_object *operations;
};

struct transform {
	struct transform_options o;
	VEC_DEFINE(, struct patch) patches;
};

static const char *const operations[] = {
    "add", "remove", "replace", "move", "copy", "test"};

static int check_operation(
    const struct json_object *op, size_t patch, size_t i, struct err *err)
{
	const char *name = json_get_str(op, "op");
	const char *path = json_get_str(op, "path");
	const char *from = json_get_str(op, "from");
	bool known = false;

	for (size_t k = 0; k < sizeof(operations) / sizeof(*operations); k++)
		known |= str_eq(name, operations[k]);
	if (!known || !path || (*path && *path != '/'))
		return err_set(err, ERR_USAGE,
		    "restore.transforms: patch %zu, operation %zu: it needs "
		    "'op' (add, remove, replace, move, copy or test) and "
		    "'path', a JSON pointer",
		    patch + 1, i + 1);
	if ((str_eq(name, "move") || str_eq(name, "copy")) && !from)
		return err_set(err, ERR_USAGE,
		    "restore.transforms: patch %zu, operation %zu: '%s' needs "
		    "'from'",
		    patch + 1, i + 1, name);
	return 0;
}

static int add_patch(struct transform *t, const struct transform_patch *of,
    size_t number, struct err *err)
{
	struct err cause = ERR_INIT;
	struct patch *p = vec_add(&t->patches);

	p->of = of;
	p->operations = json_parse(of->json, strlen(of->json), &cause);
	if (!p->operations || json_kind(p->operations) != JSON_ARRAY)
		return err_set(err, ERR_USAGE,
		    "restore.transforms: patch %zu is no JSON array of "
		    "operations%s%s",
		    number + 1, *cause.message ? ": " : "", cause.message);
	for (size_t i = 0; i < json_len(p->operations); i++)
		if (check_operation(json_at(p->operations, i), number, i, err))
			return -1;
	return 0;
}

static int check_maps(const struct transform_map *maps, size_t count,
    const char *what, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (!maps[i].from || !*maps[i].from || !maps[i].to ||
		    !*maps[i].to)
			return err_set(err, ERR_USAGE,
			    "restore: a map of %s needs both names", what);
		for (size_t k = 0; k < i; k++)
			if (str_eq(maps[k].from, maps[i].from))
				return err_set(err, ERR_USAGE,
				    "restore: '%s' is mapped twice among the "
				    "%s; keep one",
				    maps[i].from, what);
	}
	return 0;
}

struct transform *transform_new(
    const struct transform_options *o, struct err *err)
{
	cleanup(transform_freep) struct transform *t =
	    mem_new(struct transform);

	if (o)
		t->o = *o;
	if (check_maps(
		t->o.namespaces, t->o.namespace_count, "namespaces", err) ||
	    check_maps(t->o.images, t->o.image_count, "images", err) ||
	    check_maps(t->o.storage_classes, t->o.storage_class_count,
		"storage classes", err))
		return NULL;
	for (size_t i = 0; i < t->o.patch_count; i++)
		if (add_patch(t, &t->o.patches[i], i, err))
			return NULL;
	return steal(t);
}

void transform_free(struct transform *t)
{
	if (!t)
		return;
	VEC_EACH (&t->patches, p)
		json_free(p->operations);
	vec_done(&t->patches);
	free(t);
}

void transform_freep(struct transform **t)
{
	transform_free(*t);
}

static const char *mapped(
    const struct transform_map *maps, size_t count, const char *name)
{
	for (size_t i = 0; name && i < count; i++)
		if (str_eq(maps[i].from, name))
			return maps[i].to;
	return name;
}

const char *transform_namespace(const struct transform *t, const char *ns)
{
	return mapped(t->o.namespaces, t->o.namespace_count, ns);
}

/* JSON patch. A place is its holder and the last step to it. */
struct place {
	struct json_object *holder; /* NULL: the place is the root */
	char *last;
};

static void place_done(struct place *p)
{
	free(p->last);
}

static char *unescaped(const char *step)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	for (; *step; step++) {
		if (*step == '~' && (step[1] == '0' || step[1] == '1'))
			buf_add_char(&out, *++step == '1' ? '/' : '~');
		else
			buf_add_char(&out, *step);
	}
	return buf_steal(&out);
}

static int find_place(struct json_object *root, const char *pointer,
    struct place *out, struct err *err)
{
	const char *slash = strrchr(pointer, '/');

	*out = (struct place){.holder = NULL};
	if (*pointer == '\0')
		return 0;
	if (!slash)
		return err_set(err, ERR_USAGE,
		    "'%s' is no JSON pointer: it must start with '/'", pointer);
	autofree char *above = str_ndup(pointer, (size_t)(slash - pointer));
	out->holder = json_pointer(root, above);
	out->last = unescaped(slash + 1);
	if (json_kind(out->holder) != JSON_OBJECT &&
	    json_kind(out->holder) != JSON_ARRAY) {
		place_done(out);
		out->last = NULL;
		return err_set(err, ERR_USAGE,
		    "'%s' does not exist, or holds nothing", above);
	}
	return 0;
}

static int index_of(const struct json_object *array, const char *step,
    bool past_end, size_t *index, struct err *err)
{
	uint64_t value;
	size_t limit = json_len(array) + (past_end ? 1 : 0);

	if (past_end && str_eq(step, "-")) {
		*index = json_len(array);
		return 0;
	}
	if ((step[0] == '0' && step[1]) ||
	    str_parse_u64(step, SIZE_MAX / 2, &value) || value >= limit)
		return err_set(
		    err, ERR_USAGE, "'%s' is no index of the array", step);
	*index = (size_t)value;
	return 0;
}

static void insert_at(
    struct json_object *array, size_t index, struct json_object *value)
{
	size_t count = json_len(array);
	struct json_object **after =
	    mem_resize(NULL, count - index + 1, sizeof(*after));

	for (size_t i = index; i < count; i++)
		after[i - index] = json_share(json_at(array, i));
	while (json_len(array) > index)
		json_remove_at(array, json_len(array) - 1);
	json_append(array, value);
	for (size_t i = index; i < count; i++)
		json_append(array, after[i - index]);
	free(after);
}

/* The value passes over, also on an error. */
static int put(struct json_object **root, const char *pointer,
    struct json_object *value_, struct err *err)
{
	cleanup(json_freep) struct json_object *value = value_;
	cleanup(place_done) struct place at;
	size_t index;

	if (find_place(*root, pointer, &at, err))
		return -1;
	if (!at.holder) {
		json_free(*root);
		*root = steal(value);
	} else if (json_kind(at.holder) == JSON_OBJECT) {
		json_set(at.holder, at.last, steal(value));
	} else {
		if (index_of(at.holder, at.last, true, &index, err))
			return -1;
		insert_at(at.holder, index, steal(value));
	}
	return 0;
}

static bool there(struct json_object *root, const char *pointer)
{
	cleanup(place_done) struct place at = {.holder = NULL};
	struct err ignored = ERR_INIT;
	size_t index;

	if (find_place(root, pointer, &at, &ignored))
		return false;
	if (!at.holder)
		return true;
	if (json_kind(at.holder) == JSON_ARRAY)
		return index_of(at.holder, at.last, false, &index, &ignored) ==
		       0;
	for (struct json_iter it = json_iter(at.holder); json_next(&it);)
		if (str_eq(it.key, at.last))
			return true;
	return false;
}

static int take(struct json_object *root, const char *pointer, struct err *err)
{
	cleanup(place_done) struct place at;
	size_t index;

	if (find_place(root, pointer, &at, err))
		return -1;
	if (!at.holder)
		return err_set(err, ERR_USAGE, "the whole cannot be removed");
	if (json_kind(at.holder) == JSON_OBJECT) {
		json_remove(at.holder, at.last);
		return 0;
	}
	if (index_of(at.holder, at.last, false, &index, err))
		return -1;
	json_remove_at(at.holder, index);
	return 0;
}

static int operate(
    struct json_object **root, const struct json_object *op, struct err *err)
{
	const char *name = json_get_str(op, "op");
	const char *path = json_get_str(op, "path");
	const char *from = json_get_str(op, "from");
	const struct json_object *value = json_get(op, "value");

	if (str_eq(name, "add"))
		return put(root, path, json_copy(value), err);
	if (str_eq(name, "test")) {
		if (there(*root, path) &&
		    json_equal(json_pointer(*root, path), value))
			return 0;
		return err_set(
		    err, ERR_USAGE, "'%s' does not have that value", path);
	}
	const char *source = from ? from : path;
	if (!there(*root, source))
		return err_set(err, ERR_USAGE, "'%s' does not exist", source);
	if (str_eq(name, "remove"))
		return take(*root, path, err);
	if (str_eq(name, "replace")) {
		if (*path && take(*root, path, err))
			return -1;
		return put(root, path, json_copy(value), err);
	}
	struct json_object *moved = json_copy(json_pointer(*root, source));
	if (str_eq(name, "move")) {
		size_t len = strlen(from);
		if ((strncmp(path, from, len) == 0 && path[len] == '/') ||
		    take(*root, from, err)) {
			json_free(moved);
			return err_set(err, ERR_USAGE,
			    "'%s' cannot be moved into itself", from);
		}
	}
	return put(root, path, moved, err);
}

int transform_patch_json(
    struct json_object **root, const struct json_object *patch, struct err *err)
{
	for (size_t i = 0; i < json_len(patch); i++) {
		const struct json_object *op = json_at(patch, i);

		if (operate(root, op, err))
			return err_wrap(err, "operation %zu (%s %s)", i + 1,
			    json_get_str(op, "op"), json_get_str(op, "path"));
	}
	return 0;
}

static bool labels_fit(const struct json_object *object, const char *wanted)
{
	const struct json_object *labels =
	    json_path(object, "metadata", "labels", NULL);

	while (wanted && *wanted) {
		size_t len = strcspn(wanted, ",");
		autofree char *pair = str_ndup(wanted, len);
		char *equals = strchr(pair, '=');

		if (equals)
			*equals = '\0';
		const char *value = json_get_str(labels, pair);
		if (!value || (equals && !str_eq(value, equals + 1)))
			return false;
		wanted += len + (wanted[len] == ',');
	}
	return true;
}

static bool patch_fits(const struct transform_patch *p,
    const struct json_object *object, const char *group, const char *kind)
{
	const struct json_object *meta = json_get(object, "metadata");
	const char *ns = json_get_str(meta, "namespace");
	const char *name = json_get_str(meta, "name");

	return (!p->kind || rules_kind_fits(p->kind, group, kind)) &&
	       (!p->namespace || (ns && str_glob(p->namespace, ns))) &&
	       (!p->name || (name && str_glob(p->name, name))) &&
	       labels_fit(object, p->labels);
}

/* Replaces strings that a map knows, at places of a pattern. */
struct replacing {
	const struct transform *t;
	const char *member; /* of the object at the place */
};

static void map_namespace_member(void *ctx, struct json_object *holder)
{
	const struct replacing *r = ctx;
	const char *old = json_get_str(holder, r->member);
	const char *new = transform_namespace(r->t, old);

	if (new != old)
		json_set_str(holder, r->member, new);
}

static void map_namespace_items(void *ctx, struct json_object *array)
{
	const struct replacing *r = ctx;
	size_t count = json_len(array);

	if (json_kind(array) != JSON_ARRAY)
		return;
	for (size_t i = 0; i < count; i++) {
		const char *old = json_str(json_at(array, i));
		const char *new = transform_namespace(r->t, old);

		if (new == old)
			continue;
		insert_at(array, i, json_new_str(new));
		json_remove_at(array, i + 1);
	}
}

/* A place that holds a string, by its holder. */
static void map_namespace_at(
    const struct transform *t, struct json_object *object, const char *place)
{
	const char *slash = strrchr(place, '/');
	autofree char *above = str_ndup(place, (size_t)(slash - place));
	autofree char *member = unescaped(slash + 1);
	struct replacing r = {.t = t, .member = member};

	rules_visit(object, above,
	    str_eq(member, "*") ? map_namespace_items : map_namespace_member,
	    &r);
}

static void map_namespaces(const struct transform *t,
    struct json_object *object, const char *group, const char *kind)
{
	if (!t->o.namespace_count)
		return;
	map_namespace_at(t, object, "/metadata/namespace");
	if (*group == '\0' && str_eq(kind, "Namespace"))
		map_namespace_at(t, object, "/metadata/name");
	for (const struct rule_namespace *r = rules_namespaces; r->system; r++)
		if (rules_kind_fits(r->kind, group, kind))
			map_namespace_at(t, object, r->place);
	for (const struct rule_edge *r = rules_edges; r->system; r++) {
		if (r->form != RULE_REF ||
		    !rules_kind_fits(r->from, group, kind))
			continue;
		autofree char *place = str_printf("%s/namespace", r->place);
		map_namespace_at(t, object, place);
	}
}

static void map_image(void *ctx, struct json_object *container)
{
	const struct transform *t = ctx;
	const char *image = json_get_str(container, "image");

	for (size_t i = 0; image && i < t->o.image_count; i++) {
		const struct transform_map *m = &t->o.images[i];

		if (!str_starts(image, m->from))
			continue;
		autofree char *new =
		    str_printf("%s%s", m->to, image + strlen(m->from));
		json_set_str(container, "image", new);
		return;
	}
}

static void map_images(const struct transform *t_, struct json_object *object,
    const char *group, const char *kind)
{
	struct transform t = *t_;
	const char *place = rules_pod_spec(group, kind);
	struct json_object *spec = place ? json_pointer(object, place) : NULL;

	if (!spec || !t.o.image_count)
		return;
	rules_visit(spec, "/containers/*", map_image, &t);
	rules_visit(spec, "/initContainers/*", map_image, &t);
	rules_visit(spec, "/ephemeralContainers/*", map_image, &t);
}

static const char *const class_holders[] = {
    "/spec", "/spec/volumeClaimTemplates/*/spec"};

static void map_class(void *ctx, struct json_object *holder)
{
	const struct transform *t = ctx;
	const char *old = json_get_str(holder, "storageClassName");
	const char *new =
	    mapped(t->o.storage_classes, t->o.storage_class_count, old);

	if (new != old)
		json_set_str(holder, "storageClassName", new);
}

static void map_classes(
    const struct transform *t_, struct json_object *object, const char *kind)
{
	struct transform t = *t_;

	if (!t.o.storage_class_count ||
	    (!str_starts(kind, "PersistentVolume") &&
		!str_eq(kind, "StatefulSet")))
		return;
	for (size_t i = 0; i < 2; i++)
		rules_visit(object, class_holders[i], map_class, &t);
}

int transform_apply(
    const struct transform *t, struct json_object *object, struct err *err)
{
	const char *version = json_get_str(object, "apiVersion");
	const char *slash = version ? strchr(version, '/') : NULL;
	autofree char *group =
	    slash ? str_ndup(version, (size_t)(slash - version)) : str_dup("");
	autofree char *kind = str_dup(json_get_str(object, "kind"));

	if (!kind)
		return 0;
	for (size_t i = 0; i < t->patches.len; i++) {
		const struct patch *p = &t->patches.items[i];
		struct json_object *root = object;

		if (!patch_fits(p->of, object, group, kind))
			continue;
		/* The root stays: check_operation lets "" through, and then
		 * the object would be another. */
		for (size_t k = 0; k < json_len(p->operations); k++) {
			const struct json_object *op =
			    json_at(p->operations, k);
			if (*json_get_str(op, "path") == '\0' &&
			    !str_eq(json_get_str(op, "op"), "test"))
				return err_set(err, ERR_USAGE,
				    "restore.transforms: patch %zu: an object "
				    "cannot be replaced as a whole",
				    i + 1);
		}
		if (transform_patch_json(&root, p->operations, err))
			return err_wrap(
			    err, "restore.transforms: patch %zu", i + 1);
	}
	map_namespaces(t, object, group, kind);
	map_images(t, object, group, kind);
	map_classes(t, object, kind);
	return 0;
}
