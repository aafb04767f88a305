#include "storage/vault/snapshot.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/vault/label.h"
#include "storage/vault/tidy.h"

#include <stdlib.h>

enum { SIGNATURE_MAX_BYTES = 16 * 1024 };

/* What stands beside the archive; the manifest is the one that was checked. */
struct papers {
	struct buf manifest;
	struct buf signature;
};

static void papers_done(struct papers *p)
{
	buf_done(&p->manifest);
	buf_done(&p->signature);
}

static int read_papers(struct vault *v, const struct snapshot *s,
    const char *sha256, struct papers *out, struct err *err)
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
	if (!s->has_signature)
		return 0;
	return vault_read(
	    v, signature, SIGNATURE_MAX_BYTES, &out->signature, err);
}

static int copy_archive(
    struct source *from, struct vault *to, const char *file, struct err *err)
{
	cleanup(sink_freep) struct sink *sink = vault_put(to, file, err);

	if (!sink || stream_copy(from, sink, err) < 0)
		return -1;
	return sink_finish(sink, err);
}

static int write_papers(struct vault *to, const struct snapshot *s,
    const struct papers *p, struct err *err)
{
	autofree char *manifest = str_printf("%s" LABEL_MANIFEST, s->label);
	autofree char *signature = str_printf("%s" LABEL_SIGNATURE, s->label);

	if (s->has_signature &&
	    vault_put_small(to, signature, p->signature.data, p->signature.len,
		VAULT_RETAIN_SNAPSHOT, err))
		return -1;
	return vault_put_small(to, manifest, buf_str(&p->manifest),
	    p->manifest.len, VAULT_RETAIN_SNAPSHOT, err);
}

/* 1 where what is there by that label is what would be written. */
static int is_same(struct vault *to, const struct snapshot *there,
    const struct papers *p, const struct manifest *m, struct err *err)
{
	autofree char *name = str_printf("%s" LABEL_MANIFEST, there->label);
	cleanup(buf_done) struct buf manifest = BUF_INIT;

	if (vault_read(to, name, MANIFEST_MAX_BYTES, &manifest, err))
		return -1;
	if (!str_eq(buf_str(&manifest), buf_str(&p->manifest)))
		return err_set(err, ERR_EXISTS,
		    "%s: another snapshot of that label is there already",
		    vault_describe(to));
	if (!str_eq(there->archive, m->archive.file) ||
	    there->archive_bytes != m->archive.bytes)
		return err_set(err, ERR_INTEGRITY,
		    "%s: it is there already, but its archive is not, or not "
		    "in its length: remove what is left of it, and copy again",
		    vault_describe(to));
	return 1;
}

/* 1 where it is there already. A copy that was interrupted left an archive that
 * would be in the way. */
static int make_room(struct vault *to, const struct snapshot *s,
    const struct papers *p, const struct manifest *m, struct err *err)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;

	if (snapshot_list(to, s->name, &list, err))
		return -1;
	VEC_EACH (&list, there)
		if (str_eq(there->label, s->label))
			return is_same(to, there, p, m, err);
	return tidy_vault(to, s->name, &list, err) < 0 ? -1 : 0;
}

static int copy(struct vault *from, const struct snapshot *s,
    const struct snapshot_open_options *o, struct vault *to,
    const struct papers *p, struct err *err)
{
	struct manifest m;
	cleanup(source_freep) struct source *archive =
	    snapshot_open(from, s, o, &m, err);

	if (!archive)
		return -1;
	int result = copy_archive(archive, to, m.archive.file, err);
	manifest_done(&m);
	return result ? -1 : write_papers(to, s, p, err);
}

int snapshot_copy(struct vault *from, const struct snapshot *s,
    const struct snapshot_open_options *o, struct vault *to, struct err *err)
{
	cleanup(papers_done) struct papers papers = {.manifest = BUF_INIT};
	char sha256[DIGEST_SHA256_HEX];
	struct manifest m;

	if (snapshot_manifest(from, s, o->trust, &m, sha256, err))
		return -1;
	int there = read_papers(from, s, sha256, &papers, err)
			? -1
			: make_room(to, s, &papers, &m, err);
	manifest_done(&m);
	return there ? there : copy(from, s, o, to, &papers, err);
}
