#include "restore/drift/live_objects.h"

#include "restore/drift/live_list.h"
#include "restore/plan/clusters.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/pool.h"

#include <stdlib.h>
#include <string.h>

VEC_DEFINE(live_lists, struct live_list);

/* ---- which namespaces ---- */

struct names {
	const struct settings_cluster *c;
	struct strvec *to;
};

static int add_namespace(
    void *ctx, const char *text, size_t len, struct err *err)
{
	struct names *n = ctx;
	cleanup(kube_item_done) struct kube_item item = KUBE_ITEM_INIT;

	if (kube_item_read(&item, text, len, NULL, NULL, err))
		return -1;
	const char *name = buf_str(&item.name);
	if (!kube_select_is_marked(&item) && !strvec_has(n->to, name) &&
	    kube_select_namespace(
		&n->c->namespaces, &n->c->exclude_namespaces, name))
		strvec_add(n->to, name);
	return 0;
}

static int again(void *ctx, struct err *err)
{
	(void)ctx;
	(void)err;
	return 0; /* a name that came before is passed over */
}

/* Those of the snapshot, and those that were made since and are wanted. Where
 * namespaces may not be listed, none that is new is known. */
static int choose_namespaces(struct live_cluster *c, struct err *err)
{
	const struct json_object *before = json_get(c->captured, "namespaces");
	struct names n = {.c = c->settings, .to = &c->namespaces};
	struct kube_list_result result = {.resource_version = NULL};
	const struct kube_list_options o = {.path = "/api/v1/namespaces",
	    .labels = c->settings->namespace_labels,
	    .caps = {.item_bytes = LIMITS_ITEM_BYTES,
		.page_bytes = c->settings->max_page_bytes},
	    .clock = c->m->browse.command->env.clock,
	    .on_item = add_namespace,
	    .on_restart = again,
	    .ctx = &n};
	struct err why = ERR_INIT;

	for (size_t i = 0; i < json_len(before); i++) {
		const char *name = json_str(json_at(before, i));
		if (name)
			strvec_add(&c->namespaces, name);
	}
	int failed = kube_list(c->client, &o, &result, &why);
	kube_list_result_done(&result);
	if (!failed || why.code == ERR_DENIED)
		return 0;
	*err = why;
	return -1;
}

/* ---- which lists ---- */

static const struct json_object *row_of(
    const struct json_object *rows, const char *key)
{
	for (size_t i = 0; i < json_len(rows); i++)
		if (str_eq(json_get_str(json_at(rows, i), "resource"), key))
			return json_at(rows, i);
	return NULL;
}

/* As the backup read it: namespace by namespace where one list over all was not
 * its way. */
static bool is_by_namespace(const struct live_cluster *c,
    const struct kube_resource *r, const struct json_object *captured)
{
	const struct json_object *lists = json_get(captured, "lists");

	if (!r->namespaced)
		return false;
	if (!captured)
		return c->settings->namespaces.len > 0;
	for (size_t i = 0; i < json_len(lists); i++)
		if (json_get_str(json_at(lists, i), "namespace"))
			return true;
	return false;
}

static void add_lists(struct live_cluster *c, const struct kube_resource *r,
    bool referenced, struct live_lists *lists)
{
	const struct json_object *captured =
	    row_of(json_get(c->captured, "resources"), r->key);
	const char *version = json_get_str(captured, "version");
	struct live_list list = {.cluster = c,
	    .resource = r,
	    .version = version && strvec_has(&r->versions, version)
			   ? version
			   : r->version,
	    .referenced = referenced};

	if (!is_by_namespace(c, r, captured)) {
		*vec_add(lists) = list;
		return;
	}
	VEC_EACH (&c->namespaces, ns) {
		list.ns = *ns;
		*vec_add(lists) = list;
	}
}

static void note_cluster(struct meeting *m, const char *name,
    const char *resource, const struct err *why)
{
	autofree char *prefix = str_printf("kubernetes/%s/", name);
	autofree char *what = str_printf("kubernetes:%s/%s%s", name,
	    resource ? ": " : "", resource ? resource : "");

	meeting_not_seen(m, prefix, resource, NULL, what, why);
}

/* What the account of the backup was refused is not asked for again. */
static bool was_refused(
    const struct live_cluster *c, const struct kube_resource *r)
{
	return row_of(json_get(c->captured, "forbidden"), r->key) &&
	       !row_of(json_get(c->captured, "resources"), r->key);
}

/* What it was captured by and is left out by now: nobody looks, so that nothing
 * of it may count as gone. */
static void note_unselected(
    struct live_cluster *c, const struct kube_resource *r, const char *reason)
{
	const struct json_object *captured =
	    row_of(json_get(c->captured, "resources"), r->key);
	struct err why = ERR_INIT;

	if (json_get_int(captured, "objects", 0) <= 0)
		return;
	err_set(&why, ERR_NOT_FOUND,
	    "the snapshot has it, and a backup would not read it now: %s",
	    reason);
	note_cluster(c->m, c->settings->name, r->key, &why);
}

static void plan_lists(struct live_cluster *c, struct live_lists *lists)
{
	c->selection =
	    (struct kube_selection){.resources = &c->settings->resources,
		.exclude_resources = &c->settings->exclude_resources,
		.scope = connect_cluster_scope(c->settings),
		.keep_useless = !c->settings->defaults};
	VEC_EACH (&c->api.resources, r) {
		bool referenced = false;
		const char *reason = kube_select_resource(&c->selection, r);
		if (!reason && !r->namespaced)
			reason =
			    kube_select_scope(&c->selection, r, &referenced);
		if (reason)
			note_unselected(c, r, reason);
		else if (!was_refused(c, r))
			add_lists(c, r, referenced, lists);
	}
}

/* Why it is not known what is served of the group of a resource; NULL: it is
 * known. */
static const char *why_unavailable(const struct kube_api *api, const char *key)
{
	const struct kube_api_unavailable_vec *const both[] = {
	    &api->broken, &api->unavailable};
	const char *dot = strchr(key, '.');
	autofree char *start = str_printf("%s/", dot ? dot + 1 : "");

	for (size_t i = 0; i < 2; i++)
		VEC_EACH (both[i], u)
			if (str_starts(u->group_version, start))
				return u->why;
	return NULL;
}

/* What is no longer served, or cannot be asked for just now: of a kind that was
 * removed the objects are gone, and of a server that is down nothing is known.
 */
static void note_unavailable(struct live_cluster *c)
{
	const struct json_object *rows = json_get(c->captured, "resources");

	for (size_t i = 0; i < json_len(rows); i++) {
		const char *key = json_get_str(json_at(rows, i), "resource");
		struct err why = ERR_INIT;
		const char *reason = key && !kube_api_by_key(&c->api, key)
					 ? why_unavailable(&c->api, key)
					 : NULL;
		if (!reason)
			continue;
		err_set(&why, ERR_NETWORK,
		    "the server does not say whether it serves it: %s", reason);
		note_cluster(c->m, c->settings->name, key, &why);
	}
}

static void run_list(void *ctx, size_t i)
{
	live_list_run(&((struct live_lists *)ctx)->items[i]);
}

/* -1 only where the snapshot cannot be read, or it was cancelled; what the
 * cluster refuses is left in `why`. */
static int meet_cluster(
    struct live_cluster *c, struct err *why, struct err *err)
{
	struct live_lists lists = VEC_INIT;
	int failed = 0;

	if (kube_discovery_read(c->client, &c->api, why) ||
	    choose_namespaces(c, why))
		return 0;
	note_unavailable(c);
	plan_lists(c, &lists);
	pool_each(
	    (size_t)c->settings->concurrency, lists.len, run_list, &lists);
	VEC_EACH (&lists, list) {
		if (list->fatal.code && !failed) {
			*err = list->fatal;
			failed = -1;
		}
	}
	vec_done(&lists);
	return failed;
}

static int connect_and_meet(struct meeting *m, const struct settings_cluster *s,
    const struct json_object *captured, struct err *err)
{
	cleanup(connect_kube_done) struct connect_kube kube = {.client = NULL};
	struct live_cluster c = {.m = m, .settings = s, .captured = captured};
	struct err why = ERR_INIT;
	int failed = 0;

	if (!connect_cluster(s, &m->browse.command->env, &kube, &why)) {
		c.client = kube.client;
		failed = meet_cluster(&c, &why, err);
	}
	kube_api_done(&c.api);
	strvec_done(&c.namespaces);
	if (!failed && why.code == ERR_CANCELLED) {
		*err = why;
		return -1;
	}
	if (!failed && why.code)
		note_cluster(m, s->name, NULL, &why);
	return failed;
}

/* Clusters of the snapshot that the configuration does not name. */
static void note_unknown(struct meeting *m)
{
	const struct settings_kubernetes *s =
	    &m->browse.command->settings->kubernetes;
	const struct json_object *cluster;

	for (size_t i = 0;
	     (cluster = clusters_at(&m->browse.opened.manifest, i)); i++) {
		const char *name = json_get_str(cluster, "name");
		struct err why = ERR_INIT;
		bool named = false;
		VEC_EACH (&s->clusters, c)
			named |= str_eq(c->name, name);
		if (named)
			continue;
		err_set(&why, ERR_NOT_FOUND,
		    "kubernetes.clusters of the configuration does not name "
		    "it");
		note_cluster(m, name, NULL, &why);
	}
}

int live_objects_meet(struct meeting *m, struct err *err)
{
	const struct settings_kubernetes *s =
	    &m->browse.command->settings->kubernetes;

	if (meeting_begin(m, LAYOUT_KUBERNETES, NULL, err))
		return -1;
	note_unknown(m);
	VEC_EACH (&s->clusters, c) {
		const struct json_object *captured =
		    clusters_named(&m->browse.opened.manifest, c->name);
		struct err why = ERR_INIT;
		if (captured && connect_and_meet(m, c, captured, err))
			return -1;
		if (captured)
			continue;
		err_set(&why, ERR_NOT_FOUND, "the snapshot does not have it");
		note_cluster(m, c->name, NULL, &why);
	}
	return meeting_end(m, LAYOUT_KUBERNETES, err);
}
