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

/* A copy that was interrupted left an archive that would be in the way. */
static int make_room(
    struct vault *to, const struct snapshot *s, struct err *err)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;

	if (snapshot_list(to, s->name, &list, err))
		return -1;
	return tidy_vault(to, s->name, &list, err) < 0 ? -1 : 0;
}

int snapshot_copy(struct vault *from, const struct snapshot *s,
    const struct snapshot_open_options *o, struct vault *to, struct err *err)
{
	cleanup(papers_done) struct papers papers = {.manifest = BUF_INIT};
	char sha256[DIGEST_SHA256_HEX];
	struct manifest m;

	if (snapshot_manifest(from, s, o->trust, &m, sha256, err))
		return -1;
	manifest_done(&m);
	if (read_papers(from, s, sha256, &papers, err) || make_room(to, s, err))
		return -1;
	struct source *archive = snapshot_open(from, s, o, &m, err);
	if (!archive)
		return -1;
	int result = copy_archive(archive, to, m.archive.file, err);
	source_free(archive);
	manifest_done(&m);
	return result ? -1 : write_papers(to, s, &papers, err);
}
