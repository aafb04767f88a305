#include "restore/apply_state_parts.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { UPLOAD_MEMORY_BYTES = 24 * 1024 * 1024, UPLOAD_PARTS = 2 };
static const size_t default_max_bytes = (size_t)512 * 1024 * 1024;

char *apply_state_target_key(
    const struct apply_state_options *o, const char *key)
{
	const char *from = o->from_prefix ? o->from_prefix : "";

	if (!str_starts(key, from))
		return str_dup(key);
	return str_printf(
	    "%s%s", o->to_prefix ? o->to_prefix : "", key + strlen(from));
}

int apply_state_check_table(
    const struct apply_state_options *o, struct err *err)
{
	return o->locks ? dynamodb_check(o->locks, err) : 0;
}

/* ---- one object under way ---- */

struct applying {
	const struct apply_state_options *o;
	const struct apply_state_object *object;
	const char *file;
	char *key; /* in the target */
	struct state_bytes ours;
	struct state_bytes theirs;
	struct outcome *outcome;
};

/* ---- may it be written ---- */

static int check_serials(const struct applying *a, struct err *err)
{
	const struct state_facts *ours = &a->ours.state;
	const struct state_facts *theirs = &a->theirs.state;

	if (strcmp(ours->lineage, theirs->lineage) != 0)
		return err_set(err, ERR_EXISTS,
		    "what is there is another state (lineage '%s', ours '%s')",
		    theirs->lineage, ours->lineage);
	if (theirs->serial > ours->serial)
		return err_set(err, ERR_EXISTS,
		    "what is there is newer (serial %" PRId64 ", ours %" PRId64
		    ")",
		    theirs->serial, ours->serial);
	if (theirs->serial == ours->serial)
		return err_set(err, ERR_EXISTS,
		    "what is there has the same serial %" PRId64
		    " and other content",
		    theirs->serial);
	return 0;
}

static int check_compatible(const struct applying *a, struct err *err)
{
	if (!a->theirs.there || !a->theirs.state.state)
		return 0;
	if (a->ours.state.state)
		return check_serials(a, err);
	return err_set(err, ERR_EXISTS,
	    "what is there is state, and what would replace it is not");
}

static int may_write(const struct applying *a, struct err *err)
{
	if (!check_compatible(a, err))
		return 0;
	if (a->o->force) {
		outcome_note(a->outcome, "forced: %s", err->message);
		return 0;
	}
	return err_wrap(err, "refused, and left as it is (--force overrules)");
}

/* ---- writing ---- */

static char *text_of(const struct json_object *facts, const char *name)
{
	return str_dup(json_get_str(facts, name));
}

static void take_pairs(
    const struct json_object *facts, const char *name, struct s3_pair_vec *out)
{
	for (struct json_iter it = json_iter(json_get(facts, name));
	     json_next(&it);)
		if (json_str(it.value))
			s3_pairs_add(out, it.key, json_str(it.value));
}

static void take_encryption(const struct applying *a, struct s3_meta *m)
{
	const char *sse = json_get_str(a->object->facts, "sse");

	/* What a bucket does by itself needs no asking for. */
	if (!sse || !str_starts(sse, "aws:kms") ||
	    a->o->kms == APPLY_STATE_KMS_DROP)
		return;
	m->sse = str_dup(sse);
	m->sse_kms_key_id = a->o->kms == APPLY_STATE_KMS_KEY
				? str_dup(a->o->kms_key_id)
				: text_of(a->object->facts, "sse_kms_key_id");
}

static void make_meta(
    const struct applying *a, struct s3_meta *m, struct s3_pair_vec *tags)
{
	const struct json_object *f = a->object->facts;
	const char *class = json_get_str(f, "storage_class");

	m->content_type = text_of(f, "content_type");
	m->content_encoding = text_of(f, "content_encoding");
	m->content_disposition = text_of(f, "content_disposition");
	m->content_language = text_of(f, "content_language");
	m->cache_control = text_of(f, "cache_control");
	take_pairs(f, "metadata", &m->user);
	take_pairs(f, "tags", tags);
	take_encryption(a, m);
	if (class && !str_eq(class, "STANDARD"))
		outcome_note(a->outcome,
		    "storage class %s is left to the target bucket", class);
}

static int write_object(const struct applying *a, struct err *err)
{
	cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
	cleanup(s3_pairs_done) struct s3_pair_vec tags = VEC_INIT;
	int fd = open(a->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_system(err, errno, "cannot read %s", a->file);
	cleanup(source_freep) struct source *from = source_from_fd(fd, a->file);
	make_meta(a, &meta, &tags);
	const struct s3_upload u = {
	    .put = {.key = a->key, .meta = &meta, .tags = &tags},
	    .memory_bytes = UPLOAD_MEMORY_BYTES,
	    .parallel = UPLOAD_PARTS,
	    .expected_bytes = a->ours.size,
	};
	cleanup(sink_freep) struct sink *to = s3_sink(a->o->s3, &u, NULL, err);
	if (!to || stream_copy(from, to, err) < 0)
		return -1;
	return sink_finish(to, err);
}

/* Terraform holds the object against this digest before it believes it. */
static int set_digest(const struct applying *a, bool *changed, struct err *err)
{
	autofree char *lock_id =
	    str_printf("%s/%s-md5", s3_bucket(a->o->s3), a->key);
	autofree char *digest = NULL;
	autofree char *back = NULL;

	if (!a->o->locks)
		return 0;
	if (dynamodb_get(a->o->locks, lock_id, "Digest", &digest, err))
		return -1;
	if (str_eq(digest, a->ours.md5))
		return 0;
	if (dynamodb_put(
		a->o->locks, lock_id, "Digest", a->ours.md5, false, err) ||
	    dynamodb_get(a->o->locks, lock_id, "Digest", &back, err))
		return -1;
	if (!str_eq(back, a->ours.md5))
		return err_set(err, ERR_INTEGRITY,
		    "the digest of %s is not what was written", lock_id);
	*changed = true;
	return 0;
}

static int read_back(const struct applying *a, struct err *err)
{
	struct state_bytes back;

	if (state_bytes_of_object(a->o->s3, a->key, &back, err))
		return err_wrap(err, "read back");
	if (!state_bytes_equal(&back, &a->ours))
		return err_set(err, ERR_INTEGRITY,
		    "what was written does not read back the same: something "
		    "else writes to it");
	return 0;
}

static int write_all(struct applying *a, struct err *err)
{
	bool changed = false;

	if (write_object(a, err))
		return err_wrap(err, "write");
	if (set_digest(a, &changed, err)) {
		outcome_set(a->outcome, OUTCOME_PARTIAL,
		    "the object is written, its digest is not, and Terraform "
		    "will refuse it: %s; apply again",
		    err->message);
		return 0;
	}
	if (read_back(a, err))
		return -1;
	outcome_set(a->outcome,
	    a->theirs.there ? OUTCOME_UPDATED : OUTCOME_CREATED, "%s/%s%s",
	    s3_bucket(a->o->s3), a->key, changed ? ", digest set" : "");
	return 0;
}

static int leave_equal(struct applying *a, struct err *err)
{
	bool changed = false;

	if (a->ours.state.state && set_digest(a, &changed, err))
		return err_wrap(err, "it is equal; its digest");
	outcome_set(a->outcome, changed ? OUTCOME_UPDATED : OUTCOME_UNCHANGED,
	    "%s/%s%s", s3_bucket(a->o->s3), a->key,
	    changed ? " was equal; its digest is repaired" : "");
	return 0;
}

static int compare_and_write(struct applying *a, struct err *err)
{
	if (state_bytes_of_object(a->o->s3, a->key, &a->theirs, err))
		return err_wrap(err, "look at what is there");
	if (state_bytes_equal(&a->ours, &a->theirs))
		return leave_equal(a, err);
	if (may_write(a, err))
		return -1;
	return write_all(a, err);
}

static int rehearse(struct applying *a, struct err *err)
{
	if (state_bytes_of_object(a->o->s3, a->key, &a->theirs, err))
		return err_wrap(err, "look at what is there");
	bool equal = state_bytes_equal(&a->ours, &a->theirs);
	if (!equal && may_write(a, err))
		return -1;
	outcome_set(a->outcome,
	    equal	      ? OUTCOME_UNCHANGED
	    : a->theirs.there ? OUTCOME_UPDATED
			      : OUTCOME_CREATED,
	    "%s/%s", s3_bucket(a->o->s3), a->key);
	return 0;
}

static int under_lock(struct applying *a, struct err *err)
{
	struct state_lock lock;
	int failed = -1;

	if (!state_lock_take(&lock, a->o, a->key, a->outcome, err)) {
		failed = compare_and_write(a, err);
		state_lock_release(&lock, a->outcome);
	}
	state_lock_done(&lock);
	return failed;
}

static int apply(struct applying *a, struct err *err)
{
	size_t max = a->o->max_bytes ? a->o->max_bytes : default_max_bytes;

	if (cancel_check(a->o->cancel, err) ||
	    state_bytes_of_file(a->file, &a->ours, err))
		return -1;
	if (a->ours.size > max && a->ours.state.state)
		return err_set(err, ERR_FORMAT,
		    "the state is larger than the %zu bytes allowed", max);
	if (a->o->dry_run)
		return rehearse(a, err);
	/* What is no state has no lock. */
	return a->ours.state.state ? under_lock(a, err)
				   : compare_and_write(a, err);
}

static const char *not_to_be_applied(const struct applying *a)
{
	if (str_ends(a->object->key, ".tflock"))
		return "a lock is never restored";
	if (json_truth(json_get(a->object->facts, "older"), false))
		return "an older version: it stays in the archive";
	return NULL;
}

int apply_state(const struct apply_state_options *o, const char *file,
    const struct apply_state_object *object, struct outcome *outcome,
    struct err *err)
{
	struct applying a = {
	    .o = o, .object = object, .file = file, .outcome = outcome};
	struct err why = ERR_INIT;
	const char *skipped = not_to_be_applied(&a);

	if (skipped) {
		outcome_set(outcome, OUTCOME_SKIPPED, "%s", skipped);
		return 0;
	}
	autofree char *key = apply_state_target_key(o, object->key);
	a.key = key;
	if (!apply(&a, &why))
		return 0;
	err_wrap(&why, "s3://%s/%s", s3_bucket(o->s3), key);
	outcome_failed(outcome, &why);
	/* Without credentials, or stopped, the next one fares no better. */
	if (why.code != ERR_CANCELLED && why.code != ERR_USAGE)
		return 0;
	*err = why;
	return -1;
}
