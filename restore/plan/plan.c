#include "restore/plan/plan.h"

#include "restore/plan/edges.h"
#include "restore/plan/held.h"
#include "restore/plan/kinds.h"
#include "restore/plan/layering.h"
#include "restore/plan/live.h"
#include "restore/plan/maker.h"
#include "restore/plan/names.h"
#include "restore/plan/policies.h"
#include "restore/plan/read.h"
#include "restore/plan/settle.h"
#include "restore/plan/tokens.h"
#include "restore/plan/twin.h"
#include "storage/archive/layer_census.h"
#include "storage/base/backoff.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/index.h"
#include "storage/base/json.h"
#include "storage/kube/client.h"
#include "storage/kube/discovery.h"
#include "storage/kube/unavailable.h"

#include <string.h>

static void node_done(struct plan_node *n)
{
	free(n->reason);
	free(n->source);
	json_free(n->facts);
}

static void kind_free(struct plan_kind *k)
{
	free(k->group);
	free(k->kind);
	free(k->from_version);
	free(k->api_version);
	free(k->resource);
	free(k);
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	VEC_EACH (&p->nodes, n)
		node_done(n);
	vec_done(&p->nodes);
	VEC_EACH (&p->kinds, k)
		kind_free(*k);
	vec_done(&p->kinds);
	VEC_EACH (&p->prune, d) {
		free(d->namespace);
		free(d->name);
		free(d->uid);
	}
	vec_done(&p->prune);
	VEC_EACH (&p->namespaces, ns)
		free(*ns);
	vec_done(&p->namespaces);
	graph_done(&p->graph);
	strvec_done(&p->warnings);
	strvec_done(&p->found);
	strvec_done(&p->offered);
	strvec_done(&p->texts);
	json_free(p->no_ports);
	transform_free(p->transform);
	index_free(p->names);
	texts_done(&p->live_uids);
	pthread_mutex_destroy(&p->live_uids_lock);
	layer_census_free(p->census);
	for (size_t i = 0; p->apis && i < p->options->cluster_count; i++)
		kube_api_done(&p->apis[i]);
	free(p->apis);
	free(p);
}

void plan_freep(struct plan **p)
{
	plan_free(*p);
}

static void maker_done(struct plan_maker *m)
{
	pending_done(&m->pending);
	kinds_definitions_done(&m->definitions);
}

static int check_options(const struct plan_options *o, struct err *err)
{
	for (size_t i = 0; i < o->edge_count; i++)
		if (rules_check_edge(&o->edges[i], err))
			return -1;
	if (o->prune_kinds && o->prune_kinds->len &&
	    !(o->prune_namespaces && o->prune_namespaces->len))
		return err_set(err, ERR_USAGE,
		    "prune: kinds are named but no namespaces; name those in "
		    "which objects may be deleted");
	if (o->prune_namespaces && o->prune_namespaces->len &&
	    !(o->prune_kinds && o->prune_kinds->len))
		return err_set(err, ERR_USAGE,
		    "prune: namespaces are named but no kinds; name the kinds "
		    "that may be deleted, as Kind.group");
	if (o->partial && o->prune_kinds && o->prune_kinds->len)
		return err_set(err, ERR_USAGE,
		    "prune: the snapshot is partial: what is missing in it "
		    "would be deleted; take a complete one");
	for (size_t b = 0; o->prune_kinds && b < o->cluster_count; b++)
		for (size_t a = 0; o->prune_kinds->len && a < b; a++)
			if (twin_shares_target(o, a, b))
				return err_set(err, ERR_USAGE,
				    "prune: clusters '%s' and '%s' of the "
				    "snapshot go to the same target: what is "
				    "of the one would be deleted for the other",
				    o->clusters[a].name, o->clusters[b].name);
	return 0;
}

/* A server lists the group of a kind that was defined a moment ago before it
 * answers for it, which a busy one has been seen to do for 15 seconds: that is
 * waited for. */
static int read_api(const struct plan_options *o, struct kube_client *client,
    struct kube_api *api, struct err *err)
{
	enum { POLL_MS = 100, POLL_MAX_MS = 1000, SETTLE_MS = 60 * 1000 };
	const struct clock *clock = o->clock ? o->clock : clock_system();
	struct backoff wait =
	    backoff_start(clock, POLL_MS, POLL_MAX_MS, SETTLE_MS);

	for (;;) {
		if (kube_discovery_read(client, api, err))
			return -1;
		if (!api->unavailable.len || cancel_requested(o->cancel) ||
		    !backoff_wait(&wait))
			return 0;
		kube_api_done(api);
	}
}

static int discover(struct plan_maker *m, struct err *err)
{
	const struct plan_options *o = m->p->options;

	m->p->apis = mem_zalloc((o->cluster_count + 1) * sizeof(*m->p->apis));
	for (size_t i = 0; i < o->cluster_count; i++) {
		const struct plan_cluster *c = &o->clusters[i];

		if (!c->client || o->without_kubernetes)
			continue;
		if (read_api(o, c->client, &m->p->apis[i], err))
			return err_wrap(err,
			    "target of cluster '%s': what it serves", c->name);
		/* It would seem not to be served. */
		VEC_EACH (&m->p->apis[i].unavailable, entry)
			return err_set(err, ERR_NETWORK,
			    "target of cluster '%s': what its API %s serves: "
			    "%s; plan again once it answers (without it, its "
			    "objects would seem not to be served)",
			    c->name, entry->group_version, entry->why);
		VEC_EACH (&m->p->apis[i].broken, broken)
			*vec_add(&m->p->warnings) =
			    kube_unavailable_warning(broken);
	}
	return 0;
}

/* What is planned, for the journal: another snapshot, other choices, other
 * objects or another cluster, which has none of them yet, give another. */
static void make_digest(struct plan *p)
{
	const struct plan_options *o = p->options;
	uint8_t raw[DIGEST_SHA256_LEN];
	struct digest *d = digest_new(DIGEST_SHA256);
	cleanup(buf_done) struct buf head = BUF_INIT, key = BUF_INIT;

	buf_printf(&head, "%s %d %d %d %d %d\n", o->snapshot, (int)o->existing,
	    o->take_fields, o->status, o->derived, o->finished);
	for (size_t i = 0; i < o->cluster_count; i++)
		buf_printf(&head, "%s %s\n", o->clusters[i].name,
		    o->clusters[i].client
			? kube_client_server(o->clusters[i].client)
			: "");
	for (size_t i = 0; layering_count(p) > 1 && i < layering_count(p); i++)
		buf_printf(&head, "layer %s\n", layers_name(o->layers, i));
	digest_add(d, buf_str(&head), head.len);
	VEC_EACH (&p->nodes, n) {
		buf_clear(&key);
		names_add_key(p, n, &key);
		digest_add(d, buf_str(&key), key.len + 1);
	}
	digest_finish(d, raw);
	digest_free(d);
	digest_hex(raw, sizeof(raw), p->digest);
}

/* What is left alone is not held either. A controller that an earlier run left
 * without replicas is. */
static void drop_left_alone(struct plan *p)
{
	VEC_EACH (&p->nodes, n)
		if (n->held != PLAN_HELD_BY_REPLICAS &&
		    plan_is_left_alone(p, n))
			n->held = PLAN_HELD_NOT;
}

static void warn_of_policies(struct plan *p)
{
	autofree bool *made = mem_zalloc((p->nodes.len + 1) * sizeof(*made));

	for (size_t i = 0; i < p->nodes.len; i++) {
		const struct plan_node *n = &p->nodes.items[i];

		made[i] = n->action == PLAN_APPLY &&
			  (!n->exists ||
			      plan_existing_of(p, n) == PLAN_EXISTING_RECREATE);
	}
	policies_warn(p, made);
}

struct plan *plan_make(const struct plan_options *o, struct err *err)
{
	cleanup(plan_freep) struct plan *p = mem_new(struct plan);
	p->options = o;
	p->names = index_new();
	pthread_mutex_init(&p->live_uids_lock, NULL);
	cleanup(maker_done) struct plan_maker m = {
	    .p = p,
	    .references = {.edges = o->edges,
		.edge_count = o->edge_count,
		.without = o->rules->without},
	    .exclude = {.derived = o->derived,
		.finished = o->finished,
		.rules = o->rules},
	};

	pending_init(&m.pending, p);
	if (check_options(o, err))
		return NULL;
	p->transform = transform_new(o->transforms, err);
	if (!p->transform || read_tree(&m, err) || discover(&m, err))
		return NULL;
	for (int i = -1; (i = transform_unused(p->transform, i + 1)) >= 0;)
		if (!o->without_kubernetes)
			*vec_add(&p->warnings) =
			    str_printf("restore.transforms: no object of the "
				       "snapshot is one for patch %d",
				i + 1);
	/* What is left out on the command line may be what they are for. */
	if (!o->without_kubernetes &&
	    !(o->only_kubernetes && o->only_kubernetes->len))
		transform_unused_maps(p->transform, &p->warnings);
	if (m.named_elsewhere > PLAN_NAMED_SHOWN)
		*vec_add(&p->warnings) = str_printf(
		    "%zu more objects name such a namespace by its old name",
		    m.named_elsewhere - PLAN_NAMED_SHOWN);
	if (o->renamed)
		renamed_report(o->renamed, &p->warnings);
	settle_excluded(&m.pending);
	tokens_warn(&m.pending);
	kinds_settle(p, &m.definitions);
	held_settle(p);
	if (edges_resolve(&m.pending, err))
		return NULL;
	make_digest(p);
	if (live_check(p, err))
		return NULL;
	held_settle_live(p);
	drop_left_alone(p);
	warn_of_policies(p);
	return steal(p);
}

bool plan_holds_others(const char *group, const char *kind)
{
	static const char *const kinds[] = {"Namespace.core",
	    "CustomResourceDefinition", "PersistentVolume.core",
	    "PersistentVolumeClaim.core", "*.snapshot.storage.k8s.io",
	    "*.groupsnapshot.storage.k8s.io", "*.longhorn.io"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (rules_kind_fits(kinds[i], group, kind))
			return true;
	return false;
}

enum plan_existing plan_existing_of(
    const struct plan *p, const struct plan_node *n)
{
	if (n->companion)
		return PLAN_EXISTING_SKIP;
	return p->options->existing == PLAN_EXISTING_RECREATE && n->k &&
		       plan_holds_others(n->k->group, n->k->kind)
		   ? PLAN_EXISTING_UPDATE
		   : p->options->existing;
}

bool plan_is_left_alone(const struct plan *p, const struct plan_node *n)
{
	return n->action != PLAN_APPLY ||
	       (n->exists && plan_existing_of(p, n) == PLAN_EXISTING_SKIP);
}

size_t plan_count(const struct plan *p, enum plan_action action)
{
	size_t count = 0;

	VEC_EACH (&p->nodes, n)
		count += n->kind != PLAN_BARRIER && n->action == action;
	return count;
}
