/* Collects the facts of an object, and puts both into the archive. */
#include "agent/terraform/facts.h"

#include "agent/terraform/job.h"
#include "agent/terraform/run.h"
#include "storage/archive/lane.h"
#include "storage/aws/s3_checksum.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK_BYTES = 128 * 1024 };

/* ---- what it is ---- */

/* Reads a large one, block by block; fn returns whether it wants more. */
static int parse_file(const struct terraform_content *c,
    bool (*fn)(void *ctx, const void *data, size_t len), void *ctx,
    struct err *err)
{
	autoclose int fd = open(c->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	autofree char *block = mem_alloc(BLOCK_BYTES);
	struct stat st;
	ssize_t n = 0;

	if (fd < 0 || fstat(fd, &st))
		return err_system(err, errno, "cannot read %s", c->file);
	if ((uint64_t)st.st_size != c->size)
		return err_set(err, ERR_INTEGRITY,
		    "%s is not as long as what was read into it: something "
		    "else wrote to it",
		    c->file);
	while (
	    (n = read(fd, block, BLOCK_BYTES)) > 0 && fn(ctx, block, (size_t)n))
		;
	return n < 0 ? err_system(err, errno, "cannot read %s", c->file) : 0;
}

static bool add_to_reader(void *ctx, const void *data, size_t len)
{
	state_reader_add(ctx, data, len);
	return state_reader_hopes(ctx);
}

int terraform_facts_read(struct terraform_content *c, struct err *err)
{
	cleanup(state_reader_freep) struct state_reader *r = state_reader_new();

	if (!c->file)
		add_to_reader(r, buf_str(&c->data), c->data.len);
	else if (parse_file(c, add_to_reader, r, err))
		return -1;
	state_reader_finish(r, &c->state);
	return 0;
}

static bool add_to_digest(void *ctx, const void *data, size_t len)
{
	digest_add(ctx, data, len);
	return true;
}

int terraform_facts_md5(const struct terraform_content *c,
    uint8_t md5[DIGEST_MD5_LEN], struct err *err)
{
	cleanup(digest_freep) struct digest *d = digest_new(DIGEST_MD5);

	if (!c->file)
		digest_add(d, buf_str(&c->data), c->data.len);
	else if (parse_file(c, add_to_digest, d, err))
		return -1;
	digest_finish(d, md5);
	return 0;
}

static bool add_to_checksum(void *ctx, const void *data, size_t len)
{
	s3_checksum_add(ctx, data, len);
	return true;
}

int terraform_facts_checksum(
    const struct terraform_content *c, bool *right, struct err *err)
{
	cleanup(s3_checksum_freep) struct s3_checksum *sum =
	    s3_checksum_new(c->meta.checksum);

	*right = true;
	if (!sum)
		return 0;
	if (!c->file)
		s3_checksum_add(sum, buf_str(&c->data), c->data.len);
	else if (parse_file(c, add_to_checksum, sum, err))
		return -1;
	*right = s3_checksum_is_right(sum);
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

struct json_object *terraform_facts_json(
    const struct terraform_job *j, const struct terraform_content *c)
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
	if (m->customer_key)
		json_set_bool(f, "sse_customer_key", true);
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

static bool was_replaced(const struct json_object *value)
{
	const char *text = json_str(value);

	return text && strstr(text, "\xef\xbf\xbd");
}

/* Whether the text differs from what is in the store, because that is not
 * UTF-8. */
static bool metadata_was_replaced(const struct json_object *facts)
{
	for (struct json_iter it = json_iter(facts); json_next(&it);)
		if (!str_eq(it.key, "key") && was_replaced(it.value))
			return true;
	for (struct json_iter it = json_iter(json_get(facts, "metadata"));
	     json_next(&it);)
		if (was_replaced(it.value))
			return true;
	return false;
}

/* Terraform cannot read what is not JSON, so such an object is not a usable
 * backup of a state. */
static void warn_not_state(struct terraform_job *j)
{
	const struct terraform_content *c = &j->content;
	const struct terraform_bucket_run *b = j->bucket;
	const char *bucket = s3_bucket(b->bucket->s3);
	struct err why = ERR_INIT;

	if (!c->size)
		return capture_report_warning(b->run->report,
		    "'s3://%s/%s' is empty: Terraform takes it for a state "
		    "that is yet to be written; kept as it is",
		    bucket, j->object.key);
	if (c->state.json || j->older || b->bucket->allow_non_state)
		return capture_report_warning(b->run->report,
		    "'s3://%s/%s' is %s: kept as it is", bucket, j->object.key,
		    c->state.json ? "JSON, but no Terraform state"
				  : "not JSON");
	err_set(&why, ERR_FORMAT,
	    "it is not JSON, which Terraform calls an unsupported state file "
	    "format: it is kept as it is, and is not a backup of a state; look "
	    "at it, or say 'allow_non_state: true' for this bucket");
	capture_report_missing(
	    b->run->report, &why, "state 's3://%s/%s'", bucket, j->object.key);
}

void terraform_facts_warn(struct terraform_job *j)
{
	const struct terraform_content *c = &j->content;
	struct capture_report *report = j->bucket->run->report;
	const char *bucket = s3_bucket(j->bucket->bucket->s3);

	if (!c->state.state && str_ends(j->object.key, ".tfstate"))
		warn_not_state(j);
	if (c->changed)
		capture_report_warning(report,
		    "'s3://%s/%s' changed while it was read, and was read "
		    "again",
		    bucket, j->object.key);
	if (metadata_was_replaced(c->facts))
		capture_report_warning(report,
		    "'s3://%s/%s' has metadata that is not UTF-8: each such "
		    "byte is kept as U+FFFD",
		    bucket, j->object.key);
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

/* Reads a small one from where it was put aside. */
static int bring_back(struct terraform_job *j, struct err *err)
{
	struct terraform_bucket_run *b = j->bucket;
	struct terraform_content *c = &j->content;

	if (c->file)
		return 0;
	if (terraform_pack_read(&c->aside, &b->data, &b->facts, err))
		return -1;
	c->facts = json_parse(buf_str(&b->facts), b->facts.len, err);
	return c->facts ? 0 : -1;
}

int terraform_facts_archive(struct terraform_job *j, struct err *err)
{
	cleanup(attr_vec_done) struct attr_vec attrs = VEC_INIT;
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	cleanup(buf_done) struct buf facts = BUF_INIT;
	struct terraform_content *c = &j->content;
	const struct buf *data = &j->bucket->data;
	autofree char *source = str_printf(
	    "s3://%s/%s", s3_bucket(j->bucket->bucket->s3), j->object.key);

	if (bring_back(j, err))
		return -1;
	add_attrs(&attrs, &names, c->facts);
	json_write(&facts, c->facts, JSON_COMPACT);
	const struct archive_entry e = {
	    .path = j->path,
	    .source = source,
	    .mtime = json_get_int(c->facts, "mtime", 0),
	    .attrs = attrs.items,
	    .attr_count = attrs.len,
	    .facts = buf_str(&facts),
	    .sha256 = c->sha256,
	};
	if (c->file
		? archive_lane_add_file(j->lane, &e, c->file, err)
		: archive_lane_add(j->lane, &e, buf_str(data), data->len, err))
		return -1;
	return archive_lane_commit(j->lane, err);
}
