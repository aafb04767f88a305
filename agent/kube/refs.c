#include "agent/kube/refs.h"

#include "storage/base/cleanup.h"
#include "storage/json/range.h"
#include "storage/kube/selector.h"

#include <stdlib.h>
#include <string.h>

#define RBAC ".rbac.authorization.k8s.io"
#define BOOTSTRAP "kubernetes.io/bootstrapping"

enum { PARTS = KUBE_MENTION_COUNT + 4 };

static void parts(struct kube_refs *refs, struct strvec *out[PARTS])
{
	size_t n = 0;

	for (; n < KUBE_MENTION_COUNT; n++)
		out[n] = &refs->mentions[n];
	out[n++] = &refs->cluster_roles;
	out[n++] = &refs->claims;
	out[n++] = &refs->services;
	out[n] = &refs->aggregates;
}

void kube_refs_done(struct kube_refs *refs)
{
	struct strvec *all[PARTS];

	parts(refs, all);
	for (size_t i = 0; i < PARTS; i++)
		strvec_done(all[i]);
}

void kube_refs_merge(struct kube_refs *to, const struct kube_refs *from)
{
	struct kube_refs copy = *from;
	struct strvec *targets[PARTS];
	struct strvec *sources[PARTS];

	parts(to, targets);
	parts(&copy, sources);
	for (size_t i = 0; i < PARTS; i++)
		VEC_EACH (sources[i], s)
			strvec_add(targets[i], *s);
}

void kube_refs_sort(struct kube_refs *refs)
{
	struct strvec *all[PARTS];

	parts(refs, all);
	for (size_t i = 0; i < PARTS; i++)
		strvec_sort(all[i]);
}

static int compare(const void *key, const void *item)
{
	return strcmp(key, *(char *const *)item);
}

bool kube_refs_has(const struct strvec *sorted, const char *s)
{
	return sorted->len && bsearch(s, sorted->items, sorted->len,
				  sizeof(*sorted->items), compare) != NULL;
}

static void add_new(struct strvec *to, const char *s)
{
	if (*s && !strvec_has(to, s))
		strvec_add(to, s);
}

static void note_mentions(
    struct kube_refs *refs, const struct strvec *mentioned)
{
	for (size_t i = 0; mentioned && i < KUBE_MENTION_COUNT; i++)
		VEC_EACH (&mentioned[i], s)
			add_new(&refs->mentions[i], *s);
}

static struct json_range whole(const struct kube_item *item)
{
	return (struct json_range){item->text, item->len};
}

/* The ClusterRole that a binding of either kind grants. */
static void note_role(struct kube_refs *refs, const struct kube_item *item)
{
	cleanup(buf_done) struct buf kind = BUF_INIT;
	cleanup(buf_done) struct buf name = BUF_INIT;
	struct json_range ref;

	if (json_range_get(whole(item), "roleRef", &ref) &&
	    json_range_get_text(ref, "kind", &kind) &&
	    str_eq(buf_str(&kind), "ClusterRole") &&
	    json_range_get_text(ref, "name", &name))
		add_new(&refs->cluster_roles, buf_str(&name));
}

static char *in_namespace(const struct kube_item *item)
{
	return str_printf("%s/%s", buf_str(&item->ns), buf_str(&item->name));
}

/* A class as it was named before there was a member for it. */
static void note_annotation(struct kube_refs *refs,
    const struct kube_item *item, const char *key, enum kube_mention what)
{
	cleanup(buf_done) struct buf class = BUF_INIT;

	if (kube_item_lookup(item->annotations, key, &class))
		add_new(&refs->mentions[what], buf_str(&class));
}

void kube_refs_note(struct kube_refs *refs, const struct kube_resource *r,
    const struct kube_item *item, const struct strvec *mentioned)
{
	note_mentions(refs, mentioned);
	if (str_eq(r->key, "services"))
		*vec_add(&refs->services) = in_namespace(item);
	else if (str_eq(r->key, "rolebindings" RBAC))
		note_role(refs, item);
	else if (str_eq(r->name, "ingresses"))
		note_annotation(refs, item, "kubernetes.io/ingress.class",
		    KUBE_MENTION_INGRESS_CLASS);
	if (!str_eq(r->key, "persistentvolumeclaims"))
		return;
	*vec_add(&refs->claims) = in_namespace(item);
	note_annotation(refs, item, "volume.beta.kubernetes.io/storage-class",
	    KUBE_MENTION_STORAGE_CLASS);
}

/* A subject of a binding: an account of a captured namespace, or a user or
 * group, which is not stored in the cluster. */
static bool touches(
    struct json_range subject, bool bootstrap, const struct strvec *namespaces)
{
	static const char accounts[] = "system:serviceaccounts:";
	cleanup(buf_done) struct buf kind = BUF_INIT;
	cleanup(buf_done) struct buf name = BUF_INIT;
	cleanup(buf_done) struct buf ns = BUF_INIT;

	json_range_get_text(subject, "kind", &kind);
	json_range_get_text(subject, "name", &name);
	json_range_get_text(subject, "namespace", &ns);
	if (str_eq(buf_str(&kind), "ServiceAccount"))
		return kube_refs_has(namespaces, buf_str(&ns));
	if (str_starts(buf_str(&name), accounts))
		return kube_refs_has(
		    namespaces, buf_str(&name) + strlen(accounts));
	return !bootstrap;
}

static bool wants_binding(
    const struct kube_item *item, const struct strvec *namespaces)
{
	bool bootstrap = kube_item_lookup(item->labels, BOOTSTRAP, NULL);
	struct json_range subjects;
	struct json_range subject;
	size_t at = 0;

	if (!json_range_get(whole(item), "subjects", &subjects))
		return false;
	while (json_range_next(subjects, &at, &subject))
		if (touches(subject, bootstrap, namespaces))
			return true;
	return false;
}

/* An object with namespace and name, such as a claimRef or a service. */
static bool names_one_of(struct json_range ref, const struct strvec *sorted)
{
	cleanup(buf_done) struct buf path = BUF_INIT;

	if (!json_range_get_text(ref, "namespace", &path))
		return false;
	buf_add_char(&path, '/');
	return json_range_get_text(ref, "name", &path) &&
	       kube_refs_has(sorted, buf_str(&path));
}

static bool wants_by_spec(const struct kube_item *item, const char *member,
    const struct strvec *sorted)
{
	struct json_range spec;
	struct json_range ref;

	return json_range_get(whole(item), "spec", &spec) &&
	       json_range_get(spec, member, &ref) && names_one_of(ref, sorted);
}

static bool wants_webhooks(
    const struct kube_item *item, const struct strvec *services)
{
	struct json_range hooks;
	struct json_range hook;
	struct json_range client;
	struct json_range service;
	size_t at = 0;

	if (!json_range_get(whole(item), "webhooks", &hooks))
		return false;
	while (json_range_next(hooks, &at, &hook))
		if (json_range_get(hook, "clientConfig", &client) &&
		    json_range_get(client, "service", &service) &&
		    names_one_of(service, services))
			return true;
	return false;
}

/* The labels by which a kept role aggregates the rules of others. */
static void note_aggregates(
    struct kube_refs *refs, const struct kube_item *item)
{
	struct json_range rule;
	struct json_range selectors;
	struct json_range selector;
	size_t at = 0;

	if (!json_range_get(whole(item), "aggregationRule", &rule) ||
	    !json_range_get(rule, "clusterRoleSelectors", &selectors))
		return;
	while (json_range_next(selectors, &at, &selector)) {
		autofree char *text = str_ndup(selector.at, selector.len);
		add_new(&refs->aggregates, text);
	}
}

static bool is_gathered(
    const struct kube_refs *refs, const struct kube_item *item)
{
	VEC_EACH (&refs->aggregates, text) {
		struct json_range selector = {*text, strlen(*text)};
		if (kube_selector_fits(selector, item->labels))
			return true;
	}
	return false;
}

static bool is_wanted(struct kube_refs *refs, const struct kube_resource *r,
    const struct kube_item *item, const struct kube_refs_question *q)
{
	static const char *const kinds[KUBE_MENTION_COUNT] = {"storageclasses",
	    "priorityclasses", "runtimeclasses", "ingressclasses",
	    "volumeattributesclasses", "deviceclasses", "volumesnapshotclasses",
	    "volumesnapshotcontents", "volumesnapshotcontents",
	    "volumegroupsnapshotclasses", "volumegroupsnapshotcontents",
	    "volumegroupsnapshotcontents"};
	const char *name = buf_str(&item->name);

	if (str_eq(r->name, "clusterrolebindings"))
		return wants_binding(item, q->namespaces);
	if (str_eq(r->name, "persistentvolumes"))
		return wants_by_spec(item, "claimRef", &refs->claims);
	if (str_eq(r->name, "apiservices"))
		return wants_by_spec(item, "service", &refs->services);
	if (str_ends(r->name, "webhookconfigurations"))
		return wants_webhooks(item, &refs->services);
	if (str_eq(r->name, "customresourcedefinitions"))
		return q->has_objects(q->ctx, name);
	if (str_eq(r->name, "clusterroles"))
		return strvec_has(&refs->cluster_roles, name) ||
		       is_gathered(refs, item);
	for (size_t i = 0; i < KUBE_MENTION_COUNT; i++)
		if (str_eq(r->name, kinds[i]) &&
		    strvec_has(&refs->mentions[i], name))
			return true;
	return false;
}

bool kube_refs_wants(struct kube_refs *refs, const struct kube_resource *r,
    const struct kube_item *item, const struct strvec *mentioned,
    const struct kube_refs_question *q)
{
	if (!is_wanted(refs, r, item, q))
		return false;
	note_mentions(refs, mentioned);
	if (str_eq(r->name, "clusterrolebindings"))
		note_role(refs, item);
	else if (str_eq(r->name, "clusterroles"))
		note_aggregates(refs, item);
	return true;
}
