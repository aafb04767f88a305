#include "restore/kube/prepare.h"

#include "restore/kube/relink.h"
#include "restore/objects/field_owners.h"
#include "restore/objects/generation.h"
#include "restore/objects/object.h"
#include "restore/objects/rules.h"
#include "restore/objects/sanitize.h"
#include "restore/objects/snapshot_source.h"
#include "restore/plan/held.h"
#include "restore/plan/load.h"
#include "restore/plan/names.h"
#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "storage/base/json.h"
#include "storage/kube/client.h"
#include "storage/kube/path.h"

#include <stdlib.h>
#include <string.h>

void prepared_done(struct prepared *o)
{
	json_free(o->object);
	json_free(o->status);
	json_free(o->managers);
	free(o->uid);
	for (size_t i = 0; i < o->pause_count; i++) {
		free(o->pauses[i].before);
		free(o->pauses[i].map);
	}
	free(o->collection);
	free(o->path);
}

/* A condition that a gate waits for was true elsewhere, which says nothing
 * here; and an object that exists keeps its own conditions. */
static void drop_readiness(
    const struct plan *p, const struct plan_kind *k, struct json_object *status)
{
	if (json_kind(status) != JSON_OBJECT)
		return;
	size_t at = 0;
	if (ruleset_ready(p->options->rules, k->group, k->kind, &at))
		json_remove(status, "conditions");
	if (str_eq(k->group, "apps")) {
		json_remove(status, "readyReplicas");
		json_remove(status, "numberReady");
	}
}

/* Kinds whose status only the API server may write. */
static bool has_own_status(const struct plan_kind *k)
{
	return str_eq(k->group, "apiextensions.k8s.io") ||
	       str_eq(k->group, "apiregistration.k8s.io") ||
	       (*k->group == '\0' && str_eq(k->kind, "Namespace"));
}

/* The time in an annotation of Crossplane; 0, as Crossplane reads it, where
 * there is none or it is not a time. */
static int64_t time_of(const struct json_object *object, const char *annotation)
{
	const char *text = object_annotation(object, annotation);
	int64_t at_s;

	return text && clock_parse_rfc3339(text, &at_s) == 0 ? at_s : 0;
}

/* If an object was captured while Crossplane was creating what it stands for,
 * Crossplane will not act on it before somebody has checked it. */
static void note_pending(
    const struct json_object *object, struct outcome *outcome)
{
	int64_t pending_s =
	    time_of(object, "crossplane.io/external-create-pending");

	if (pending_s >
		time_of(object, "crossplane.io/external-create-succeeded") &&
	    pending_s > time_of(object, "crossplane.io/external-create-failed"))
		outcome_note(outcome,
		    "its creation was under way when it was captured: "
		    "Crossplane waits until crossplane.io/external-create-"
		    "pending is removed by hand");
}

static void note_operation(const struct plan_kind *k,
    const struct json_object *object, struct outcome *outcome)
{
	if (json_get(object, "operation") &&
	    rules_kind_fits("Application.argoproj.io", k->group, k->kind))
		outcome_note(outcome,
		    "its sync was under way when it was captured, and is not "
		    "made again");
}

/* The Configuration of a Revision of Knative, or NULL. */
static struct json_object *configuration_of(const struct plan *p,
    const struct plan_node *n, const struct json_object *revision)
{
	const char *name =
	    object_label(revision, "serving.knative.dev/configuration");
	cleanup(buf_done) struct buf key = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (!name)
		return NULL;
	names_add(
	    &key, n->cluster, n->k->group, "Configuration", n->namespace, name);
	uint32_t it = index_first(p->names, buf_str(&key));
	return it == INDEX_END
		   ? NULL
		   : load_as_captured(p,
			 &p->nodes.items[index_value(p->names, it)], &ignored);
}

static void restart_generation(const struct plan *p, const struct plan_node *n,
    struct json_object *object, struct outcome *outcome)
{
	generation_restart(object);
	if (!rules_kind_fits(
		"Revision.serving.knative.dev", n->k->group, n->k->kind))
		return;
	cleanup(json_freep) struct json_object *configuration =
	    configuration_of(p, n, object);
	if (generation_restart_revision(object, configuration))
		outcome_note(outcome,
		    "its configurationGeneration was left out, since that of "
		    "its Configuration starts at 1 again; Knative may want its "
		    "name for a new revision, which then fails until this one "
		    "is deleted");
}

static void find_pauses(
    const struct plan *p, const struct plan_kind *k, struct prepared *o)
{
	const struct rule_pause *rules[PAUSE_MAX];

	o->pause_count = held_pauses(p, k, o->object, rules);
	for (size_t i = 0; i < o->pause_count; i++) {
		o->pauses[i].rule = rules[i];
		o->pauses[i].before = pause_before(o->object, rules[i]);
		o->pauses[i].map = pause_new_map(o->object, rules[i]);
	}
}

static void relink(struct applier *a, uint32_t node, struct prepared *o,
    struct outcome *outcome)
{
	cleanup(json_freep) struct json_object *before = json_copy(
	    json_path(o->object, "metadata", "ownerReferences", NULL));

	relink_owners(a, node, o->object, outcome);
	field_owners_relink(o->managers, before,
	    json_path(o->object, "metadata", "ownerReferences", NULL));
}

/* Controllers and those who deploy select by labels and annotations, finalizers
 * keep, and owners take along. */
static void make_bare(struct prepared *o)
{
	struct json_object *metadata = json_get(o->object, "metadata");
	static const char *const marks[] = {
	    "labels", "annotations", "finalizers", "ownerReferences"};

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		json_remove(metadata, marks[i]);
	json_remove(o->object, "status");
	json_free(o->status);
	o->status = NULL;
	json_free(o->managers);
	o->managers = NULL;
}

struct neighbours {
	const struct plan *p;
	const struct plan_node *n;
};

static bool has_secret(void *ctx, const char *name)
{
	const struct neighbours *at = ctx;
	cleanup(buf_done) struct buf key = BUF_INIT;

	names_add(&key, at->n->cluster, "", "Secret", at->n->namespace, name);
	return index_first(at->p->names, buf_str(&key)) != INDEX_END;
}

int prepare_object(struct applier *a, uint32_t node, struct prepared *out,
    struct outcome *outcome, struct err *err)
{
	const struct plan *p = a->run->p;
	const struct plan_node *n = &p->nodes.items[node];
	const struct plan_kind *k = n->k;
	cleanup(strvec_done) struct strvec notes = VEC_INIT;
	out->object = load_node(p, n, &notes, err);
	if (!out->object)
		return -1;
	VEC_EACH (&notes, note)
		outcome_note(outcome, "%s", *note);
	/* An object that is updated keeps its generation. */
	if (!n->exists || plan_existing_of(p, n) != PLAN_EXISTING_UPDATE)
		restart_generation(p, n, out->object, outcome);
	bool ruled =
	    ruleset_status(p->options->rules, k->group, k->kind, out->object);
	struct json_object *status = json_get(out->object, "status");
	if (status && k->has_status && !has_own_status(k) &&
	    (ruled || p->options->status))
		out->status = json_share(status);
	drop_readiness(p, k, out->status);
	note_operation(k, out->object, outcome);
	struct neighbours neighbours = {.p = p, .n = n};
	struct sanitize_options clean = {
	    .volume_restored = n->volume_restored,
	    .keep_status = !k->has_status,
	    .node_ports = n->facts,
	    .fixed_address = n->fixed_address,
	    .has_secret = has_secret,
	    .ctx = &neighbours,
	};
	out->managers = field_owners_of(out->object);
	out->uid =
	    str_dup(json_str(json_path(out->object, "metadata", "uid", NULL)));
	sanitize_object(out->object, &clean);
	if (n->copy == PLAN_COPY_BARE)
		make_bare(out);
	if (!k->namespaced &&
	    json_kind(json_get(out->object, "metadata")) == JSON_OBJECT)
		json_remove(json_get(out->object, "metadata"), "namespace");
	relink(a, node, out, outcome);
	note_pending(out->object, outcome);
	if (n->copy != PLAN_COPY_BARE)
		find_pauses(p, k, out);
	out->collection =
	    kube_path(k->api_version, k->resource, n->namespace, NULL, NULL);
	out->path =
	    kube_path(k->api_version, k->resource, n->namespace, n->name, NULL);
	return 0;
}

void prepare_meet(struct prepared *o, const struct json_object *live)
{
	snapshot_source_keep(o->object, live);
	generation_keep(o->object, live);
	sanitize_keep_made(o->object, live);
}
