#include "restore/targets/targets.h"

#include "restore/plan/clusters.h"
#include "restore/plan/selection.h"
#include "restore/targets/buckets.h"
#include "restore/targets/repositories.h"
#include "storage/archive/tree.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/pace.h"

#include <stdlib.h>
#include <string.h>

enum { REPOSITORIES = 4 }; /* pushed side by side */

/* ---- clusters ---- */

const struct settings_cluster_access *targets_cluster(
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

	if (!selection_includes_cluster(chosen->only_kubernetes, name))
		return 0;
	if (!chosen->offline) {
		access = targets_cluster(t->c->settings, name);
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
	kube_client_keep_pace(plan->client, PACE_SUM_WRITING_MS);
	return 0;
}

static int add_clusters(struct targets *t, const struct manifest *m,
    const struct targets_chosen *chosen, struct err *err)
{
	const struct json_object *cluster;

	for (size_t i = 0; (cluster = clusters_at(m, i)); i++)
		if (add_cluster(t, cluster, chosen, err))
			return -1;
	return 0;
}

/* ---- all ---- */

static void begin(void *ctx, struct run *r)
{
	struct targets *t = ctx;

	t->run = r;
}

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
	    .apply = repositories_apply,
	    .check = repositories_check};
	t->state = (struct apply_driver){.ctx = t,
	    .begin = begin,
	    .apply = buckets_apply,
	    .check = buckets_check};
	if (add_clusters(t, m, chosen, err))
		return -1;
	if (!chosen->elsewhere)
		buckets_add(t);
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

static void check_state(const struct targets *t, struct plan_node *n)
{
	if (buckets_find(t, n))
		return;
	n->action = PLAN_CANNOT;
	n->reason = str_printf("bucket '%.*s' has no target; name it in "
			       "restore.targets.buckets",
	    (int)strcspn(n->name, "/"), n->name);
}

void targets_check(const struct targets *t, struct plan *p)
{
	VEC_EACH (&p->nodes, n) {
		if (n->action != PLAN_APPLY)
			continue;
		if (n->kind == PLAN_STATE)
			check_state(t, n);
		if (n->kind != PLAN_GIT)
			continue;
		autofree char *url = repositories_url(t, n);
		if (*url)
			continue;
		n->action = PLAN_CANNOT;
		n->reason =
		    str_dup("the snapshot does not say where it came from; "
			    "name it in restore.targets.repositories");
	}
}
