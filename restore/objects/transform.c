#include "restore/objects/transform.h"

#include "restore/objects/json_patch.h"
#include "restore/objects/object.h"
#include "restore/objects/remap.h"
#include "restore/objects/rules.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdatomic.h>
#include <string.h>

struct patch {
	const struct transform_patch *of;
	struct json_object *operations;
	atomic_bool *used;
};

struct transform {
	struct transform_options o;
	VEC_DEFINE(, struct patch) patches;
};

static int add_patch(struct transform *t, const struct transform_patch *of,
    size_t number, struct err *err)
{
	struct err cause = ERR_INIT;
	struct patch *p = vec_add(&t->patches);

	p->of = of;
	p->used = mem_new(atomic_bool);
	p->operations = json_parse(of->json, strlen(of->json), &cause);
	if (!p->operations || json_kind(p->operations) != JSON_ARRAY)
		return err_set(err, ERR_USAGE,
		    "restore.transforms: patch %zu is not a JSON array of "
		    "operations%s%s",
		    number + 1, *cause.message ? ": " : "", cause.message);
	if (json_patch_check(p->operations, err))
		return err_wrap(
		    err, "restore.transforms: patch %zu", number + 1);
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
	VEC_EACH (&t->patches, p) {
		json_free(p->operations);
		free(p->used);
	}
	vec_done(&t->patches);
	free(t);
}

void transform_freep(struct transform **t)
{
	transform_free(*t);
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

int transform_apply(
    const struct transform *t, struct json_object *object, struct err *err)
{
	autofree char *group = object_group(json_get_str(object, "apiVersion"));
	autofree char *kind = str_dup(json_get_str(object, "kind"));

	if (!kind)
		return 0;
	for (size_t i = 0; i < t->patches.len; i++) {
		const struct patch *p = &t->patches.items[i];
		struct json_object *root = object;

		if (!patch_fits(p->of, object, group, kind))
			continue;
		atomic_store(p->used, true);
		/* The root itself cannot be removed: check_operation lets ""
		 * through, and the object would become another. */
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
		if (json_patch_apply(&root, p->operations, err))
			return err_wrap(
			    err, "restore.transforms: patch %zu", i + 1);
	}
	remap_apply(&t->o, object, group, kind);
	return 0;
}

void transform_left(const struct transform *t, const struct json_object *object,
    struct strvec *pointers)
{
	remap_left(&t->o, object, pointers);
}

int transform_unused(const struct transform *t, int from)
{
	for (int i = from; i < (int)t->patches.len; i++)
		if (!atomic_load(t->patches.items[i].used))
			return i;
	return -1;
}

static void report_unused(const struct transform_map *maps, size_t count,
    const char *key, struct strvec *texts)
{
	for (size_t i = 0; i < count; i++) {
		if (!maps[i].used || atomic_load(maps[i].used))
			continue;
		autofree char *text =
		    str_printf("restore.%s: nothing in the snapshot has '%s'",
			key, maps[i].from);
		strvec_add(texts, text);
	}
}

void transform_unused_maps(const struct transform *t, struct strvec *texts)
{
	report_unused(
	    t->o.namespaces, t->o.namespace_count, "namespaces", texts);
	report_unused(t->o.images, t->o.image_count, "images", texts);
	report_unused(t->o.storage_classes, t->o.storage_class_count,
	    "storage_classes", texts);
}
