/* One object out of the bucket: small ones into memory, large ones into a file
 * by ranges side by side; again, if it changes meanwhile. */
#include "agent/terraform/run.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	READ_AGAIN = 3,	      /* an object that changes while it is read */
	RANGES_PER_LARGE = 4, /* connections */
	LARGE_IN_SCRATCH = 2, /* the room it takes has a bound then */
};

void state_content_done(struct state_content *c)
{
	buf_done(&c->data);
	if (c->file && !c->keep_file)
		unlink(c->file);
	free(c->file);
	s3_meta_done(&c->meta);
	s3_pairs_done(&c->tags);
	json_free(c->facts);
}

static struct s3_get get_of(const struct state_job *j, bool as_listed)
{
	return (struct s3_get){
	    .key = j->object.key,
	    .version_id = j->object.version_id,
	    .if_match = as_listed ? j->object.etag : NULL,
	};
}

static int get_small(struct state_job *j, struct state_content *c,
    bool as_listed, struct err *err)
{
	const struct s3_get g = get_of(j, as_listed);

	s3_meta_done(&c->meta);
	buf_clear(&c->data);
	/* It was large a moment ago. */
	if (c->file)
		unlink(c->file);
	free(c->file);
	c->file = NULL;
	if (s3_get(j->bucket->bucket->s3, &g, j->bucket->run->small_bytes,
		&c->data, &c->meta, err))
		return -1;
	c->size = c->data.len;
	return 0;
}

/* Jobs end in the order of their numbers, so that this wait ends. */
static void wait_for_space(const struct state_job *j)
{
	struct state_run *run = j->bucket->run;

	pthread_mutex_lock(&run->lock);
	while (j->scratch_number >= run->scratch_freed + LARGE_IN_SCRATCH)
		pthread_cond_wait(&run->changed, &run->lock);
	pthread_mutex_unlock(&run->lock);
}

static int fill_file(
    struct state_job *j, struct state_content *c, struct err *err)
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

static int get_large(struct state_job *j, struct state_content *c,
    bool as_listed, struct err *err)
{
	struct state_run *run = j->bucket->run;
	char id[STATE_ID];

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
	if (j->fills_scratch)
		wait_for_space(j);
	c->size = c->meta.size;
	return fill_file(j, c, err);
}

static int get_once(struct state_job *j, struct state_content *c,
    bool as_listed, struct err *err)
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

/* A store that has no tags, or does not show them to us, says so for all. */
static void leave_tags_out(struct state_bucket_run *b, const struct err *why)
{
	pthread_mutex_lock(&b->run->lock);
	if (!b->no_tags)
		capture_report_warning(b->run->report,
		    "bucket '%s': tags are left out: %s",
		    s3_bucket(b->bucket->s3), why->message);
	b->no_tags = true;
	pthread_mutex_unlock(&b->run->lock);
}

static int get_tags(
    struct state_job *j, struct state_content *c, struct err *err)
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
	if (why.code == ERR_DENIED || why.code == ERR_FORMAT) {
		leave_tags_out(b, &why);
		return 0;
	}
	*err = why;
	return err_wrap(err, "its tags");
}

/* As listed; one that has changed since, as it is now. */
int state_content_get(
    struct state_job *j, struct state_content *c, struct err *err)
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
	return get_tags(j, c, err);
}
