#include "storage/vault/snapshot.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/vault/label.h"
#include "storage/vault/lone_archive.h"
#include "storage/vault/remains.h"
#include "storage/vault/snapshot_commit.h"
#include "storage/vault/tidy.h"

#include <stdlib.h>

enum { SIGNATURE_MAX_BYTES = 16 * 1024 };

/* What stands beside the archive; the manifest is the one that was checked. */
struct originals {
	struct buf manifest;
	struct buf signature;
};

static void originals_done(struct originals *o)
{
	buf_done(&o->manifest);
	buf_done(&o->signature);
}

static int read_originals(struct vault *v, const struct snapshot *s,
    const char *sha256, struct originals *out, struct err *err)
{
	autofree char *manifest = str_printf("%s" LABEL_MANIFEST, s->label);
	autofree char *signature = str_printf("%s" LABEL_SIGNATURE, s->label);
	char found[DIGEST_SHA256_HEX];

	if (vault_read(v, manifest, MANIFEST_MAX_BYTES, &out->manifest, err))
		return -1;
	digest_sha256_hex(buf_str(&out->manifest), out->manifest.len, found);
	if (!str_eq(found, sha256))
		return err_set(err, ERR_INTEGRITY,
		    "%s: '%s' changed while it was being copied",
		    vault_describe(v), manifest);
	struct err why = ERR_INIT;
	if (vault_read(v, signature, SIGNATURE_MAX_BYTES, &out->signature,
		&why) == 0 ||
	    (why.code == ERR_NOT_FOUND && !s->has_signature))
		return 0;
	*err = why;
	return -1;
}

static int copy_archive(
    struct source *from, struct vault *to, const char *file, struct err *err)
{
	cleanup(sink_freep) struct sink *sink = vault_put(to, file, err);

	if (!sink || stream_copy(from, sink, err) < 0)
		return -1;
	return sink_finish(sink, err);
}

static struct source *shown(
    const struct snapshot_copy_to *to, struct source *archive, uint64_t bytes)
{
	return archive && to->progress ? source_counted(archive, 0, bytes,
					     to->progress, to->progress_ctx)
				       : archive;
}

/* One that an interrupted copy left is not copied again. */
static int copy_part(struct vault *from, const struct snapshot_copy_to *to,
    const struct manifest_archive *a, const struct snapshot_open_options *o,
    struct err *err)
{
	struct err why = ERR_INIT;
	struct vault_stat stat;

	if (vault_stat(to->vault, a->file, &stat, &why) == 0)
		return snapshot_check_archive(to->vault, a, o, err);
	if (why.code != ERR_NOT_FOUND) {
		*err = why;
		return -1;
	}
	cleanup(source_freep) struct source *archive =
	    shown(to, snapshot_open_archive(from, a, o, err), a->bytes);
	return archive ? copy_archive(archive, to->vault, a->file, err) : -1;
}

/* An archive of which no snapshot is left where it comes from, nor is there one
 * where it goes to. What is recorded of it comes last: the archive is there. */
static int copy_lone(struct vault *from, const struct snapshots *there,
    const struct snapshot_copy_to *to, const struct manifest_archive *a,
    const struct snapshot_open_options *o, struct err *err)
{
	if (snapshot_in_list(there, a->label) ||
	    snapshot_lists_lone(there, a->label))
		return 0;
	int recorded = snapshot_has_object(from, a->label, LABEL_LONE, err);
	if (recorded <= 0)
		return recorded;
	return copy_part(from, to, a, o, err) ||
		       vault_lock_check(to->lock, err) ||
		       lone_archive_copy_record(
			   from, to->vault, a->label, err) < 0
		   ? -1
		   : 0;
}

static int copy_parts(struct vault *from, const struct manifest *m,
    const struct snapshot_copy_to *to, const struct snapshot_open_options *o,
    struct err *err)
{
	cleanup(snapshots_done) struct snapshots there = VEC_INIT;

	if (m->earlier.len && snapshot_list(to->vault, m->name, &there, err))
		return -1;
	VEC_EACH (&m->earlier, a)
		if (manifest_is_part(m, a)
			? copy_part(from, to, a, o, err)
			: copy_lone(from, &there, to, a, o, err))
			return err_wrap(err, "copying '%s'", a->file);
	return 0;
}

/* 1 if the objects of that label are exactly those that would be written. */
static int is_same(struct vault *to, const struct snapshot *there,
    const struct originals *p, const struct manifest *m, struct err *err)
{
	autofree char *name = str_printf("%s" LABEL_MANIFEST, there->label);
	cleanup(buf_done) struct buf manifest = BUF_INIT;

	if (vault_read(to, name, MANIFEST_MAX_BYTES, &manifest, err))
		return -1;
	if (!str_eq(buf_str(&manifest), buf_str(&p->manifest)))
		return err_set(err, ERR_EXISTS,
		    "%s: another snapshot of that label is there already",
		    vault_describe(to));
	if (snapshot_find_archive(to, m, err) == 0)
		return 1;
	if (err->code != ERR_INTEGRITY)
		return -1;
	return err_set(err, ERR_INTEGRITY,
	    "%s: it is there already, but its archive is not, or not in its "
	    "length: remove what is left of it, and copy again",
	    vault_describe(to));
}

enum archive_there { ARCHIVE_NONE, ARCHIVE_SAME, ARCHIVE_OTHER };

static int find_archive(struct vault *to, const struct manifest *m,
    const struct snapshot_open_options *o, enum archive_there *out,
    struct err *err)
{
	struct err why = ERR_INIT;
	struct vault_stat stat;

	const struct manifest_archive own = manifest_own(m);

	*out = ARCHIVE_SAME;
	if (vault_stat(to, own.file, &stat, &why) == 0 &&
	    snapshot_check_archive(to, &own, o, &why) == 0)
		return 0;
	*out = why.code == ERR_NOT_FOUND ? ARCHIVE_NONE : ARCHIVE_OTHER;
	if (why.code == ERR_NOT_FOUND || why.code == ERR_INTEGRITY ||
	    why.code == ERR_FORMAT)
		return 0;
	*err = why;
	return -1;
}

/* 1 if it exists already. An interrupted copy may have left an archive. If it
 * is the right one, it is kept, since the store may only not show its manifest;
 * else it belongs to no snapshot and is in the way. */
static int make_room(struct vault *to, const struct snapshot *s,
    const struct originals *p, const struct manifest *m,
    const struct snapshot_open_options *o, bool *archive_there, struct err *err)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;

	if (snapshot_list(to, s->name, &list, err))
		return -1;
	VEC_EACH (&list, there)
		if (str_eq(there->label, s->label))
			return is_same(to, there, p, m, err);
	enum archive_there archive;
	if (find_archive(to, m, o, &archive, err))
		return -1;
	const struct tidy_terms terms = {.name = s->name,
	    .list = &list,
	    .label = archive == ARCHIVE_OTHER ? s->label : NULL};
	if (tidy_vault(to, &terms, NULL, err) < 0)
		return -1;
	*archive_there = archive == ARCHIVE_SAME;
	return 0;
}

/* The archive and, if the lock is still ours, what makes it a snapshot. */
static int copy(const struct snapshot *s, struct source *from,
    const struct snapshot_copy_to *to, const struct originals *originals,
    const struct manifest *m, bool archive_there, struct err *err)
{
	const struct snapshot_commit snapshot_commit = {.label = s->label,
	    .archive = m->archive.file,
	    .archive_bytes = m->archive.bytes,
	    .manifest = &originals->manifest,
	    .signature = &originals->signature,
	    .list = m->is_list ? m : NULL,
	    .name = m->is_list ? m->name : NULL};

	/* Whoever took over the lock may be copying the same: then everything
	 * there belongs to the other run. */
	if ((!archive_there &&
		(remains_note(to->vault, s->label, err) ||
		    copy_archive(from, to->vault, m->archive.file, err))) ||
	    vault_lock_check(to->lock, err) ||
	    lone_archive_forget_record(to->vault, s->label, err) ||
	    remains_forget(to->vault, s->label, err))
		return -1;
	if (snapshot_commit_write(to->vault, &snapshot_commit, err) == 0)
		return 0;
	if (err->code != ERR_EXISTS && !archive_there)
		snapshot_commit_withdraw(to->vault, &snapshot_commit);
	return -1;
}

static int copy_checked(struct vault *from, const struct snapshot *s,
    const struct snapshot_open_options *o, const struct snapshot_copy_to *to,
    const struct originals *originals, bool archive_there, struct err *err)
{
	struct manifest m;
	cleanup(source_freep) struct source *archive =
	    snapshot_open(from, s, o, &m, err);

	if (!archive)
		return -1;
	archive = shown(to, archive, m.archive.bytes);
	int result =
	    copy_parts(from, &m, to, o, err)
		? -1
		: copy(s, archive, to, originals, &m, archive_there, err);
	manifest_done(&m);
	return result;
}

int snapshot_copy(struct vault *from, const struct snapshot *s,
    const struct snapshot_open_options *o, const struct snapshot_copy_to *to,
    struct err *err)
{
	cleanup(originals_done) struct originals originals = {
	    .manifest = BUF_INIT};
	char sha256[DIGEST_SHA256_HEX];
	bool archive_there = false;
	struct manifest m;

	if (snapshot_manifest(from, s, o->trust, &m, sha256, err))
		return -1;
	int there = read_originals(from, s, sha256, &originals, err)
			? -1
			: make_room(to->vault, s, &originals, &m, o,
			      &archive_there, err);
	manifest_done(&m);
	return there ? there
		     : copy_checked(
			   from, s, o, to, &originals, archive_there, err);
}
