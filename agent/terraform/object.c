/* One object: read from the cache or the bucket, put aside until its turn
 * comes, then archived. */
#include "agent/terraform/object.h"

#include "agent/terraform/cache.h"
#include "agent/terraform/content.h"
#include "agent/terraform/facts.h"
#include "agent/terraform/job.h"
#include "agent/terraform/locks.h"
#include "agent/terraform/run.h"
#include "storage/archive/lane.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdlib.h>
#include <string.h>

static void job_free(struct terraform_job *j)
{
	struct terraform_run *run = j->bucket->run;

	archive_lane_free(j->lane);
	terraform_content_done(&j->content);
	s3_object_done(&j->object);
	if (j->fills_scratch) {
		pthread_mutex_lock(&run->lock);
		run->scratch_freed++;
		pthread_cond_broadcast(&run->changed);
		pthread_mutex_unlock(&run->lock);
	}
	free(j->path);
	free(j);
}

static void missing(struct terraform_job *j, const struct err *err)
{
	struct terraform_run *run = j->bucket->run;

	pthread_mutex_lock(&run->lock);
	capture_report_missing(run->report, err, "object 's3://%s/%s'%s%s",
	    s3_bucket(j->bucket->bucket->s3), j->object.key,
	    j->older ? ", version " : "", j->older ? j->object.version_id : "");
	pthread_mutex_unlock(&run->lock);
}

/* ---- warnings ---- */

static void add_result(struct terraform_bucket_run *b, struct terraform_job *j)
{
	const struct terraform_content *c = &j->content;
	static const char *const reported[] = {"key", "serial", "lineage",
	    "terraform_version", "resources", "workspace", "encrypted"};

	if (!c->state.state || j->older)
		return;
	struct terraform_result *r = vec_add(&b->results);
	r->index = j->index;
	r->state = json_new_object();
	for (size_t i = 0; i < sizeof(reported) / sizeof(*reported); i++) {
		struct json_object *v = json_get(c->facts, reported[i]);
		if (v)
			json_set(r->state, reported[i], json_share(v));
	}
}

static void account(struct terraform_job *j)
{
	const struct terraform_content *c = &j->content;
	struct terraform_bucket_run *b = j->bucket;
	struct terraform_run *run = b->run;

	pthread_mutex_lock(&run->lock);
	run->report->items++;
	run->report->bytes += c->size;
	b->objects++;
	b->bytes += c->size;
	if (c->cached)
		b->from_cache++;
	else
		b->downloaded++;
	b->not_state += !c->state.state;
	terraform_facts_warn(j);
	add_result(b, j);
	uint64_t done = b->objects;
	uint64_t listed = b->listed;
	pthread_mutex_unlock(&run->lock);
	if (run->env->progress)
		run->env->progress(run->env->progress_ctx,
		    s3_describe(b->bucket->s3), done, listed);
}

/* ---- getting it ---- */

/* The facts contain the SHA-256 that was computed when the object was
 * downloaded. */
static void facts_back(struct terraform_content *c)
{
	c->state.state = json_get(c->facts, "serial") != NULL;
	c->state.json =
	    c->state.state || json_truth(json_get(c->facts, "json"), false);
}

static bool find_small(struct terraform_pack *pack, const char *id,
    uint64_t size, struct terraform_content *c)
{
	cleanup(buf_done) struct buf facts = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (!pack ||
	    !terraform_pack_find(pack, id, &c->data, &facts, &c->aside) ||
	    c->data.len != size)
		return false;
	c->facts = json_parse(buf_str(&facts), facts.len, &ignored);
	return c->facts != NULL;
}

static bool find(struct terraform_job *j, const char *id)
{
	struct terraform_run *run = j->bucket->run;
	struct terraform_content *c = &j->content;
	uint64_t size = j->object.size;

	if (size > run->small_bytes)
		c->facts =
		    terraform_cache_find_file(&run->cache, id, size, &c->file);
	else if (!find_small(run->cache.pack, id, size, c))
		buf_clear(&c->data);
	if (!c->facts)
		return false;
	c->cached = c->keep_file = true;
	c->size = size;
	facts_back(c);
	return true;
}

static struct terraform_pack *scratch_pack(
    struct terraform_run *run, struct err *err)
{
	pthread_mutex_lock(&run->lock);
	if (!run->scratch)
		run->scratch = terraform_pack_unnamed(run->env->scratch, err);
	pthread_mutex_unlock(&run->lock);
	return run->scratch;
}

/* If the cache cannot be written, the next run is slower; that is all. */
static int put_aside(struct terraform_run *run, const char *id,
    struct terraform_content *c, struct err *err)
{
	cleanup(buf_done) struct buf facts = BUF_INIT;
	struct err ignored = ERR_INIT;

	json_write(&facts, c->facts, JSON_COMPACT);
	/* An object that changed must not be cached under the id of the list.
	 */
	if (run->cache.pack && !c->changed && c->size <= run->cache.max_bytes &&
	    !terraform_pack_add(
		run->cache.pack, id, &c->data, &facts, &c->aside, &ignored))
		return 0;
	struct terraform_pack *pack = scratch_pack(run, err);
	return pack ? terraform_pack_add(
			  pack, id, &c->data, &facts, &c->aside, err)
		    : -1;
}

static int bring(struct terraform_job *j, struct err *err)
{
	struct terraform_content *c = &j->content;
	char id[STATE_ID];

	terraform_cache_id(
	    &j->bucket->run->cache, j->bucket->bucket->s3, &j->object, id);
	if (find(j, id))
		return 0;
	if (terraform_content_get(j, c, err) || terraform_facts_read(c, err))
		return -1;
	c->facts = terraform_facts_json(j, c);
	if (c->state.json && !c->state.state)
		json_set_bool(c->facts, "json", true);
	/* The facts contain it. */
	s3_meta_done(&c->meta);
	s3_pairs_done(&c->tags);
	return c->file ? 0 : put_aside(j->bucket->run, id, c, err);
}

/* An object that was listed and cannot be read is gone only if it is not listed
 * any more: a store that does not return what it lists has not lost it. */
static bool is_gone(const struct terraform_job *j)
{
	cleanup(s3_objects_done) struct s3_object_vec found = VEC_INIT;
	cleanup(s3_list_done) struct s3_list l = {
	    .prefix = j->object.key, .versions = j->older};
	struct err ignored = ERR_INIT;

	if (s3_list_page(j->bucket->bucket->s3, &l, &found, NULL, &ignored))
		return false;
	VEC_EACH (&found, o)
		if (str_eq(o->key, j->object.key) && !o->delete_marker &&
		    (!j->older || str_eq(o->version_id, j->object.version_id)))
			return false;
	return true;
}

/* Many objects wait for their turn, so each must need little memory. */
static void release_content(struct terraform_content *c)
{
	buf_done(&c->data);
	if (c->file)
		return;
	json_free(c->facts);
	c->facts = NULL;
}

static void get_object(struct terraform_job *j)
{
	struct terraform_run *run = j->bucket->run;
	struct err why = ERR_INIT;

	if (bring(j, &why)) {
		if (why.code == ERR_CANCELLED)
			return terraform_run_fatal(run, &why);
		if (why.code == ERR_NOT_FOUND && is_gone(j)) {
			autofree char *text = str_printf(
			    "'s3://%s/%s' was deleted while the backup ran",
			    s3_bucket(j->bucket->bucket->s3), j->object.key);
			return terraform_run_warn(run, text);
		}
		return missing(j, &why);
	}
	terraform_locks_in_table(j, &j->content);
	release_content(&j->content);
	j->got = true;
}

/* Keeps a large one for the next run; its digest is known by now. */
static void keep_file(struct terraform_job *j)
{
	struct terraform_content *c = &j->content;
	const struct terraform_cache *cache = &j->bucket->run->cache;
	char id[STATE_ID];

	if (!c->file || c->cached || c->changed || !cache->dir ||
	    c->size > cache->max_bytes)
		return;
	terraform_cache_id(
	    &j->bucket->run->cache, j->bucket->bucket->s3, &j->object, id);
	terraform_cache_keep_file(cache, id, &c->file, c->sha256, c->facts);
	c->keep_file = !str_ends(c->file, ".new");
}

/* ---- the job ---- */

void terraform_object_get(void *job)
{
	struct terraform_job *j = job;
	struct terraform_run *run = j->bucket->run;

	if (!terraform_run_stopped(run)) {
		if (j->path)
			get_object(j);
		else
			terraform_locks_note_object(j);
	}
	pthread_mutex_lock(&run->lock);
	j->done = true;
	pthread_cond_broadcast(&run->changed);
	pthread_mutex_unlock(&run->lock);
}

/* Some stores list a key twice, at the border of two pages; then the first of
 * them is in the archive. */
static void note_doubled(struct terraform_job *j)
{
	struct terraform_bucket_run *b = j->bucket;

	pthread_mutex_lock(&b->run->lock);
	if (!b->doubled++)
		b->first_doubled = str_dup(j->object.key);
	pthread_mutex_unlock(&b->run->lock);
}

void terraform_object_archive(void *job)
{
	struct terraform_job *j = job;
	struct terraform_run *run = j->bucket->run;
	struct err why = ERR_INIT;

	pthread_mutex_lock(&run->lock);
	while (!j->done)
		pthread_cond_wait(&run->changed, &run->lock);
	pthread_mutex_unlock(&run->lock);
	if (j->got && !terraform_run_stopped(run)) {
		if (terraform_facts_archive(j, &why)) {
			if (why.code == ERR_EXISTS)
				note_doubled(j);
			/* Whatever the failure was, only this object is left
			 * out. */
			else if (why.code == ERR_CANCELLED ||
				 archive_writer_is_spoilt(run->env->writer))
				terraform_run_fatal(run, &why);
			else
				missing(j, &why);
		} else {
			keep_file(j);
			account(j);
		}
	}
	job_free(j);
}
