#include "restore/targets/buckets.h"

#include "storage/archive/tree.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

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
	b->options = (struct state_apply_options){
	    .s3 = b->store.s3,
	    .locks = b->store.locks,
	    .from_prefix = from_prefix,
	    .customer_key = secret_ref_is_set(&s->sse_customer_key),
	    .overwrite = t->c->options->overwrite_state ||
			 t->c->settings->restore.overwrite_state,
	    .clock = t->c->env.clock,
	    .random = t->c->env.random,
	    .cancel = t->c->env.cancel,
	};
	return b;
}

void buckets_add(struct targets *t)
{
	static const enum state_apply_kms kms[] = {
	    [SETTINGS_KMS_KEEP] = STATE_APPLY_KMS_KEEP,
	    [SETTINGS_KMS_DROP] = STATE_APPLY_KMS_DROP,
	    [SETTINGS_KMS_KEY] = STATE_APPLY_KMS_KEY,
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
			mapped |= str_eq(to->from, b->s3.bucket) &&
				  !(to->from_prefix && *to->from_prefix);
		if (!mapped)
			add_bucket(
			    t, b->s3.bucket, NULL, &b->s3, b->dynamodb_table)
			    ->options.customer_key_kept = true;
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

/* Checked once for each target. If the table does not exist, the objects are
 * restored without it. If it exists but does not answer, they are not: the old
 * digests in it would make Terraform refuse them. */
static int options_for(struct targets *t, struct target_bucket *b,
    struct state_apply_options *o, struct outcome *outcome)
{
	struct err err = ERR_INIT;

	pthread_mutex_lock(&t->lock);
	if (!b->asked && b->err.code == ERR_NONE &&
	    state_apply_check_table(&b->options, &err)) {
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

/* Where the state was in its bucket, or NULL. */
static const char *key_of(const struct plan_node *node)
{
	return json_get_str(node->facts, "key");
}

struct target_bucket *buckets_find(
    const struct targets *t, const struct plan_node *node)
{
	const char *bucket = json_get_str(node->facts, "bucket");
	const char *key = key_of(node);

	return bucket && key ? bucket_for(t, bucket, key) : NULL;
}

char *buckets_destination(const struct targets *t, const struct plan_node *node)
{
	const struct target_bucket *b = buckets_find(t, node);

	if (!b || !b->store.s3)
		return NULL;
	autofree char *to = state_apply_target_key(&b->options, key_of(node));
	return str_printf("%s, '%s'", s3_describe(b->store.s3), to);
}

static enum apply_result write_state(struct targets *t, uint32_t index,
    bool dry_run, struct outcome *outcome, struct err *err)
{
	const struct plan_node *node = &t->run->p->nodes.items[index];
	struct target_bucket *b = buckets_find(t, node);

	if (!b) {
		outcome_set(outcome, OUTCOME_FAILED, "no target is known");
		return APPLY_ENDED;
	}
	struct state_apply_options o;
	if (options_for(t, b, &o, outcome))
		return APPLY_ENDED;
	o.dry_run = dry_run;
	autofree char *file = tree_path(t->tree, node->path);
	const struct state_apply_object object = {
	    .key = key_of(node), .facts = node->facts};
	return state_apply(&o, file, &object, outcome, err) ? APPLY_POINTLESS
							    : APPLY_ENDED;
}

/* An object that is not there may be so because its bucket is not. Who may not
 * list it cannot tell; that is not a fault. */
static void find_bucket(
    const struct targets *t, uint32_t index, struct outcome *outcome)
{
	const struct target_bucket *b =
	    buckets_find(t, &t->run->p->nodes.items[index]);
	struct err err = ERR_INIT;

	if (s3_check(b->store.s3, &err) && err.code == ERR_NOT_FOUND)
		outcome_failed(outcome, &err);
}

enum apply_result buckets_apply(
    void *ctx, uint32_t index, struct outcome *outcome, struct err *err)
{
	struct targets *t = ctx;
	bool dry_run = t->run->o->dry_run;
	enum apply_result result = write_state(t, index, dry_run, outcome, err);

	if (dry_run && outcome->kind == OUTCOME_CREATED)
		find_bucket(t, index, outcome);
	return result;
}

enum apply_result buckets_check(
    void *ctx, uint32_t index, struct outcome *outcome, struct err *err)
{
	return write_state(ctx, index, true, outcome, err);
}
