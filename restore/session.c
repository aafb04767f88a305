#include "restore/session.h"

#include "restore/head.h"
#include "restore/rule_options.h"
#include "restore/targets/destinations.h"
#include "restore/targets/unused.h"
#include "storage/archive/missing.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/log.h"

#include <stdlib.h>
#include <string.h>

static void maps_done(struct transform_maps *maps)
{
	VEC_EACH (maps, m)
		free(m->used);
	vec_done(maps);
}

void session_done(struct session *s)
{
	plan_free(s->plan);
	locks_done(&s->locks);
	if (s->has_targets)
		targets_done(&s->targets);
	ruleset_done(&s->rules);
	vec_done(&s->edges);
	maps_done(&s->namespaces);
	maps_done(&s->images);
	maps_done(&s->storage_classes);
	vec_done(&s->patches);
	strvec_done(&s->texts);
	renamed_done(&s->renamed);
	selection_done(&s->only);
	layers_done(&s->layers);
	open_done(&s->opened);
}

/* ---- from settings to the plan's own options ---- */

static void add_edges(struct session *s)
{
	static const enum rule_form forms[] = {
	    [SETTINGS_FORM_NAME] = RULE_NAME,
	    [SETTINGS_FORM_CLUSTER_NAME] = RULE_CLUSTER_NAME,
	    [SETTINGS_FORM_REF] = RULE_REF,
	    [SETTINGS_FORM_PATH] = RULE_PATH,
	};
	static const enum edge_strength strengths[] = {
	    [SETTINGS_EDGE_ORDER] = EDGE_ORDER,
	    [SETTINGS_EDGE_REFERENCE] = EDGE_REFERENCE,
	    [SETTINGS_EDGE_OWNER] = EDGE_OWNER,
	    [SETTINGS_EDGE_HOLDS] = EDGE_HOLDS,
	    [SETTINGS_EDGE_REQUIRED] = EDGE_REQUIRED,
	};

	VEC_EACH (&s->c->settings->restore.edges, e) {
		*vec_add(&s->edges) = (struct rule_edge){.system = "config",
		    .from = e->from,
		    .pointer = e->pointer,
		    .form = forms[e->form],
		    .to = e->to,
		    .strength = strengths[e->strength],
		    .ready = e->ready};
	}
	s->options.edges = s->edges.items;
	s->options.edge_count = s->edges.len;
}

static void add_maps(const struct pair_vec *pairs, struct transform_maps *maps)
{
	VEC_EACH (pairs, p)
		*vec_add(maps) = (struct transform_map){
		    .from = p->from, .to = p->to, .used = mem_new(atomic_bool)};
}

static void add_transforms(struct session *s)
{
	const struct settings_restore *r = &s->c->settings->restore;

	add_maps(&r->namespaces, &s->namespaces);
	add_maps(&r->images, &s->images);
	add_maps(&r->storage_classes, &s->storage_classes);
	VEC_EACH (&r->transforms, t) {
		struct buf json = BUF_INIT;
		json_write(&json, t->patch, JSON_COMPACT);
		*vec_add(&s->texts) = buf_steal(&json);
		*vec_add(&s->patches) =
		    (struct transform_patch){.kind = t->kind,
			.namespace = t->namespace_,
			.name = t->name,
			.labels = t->labels,
			.json = s->texts.items[s->texts.len - 1]};
	}
	s->transforms = (struct transform_options){
	    .namespaces = s->namespaces.items,
	    .namespace_count = s->namespaces.len,
	    .images = s->images.items,
	    .image_count = s->images.len,
	    .storage_classes = s->storage_classes.items,
	    .storage_class_count = s->storage_classes.len,
	    .patches = s->patches.items,
	    .patch_count = s->patches.len,
	    .edges = s->edges.items,
	    .edge_count = s->edges.len,
	};
	s->options.transforms = &s->transforms;
}

static void choose_existing(struct session *s)
{
	static const char *const words[] = {
	    [PLAN_EXISTING_SKIP] = "skip",
	    [PLAN_EXISTING_UPDATE] = "update",
	    [PLAN_EXISTING_RECREATE] = "recreate",
	};
	const char *asked = s->c->options->existing;

	s->options.existing =
	    (enum plan_existing)s->c->settings->restore.existing;
	for (size_t i = 0; asked && i < sizeof(words) / sizeof(*words); i++)
		if (str_eq(words[i], asked))
			s->options.existing = (enum plan_existing)i;
}

/* Objects are deleted only where both are chosen; refs with --prune alone. */
static int choose_prune(struct session *s, struct err *err)
{
	const struct restore_options *o = s->c->options;
	const struct settings_restore *r = &s->c->settings->restore;
	const struct strvec *namespaces = o->prune_namespaces.len
					      ? &o->prune_namespaces
					      : &r->prune_namespaces;
	const struct strvec *kinds =
	    o->prune_kinds.len ? &o->prune_kinds : &r->prune_kinds;

	if (!o->prune && (o->prune_namespaces.len || o->prune_kinds.len))
		return err_set(err, ERR_USAGE,
		    "--prune-namespace and --prune-kind need --prune");
	if (!o->prune)
		return 0;
	if (!namespaces->len != !kinds->len ||
	    (!namespaces->len && s->options.without_git))
		return err_set(err, ERR_USAGE,
		    "--prune of cluster objects needs both namespaces and "
		    "kinds, on the command line or in the configuration "
		    "(restore.prune_namespaces, restore.prune_kinds)");
	if (namespaces->len) {
		s->options.prune_namespaces = namespaces;
		s->options.prune_kinds = kinds;
	}
	return 0;
}

static const struct snapshot *newest_complete(const struct opened *o)
{
	for (size_t i = o->list.len; i-- > 0;) {
		struct manifest m;
		struct err ignored = ERR_INIT;

		if (snapshot_manifest(o->vault.vault, &o->list.items[i],
			&o->trust, &m, NULL, &ignored))
			continue;
		bool partial = m.partial;
		manifest_done(&m);
		if (!partial)
			return &o->list.items[i];
	}
	return NULL;
}

/* Said before anything is done: what is not in it cannot come back. The latest
 * one may be of what a disaster had left. */
static void report_partial(const struct opened *o)
{
	const struct manifest *m = &o->manifest;

	if (!m->partial)
		return;
	const struct snapshot *whole = newest_complete(o);
	log_warn("'%s' is partial: what could not be captured will not come "
		 "back%s%s%s",
	    m->label, whole ? "; the newest complete one is '" : "",
	    whole ? whole->label : "", whole ? "'" : "");
	cleanup(strvec_done) struct strvec lines = VEC_INIT;
	missing_lines(m->missing, &lines);
	VEC_EACH (&lines, line)
		log_warn("missing in '%s': %s", m->label, *line);
}

static bool is_named(const struct json_object *repository, const char *name)
{
	return json_get_str(repository, "url") &&
	       str_eq(json_get_str(repository, "name"), name);
}

/* A map by the name of a repository is one of its URL in the snapshot. */
static const char *url_of(const struct manifest *m, const char *from)
{
	const struct json_object *r =
	    unused_part(m, "repositories", is_named, from);

	return r ? json_get_str(r, "url") : from;
}

static void add_renamed(struct session *s)
{
	VEC_EACH (&s->c->settings->restore.targets.repositories, p)
		renamed_add(
		    &s->renamed, url_of(&s->opened.manifest, p->from), p->to);
	s->options.renamed = &s->renamed;
}

static int refuse_force(const struct restore_options *o, struct err *err)
{
	if (!o->force)
		return 0;
	return err_set(err, ERR_USAGE,
	    "--force does not say what may be lost: use --take-fields (fields "
	    "of cluster objects that others own), --overwrite-state (states "
	    "with a newer serial or another lineage) or --overwrite-refs "
	    "(repositories that hold other refs)");
}

static int open_targets(
    struct session *s, const struct targets_chosen *chosen, struct err *err)
{
	bool will_plan = s->opened.tree;
	struct opened *o = &s->opened;

	s->has_targets = true;
	if (targets_open(&s->targets, s->c, &o->manifest, o->tree,
		o->tree ? o->scratch.path : NULL, chosen, err))
		return -1;
	return s->locked
		   ? locks_take(&s->locks, s->c, &s->targets, will_plan, err)
		   : 0;
}

const struct cancel *session_cancel(const struct session *s)
{
	return s->locked ? &s->locks.lost : s->c->env.cancel;
}

int session_open_targets(struct session *s, struct err *err)
{
	const struct targets_chosen all = {.spared = true};
	struct opened *o = &s->opened;

	if (open_snapshot(s->c, o, err) || open_signed(o, err))
		return -1;
	return open_targets(s, &all, err);
}

int session_plan(struct session *s, struct err *err)
{
	const struct restore_options *o = s->c->options;
	const struct settings_restore *r = &s->c->settings->restore;

	if (refuse_force(o, err) || rule_options_init(&s->rules, r, err) ||
	    selection_parse(&s->c->options->only, &s->only, &s->options, err) ||
	    choose_prune(s, err) || open_snapshot(s->c, &s->opened, err) ||
	    head_gate(s->c, &s->opened, err) ||
	    open_tree(s->c, &s->opened, err))
		return -1;
	report_partial(&s->opened);
	s->options.without_kubernetes |= s->without_clusters;
	if (open_layers(s->c, &s->opened, &s->layers, err))
		return -1;
	s->options.layers = &s->layers;
	choose_existing(s);
	const struct targets_chosen chosen = {
	    .offline = o->offline || s->options.without_kubernetes,
	    .elsewhere = s->elsewhere,
	    .only_kubernetes = &s->only.kubernetes};
	if (open_targets(s, &chosen, err))
		return -1;
	s->options.snapshot = s->opened.snapshot->label;
	s->options.partial = s->opened.manifest.partial;
	s->options.tree = s->opened.tree;
	s->options.clusters = s->targets.plan.items;
	s->options.cluster_count = s->targets.plan.len;
	s->options.take_fields = r->take_fields || o->take_fields;
	s->options.status = r->status || o->status;
	s->options.derived = r->derived_secrets || o->derived;
	s->options.finished = r->include_finished || o->finished;
	s->options.hold = r->hold || o->hold;
	s->options.rules = &s->rules;
	s->options.clock = s->c->env.clock;
	s->options.cancel = session_cancel(s);
	add_edges(s);
	add_transforms(s);
	add_renamed(s);
	phase_begin(&s->opened.phase, s->c->env.clock, PHASE_PLAN, NULL, 0);
	s->plan = plan_make(&s->options, err);
	if (!s->plan ||
	    (s->c->options->only.len && selection_check(s->plan, err)))
		return -1;
	if (s->elsewhere)
		return 0;
	if (destinations_check(&s->targets, s->plan, err))
		return -1;
	targets_check(&s->targets, s->plan);
	unused_texts(
	    &s->targets, &s->opened.manifest, &s->options, &s->plan->warnings);
	return 0;
}
