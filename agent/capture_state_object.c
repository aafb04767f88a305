/* One object: from the cache or the bucket into its lane. */
#include "agent/capture_state_parts.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	READ_AGAIN = 3,	      /* an object that changes while it is read */
	LARGE_AT_ONCE = 2,    /* objects, and for each of them */
	RANGES_PER_LARGE = 4, /* connections */
	MAX_LOCK_BYTES = 64 * 1024,
	BLOCK_BYTES = 128 * 1024,
};

/* What was got of an object. */
struct content {
	struct buf data; /* small ones */
	char *file;	 /* large ones */
	bool keep_file;	 /* it is the cache's */
	uint64_t size;
	struct s3_meta meta;
	struct s3_pair_vec tags;
	struct state_facts state;
	struct json_object *facts;
	uint8_t md5[DIGEST_MD5_LEN];
	uint8_t sha256[DIGEST_SHA256_LEN];
	bool cached;
	bool changed;
};

static void content_done(struct content *c)
{
	buf_done(&c->data);
	if (c->file && !c->keep_file)
		unlink(c->file);
	free(c->file);
	s3_meta_done(&c->meta);
	s3_pairs_done(&c->tags);
	json_free(c->facts);
}

static void job_free(struct state_job *j)
{
	archive_lane_free(j->lane);
	s3_object_done(&j->object);
	free(j->path);
	free(j);
}

static void warn(struct state_run *run, const char *text)
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

/* ---- getting ---- */

static struct s3_get get_of(const struct state_job *j, bool as_listed)
{
	return (struct s3_get){
	    .key = j->object.key,
	    .version_id = j->object.version_id,
	    .if_match = as_listed ? j->object.etag : NULL,
	};
}

static int get_small(
    struct state_job *j, struct content *c, bool as_listed, struct err *err)
{
	const struct s3_get g = get_of(j, as_listed);

	s3_meta_done(&c->meta);
	buf_clear(&c->data);
	if (s3_get(j->bucket->bucket->s3, &g, j->bucket->run->small_bytes,
		&c->data, &c->meta, err))
		return -1;
	c->size = c->data.len;
	return 0;
}

static void begin_large(struct state_run *run)
{
	pthread_mutex_lock(&run->lock);
	while (run->large_now >= LARGE_AT_ONCE)
		pthread_cond_wait(&run->changed, &run->lock);
	run->large_now++;
	pthread_mutex_unlock(&run->lock);
}

static void end_large(struct state_run *run)
{
	pthread_mutex_lock(&run->lock);
	run->large_now--;
	pthread_cond_broadcast(&run->changed);
	pthread_mutex_unlock(&run->lock);
}

static int fill_file(struct state_job *j, struct content *c, struct err *err)
{
	struct s3_get g = get_of(j, false);
	autoclose int fd = open(
	    c->file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_system(err, errno, "cannot write %s", c->file);
	g.if_match = c->meta.etag;
	return s3_get_to_fd(j->bucket->bucket->s3, &g, c->meta.size, fd, 0,
	    c->file, RANGES_PER_LARGE, err);
}

static int get_large(
    struct state_job *j, struct content *c, bool as_listed, struct err *err)
{
	struct state_run *run = j->bucket->run;
	char id[STATE_CACHE_ID];

	s3_meta_done(&c->meta);
	if (s3_head(j->bucket->bucket->s3, j->object.key, j->object.version_id,
		&c->meta, err))
		return -1;
	if (as_listed && !str_eq(c->meta.etag, j->object.etag))
		return err_set(err, ERR_EXISTS, "it changed since the list");
	state_cache_id(s3_bucket(j->bucket->bucket->s3), &j->object, id);
	if (!c->file)
		c->file = state_cache_new_file(&run->cache, id, c->meta.size);
	if (!c->file)
		c->file = str_printf("%s/state-%s", run->env->scratch, id);
	begin_large(run);
	int failed = fill_file(j, c, err);
	end_large(run);
	c->size = c->meta.size;
	return failed;
}

static int get_once(
    struct state_job *j, struct content *c, bool as_listed, struct err *err)
{
	struct state_run *run = j->bucket->run;
	uint64_t size = as_listed ? j->object.size : 0;
	struct s3_meta now = S3_META_INIT;

	/* One that changed may have grown out of memory. */
	if (!as_listed) {
		if (s3_head(j->bucket->bucket->s3, j->object.key,
			j->object.version_id, &now, err))
			return -1;
		size = now.size;
		s3_meta_done(&now);
	}
	return size <= run->small_bytes ? get_small(j, c, as_listed, err)
					: get_large(j, c, as_listed, err);
}

static int get_tags(struct state_job *j, struct content *c)
{
	struct state_bucket_run *b = j->bucket;
	struct err why = ERR_INIT;

	pthread_mutex_lock(&b->run->lock);
	bool none = b->no_tags;
	pthread_mutex_unlock(&b->run->lock);
	if (none || !c->meta.tag_count)
		return 0;
	if (!s3_get_tags(b->bucket->s3, j->object.key, j->object.version_id,
		&c->tags, &why))
		return 0;
	pthread_mutex_lock(&b->run->lock);
	if (!b->no_tags)
		capture_report_warning(b->run->report,
		    "bucket '%s': tags are left out: %s",
		    s3_bucket(b->bucket->s3), why.message);
	b->no_tags = true;
	pthread_mutex_unlock(&b->run->lock);
	return 0;
}

/* As listed; one that has changed since, as it is now. */
static int get(struct state_job *j, struct content *c, struct err *err)
{
	for (int i = 0;; i++) {
		struct err why = ERR_INIT;
		if (!get_once(j, c, i == 0, &why))
			break;
		if (why.code != ERR_EXISTS || i == READ_AGAIN || j->older) {
			*err = why;
			return -1;
		}
		c->changed = true;
	}
	return get_tags(j, c);
}

/* ---- what it is ---- */

static int look_into_file(struct content *c, struct err *err)
{
	autoclose int fd = open(c->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	cleanup(digest_freep) struct digest *sha = digest_new(DIGEST_SHA256);
	cleanup(digest_freep) struct digest *md5 = digest_new(DIGEST_MD5);
	cleanup(state_reader_freep) struct state_reader *r = state_reader_new();
	autofree char *block = mem_alloc(BLOCK_BYTES);
	uint64_t all = 0;
	ssize_t n = 0;

	if (fd < 0)
		return err_system(err, errno, "cannot read %s", c->file);
	while ((n = read(fd, block, BLOCK_BYTES)) > 0) {
		all += (uint64_t)n;
		digest_add(sha, block, (size_t)n);
		digest_add(md5, block, (size_t)n);
		state_reader_add(r, block, (size_t)n);
	}
	if (n < 0)
		return err_system(err, errno, "cannot read %s", c->file);
	if (all != c->size)
		return err_set(err, ERR_INTEGRITY,
		    "%s is not as long as what was read into it: something "
		    "else wrote to it",
		    c->file);
	digest_finish(sha, c->sha256);
	digest_finish(md5, c->md5);
	state_reader_finish(r, &c->state);
	return 0;
}

static int look_into(struct content *c, struct err *err)
{
	if (c->file)
		return look_into_file(c, err);
	digest_of(DIGEST_MD5, buf_str(&c->data), c->data.len, c->md5);
	state_facts_of(buf_str(&c->data), c->data.len, &c->state);
	return 0;
}

static void set_text(struct json_object *j, const char *name, const char *text)
{
	if (text && *text)
		json_set_str(j, name, text);
}

static struct json_object *pairs_to_json(const struct s3_pair_vec *v)
{
	struct json_object *j = json_new_object();

	VEC_EACH (v, p)
		json_set_str(j, p->name, p->value);
	return j;
}

static struct json_object *make_facts(
    const struct state_job *j, const struct content *c)
{
	struct json_object *f = json_new_object();
	const struct s3_meta *m = &c->meta;
	autofree char *workspace = state_workspace(j->object.key);

	json_set_str(f, "bucket", s3_bucket(j->bucket->bucket->s3));
	json_set_str(f, "key", j->object.key);
	json_set_int(f, "size", (int64_t)c->size);
	json_set_int(f, "mtime", m->mtime ? m->mtime : j->object.mtime);
	set_text(f, "etag", m->etag);
	set_text(f, "version_id",
	    m->version_id ? m->version_id : j->object.version_id);
	set_text(f, "content_type", m->content_type);
	set_text(f, "content_encoding", m->content_encoding);
	set_text(f, "content_disposition", m->content_disposition);
	set_text(f, "content_language", m->content_language);
	set_text(f, "cache_control", m->cache_control);
	set_text(f, "sse", m->sse);
	set_text(f, "sse_kms_key_id", m->sse_kms_key_id);
	set_text(f, "storage_class", m->storage_class);
	if (m->user.len)
		json_set(f, "metadata", pairs_to_json(&m->user));
	if (c->tags.len)
		json_set(f, "tags", pairs_to_json(&c->tags));
	state_facts_to_json(&c->state, f);
	set_text(f, "workspace", workspace);
	if (j->older)
		json_set_bool(f, "older", true);
	return f;
}

/* ---- into the archive ---- */

VEC_DEFINE(attr_vec, struct archive_attr);

static void add_attr(
    struct attr_vec *v, struct strvec *own, char *name, const char *value)
{
	struct archive_attr *a = vec_add(v);

	*vec_add(own) = name;
	a->name = name;
	a->value = value;
}

static void add_attrs(
    struct attr_vec *v, struct strvec *own, const struct json_object *facts)
{
	static const char *const plain[] = {"etag", "version_id",
	    "content_type", "content_encoding", "content_disposition",
	    "content_language", "cache_control", "sse", "sse_kms_key_id",
	    "storage_class", "key"};

	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		const char *text = json_get_str(facts, plain[i]);
		if (text)
			add_attr(v, own, str_printf("s3.%s", plain[i]), text);
	}
	static const char *const groups[] = {"metadata", "tags"};
	for (size_t i = 0; i < 2; i++)
		for (struct json_iter it =
			 json_iter(json_get(facts, groups[i]));
		     json_next(&it);)
			add_attr(v, own,
			    str_printf("s3.%s.%s", groups[i], it.key),
			    json_str(it.value));
}

static void attr_vec_done(struct attr_vec *v)
{
	vec_done(v);
}

static int put_into_archive(
    struct state_job *j, const struct content *c, struct err *err)
{
	cleanup(attr_vec_done) struct attr_vec attrs = VEC_INIT;
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	autofree char *source = str_printf(
	    "s3://%s/%s", s3_bucket(j->bucket->bucket->s3), j->object.key);

	add_attrs(&attrs, &names, c->facts);
	const struct archive_entry e = {
	    .path = j->path,
	    .source = source,
	    .mtime = json_get_int(c->facts, "mtime", 0),
	    .attrs = attrs.items,
	    .attr_count = attrs.len,
	    .facts = c->facts,
	};
	int failed = c->file ? archive_lane_add_file(j->lane, &e, c->file, err)
			     : archive_lane_add(j->lane, &e, buf_str(&c->data),
				   c->data.len, err);
	return failed ? -1 : archive_lane_commit(j->lane, err);
}

/* ---- what is to be said of it ---- */

static void note_in_table(struct state_job *j, const char *lock_id,
    const struct content *c, struct err *err)
{
	struct state_bucket_run *b = j->bucket;
	struct dynamodb *table = b->bucket->locks;
	autofree char *digest_id = str_printf("%s-md5", lock_id);
	autofree char *holder = NULL;
	autofree char *digest = NULL;
	char hex[2 * DIGEST_MD5_LEN + 1];

	if (dynamodb_get(table, lock_id, "Info", &holder, err) ||
	    dynamodb_get(table, digest_id, "Digest", &digest, err))
		return;
	if (holder) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		buf_printf(&text,
		    "state 's3://%s' is locked in table '%s' and may be in "
		    "motion: ",
		    lock_id, dynamodb_table(table));
		cleanup(buf_done) struct buf who = BUF_INIT;
		state_describe_lock(&who, holder, strlen(holder));
		buf_add_str(&text, buf_str(&who));
		pthread_mutex_lock(&b->run->lock);
		capture_report_warning(b->run->report, "%s", buf_str(&text));
		strvec_add(&b->held, lock_id);
		pthread_mutex_unlock(&b->run->lock);
	}
	digest_hex(c->md5, sizeof(c->md5), hex);
	if (digest && !str_eq(digest, hex)) {
		autofree char *text = str_printf(
		    "state 's3://%s' is not what table '%s' has the digest "
		    "of: it is being written, or Terraform will refuse it",
		    lock_id, dynamodb_table(table));
		warn(b->run, text);
	}
}

static void ask_table(struct state_job *j, struct content *c)
{
	struct state_bucket_run *b = j->bucket;
	struct err why = ERR_INIT;
	struct err ignored = ERR_INIT;
	autofree char *lock_id =
	    str_printf("%s/%s", s3_bucket(b->bucket->s3), j->object.key);

	pthread_mutex_lock(&b->run->lock);
	bool skip = b->no_locks;
	pthread_mutex_unlock(&b->run->lock);
	if (!b->bucket->locks || skip || j->older || !c->state.state)
		return;
	/* What came from the cache was not looked into for its digest. */
	if (c->cached && look_into(c, &ignored))
		return;
	note_in_table(j, lock_id, c, &why);
	if (why.code == ERR_NONE)
		return;
	pthread_mutex_lock(&b->run->lock);
	if (!b->no_locks)
		capture_report_warning(b->run->report,
		    "bucket '%s': locks could not be looked at: %s",
		    s3_bucket(b->bucket->s3), why.message);
	b->no_locks = true;
	pthread_mutex_unlock(&b->run->lock);
}

static void add_result(
    struct state_bucket_run *b, struct state_job *j, const struct content *c)
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

static void account(struct state_job *j, const struct content *c)
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
static void facts_back(struct content *c)
{
	c->state.state = json_get(c->facts, "serial") != NULL;
	c->state.json =
	    c->state.state || json_truth(json_get(c->facts, "json"), false);
}

static int bring(struct state_job *j, struct content *c, struct err *err)
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
	if (get(j, c, err) || look_into(c, err))
		return -1;
	c->facts = make_facts(j, c);
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

static void note_lock_object(struct state_job *j)
{
	struct state_bucket_run *b = j->bucket;
	cleanup(buf_done) struct buf body = BUF_INIT;
	cleanup(buf_done) struct buf who = BUF_INIT;
	struct err why = ERR_INIT;
	const struct s3_get g = {.key = j->object.key};

	if (s3_get(b->bucket->s3, &g, MAX_LOCK_BYTES, &body, NULL, &why)) {
		if (why.code == ERR_NOT_FOUND)
			return; /* released since the list */
		buf_add_str(&who, "holder unknown");
	} else {
		state_describe_lock(&who, buf_str(&body), body.len);
	}
	pthread_mutex_lock(&b->run->lock);
	capture_report_warning(b->run->report,
	    "lock 's3://%s/%s' is held (%s): that state may be in motion; the "
	    "lock is left out",
	    s3_bucket(b->bucket->s3), j->object.key, buf_str(&who));
	strvec_add(&b->held, j->object.key);
	pthread_mutex_unlock(&b->run->lock);
}

static void capture_object(struct state_job *j)
{
	cleanup(content_done) struct content c = {.file = NULL};
	struct state_run *run = j->bucket->run;
	struct err why = ERR_INIT;

	if (bring(j, &c, &why)) {
		if (why.code == ERR_CANCELLED)
			return state_run_fatal(run, &why);
		if (why.code == ERR_NOT_FOUND) {
			autofree char *text = str_printf(
			    "'s3://%s/%s' was deleted while the backup ran",
			    s3_bucket(j->bucket->bucket->s3), j->object.key);
			return warn(run, text);
		}
		return missing(j, &why);
	}
	ask_table(j, &c);
	if (put_into_archive(j, &c, &why))
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
			note_lock_object(j);
	}
	job_free(j);
}
