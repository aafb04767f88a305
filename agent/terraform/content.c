/* Downloads one object from its bucket: small ones into memory, large ones into
 * a file by ranges side by side. It starts again if the object changes
 * meanwhile. */
#include "agent/terraform/content.h"

#include "agent/terraform/cache.h"
#include "agent/terraform/facts.h"
#include "agent/terraform/job.h"
#include "agent/terraform/run.h"
#include "storage/archive/limits.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	READ_AGAIN =
	    3, /* attempts at an object that changes while it is read */
	RANGES_PER_LARGE = 4, /* connections */
	LARGE_IN_SCRATCH = 2, /* so that the memory it needs has a bound */
};

void terraform_content_done(struct terraform_content *c)
{
	buf_done(&c->data);
	if (c->file && !c->keep_file)
		unlink(c->file);
	free(c->file);
	s3_meta_done(&c->meta);
	s3_pairs_done(&c->tags);
	json_free(c->facts);
}

/* How the object is requested this time. */
enum ask {
	AS_LISTED,  /* the version that the list named */
	AS_IT_IS,   /* whatever version exists now */
	AS_IT_LIES, /* the same, packed if the store keeps it packed */
};

static struct s3_get get_of(const struct terraform_job *j, enum ask ask)
{
	const char *etag = j->object.etag;

	return (struct s3_get){
	    .key = j->object.key,
	    .version_id = j->object.version_id,
	    .if_match = ask == AS_LISTED && etag && *etag ? etag : NULL,
	    .packed = ask == AS_IT_LIES,
	    .checksum = true,
	};
}

static int get_small(struct terraform_job *j, struct terraform_content *c,
    enum ask ask, struct err *err)
{
	const struct s3_get g = get_of(j, ask);

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

/* Jobs end in the order of their numbers, so this wait ends. */
static void wait_for_space(const struct terraform_job *j)
{
	struct terraform_run *run = j->bucket->run;

	pthread_mutex_lock(&run->lock);
	while (j->scratch_number >= run->scratch_freed + LARGE_IN_SCRATCH)
		pthread_cond_wait(&run->changed, &run->lock);
	pthread_mutex_unlock(&run->lock);
}

static int fill_file(
    struct terraform_job *j, struct terraform_content *c, struct err *err)
{
	struct s3_get g = get_of(j, AS_IT_IS);
	autoclose int fd = open(
	    c->file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_system(err, errno, "cannot write %s", c->file);
	g.if_match = c->meta.etag;
	return s3_get_to_fd(j->bucket->bucket->s3, &g, c->meta.size, fd, 0,
	    c->file, RANGES_PER_LARGE, err);
}

static int get_large(struct terraform_job *j, struct terraform_content *c,
    enum ask ask, struct err *err)
{
	struct terraform_run *run = j->bucket->run;
	char id[STATE_ID];

	s3_meta_done(&c->meta);
	if (s3_head_checksum(j->bucket->bucket->s3, j->object.key,
		j->object.version_id, &c->meta, err))
		return -1;
	if (ask == AS_LISTED && j->object.etag && *j->object.etag &&
	    !s3_same_etag(c->meta.etag, j->object.etag))
		return err_set(err, ERR_EXISTS, "it changed since the list");
	const char *wrong = limits_state_wrong(c->meta.size);
	if (wrong)
		return err_set(err, ERR_FORMAT,
		    "it %s, the most that a restore can write; exclude its "
		    "key, and keep it in another way",
		    wrong);
	terraform_cache_id(
	    &j->bucket->run->cache, j->bucket->bucket->s3, &j->object, id);
	if (!c->file)
		c->file =
		    terraform_cache_new_file(&run->cache, id, c->meta.size);
	if (!c->file)
		c->file = str_printf("%s/state-%s", run->env->scratch, id);
	if (j->fills_scratch)
		wait_for_space(j);
	c->size = c->meta.size;
	return fill_file(j, c, err);
}

static int get_once(struct terraform_job *j, struct terraform_content *c,
    enum ask ask, struct err *err)
{
	struct terraform_run *run = j->bucket->run;
	uint64_t size = ask == AS_LISTED ? j->object.size : 0;
	struct s3_meta now = S3_META_INIT;

	/* An object that changed may now be too large for memory. */
	if (ask != AS_LISTED) {
		if (s3_head(j->bucket->bucket->s3, j->object.key,
			j->object.version_id, &now, err))
			return -1;
		size = now.size;
		s3_meta_done(&now);
	}
	return size <= run->small_bytes ? get_small(j, c, ask, err)
					: get_large(j, c, ask, err);
}

/* If the store has no tags, or does not show them to us, that is reported once
 * for all objects. */
static void exclude_tags(struct terraform_bucket_run *b, const struct err *why)
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
    struct terraform_job *j, struct terraform_content *c, struct err *err)
{
	struct terraform_bucket_run *b = j->bucket;
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
		exclude_tags(b, &why);
		return 0;
	}
	*err = why;
	return err_wrap(err, "its tags");
}

/* ---- whether it is what the store holds ---- */

/* The size in the list is no longer right if the object has changed since; the
 * size in the answer is. */
static int check_size(const struct terraform_job *j,
    const struct terraform_content *c, enum ask ask, struct err *err)
{
	const char *encoding = c->meta.content_encoding;

	if (ask != AS_LISTED && !s3_same_etag(c->meta.etag, j->object.etag))
		return 0;
	if (c->size == j->object.size)
		return 0;
	return err_set(err, ERR_INTEGRITY,
	    "%" PRIu64 " bytes came where the store's list says %" PRIu64
	    "%s%.40s%s: something between the store and here packs, unpacks "
	    "or cuts what passes (a CDN or a proxy); let 'endpoint' be the "
	    "store itself",
	    c->size, j->object.size, encoding ? " (Content-Encoding: " : "",
	    encoding ? encoding : "", encoding ? ")" : "");
}

static int check_md5(const struct terraform_content *c, struct err *err)
{
	uint8_t announced[DIGEST_MD5_LEN];
	uint8_t is[DIGEST_MD5_LEN];

	if (!s3_etag_md5(&c->meta, announced))
		return 0;
	if (terraform_facts_md5(c, is, err))
		return -1;
	if (memcmp(announced, is, sizeof(announced)) == 0)
		return 0;
	return err_set(err, ERR_INTEGRITY,
	    "the %" PRIu64 " bytes that came are not those whose MD5 is its "
	    "ETag (%.80s): they were changed in the store or on the way",
	    c->size, c->meta.etag);
}

/* What an ETag cannot tell of an object that the key service encrypts, or that
 * was uploaded in parts. */
static int check_checksum(const struct terraform_content *c, struct err *err)
{
	bool right = true;

	if (!c->meta.checksum)
		return 0;
	if (terraform_facts_checksum(c, &right, err))
		return -1;
	if (right)
		return 0;
	return err_set(err, ERR_INTEGRITY,
	    "the %" PRIu64 " bytes that came do not have the checksum that the "
	    "store keeps of it (%.100s): they were changed in the store or on "
	    "the way",
	    c->size, c->meta.checksum);
}

/* The version that was listed. If it has changed since, or did not arrive as
 * the store describes it, the current one. */
int terraform_content_get(
    struct terraform_job *j, struct terraform_content *c, struct err *err)
{
	struct err why = ERR_INIT;

	for (int i = 0; i <= READ_AGAIN; i++) {
		enum ask ask = i == 0		? AS_LISTED
			       : i < READ_AGAIN ? AS_IT_IS
						: AS_IT_LIES;
		why = (struct err)ERR_INIT;
		if (!get_once(j, c, ask, &why) &&
		    !check_size(j, c, ask, &why) && !check_md5(c, &why) &&
		    !check_checksum(c, &why)) {
			c->changed =
			    i && !s3_same_etag(c->meta.etag, j->object.etag);
			return get_tags(j, c, err);
		}
		if ((why.code != ERR_EXISTS || j->older) &&
		    why.code != ERR_INTEGRITY)
			break;
	}
	*err = why;
	return -1;
}
