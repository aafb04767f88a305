#include "storage/vault/snapshot.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Compares the archive with the manifest while it is read: whoever reads to the
 * end gets an error instead of the end if they differ. */
struct checked {
	struct source source;
	struct source *from;
	struct digest *digest;
	char *label;
	char sha256[DIGEST_SHA256_HEX];
	uint64_t expected;
	uint64_t seen;
	bool ended; /* and was found right; further reads may follow */
};

static int wrong(const struct checked *c, struct err *err)
{
	return err_set(err, ERR_INTEGRITY,
	    "the archive of '%s' is not the one its manifest was signed for "
	    "(%llu bytes of %llu read): it was damaged, cut off or replaced",
	    c->label, (unsigned long long)c->seen,
	    (unsigned long long)c->expected);
}

static int at_end(struct checked *c, struct err *err)
{
	uint8_t raw[DIGEST_SHA256_LEN];
	char hex[DIGEST_SHA256_HEX];

	if (c->ended)
		return 0;
	digest_finish(c->digest, raw);
	digest_hex(raw, sizeof(raw), hex);
	if (c->seen != c->expected || strcmp(hex, c->sha256) != 0)
		return wrong(c, err);
	c->ended = true;
	return 0;
}

static ssize_t checked_read(
    struct source *source, void *data, size_t len, struct err *err)
{
	struct checked *c = (struct checked *)source;
	ssize_t n = source_read(c->from, data, len, err);

	if (n < 0)
		return -1;
	if (n == 0)
		return at_end(c, err);
	c->seen += (uint64_t)n;
	if (c->seen > c->expected)
		return wrong(c, err);
	digest_add(c->digest, data, (size_t)n);
	return n;
}

static void checked_release(struct source *source)
{
	struct checked *c = (struct checked *)source;

	source_free(c->from);
	digest_free(c->digest);
	free(c->label);
	free(c);
}

static struct source *checked_new(
    struct source *from, const struct manifest_archive *a)
{
	static const struct source_ops ops = {
	    .read = checked_read, .release = checked_release};
	struct checked *c = mem_new(struct checked);

	c->source.ops = &ops;
	c->from = from;
	c->digest = digest_new(DIGEST_SHA256);
	c->label = str_dup(a->label);
	memcpy(c->sha256, a->sha256, sizeof(c->sha256));
	c->expected = a->bytes;
	return &c->source;
}

static struct source *get_checked(
    struct vault *v, const struct manifest_archive *a, struct err *err)
{
	struct source *from = vault_get(v, a->file, 0, err);

	if (from)
		return checked_new(from, a);
	if (err->code == ERR_NOT_FOUND)
		err->code = ERR_INTEGRITY;
	err_wrap(err, "the archive of '%s'", a->label);
	return NULL;
}

/* Reads all of it once, into fd if there is one (encrypted, as it is stored).
 */
static int read_through(struct vault *v, const struct manifest_archive *a,
    const struct snapshot_open_options *o, int fd, struct err *err)
{
	enum { CHUNK = 1024 * 1024 };
	cleanup(source_freep) struct source *from = get_checked(v, a, err);
	autofree char *chunk = mem_alloc(CHUNK);
	uint64_t done = 0;

	if (!from)
		return -1;
	for (;;) {
		if (cancel_check(o->cancel, err))
			return -1;
		ssize_t n = source_read(from, chunk, CHUNK, err);
		if (n <= 0)
			return (int)n;
		if (fd >= 0 &&
		    file_write_all(fd, chunk, (size_t)n, o->scratch, err))
			return -1;
		done += (uint64_t)n;
		if (o->progress)
			o->progress(o->progress_ctx, done, a->bytes);
	}
}

int snapshot_check_archive(struct vault *v, const struct manifest_archive *a,
    const struct snapshot_open_options *o, struct err *err)
{
	return read_through(v, a, o, -1, err);
}

/* An error of an archive that was written with an earlier snapshot says who
 * needs it. */
static int needed(
    const struct manifest *m, const struct manifest_archive *a, struct err *err)
{
	return str_eq(a->label, m->label)
		   ? -1
		   : err_wrap(err, "'%s' needs '%s'", m->label, a->file);
}

int snapshot_check_archives(struct vault *v, const struct manifest *m,
    const struct snapshot_open_options *o, struct err *err)
{
	for (size_t i = manifest_archive_count(m); i-- > 0;) {
		const struct manifest_archive a = manifest_archive_at(m, i);
		if (read_through(v, &a, o, -1, err))
			return needed(m, &a, err);
	}
	return 0;
}

int snapshot_check(struct vault *v, const struct snapshot *s,
    const struct snapshot_open_options *o, struct manifest *m, struct err *err)
{
	if (snapshot_manifest(v, s, o->trust, m, NULL, err))
		return -1;
	if (snapshot_check_archives(v, m, o, err) == 0)
		return 0;
	manifest_done(m);
	return -1;
}

static struct source *open_spooled(struct vault *v,
    const struct manifest_archive *a, const struct snapshot_open_options *o,
    struct err *err)
{
	autoclose int fd = file_unnamed(o->scratch, err);

	if (fd < 0 || read_through(v, a, o, fd, err))
		return NULL;
	if (lseek(fd, 0, SEEK_SET) < 0) {
		err_system(err, errno, "reading a file in '%s'", o->scratch);
		return NULL;
	}
	return source_from_fd(steal_fd(fd), a->file);
}

struct source *snapshot_open_archive(struct vault *v,
    const struct manifest_archive *a, const struct snapshot_open_options *o,
    struct err *err)
{
	if (!v->reads_are_cheap)
		return open_spooled(v, a, o, err);
	if (read_through(v, a, o, -1, err))
		return NULL;
	/* Checked again while it is read: somebody may have changed it between
	 * the two passes. */
	return get_checked(v, a, err);
}

struct source *snapshot_open(struct vault *v, const struct snapshot *s,
    const struct snapshot_open_options *o, struct manifest *m, struct err *err)
{
	if (snapshot_manifest(v, s, o->trust, m, NULL, err))
		return NULL;
	const struct manifest_archive own = manifest_own(m);
	struct source *from = snapshot_open_archive(v, &own, o, err);
	if (!from)
		manifest_done(m);
	return from;
}
