#include "restore/drift/live_list.h"

#include "storage/archive/facts.h"
#include "storage/archive/layout.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/path.h"

#include <stdlib.h>
#include <string.h>

/* One object that is alive. */
struct live {
	const struct live_list *list;
	struct kube_item item;
	struct buf text;
};

/* ---- what the archive would say of it ---- */

static const char *api_version_of(const struct live_list *l, struct buf *out)
{
	const char *group = l->resource->group;

	buf_printf(out, "%s%s%s", group, *group ? "/" : "", l->version);
	return buf_str(out);
}

static void add_facts(const struct live *o, struct facts *out)
{
	const struct kube_resource *r = o->list->resource;
	cleanup(json_freep) struct json_object *facts = json_new_object();
	bool service = str_eq(r->key, "services");
	struct json_object *ports =
	    service ? kube_item_chosen_ports(&o->item) : NULL;
	struct json_object *address =
	    service ? kube_item_chosen_address(&o->item) : NULL;

	json_set_str(facts, "kind", r->kind);
	json_set_str(facts, "name", buf_str(&o->item.name));
	if (r->namespaced)
		json_set_str(facts, "namespace", buf_str(&o->item.ns));
	json_set_str(facts, "resource", r->key);
	if (ports)
		json_set(facts, "nodePorts", ports);
	if (address)
		json_set(facts, "clusterIP", address);
	facts_from_tree(out, facts);
}

/* ---- the version that is compared ---- */

static int service_selects(void *ctx, const char *cluster,
    const char *namespace, const char *name, bool *selects, struct err *err)
{
	const struct live *o = ctx;
	autofree char *path =
	    kube_path("v1", "services", namespace, name, NULL);
	struct err why = ERR_INIT;

	(void)cluster;
	cleanup(json_freep) struct json_object *service =
	    kube_client_get(o->list->cluster->client, path, &why);
	*selects = json_len(json_path(service, "spec", "selector", NULL)) > 0;
	if (service || why.code == ERR_NOT_FOUND)
		return 0;
	*err = why;
	return -1;
}

static int load(void *ctx, const struct contents_entry *e, struct version *out,
    struct err *err)
{
	struct live *o = ctx;
	const struct version_rules rules = {
	    .exclude = &o->list->cluster->m->exclude,
	    .selects = service_selects,
	    .ctx = o};

	return version_object(o->text.data, o->text.len, e, &rules, out, err);
}

/* ---- what its server says of the lists in it ---- */

/* As the server says where it is: /openapi/v3 has a document of each
 * apiVersion. One that has none, as those before Kubernetes 1.24, says nothing.
 */
static struct json_object *schema(void *ctx, const char *api_version)
{
	const struct live *o = ctx;
	autofree char *path = str_printf("/openapi/v3/%s/%s",
	    strchr(api_version, '/') ? "apis" : "api", api_version);
	struct err ignored = ERR_INIT;

	return kube_client_get(o->list->cluster->client, path, &ignored);
}

/* ---- which objects ---- */

static bool is_elsewhere(const struct live *o)
{
	const struct live_list *l = o->list;
	const char *ns = kube_select_with(l->resource, &o->item);

	return ns && !(l->resource->namespaced && l->ns) &&
	       !strvec_has(&l->cluster->namespaces, ns);
}

/* Made since the snapshot was begun, by the server's clock, which tells whole
 * seconds: what was made in the second of the beginning may be older, and what
 * is no drift must not be reported as one. */
static bool is_newer(const struct live *o)
{
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *object =
	    json_parse(o->text.data, o->text.len, &ignored);
	const char *made =
	    json_str(json_path(object, "metadata", "creationTimestamp", NULL));
	int64_t at;

	return made && clock_parse_rfc3339(made, &at) == 0 &&
	       at > o->list->cluster->m->browse.opened.manifest.started;
}

static bool is_wanted(struct live *o, const char *path)
{
	const struct live_list *l = o->list;

	if (meeting_has(l->cluster->m, path))
		return true;
	return !kube_select_object(
		   &l->cluster->selection, l->resource, &o->item) &&
	       (!l->referenced || is_newer(o));
}

static int meet(struct live *o, struct err *err)
{
	const struct live_list *l = o->list;
	cleanup(buf_done) struct buf path = BUF_INIT, version = BUF_INIT;
	const struct meeting_load loads = {
	    .load = load, .ctx = o, .schema = schema};

	kube_item_write(
	    &o->item, api_version_of(l, &version), l->resource->kind, &o->text);
	layout_object_path(l->cluster->settings->name, l->resource->key,
	    buf_str(&o->item.ns), buf_str(&o->item.name), &path);
	if (!is_wanted(o, buf_str(&path)))
		return 0;
	cleanup(facts_done) struct facts facts = FACTS_INIT;
	add_facts(o, &facts);
	struct contents_entry e = {
	    .path = buf_str(&path), .bytes = o->text.len, .facts = &facts};
	digest_of(DIGEST_SHA256, o->text.data, o->text.len, e.sha256);
	return meeting_live(l->cluster->m, &e, &loads, err);
}

static void not_seen(const struct live_list *l, const struct err *why)
{
	const char *cluster = l->cluster->settings->name;
	autofree char *prefix = str_printf("kubernetes/%s/", cluster);
	autofree char *what = str_printf("kubernetes:%s/%s: %s", cluster,
	    l->ns ? l->ns : "", l->resource->key);

	meeting_not_seen(
	    l->cluster->m, prefix, l->resource->key, l->ns, what, why);
}

/* What no snapshot would have is not compared. */
static int read_item(
    struct live *o, const char *text, size_t len, struct err *err)
{
	const struct kube_item *item = &o->item;

	if (len > LIMITS_ITEM_BYTES)
		return err_set(err, ERR_FORMAT,
		    "an object is larger than the %zu bytes allowed for one",
		    (size_t)LIMITS_ITEM_BYTES);
	if (kube_item_read(&o->item, text, len, NULL, NULL, err) ||
	    layout_check_name(buf_str(&item->name), item->name.len, err) ||
	    kube_select_belongs(o->list->resource, o->list->ns, item, err))
		return -1;
	return item->ns.len
		   ? layout_check_name(buf_str(&item->ns), item->ns.len, err)
		   : 0;
}

static int on_item(void *ctx, const char *text, size_t len, struct err *err)
{
	struct live_list *l = ctx;
	struct live o = {.list = l, .item = KUBE_ITEM_INIT};
	struct err why = ERR_INIT;
	int failed = 0;

	if (read_item(&o, text, len, &why))
		not_seen(l, &why);
	else if (!is_elsewhere(&o))
		failed = meet(&o, err);
	if (failed)
		l->fatal = *err;
	kube_item_done(&o.item);
	buf_wipe(&o.text);
	return failed;
}

/* Nothing is known of that object alone. */
static void on_unreadable(
    void *ctx, const struct kube_unreadable *u, const struct err *why)
{
	const struct live_list *l = ctx;
	const char *cluster = l->cluster->settings->name;
	const char *ns = buf_str(&u->ns), *name = buf_str(&u->name);
	cleanup(buf_done) struct buf path = BUF_INIT;
	autofree char *what = str_printf(
	    "kubernetes:%s/%s: %s '%s'", cluster, ns, l->resource->key, name);

	if (*ns && !strvec_has(&l->cluster->namespaces, ns))
		return;
	layout_object_path(cluster, l->resource->key, ns, name, &path);
	meeting_not_seen(
	    l->cluster->m, buf_str(&path), l->resource->key, NULL, what, why);
}

static int on_restart(void *ctx, struct err *err)
{
	(void)ctx;
	(void)err;
	return 0; /* what was met once is passed over */
}

void live_list_run(struct live_list *l)
{
	const struct live_cluster *c = l->cluster;
	cleanup(buf_done) struct buf version = BUF_INIT;
	autofree char *path = kube_path(
	    api_version_of(l, &version), l->resource->name, l->ns, NULL, NULL);
	const struct kube_list_options o = {.path = path,
	    .labels = l->resource->namespaced ? c->settings->labels : NULL,
	    .page_size = (size_t)c->settings->page_size,
	    .caps = {.item_bytes = LIMITS_ITEM_BYTES,
		.page_bytes = c->settings->max_page_bytes},
	    .clock = c->m->browse.command->env.clock,
	    .on_item = on_item,
	    .on_restart = on_restart,
	    .on_unreadable = on_unreadable,
	    .namespaced = l->resource->namespaced,
	    .all_namespaces = l->resource->namespaced && !l->ns,
	    .ctx = l};
	struct kube_list_result result = {.resource_version = NULL};
	struct err why = ERR_INIT;

	int failed = kube_list(c->client, &o, &result, &why);
	kube_list_result_done(&result);
	if (!failed || l->fatal.code)
		return;
	if (why.code == ERR_CANCELLED)
		l->fatal = why;
	else
		not_seen(l, &why);
}
