#include "restore/objects/references_secrets.h"

#include "restore/objects/object.h"
#include "restore/objects/references.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

#define GROUP "external-secrets.io"
#define GENERATORS "generators.external-secrets.io"
#define CLUSTER_STORE "ClusterSecretStore"

static bool is(const struct collector *t, const char *kind)
{
	return str_eq(t->group, GROUP) && str_eq(t->kind, kind);
}

static bool is_store(const struct collector *t)
{
	return rules_kind_fits("*SecretStore." GROUP, t->group, t->kind);
}

static void provide(
    struct collector *t, const char *kind, const char *ns, const char *name)
{
	collector_add(t, "@", kind, ns, name, EDGE_REFERENCE, false, "");
}

static char *label_name(const struct json_iter *it)
{
	const char *value = json_str(it->value);

	return str_printf("%s=%s", it->key, value ? value : "");
}

/* ---- what is taken once -------------------------------------------------- */

/* Zero or less, as Go writes durations. */
static bool is_no_duration(const char *text)
{
	return text && (*text == '-' || !text[strcspn(text, "123456789")]);
}

/* Whether its operator asks a store no more once the status says that it did;
 * the value that it has may be in no store any more. */
static bool takes_once(const struct collector *t)
{
	struct json_object *spec = json_get(t->object, "spec");
	const char *policy = json_get_str(spec, "refreshPolicy");

	return is_no_duration(json_get_str(spec, "refreshInterval")) ||
	       str_eq(policy, "CreatedOnce") || str_eq(policy, "OnChange") ||
	       json_truth(json_path(spec, "target", "immutable", NULL), false);
}

static void add_generator(void *ctx, struct json_object *generator)
{
	(void)generator;
	*(bool *)ctx = true;
}

static bool is_generated(const struct collector *t)
{
	bool generated = false;

	rules_visit(t->object, "/spec/dataFrom/*/sourceRef/generatorRef",
	    add_generator, &generated);
	rules_visit(t->object, "/spec/data/*/sourceRef/generatorRef",
	    add_generator, &generated);
	return generated;
}

/* ---- its stores ---------------------------------------------------------- */

typedef void store_fn(struct collector *t, bool cluster, const char *name,
    struct json_object *labels);

struct stores {
	struct collector *t;
	store_fn *each;
};

static void visit_store(void *ctx, struct json_object *reference)
{
	struct stores *s = ctx;

	s->each(s->t, str_eq(json_get_str(reference, "kind"), CLUSTER_STORE),
	    json_get_str(reference, "name"),
	    json_path(reference, "labelSelector", "matchLabels", NULL));
}

static void each_store(struct collector *t, store_fn *each)
{
	static const char *const pointers[] = {"/spec/secretStoreRef",
	    "/spec/data/*/sourceRef/storeRef",
	    "/spec/dataFrom/*/sourceRef/storeRef", "/spec/secretStoreRefs/*",
	    "/spec/dataTo/*/storeRef"};
	struct stores s = {.t = t, .each = each};

	for (size_t i = 0; i < sizeof(pointers) / sizeof(*pointers); i++)
		rules_visit(t->object, pointers[i], visit_store, &s);
}

/* A store is not waited for until it is ready: what makes it ready may be held
 * until the end. Each label of a selector alone makes an edge: that may order
 * too much, never too little. */
static void need_store(struct collector *t, bool cluster, const char *name,
    struct json_object *labels)
{
	const char *ns = cluster ? NULL : t->namespace;

	collector_add(t, GROUP, cluster ? CLUSTER_STORE : "SecretStore", ns,
	    name, EDGE_HOLDS, false, "its store");
	for (struct json_iter it = json_iter(labels); json_next(&it);) {
		autofree char *label = label_name(&it);
		collector_add(t, "@", "Stores", ns, label, EDGE_ORDER, false,
		    "the stores that it selects");
	}
}

/* A name has no '=', and so is told from a label. */
static void provide_once(struct collector *t, bool cluster, const char *name,
    struct json_object *labels)
{
	const char *ns = cluster ? NULL : t->namespace;

	provide(t, "Once", ns, name);
	for (struct json_iter it = json_iter(labels); json_next(&it);) {
		autofree char *label = label_name(&it);
		provide(t, "Once", ns, label);
	}
}

/* One that fails holds no store back, of which others live. */
static void need_once(struct collector *t)
{
	static const char reason[] = "what has its values from it";
	struct json_object *labels =
	    json_path(t->object, "metadata", "labels", NULL);

	collector_add(t, "@", "Once", t->namespace, object_name(t->object),
	    EDGE_ORDER, false, reason);
	for (struct json_iter it = json_iter(labels); json_next(&it);) {
		autofree char *label = label_name(&it);
		collector_add(t, "@", "Once", t->namespace, label, EDGE_ORDER,
		    false, reason);
	}
}

static void provide_stores(struct collector *t)
{
	struct json_object *labels =
	    json_path(t->object, "metadata", "labels", NULL);

	for (struct json_iter it = json_iter(labels); json_next(&it);) {
		autofree char *label = label_name(&it);
		provide(t, "Stores", t->namespace, label);
	}
}

/* ---- its generators ------------------------------------------------------ */

/* A generator comes after what has its values from it: until there is one, an
 * operator that is at work can generate nothing, and by then each has the
 * status that says that it was done. */
static void need_generated(struct collector *t)
{
	const char *own = object_name(t->object);

	if (!own)
		return;
	autofree char *name = str_printf("%s/%s", t->kind, own);
	collector_add(t, "@", "Generates", t->namespace, name, EDGE_HOLDS,
	    false, "what has its values from it");
}

static void provide_generated(void *ctx, struct json_object *generator)
{
	struct collector *t = ctx;
	const char *kind = json_get_str(generator, "kind");
	const char *generator_name = json_get_str(generator, "name");

	if (!kind || !generator_name)
		return;
	autofree char *name = str_printf("%s/%s", kind, generator_name);
	provide(t, "Generates",
	    str_eq(kind, "ClusterGenerator") ? NULL : t->namespace, name);
}

/* ---- its target ---------------------------------------------------------- */

/* What it would make, of any kind, comes before it, so that the value is kept.
 */
static void need_target(struct collector *t)
{
	struct json_object *target =
	    json_path(t->object, "spec", "target", NULL);
	struct json_object *manifest = json_get(target, "manifest");
	const char *name = json_get_str(target, "name");
	const char *kind = json_get_str(manifest, "kind");
	autofree char *group =
	    object_group(json_get_str(manifest, "apiVersion"));

	if (!str_eq(json_get_str(target, "creationPolicy"), "None"))
		collector_add(t, kind ? group : "", kind ? kind : "Secret",
		    t->namespace, name ? name : object_name(t->object),
		    EDGE_HOLDS, false, "the Secret that it makes");
}

static void provide_target(struct collector *t)
{
	const char *policy = json_str(
	    json_path(t->object, "spec", "target", "creationPolicy", NULL));

	if (!takes_once(t) && !is_generated(t) &&
	    (!policy || str_eq(policy, "Owner")))
		provide(t, "Target", NULL, object_uid(t->object));
}

/* ---- what is made in namespaces ------------------------------------------ */

static void need_spread(struct collector *t)
{
	collector_add(t, "@", "Spread", NULL, object_uid(t->object), EDGE_HOLDS,
	    false, "what it makes in namespaces");
}

static void provide_spread(struct collector *t, const char *owner)
{
	provide(t, "Spread", NULL, object_controller_uid(t->object, owner));
}

/* ---- all of it ----------------------------------------------------------- */

void references_secrets_collect(struct collector *t)
{
	bool taken = is(t, "ExternalSecret");

	if (str_eq(t->group, GENERATORS))
		need_generated(t);
	if (is_store(t))
		need_once(t);
	if (taken)
		need_target(t);
	if ((taken || is(t, "PushSecret")) && !takes_once(t))
		each_store(t, need_store);
	if (is(t, "ClusterExternalSecret") || is(t, "ClusterPushSecret"))
		need_spread(t);
}

void references_secrets_provide(struct collector *t)
{
	static const char *const generators[] = {
	    "/spec/dataFrom/*/sourceRef/generatorRef",
	    "/spec/data/*/sourceRef/generatorRef",
	    "/spec/selector/generatorRef"};
	bool taken = is(t, "ExternalSecret");
	bool pushed = is(t, "PushSecret");

	if (is_store(t))
		provide_stores(t);
	if (!taken && !pushed)
		return;
	for (size_t i = 0; i < sizeof(generators) / sizeof(*generators); i++)
		rules_visit(t->object, generators[i], provide_generated, t);
	if (takes_once(t))
		each_store(t, provide_once);
	if (taken)
		provide_target(t);
	provide_spread(t, taken ? "ClusterExternalSecret." GROUP
				: "ClusterPushSecret." GROUP);
}
