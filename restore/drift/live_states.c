#include "restore/drift/live_states.h"

#include "restore/things.h"
#include "storage/archive/facts.h"
#include "storage/archive/key_path.h"
#include "storage/archive/limits.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/terraform/state.h"

#include <stdlib.h>
#include <string.h>

struct live {
	struct meeting *m;
	const struct settings_bucket *bucket;
	struct connect_s3 store;
	struct key_paths paths;
	struct buf text; /* of the state that is being compared */
};

static bool fits(const struct settings_bucket *b, const char *key)
{
	if (str_ends(key, ".tflock") ||
	    (b->include.len && !str_glob_any(&b->include, key)))
		return false;
	return !str_glob_any(&b->exclude, key);
}

static int load(void *ctx, const struct contents_entry *e, struct version *out,
    struct err *err)
{
	struct live *l = ctx;

	(void)err;
	*out = (struct version){.kind = VERSION_STATE, .thing = things_name(e)};
	buf_add(&out->text, l->text.data, l->text.len);
	return 0;
}

static bool is_state(const struct live *l)
{
	struct state_facts facts;

	state_facts_of(l->text.data, l->text.len, &facts);
	return facts.json || l->bucket->allow_non_state;
}

static void not_seen(
    struct live *l, const char *path, const char *key, const struct err *why)
{
	const char *bucket = l->bucket->s3.bucket;
	autofree char *prefix = str_printf("terraform/%s/", bucket);
	autofree char *what = str_printf(
	    "terraform:%s%s%s", bucket, key ? "/" : "", key ? key : "");

	meeting_not_seen(l->m, path ? path : prefix, NULL, NULL, what, why);
}

static void add_facts(
    const struct live *l, const struct s3_object *o, struct facts *out)
{
	cleanup(json_freep) struct json_object *facts = json_new_object();

	json_set_str(facts, "bucket", l->bucket->s3.bucket);
	json_set_str(facts, "key", o->key);
	facts_from_tree(out, facts);
}

static int meet_object(
    struct live *l, const struct s3_object *o, struct err *err)
{
	const struct s3_get get = {.key = o->key};
	const struct meeting_load loads = {.load = load, .ctx = l};
	cleanup(buf_done) struct buf path = BUF_INIT;
	struct err why = ERR_INIT;

	layout_state_path(l->bucket->s3.bucket, o->key, NULL, &l->paths, &path);
	buf_wipe(&l->text);
	if (s3_get(l->store.s3, &get, LIMITS_STATE_COMPARED_BYTES, &l->text,
		NULL, &why)) {
		if (why.code == ERR_NOT_FOUND)
			return 0; /* it was deleted meanwhile */
		if (why.code != ERR_CANCELLED) {
			not_seen(l, buf_str(&path), o->key, &why);
			return 0;
		}
		*err = why;
		return -1;
	}
	if (!meeting_has(l->m, buf_str(&path)) && !is_state(l))
		return 0;
	cleanup(facts_done) struct facts facts = FACTS_INIT;
	add_facts(l, o, &facts);
	struct contents_entry e = {
	    .path = buf_str(&path), .bytes = l->text.len, .facts = &facts};
	digest_of(DIGEST_SHA256, l->text.data, l->text.len, e.sha256);
	return meeting_live(l->m, &e, &loads, err);
}

/* What fails about the lists is left in `why`. */
static int meet_prefix(
    struct live *l, const char *prefix, struct err *why, struct err *err)
{
	struct s3_list list = {.prefix = prefix};
	int failed = 0;

	while (!failed && !list.ended) {
		cleanup(s3_objects_done) struct s3_object_vec page = VEC_INIT;
		if (s3_list_page(l->store.s3, &list, &page, NULL, why))
			break;
		VEC_EACH (&page, o)
			if (!failed && fits(l->bucket, o->key))
				failed = meet_object(l, o, err);
	}
	s3_list_done(&list);
	return failed;
}

static int meet_bucket(
    struct meeting *m, const struct settings_bucket *b, struct err *err)
{
	struct live l = {.m = m, .bucket = b};
	struct err why = ERR_INIT;
	int failed = 0;

	if (!connect_s3(
		&b->s3, NULL, &m->browse.command->env, &l.store, &why)) {
		if (!b->prefixes.len)
			failed = meet_prefix(&l, NULL, &why, err);
		VEC_EACH (&b->prefixes, prefix)
			if (!failed && !why.code)
				failed = meet_prefix(&l, *prefix, &why, err);
	}
	connect_s3_done(&l.store);
	key_paths_done(&l.paths);
	buf_wipe(&l.text);
	if (!failed && why.code == ERR_CANCELLED) {
		*err = why;
		return -1;
	}
	if (!failed && why.code)
		not_seen(&l, NULL, NULL, &why);
	return failed;
}

static const struct settings_bucket *bucket_named(
    const struct meeting *m, const char *name)
{
	VEC_EACH (&m->browse.command->settings->terraform.buckets, b)
		if (str_eq(b->s3.bucket, name))
			return b;
	return NULL;
}

/* Whether it is among what is listed, and then read. */
static bool is_looked_for(const struct settings_bucket *b, const char *key)
{
	VEC_EACH (&b->prefixes, prefix)
		if (str_starts(key, *prefix))
			return fits(b, key);
	return !b->prefixes.len && fits(b, key);
}

static void note_bucket(struct meeting *m, const char *bucket)
{
	autofree char *what = str_printf("terraform:%s", bucket);
	autofree char *prefix = str_printf("terraform/%s/", bucket);
	struct err why = ERR_INIT;

	if (meeting_is_unseen(m, what))
		return;
	err_set(&why, ERR_NOT_FOUND,
	    "terraform.buckets of the configuration does not name it");
	meeting_not_seen(m, prefix, NULL, NULL, what, &why);
}

/* What the snapshot has, and the configuration does not name, or leaves out by
 * now: nobody looks, so that nothing of it may count as gone. */
static int note_unknown(
    void *ctx, const struct contents_entry *e, struct err *err)
{
	struct meeting *m = ctx;
	const char *bucket = facts_str(e->facts, "bucket");
	const char *key = facts_str(e->facts, "key");
	struct err why = ERR_INIT;

	(void)err;
	if (!bucket)
		return 0;
	const struct settings_bucket *b = bucket_named(m, bucket);
	if (!b)
		note_bucket(m, bucket);
	if (!b || !key || !version_is_one(e) || is_looked_for(b, key))
		return 0;
	autofree char *what = str_printf("terraform:%s/%s", bucket, key);
	err_set(&why, ERR_NOT_FOUND,
	    "the snapshot has it, and a backup would not read it now: excluded "
	    "by the configuration");
	meeting_not_seen(m, e->path, NULL, NULL, what, &why);
	return 0;
}

int live_states_meet(struct meeting *m, struct err *err)
{
	const struct meeting_also also = {.entry = note_unknown, .ctx = m};

	if (meeting_begin(m, LAYOUT_TERRAFORM, &also, err))
		return -1;
	VEC_EACH (&m->browse.command->settings->terraform.buckets, b)
		if (meet_bucket(m, b, err))
			return -1;
	return meeting_end(m, LAYOUT_TERRAFORM, err);
}
