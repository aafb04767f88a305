#include "restore/targets.h"

#include "restore/apply_git.h"
#include "storage/archive/tree.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdlib.h>
#include <string.h>

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
    bool offline, struct err *err)
{
	const char *name = json_get_str(cluster, "name");

	if (!name)
		return 0;
	struct target_cluster *target = vec_add(&t->clusters);
	struct plan_cluster *plan = vec_add(&t->plan);
	target->name = str_dup(name);
	plan->name = target->name;
	plan->source_uid = json_get_str(cluster, "uid");
	plan->summary = cluster;
	plan->same_cluster = t->c->options->same_cluster;
	if (offline)
		return 0;
	const struct settings_cluster_access *access =
	    access_of(t->c->settings, name);
	if (!access)
		return err_set(err, ERR_USAGE,
		    "%s: cluster '%s' of the snapshot has no target; name it "
		    "in restore.targets.clusters",
		    t->c->settings->file, name);
	if (connect_kube(access, KUBE_GZIP_OFF, &t->c->env, &target->kube, err))
		return err_wrap(err, "target of cluster '%s'", name);
	plan->client = target->kube.client;
	return 0;
}

static int add_clusters(
    struct targets *t, const struct manifest *m, bool offline, struct err *err)
{
	for (size_t i = 0; i < json_len(m->sources); i++) {
		const struct json_object *source = json_at(m->sources, i);
		const char *kind = json_get_str(source, "kind");
		const struct json_object *list = json_get(source, "clusters");
		if (!kind || !str_eq(kind, "kubernetes"))
			continue;
		for (size_t j = 0; j < json_len(list); j++)
			if (add_cluster(t, json_at(list, j), offline, err))
				return -1;
	}
	return 0;
}

/* ---- buckets ---- */

static struct target_bucket *add_bucket(struct targets *t, const char *from,
    const char *from_prefix, const struct settings_s3 *s, const char *table)
{
	struct target_bucket *b = vec_add(&t->buckets);

	b->from = from;
	b->from_prefix = from_prefix;
	if (connect_s3(s, table, &t->c->env, &b->store, &b->err)) {
		err_wrap(&b->err, "bucket '%s'", s->bucket);
		return b;
	}
	b->options = (struct apply_state_options){
	    .s3 = b->store.s3,
	    .locks = b->store.locks,
	    .from_prefix = from_prefix,
	    .force = t->c->options->force,
	    .clock = t->c->env.clock,
	    .random = t->c->env.random,
	    .cancel = t->c->env.cancel,
	};
	return b;
}

static void add_buckets(struct targets *t)
{
	static const enum apply_state_kms kms[] = {
	    [SETTINGS_KMS_KEEP] = APPLY_STATE_KMS_KEEP,
	    [SETTINGS_KMS_DROP] = APPLY_STATE_KMS_DROP,
	    [SETTINGS_KMS_KEY] = APPLY_STATE_KMS_KEY,
	};
	const struct settings *s = t->c->settings;

	VEC_EACH (&s->restore.targets.buckets, to) {
		struct target_bucket *b = add_bucket(
		    t, to->from, to->from_prefix, &to->s3, to->dynamodb_table);
		b->options.to_prefix = to->to_prefix;
		b->options.no_lock_file = !to->lock_files;
		b->options.kms = kms[to->kms];
		b->options.kms_key_id = to->kms_key_id;
	}
	VEC_EACH (&s->terraform.buckets, b) {
		bool mapped = false;
		VEC_EACH (&s->restore.targets.buckets, to)
			mapped = mapped || str_eq(to->from, b->s3.bucket);
		if (!mapped)
			add_bucket(
			    t, b->s3.bucket, NULL, &b->s3, b->dynamodb_table);
	}
}

/* The longest prefix that fits wins. */
static struct target_bucket *bucket_for(
    const struct targets *t, const char *bucket, const char *key)
{
	struct target_bucket *best = NULL;
	size_t best_len = 0;

	VEC_EACH (&t->buckets, b) {
		const char *prefix = b->from_prefix ? b->from_prefix : "";
		if (!str_eq(b->from, bucket) || !str_starts(key, prefix))
			continue;
		if (!best || strlen(prefix) > best_len) {
			best = b;
			best_len = strlen(prefix);
		}
	}
	return best;
}

/* Asked once for each target. Without a table the objects still go back; one
 * that is there and does not answer would be left with digests that Terraform
 * refuses, and so they do not. */
static int options_for(struct targets *t, struct target_bucket *b,
    struct apply_state_options *o, struct outcome *outcome)
{
	struct err err = ERR_INIT;

	pthread_mutex_lock(&t->lock);
	if (!b->asked && b->err.code == ERR_NONE &&
	    apply_state_check_table(&b->options, &err)) {
		if (err.code == ERR_NOT_FOUND) {
			b->options.locks = NULL;
			outcome_note(outcome,
			    "%s; no digest of any state in this bucket is set",
			    err.message);
		} else {
			b->err = err;
		}
	}
	b->asked = true;
	bool usable = b->err.code == ERR_NONE;
	*o = b->options;
	pthread_mutex_unlock(&t->lock);
	if (!usable)
		outcome_failed(outcome, &b->err);
	return usable ? 0 : -1;
}

static struct json_object *facts_of(const struct plan_node *node)
{
	struct err ignored = ERR_INIT;

	return node->facts
		   ? json_parse(node->facts, strlen(node->facts), &ignored)
		   : NULL;
}

char *targets_state_place(const struct targets *t, const struct plan_node *node)
{
	cleanup(json_freep) struct json_object *facts = facts_of(node);
	const char *bucket = json_get_str(facts, "bucket");
	const char *key = json_get_str(facts, "key");
	const struct target_bucket *b =
	    bucket && key ? bucket_for(t, bucket, key) : NULL;

	if (!b || !b->store.s3)
		return NULL;
	autofree char *to = apply_state_target_key(&b->options, key);
	return str_printf("%s, '%s'", s3_describe(b->store.s3), to);
}

static int apply_state_node(void *ctx, const struct plan_node *node,
    bool dry_run, struct outcome *outcome, struct err *err)
{
	struct targets *t = ctx;
	cleanup(json_freep) struct json_object *facts = facts_of(node);
	const char *bucket = json_get_str(facts, "bucket");
	const char *key = json_get_str(facts, "key");

	if (!bucket || !key) {
		outcome_set(outcome, OUTCOME_FAILED,
		    "the snapshot does not say its bucket and key");
		return 0;
	}
	struct target_bucket *b = bucket_for(t, bucket, key);
	if (!b) {
		outcome_set(outcome, OUTCOME_FAILED,
		    "bucket '%s' has no target; name it in "
		    "restore.targets.buckets",
		    bucket);
		return 0;
	}
	struct apply_state_options o;
	if (options_for(t, b, &o, outcome))
		return 0;
	o.dry_run = dry_run;
	autofree char *file = tree_path(t->tree, node->path);
	const struct apply_state_object object = {.key = key, .facts = facts};
	return apply_state(&o, file, &object, outcome, err);
}

/* ---- repositories ---- */

char *targets_url(const struct targets *t, const struct plan_node *node)
{
	cleanup(json_freep) struct json_object *facts = facts_of(node);
	const char *source = json_get_str(facts, "url");

	if (!source)
		source = node->source;
	return settings_target_repository(
	    &t->c->settings->restore.targets, node->name, source ? source : "");
}

static int apply_git_node(void *ctx, const struct plan_node *node, bool dry_run,
    struct outcome *outcome, struct err *err)
{
	struct targets *t = ctx;
	struct err failure = ERR_INIT;
	cleanup(connect_git_done) struct connect_git g = {.password = NULL};
	autofree char *url = targets_url(t, node);

	if (!*url) {
		outcome_set(outcome, OUTCOME_FAILED,
		    "the snapshot does not say where it came from; name it in "
		    "restore.targets.repositories");
		return 0;
	}
	if (connect_git(&t->c->settings->git, url, t->scratch, &t->c->env, &g,
		&failure)) {
		outcome_failed(outcome, &failure);
		return 0;
	}
	const struct apply_git_options o = {
	    .url = url,
	    .access = g.access,
	    .prune = t->c->options->prune,
	    .force = t->c->options->force,
	    .dry_run = dry_run,
	};
	autofree char *dir = tree_path(t->tree, node->path);
	return apply_git(&o, dir, outcome, err);
}

/* ---- all ---- */

int targets_open(struct targets *t, const struct command *c,
    const struct manifest *m, const struct tree *tree, const char *scratch,
    bool offline, struct err *err)
{
	*t = (struct targets){.c = c,
	    .tree = tree,
	    .scratch = scratch,
	    .lock = PTHREAD_MUTEX_INITIALIZER};
	t->git = (struct apply_driver){.apply = apply_git_node, .ctx = t};
	t->state = (struct apply_driver){.apply = apply_state_node, .ctx = t};
	if (add_clusters(t, m, offline, err))
		return -1;
	add_buckets(t);
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
