#include "restore/terraform/state_write.h"

#include "restore/terraform/state_meta.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { UPLOAD_PARTS = 2 };

static void note_class(const struct state_applying *a)
{
	const char *class = json_get_str(a->object->facts, "storage_class");

	if (class && !str_eq(class, "STANDARD"))
		outcome_note(a->outcome,
		    "storage class %s is left to the target bucket", class);
}

/* A backend with sse_customer_key reads no object that is not under it. */
static void note_customer_key(const struct state_applying *a)
{
	if (state_meta_had_key(a) && !state_meta_wants_key(a))
		outcome_note(a->outcome,
		    "it was encrypted with a customer's key (SSE-C) and is "
		    "written without one: give the target's "
		    "sse_customer_key_file if its backend has a key");
}

static int write_object(const struct state_applying *a, struct err *err)
{
	cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
	cleanup(s3_pairs_done) struct s3_pair_vec tags = VEC_INIT;
	int fd = open(a->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_system(err, errno, "cannot read %s", a->file);
	cleanup(source_freep) struct source *from = source_from_fd(fd, a->file);
	state_meta_fill(a, &meta, &tags);
	note_class(a);
	note_customer_key(a);
	const struct s3_upload u = {
	    .put = {.key = a->key,
		.meta = &meta,
		.tags = &tags,
		.no_customer_key = !state_meta_wants_key(a)},
	    .memory_bytes = STATE_WRITE_MEMORY_BYTES,
	    .parallel = UPLOAD_PARTS,
	    .expected_bytes = a->ours.size,
	};
	cleanup(sink_freep) struct sink *to = s3_sink(a->o->s3, &u, NULL, err);
	if (!to || stream_copy(from, to, err) < 0)
		return -1;
	return sink_finish(to, err);
}

static char *digest_id(const struct state_applying *a)
{
	return str_printf("%s/%s-md5", s3_bucket(a->o->s3), a->key);
}

/* Terraform refuses an object that does not match this digest. */
int state_write_digest_differs(
    const struct state_applying *a, bool *differs, struct err *err)
{
	autofree char *id = digest_id(a);
	autofree char *digest = NULL;

	if (a->o->locks &&
	    dynamodb_get(a->o->locks, id, "Digest", &digest, err))
		return -1;
	*differs = a->o->locks && !str_eq(digest, a->ours.md5);
	return 0;
}

int state_write_digest(
    const struct state_applying *a, bool *changed, struct err *err)
{
	autofree char *id = digest_id(a);
	bool differs = false;

	if (state_write_digest_differs(a, &differs, err))
		return -1;
	if (!differs)
		return 0;
	if (dynamodb_put(a->o->locks, id, "Digest", a->ours.md5, false, err) ||
	    state_write_digest_differs(a, &differs, err))
		return -1;
	if (differs)
		return err_set(err, ERR_INTEGRITY,
		    "the digest of %s is not what was written", id);
	*changed = true;
	return 0;
}

static int read_back(const struct state_applying *a, struct err *err)
{
	struct state_bytes back;

	if (state_bytes_of_object(a->o->s3, a->key, &back, NULL, err))
		return err_wrap(err, "read back");
	if (!state_bytes_equal(&back, &a->ours))
		return err_set(err, ERR_INTEGRITY,
		    "what was written does not read back the same: something "
		    "else writes to it");
	return 0;
}

int state_write(struct state_applying *a, struct err *err)
{
	bool changed = false;

	if (write_object(a, err))
		return err_wrap(err, "write");
	/* Of what is not a state Terraform keeps no digest. */
	if (a->ours.state.state && state_write_digest(a, &changed, err)) {
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
