#include "restore/diff/list_keys.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdlib.h>
#include <string.h>

/* ---- out of a schema ---- */

enum { MAX_FIELDS = 50 * 1000, MAX_DEPTH = 64 };

/* What is being read, from the outside in. */
struct place {
	const struct place *outer;
	const char *definition; /* or NULL */
};

struct reading {
	const struct json_object *definitions;
	size_t fields; /* that were looked at */
};

static struct json_object *read_schema(struct reading *r,
    const struct json_object *schema, const struct place *outer, size_t depth);

static bool is_within(const struct place *p, const char *definition)
{
	for (; p; p = p->outer)
		if (str_eq(p->definition, definition))
			return true;
	return false;
}

/* A reference stands alone, or in an allOf beside a default. */
static const char *reference_of(const struct json_object *schema)
{
	static const char start[] = "#/components/schemas/";
	const char *to = json_get_str(schema, "$ref");
	const struct json_object *all = json_get(schema, "allOf");

	if (!to && json_len(all) == 1)
		to = json_get_str(json_at(all, 0), "$ref");
	return to && str_starts(to, start) ? to + strlen(start) : NULL;
}

static const struct json_object *resolve(
    const struct reading *r, const struct json_object *schema)
{
	const char *name = reference_of(schema);

	return name ? json_get(r->definitions, name) : schema;
}

static struct json_object *keys_of(
    const struct reading *r, const struct json_object *schema)
{
	const struct json_object *names =
	    json_get(schema, "x-kubernetes-list-map-keys");
	const struct json_object *item = resolve(r, json_get(schema, "items"));
	struct json_object *keys = json_new_object();

	for (size_t i = 0; i < json_len(names); i++) {
		const char *name = json_str(json_at(names, i));
		const struct json_object *value =
		    json_path(item, "properties", name ? name : "", NULL);
		if (name)
			json_set(
			    keys, name, json_copy(json_get(value, "default")));
	}
	if (json_len(keys))
		return keys;
	json_free(keys);
	return NULL;
}

/* Sets it where there is one, and makes the node it is set in. */
static void set_below(
    struct json_object **node, const char *key, struct json_object *below)
{
	if (!below)
		return;
	if (!*node)
		*node = json_new_object();
	json_set(*node, key, below);
}

/* An item of a list is no step of the way: what it has is the list's. */
static void add_inner(struct json_object **node, struct json_object *inner)
{
	for (struct json_iter it = json_iter(inner); json_next(&it);)
		if (!str_eq(it.key, "keys"))
			set_below(node, it.key, json_share(it.value));
	json_free(inner);
}

static void read_properties(struct reading *r,
    const struct json_object *properties, const struct place *at, size_t depth,
    struct json_object **node)
{
	struct json_object *fields = NULL;

	for (struct json_iter it = json_iter(properties); json_next(&it);)
		set_below(&fields, it.key, read_schema(r, it.value, at, depth));
	set_below(node, "fields", fields);
}

static struct json_object *read_schema(struct reading *r,
    const struct json_object *schema, const struct place *outer, size_t depth)
{
	const char *name = reference_of(schema);
	const struct place at = {.outer = outer, .definition = name};
	const struct json_object *s = resolve(r, schema);
	struct json_object *node = NULL;

	if (json_kind(s) != JSON_OBJECT || depth > MAX_DEPTH ||
	    ++r->fields > MAX_FIELDS || (name && is_within(outer, name)))
		return NULL;
	set_below(&node, "keys", keys_of(r, s));
	read_properties(r, json_get(s, "properties"), &at, depth + 1, &node);
	add_inner(&node, read_schema(r, json_get(s, "items"), &at, depth + 1));
	set_below(&node, "any",
	    read_schema(
		r, json_get(s, "additionalProperties"), &at, depth + 1));
	return node;
}

struct json_object *list_keys_of_schema(
    const struct json_object *schema, const struct json_object *definitions)
{
	struct reading r = {.definitions = definitions};

	return read_schema(&r, schema, NULL, 0);
}

static bool is_kind(const struct json_object *schema, const char *group,
    const char *version, const char *kind)
{
	const struct json_object *kinds =
	    json_get(schema, "x-kubernetes-group-version-kind");

	for (size_t i = 0; i < json_len(kinds); i++) {
		const struct json_object *k = json_at(kinds, i);
		if (str_eq(json_get_str(k, "group"), group) &&
		    str_eq(json_get_str(k, "version"), version) &&
		    str_eq(json_get_str(k, "kind"), kind))
			return true;
	}
	return false;
}

struct json_object *list_keys_of_openapi(const struct json_object *document,
    const char *group, const char *version, const char *kind)
{
	const struct json_object *schemas =
	    json_path(document, "components", "schemas", NULL);

	for (struct json_iter it = json_iter(schemas); json_next(&it);)
		if (is_kind(it.value, group, version, kind))
			return list_keys_of_schema(it.value, schemas);
	return NULL;
}

struct json_object *list_keys_of_definition(
    const struct json_object *definition, const char *version)
{
	const struct json_object *versions =
	    json_path(definition, "spec", "versions", NULL);

	for (size_t i = 0; i < json_len(versions); i++) {
		const struct json_object *v = json_at(versions, i);
		if (str_eq(json_get_str(v, "name"), version))
			return list_keys_of_schema(
			    json_path(v, "schema", "openAPIV3Schema", NULL),
			    NULL);
	}
	return NULL;
}

/* ---- what is known ---- */

struct known_list {
	const char *field; /* "hostAliases", below the start */
	const char
	    *keys[2]; /* "protocol=TCP" has a value where it is left out */
};

static const struct known_list of_pods[] = {
    {"containers.ports", {"containerPort", "protocol=TCP"}},
    {"containers.volumeDevices", {"devicePath"}},
    {"containers.volumeMounts", {"mountPath"}},
    {"ephemeralContainers.ports", {"containerPort", "protocol=TCP"}},
    {"ephemeralContainers.volumeDevices", {"devicePath"}},
    {"ephemeralContainers.volumeMounts", {"mountPath"}},
    {"initContainers.ports", {"containerPort", "protocol=TCP"}},
    {"initContainers.volumeDevices", {"devicePath"}},
    {"initContainers.volumeMounts", {"mountPath"}},
    {"hostAliases", {"ip"}},
    {"topologySpreadConstraints", {"topologyKey", "whenUnsatisfiable"}},
    {NULL, {NULL}},
};

static const struct known_list of_services[] = {
    {"ports", {"port", "protocol=TCP"}},
    {NULL, {NULL}},
};

static const struct {
	const char *group, *kind;
	const char *start; /* of the way to each list */
	const struct known_list *lists;
} known_kinds[] = {
    {"", "Pod", "spec", of_pods},
    {"", "PodTemplate", "template.spec", of_pods},
    {"", "ReplicationController", "spec.template.spec", of_pods},
    {"", "Service", "spec", of_services},
    {"apps", "DaemonSet", "spec.template.spec", of_pods},
    {"apps", "Deployment", "spec.template.spec", of_pods},
    {"apps", "ReplicaSet", "spec.template.spec", of_pods},
    {"apps", "StatefulSet", "spec.template.spec", of_pods},
    {"batch", "CronJob", "spec.jobTemplate.spec.template.spec", of_pods},
    {"batch", "Job", "spec.template.spec", of_pods},
};

/* Made where there is none. */
static struct json_object *member(struct json_object *of, const char *key)
{
	struct json_object *value = json_get(of, key);

	if (!value) {
		value = json_new_object();
		json_set(of, key, value);
	}
	return value;
}

static struct json_object *walk(struct json_object *node, const char *way)
{
	autofree char *copy = str_dup(way);
	char *rest = copy;

	for (char *key; (key = strsep(&rest, "."));)
		node = member(member(node, "fields"), key);
	return node;
}

static void set_keys(struct json_object *node, const struct known_list *list)
{
	struct json_object *keys = json_new_object();

	for (size_t i = 0; i < 2 && list->keys[i]; i++) {
		autofree char *name = str_dup(list->keys[i]);
		char *value = strchr(name, '=');
		if (value)
			*value++ = '\0';
		json_set(keys, name, value ? json_new_str(value) : NULL);
	}
	json_set(node, "keys", keys);
}

struct json_object *list_keys_known(const char *group, const char *kind)
{
	for (size_t i = 0; i < sizeof(known_kinds) / sizeof(*known_kinds);
	     i++) {
		if (!str_eq(known_kinds[i].group, group) ||
		    !str_eq(known_kinds[i].kind, kind))
			continue;
		struct json_object *tree = json_new_object();
		struct json_object *start = walk(tree, known_kinds[i].start);
		for (const struct known_list *l = known_kinds[i].lists;
		     l->field; l++)
			set_keys(walk(start, l->field), l);
		return tree;
	}
	return NULL;
}

/* ---- where they are asked for ---- */

const struct json_object *list_keys_find(
    const struct json_object *tree, const struct strvec *field)
{
	VEC_EACH (field, key) {
		const struct json_object *inner =
		    json_get(json_get(tree, "fields"), *key);
		tree = inner ? inner : json_get(tree, "any");
	}
	return json_get(tree, "keys");
}
