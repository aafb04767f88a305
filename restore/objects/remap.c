#include "restore/objects/remap.h"

#include "restore/objects/json_patch.h"
#include "restore/objects/rules.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

/* What it maps to. */
static const char *use(const struct transform_map *m)
{
	if (m->used)
		atomic_store(m->used, true);
	return m->to;
}

static const char *mapped(
    const struct transform_map *maps, size_t count, const char *name)
{
	for (size_t i = 0; name && i < count; i++)
		if (str_eq(maps[i].from, name))
			return use(&maps[i]);
	return name;
}

/* ---- namespaces ---------------------------------------------------------- */

static const char *mapped_namespace(
    const struct transform_options *o, const char *ns)
{
	return mapped(o->namespaces, o->namespace_count, ns);
}

/* How a namespace is written in a text: alone or as "namespace/name". */
static char *mapped_text(const struct transform_options *o, const char *text)
{
	size_t len = text ? strcspn(text, "/") : 0;
	autofree char *ns = str_ndup(text ? text : "", len);
	const char *new = mapped_namespace(o, ns);

	return len && new != ns ? str_printf("%s%s", new, text + len) : NULL;
}

/* Changes the strings at the places that a pattern of a pointer matches. */
struct replacing {
	const struct transform_options *o;
	char *(*change)(const struct transform_options *o, const char *text);
	const char *member; /* of the object at the pointer */
};

static void replace_member(void *ctx, struct json_object *holder)
{
	const struct replacing *r = ctx;
	autofree char *new = r->change(r->o, json_get_str(holder, r->member));

	if (new)
		json_set_str(holder, r->member, new);
}

static void replace_items(void *ctx, struct json_object *array)
{
	const struct replacing *r = ctx;
	struct json_object *copy = json_new_array();
	bool any = false;

	for (size_t i = 0;
	     json_kind(array) == JSON_ARRAY && i < json_len(array); i++) {
		struct json_object *item = json_at(array, i);
		autofree char *new = r->change(r->o, json_str(item));

		any |= new != NULL;
		json_append(copy, new ? json_new_str(new) : json_share(item));
	}
	while (any && json_len(array))
		json_remove_at(array, json_len(array) - 1);
	for (size_t i = 0; any && i < json_len(copy); i++)
		json_append(array, json_share(json_at(copy, i)));
	json_free(copy);
}

/* A pointer that holds a string, by its holder. */
static void replace_at(const struct transform_options *o,
    struct json_object *object, const char *pointer,
    char *(*change)(const struct transform_options *o, const char *text))
{
	const char *slash = strrchr(pointer, '/');
	autofree char *above = str_ndup(pointer, (size_t)(slash - pointer));
	autofree char *member = json_patch_unescaped(slash + 1);
	struct replacing r = {.o = o, .change = change, .member = member};

	rules_visit(object, above,
	    str_eq(member, "*") ? replace_items : replace_member, &r);
}

/* "system:serviceaccount:NAMESPACE:NAME" and "system:serviceaccounts:NAMESPACE"
 * (https://kubernetes.io/docs/reference/access-authn-authz/rbac/, subjects). */
static char *mapped_subject(const struct transform_options *o, const char *name)
{
	static const char *const heads[] = {
	    "system:serviceaccount:", "system:serviceaccounts:"};

	for (size_t i = 0; name && i < 2; i++) {
		if (!str_starts(name, heads[i]))
			continue;
		const char *start = name + strlen(heads[i]);
		size_t len = strcspn(start, ":");
		autofree char *ns = str_ndup(start, len);
		const char *new = mapped_namespace(o, ns);

		if (new != ns)
			return str_printf("%s%s%s", heads[i], new, start + len);
	}
	return NULL;
}

/* "namespace_name_group_kind": by this Flux prunes. */
static char *mapped_inventory(const struct transform_options *o, const char *id)
{
	size_t len = id ? strcspn(id, "_") : 0;
	autofree char *ns = str_ndup(id ? id : "", len);
	const char *new = mapped_namespace(o, ns);

	return len && new != ns ? str_printf("%s%s", new, id + len) : NULL;
}

/* "application:group/Kind:namespace/name": by this Argo CD recognises its own
 * objects. */
static char *mapped_tracking(const struct transform_options *o, const char *id)
{
	const char *last = id ? strrchr(id, ':') : NULL;
	autofree char *new = last ? mapped_text(o, last + 1) : NULL;

	return new ? str_printf("%.*s%s", (int)(last + 1 - id), id, new) : NULL;
}

static void map_edges(const struct transform_options *o,
    struct json_object *object, const char *group, const char *kind,
    const struct rule_edge *rule)
{
	if (!rules_kind_fits(rule->from, group, kind))
		return;
	if (rule->form == RULE_PATH) {
		replace_at(o, object, rule->pointer, mapped_text);
	} else if (rule->form == RULE_REF) {
		autofree char *pointer =
		    str_printf("%s/namespace", rule->pointer);
		replace_at(o, object, pointer, mapped_text);
	}
}

static void map_namespaces(const struct transform_options *o,
    struct json_object *object, const char *group, const char *kind)
{
	if (!o->namespace_count)
		return;
	replace_at(o, object, "/metadata/namespace", mapped_text);
	if (*group == '\0' && str_eq(kind, "Namespace"))
		replace_at(o, object, "/metadata/name", mapped_text);
	for (const struct rule_namespace *r = rules_namespaces; r->system; r++)
		if (rules_kind_fits(r->kind, group, kind))
			replace_at(o, object, r->pointer, mapped_text);
	for (const struct rule_edge *r = rules_edges; r->system; r++)
		map_edges(o, object, group, kind, r);
	for (size_t i = 0; i < o->edge_count; i++)
		map_edges(o, object, group, kind, &o->edges[i]);
	if (rules_kind_fits("*Binding.rbac.authorization.k8s.io", group, kind))
		replace_at(o, object, "/subjects/*/name", mapped_subject);
	replace_at(
	    o, object, "/status/inventory/entries/*/id", mapped_inventory);
	replace_at(o, object,
	    "/metadata/annotations/argocd.argoproj.io~1tracking-id",
	    mapped_tracking);
}

/* ---- images -------------------------------------------------------------- */

static void map_image(void *ctx, struct json_object *container)
{
	const struct transform_options *const *o = ctx;
	const char *image = json_get_str(container, "image");

	for (size_t i = 0; image && i < (*o)->image_count; i++) {
		const struct transform_map *m = &(*o)->images[i];

		if (!str_starts(image, m->from))
			continue;
		autofree char *new =
		    str_printf("%s%s", use(m), image + strlen(m->from));
		json_set_str(container, "image", new);
		return;
	}
}

static void map_images(const struct transform_options *o,
    struct json_object *object, const char *group, const char *kind)
{
	const char *pointer = rules_pod_spec(group, kind);
	struct json_object *spec =
	    pointer ? json_pointer(object, pointer) : NULL;

	if (!spec || !o->image_count)
		return;
	rules_visit(spec, "/containers/*", map_image, &o);
	rules_visit(spec, "/initContainers/*", map_image, &o);
	rules_visit(spec, "/ephemeralContainers/*", map_image, &o);
}

/* ---- storage classes ----------------------------------------------------- */

static char *mapped_class(const struct transform_options *o, const char *name)
{
	const char *new =
	    mapped(o->storage_classes, o->storage_class_count, name);

	return new != name ? str_dup(new) : NULL;
}

static const char *const class_pointers[] = {"/spec/storageClassName",
    "/spec/volumeClaimTemplates/*/spec/storageClassName",
    "/metadata/annotations/volume.beta.kubernetes.io~1storage-class",
    ("/spec/volumeClaimTemplates/*/metadata/annotations/"
     "volume.beta.kubernetes.io~1storage-class")};

static void map_classes(const struct transform_options *o,
    struct json_object *object, const char *kind)
{
	if (!o->storage_class_count || (!str_starts(kind, "PersistentVolume") &&
					   !str_eq(kind, "StatefulSet")))
		return;
	for (size_t i = 0; i < sizeof(class_pointers) / sizeof(*class_pointers);
	     i++)
		replace_at(o, object, class_pointers[i], mapped_class);
}

void remap_apply(const struct transform_options *o, struct json_object *object,
    const char *group, const char *kind)
{
	map_namespaces(o, object, group, kind);
	map_images(o, object, group, kind);
	map_classes(o, object, kind);
}

/* ---- what is left -------------------------------------------------------- */

/* A name that another namespace has got by now is not a trace. */
static bool is_left(const struct transform_options *o, const char *ns)
{
	bool from = false;

	for (size_t i = 0; ns && i < o->namespace_count; i++) {
		from |= str_eq(ns, o->namespaces[i].from);
		if (str_eq(ns, o->namespaces[i].to))
			return false;
	}
	return from;
}

/* Whether the text has the name of a Service in such a namespace. */
static bool has_service(const struct transform_options *o, const char *text)
{
	for (size_t i = 0; i < o->namespace_count; i++) {
		if (!is_left(o, o->namespaces[i].from))
			continue;
		autofree char *name =
		    str_printf(".%s.svc", o->namespaces[i].from);
		if (strstr(text, name))
			return true;
	}
	return false;
}

static bool is_called_namespace(const char *key)
{
	return str_ends(key, "amespace") || str_ends(key, "amespaces");
}

static bool is_excluded(const char *pointer)
{
	return str_eq(pointer, "/status") ||
	       str_eq(pointer, "/metadata/managedFields") ||
	       str_eq(pointer,
		   "/metadata/annotations/"
		   "kubectl.kubernetes.io~1last-applied-configuration");
}

static void find_left(const struct transform_options *o,
    const struct json_object *value, const char *pointer, bool called,
    struct strvec *pointers)
{
	const char *text = json_str(value);

	if (is_excluded(pointer))
		return;
	if (text && ((called && is_left(o, text)) || has_service(o, text)))
		strvec_add(pointers, pointer);
	for (size_t i = 0;
	     json_kind(value) == JSON_ARRAY && i < json_len(value); i++) {
		autofree char *at = str_printf("%s/%zu", pointer, i);
		find_left(o, json_at(value, i), at, called, pointers);
	}
	for (struct json_iter it = json_iter(value); json_next(&it);) {
		cleanup(buf_done) struct buf at = BUF_INIT;

		buf_printf(&at, "%s/", pointer);
		for (const char *c = it.key; *c; c++)
			buf_add_str(&at, *c == '/'   ? "~1"
					 : *c == '~' ? "~0"
						     : (char[]){*c, '\0'});
		find_left(o, it.value, buf_str(&at),
		    is_called_namespace(it.key), pointers);
	}
}

void remap_left(const struct transform_options *o,
    const struct json_object *object, struct strvec *pointers)
{
	if (o->namespace_count)
		find_left(o, object, "", false, pointers);
}
