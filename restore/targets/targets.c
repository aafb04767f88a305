#include "restore/targets/targets.h"

#include "restore/apply/git.h"
#include "restore/plan/selection.h"
#include "storage/archive/tree.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdlib.h>
#include <string.h>

enum { REPOSITORIES = 4 }; /* pushed side by side */

/* ---- clusters ---- */

static const struct settings_cluster_access *access_of(
    const struct settings *s, const char *cluster)
{
	VEC_EACH (&s->restore.targets.clusters, t)
		if (str_eq(t->from, cluster))
			return &t->access;
	VEC_EACH (&s->kubernetes.clusters, c)
		if (str_eq(c->name, cluster))
			return &c->access;
	return NULL;
}

static int add_cluster(struct targets *t, const struct json_object *cluster,
    const struct targets_chosen *chosen, struct err *err)
{
	const char *name = json_get_str(cluster, "name");
	const struct settings_cluster_access *access = NULL;

	if (!name || !selection_includes_cluster(chosen->only_kubernetes, name))
		return 0;
	if (!chosen->offline) {
		access = access_of(t->c->settings, name);
		if (!access && chosen->spared)
			return 0;
		if (!access)
			return err_set(err, ERR_USAGE,
			    "%s: cluster '%s' of the snapshot has no target; "
			    "name it in restore.targets.clusters, or take "
			    "others alone (--only kubernetes:CLUSTER/)",
			    t->c->settings->file, name);
	}
	struct target_cluster *target = vec_add(&t->clusters);
	struct plan_cluster *plan = vec_add(&t->plan);
	target->name = str_dup(name);
	plan->name = target->name;
	plan->source_uid = json_get_str(cluster, "uid");
	plan->summary = cluster;
	plan->same_cluster = t->c->options->same_cluster;
	if (!access)
		return 0;
	if (connect_kube(access, KUBE_GZIP_OFF, &t->c->env, &target->kube, err))
		return err_wrap(err, "target of cluster '%s'", name);
	plan->client = target->kube.client;
	return 0;
}

static int add_clusters(struct targets *t, const struct manifest *m,
    const struct targets_chosen *chosen, struct err *err)
{
	for (size_t i = 0; i < json_len(m->sources); i++) {
		const struct json_object *source = json_at(m->sources, i);
		const char *kind = json_get_str(source, "kind");
		const struct json_object *list = json_get(source, "clusters");
		if (!kind || !str_eq(kind, "kubernetes"))
			continue;
		for (size_t j = 0; j < json_len(list); j++)
			if (add_cluster(t, json_at(list, j), chosen, err))
				return -1;
	}
	return 0;
}

/* ---- repositories ---- */

char *targets_url(const struct targets *t, const struct plan_node *node)
{
	const char *source = node->facts.url ? node->facts.url : node->source;

	return settings_target_repository(
	    &t->c->settings->restore.targets, node->name, source ? source : "");
}

static void begin(void *ctx, struct run *r)
{
	struct targets *t = ctx;

	t->run = r;
}

static enum apply_result push_repository(struct targets *t, uint32_t index,
    bool dry_run, struct outcome *outcome, struct err *err)
{
	const struct plan_node *node = &t->run->p->nodes.items[index];
	struct err failure = ERR_INIT;
	cleanup(connect_git_done) struct connect_git g = {.password = NULL};
	autofree char *url = targets_url(t, node);

	if (!*url) {
		outcome_set(outcome, OUTCOME_FAILED, "no target is known");
		return APPLY_ENDED;
	}
	if (connect_git(&t->c->settings->git, url, t->scratch, &t->c->env, &g,
		&failure)) {
		outcome_failed(outcome, &failure);
		return APPLY_ENDED;
	}
	const struct git_apply_options o = {
	    .url = url,
	    .access = g.access,
	    .prune = t->c->options->prune,
	    .force = t->c->options->force,
	    .dry_run = dry_run,
	};
	autofree char *dir = tree_path(t->tree, node->path);
	return git_apply(&o, dir, outcome, err) ? APPLY_POINTLESS : APPLY_ENDED;
}

static enum apply_result apply_repository(
    void *ctx, uint32_t index, struct outcome *outcome, struct err *err)
{
	struct targets *t = ctx;

	return push_repository(t, index, t->run->o->dry_run, outcome, err);
}

static enum apply_result look_at_repository(
    void *ctx, uint32_t index, struct outcome *outcome, struct err *err)
{
	return push_repository(ctx, index, true, outcome, err);
}

/* ---- all ---- */

int targets_open(struct targets *t, const struct command *c,
    const struct manifest *m, const struct tree *tree, const char *scratch,
    const struct targets_chosen *chosen, struct err *err)
{
	*t = (struct targets){.c = c,
	    .tree = tree,
	    .scratch = scratch,
	    .lock = PTHREAD_MUTEX_INITIALIZER};
	t->git = (struct apply_driver){.ctx = t,
	    .at_once = REPOSITORIES,
	    .begin = begin,
	    .apply = apply_repository,
	    .look = look_at_repository};
	t->state = (struct apply_driver){.ctx = t,
	    .begin = begin,
	    .apply = targets_apply_state,
	    .look = targets_look_at_state};
	if (add_clusters(t, m, chosen, err))
		return -1;
	targets_add_buckets(t);
	return 0;
}

void targets_done(struct targets *t)
{
	VEC_EACH (&t->clusters, c) {
		connect_kube_done(&c->kube);
		free(c->name);
	}
	vec_done(&t->clusters);
	vec_done(&t->plan);
	VEC_EACH (&t->buckets, b)
		connect_s3_done(&b->store);
	vec_done(&t->buckets);
}
