/* One object: from the cache or the bucket into its lane. */
#include "agent/capture_state_parts.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdlib.h>
#include <string.h>

static void job_free(struct state_job *j)
{
	archive_lane_free(j->lane);
	s3_object_done(&j->object);
	free(j->path);
	free(j);
}

void state_run_warn(struct state_run *run, const char *text)
{
	pthread_mutex_lock(&run->lock);
	capture_report_warning(run->report, "%s", text);
	pthread_mutex_unlock(&run->lock);
}

static void missing(struct state_job *j, const struct err *err)
{
	struct state_run *run = j->bucket->run;

	pthread_mutex_lock(&run->lock);
	capture_report_missing(run->report, err, "object 's3://%s/%s'%s%s",
	    s3_bucket(j->bucket->bucket->s3), j->object.key,
	    j->older ? ", version " : "", j->older ? j->object.version_id : "");
	pthread_mutex_unlock(&run->lock);
}

/* ---- what is to be said of it ---- */

static void add_result(struct state_bucket_run *b, struct state_job *j,
    const struct state_content *c)
{
	static const char *const told[] = {"key", "serial", "lineage",
	    "terraform_version", "resources", "workspace", "encrypted"};

	if (!c->state.state || j->older)
		return;
	struct state_result *r = vec_add(&b->results);
	r->index = j->index;
	r->state = json_new_object();
	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
		struct json_object *v = json_get(c->facts, told[i]);
		if (v)
			json_set(r->state, told[i], json_share(v));
	}
}

static void account(struct state_job *j, const struct state_content *c)
{
	struct state_bucket_run *b = j->bucket;
	struct state_run *run = b->run;
	const char *bucket = s3_bucket(b->bucket->s3);

	pthread_mutex_lock(&run->lock);
	run->report->items++;
	run->report->bytes += c->size;
	b->objects++;
	b->bytes += c->size;
	if (c->cached)
		b->from_cache++;
	else
		b->downloaded++;
	if (!c->state.state) {
		b->not_state++;
		if (str_ends(j->object.key, ".tfstate"))
			capture_report_warning(run->report,
			    "'s3://%s/%s' is %s: kept as it is", bucket,
			    j->object.key,
			    c->state.json ? "JSON, but no Terraform state"
					  : "no JSON");
	}
	if (c->changed)
		capture_report_warning(run->report,
		    "'s3://%s/%s' changed while it was read, and was read "
		    "again",
		    bucket, j->object.key);
	add_result(b, j, c);
	uint64_t done = b->objects;
	uint64_t listed = b->listed;
	pthread_mutex_unlock(&run->lock);
	if (run->env->progress)
		run->env->progress(run->env->progress_ctx,
		    s3_describe(b->bucket->s3), done, listed);
}

/* ---- the job ---- */

/* The facts hold what the reader found when the object was first got. */
static void facts_back(struct state_content *c)
{
	c->state.state = json_get(c->facts, "serial") != NULL;
	c->state.json =
	    c->state.state || json_truth(json_get(c->facts, "json"), false);
}

static int bring(struct state_job *j, struct state_content *c, struct err *err)
{
	struct state_run *run = j->bucket->run;
	char id[STATE_CACHE_ID];

	state_cache_id(s3_bucket(j->bucket->bucket->s3), &j->object, id);
	if (state_cache_find(&run->cache, id, j->object.size, run->small_bytes,
		&c->data, &c->file, &c->facts)) {
		c->cached = c->keep_file = true;
		c->size = j->object.size;
		facts_back(c);
		return 0;
	}
	buf_clear(&c->data);
	if (state_content_get(j, c, err) || state_content_read(c, err))
		return -1;
	c->facts = state_content_facts(j, c);
	if (c->state.json && !c->state.state)
		json_set_bool(c->facts, "json", true);
	if (c->changed) /* it is not what the list's id stands for */
		return 0;
	if (!c->file) {
		state_cache_keep(
		    &run->cache, id, buf_str(&c->data), c->data.len, c->facts);
	} else if (c->size <= run->cache.max_bytes && run->cache.dir) {
		state_cache_keep_file(
		    &run->cache, id, &c->file, c->sha256, c->facts);
		c->keep_file = !str_ends(c->file, ".new");
	}
	return 0;
}

/* One that was listed and cannot be got is gone only if it is not listed any
 * more: a store that does not give what it lists has not lost it. */
static bool is_gone(const struct state_job *j)
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

static void capture_object(struct state_job *j)
{
	cleanup(state_content_done) struct state_content c = {.file = NULL};
	struct state_run *run = j->bucket->run;
	struct err why = ERR_INIT;

	if (bring(j, &c, &why)) {
		if (why.code == ERR_CANCELLED)
			return state_run_fatal(run, &why);
		if (why.code == ERR_NOT_FOUND && is_gone(j)) {
			autofree char *text = str_printf(
			    "'s3://%s/%s' was deleted while the backup ran",
			    s3_bucket(j->bucket->bucket->s3), j->object.key);
			return state_run_warn(run, text);
		}
		return missing(j, &why);
	}
	state_locks_in_table(j, &c);
	if (state_content_archive(j, &c, &why))
		return state_run_fatal(run, &why);
	account(j, &c);
}

void state_job_run(void *job)
{
	struct state_job *j = job;

	if (!state_run_stopped(j->bucket->run)) {
		if (j->path)
			capture_object(j);
		else
			state_locks_object(j);
	}
	job_free(j);
}
