#include "storage/archive/joined.h"

#include "storage/archive/contents.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/mem.h"
#include "storage/base/pool.h"
#include "storage/base/spool.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 128 * 1024, SPOOL_MEMORY = 1024 * 1024 };

/* An entry of the snapshot, as its CONTENTS.json has it. */
struct wanted {
	uint8_t path_sha256[DIGEST_SHA256_LEN];
	uint8_t sha256[DIGEST_SHA256_LEN];
	uint64_t bytes;
	uint32_t archive;
};
VEC_DEFINE(wanted_vec, struct wanted);

struct joining {
	const struct reader_options *options;
	const struct reader_visitor *visitor;
	struct spool contents;	  /* of the newest */
	struct wanted_vec wanted; /* sorted by the digest of the path */
	struct reader_totals totals;
	/* While an earlier archive is read: */
	uint32_t archive;
	uint64_t left;		/* entries that are wanted of it */
	struct wanted *current; /* NULL: not of this snapshot, passed over */
	struct digest *digest;
};

/* ---- the newest ---------------------------------------------------------- */

static int own_start(
    void *ctx, const struct reader_entry *entry, struct err *err)
{
	const struct reader_visitor *v = ((struct joining *)ctx)->visitor;

	return v->start ? v->start(v->ctx, entry, err) : 0;
}

static int own_data(void *ctx, const void *data, size_t len, struct err *err)
{
	const struct reader_visitor *v = ((struct joining *)ctx)->visitor;

	return v->data ? v->data(v->ctx, data, len, err) : 0;
}

static int own_end(void *ctx, struct err *err)
{
	const struct reader_visitor *v = ((struct joining *)ctx)->visitor;

	return v->end ? v->end(v->ctx, err) : 0;
}

static int own_contents(
    void *ctx, const char *text, size_t len, struct err *err)
{
	return spool_add(&((struct joining *)ctx)->contents, text, len, err);
}

/* ---- what is wanted of the others ---------------------------------------- */

static int want(void *ctx, const struct contents_entry *e, struct err *err)
{
	struct joining *j = ctx;
	const struct manifest *m = j->options->earlier->manifest;

	if (e->archive > m->earlier.len)
		return err_set(err, ERR_INTEGRITY,
		    "'%.300s' is said to be in archive %u, and the manifest "
		    "names %zu",
		    e->path, (unsigned)e->archive, manifest_archive_count(m));
	struct wanted *w = vec_add(&j->wanted);
	*w = (struct wanted){.bytes = e->bytes, .archive = e->archive};
	digest_of(DIGEST_SHA256, e->path, strlen(e->path), w->path_sha256);
	memcpy(w->sha256, e->sha256, sizeof(w->sha256));
	j->totals.entries++;
	j->totals.bytes += e->bytes;
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return memcmp(((const struct wanted *)a)->path_sha256,
	    ((const struct wanted *)b)->path_sha256, DIGEST_SHA256_LEN);
}

static int check_wanted(const struct joining *j, struct err *err)
{
	const struct manifest *m = j->options->earlier->manifest;

	for (size_t i = 1; i < j->wanted.len; i++)
		if (!by_path(&j->wanted.items[i - 1], &j->wanted.items[i]))
			return err_set(err, ERR_INTEGRITY,
			    CONTENTS_PATH " lists an entry twice");
	if (j->totals.entries == m->entries &&
	    j->totals.bytes == m->content_bytes)
		return 0;
	return err_set(err, ERR_INTEGRITY,
	    CONTENTS_PATH " lists %llu entries of %llu bytes, and the manifest "
			  "says %llu of %llu",
	    (unsigned long long)j->totals.entries,
	    (unsigned long long)j->totals.bytes, (unsigned long long)m->entries,
	    (unsigned long long)m->content_bytes);
}

static int read_wanted(struct joining *j, struct err *err)
{
	cleanup(source_freep) struct source *from = spool_source(&j->contents);

	if (contents_each(from, want, j, err))
		return -1;
	vec_sort(&j->wanted, by_path);
	return check_wanted(j, err);
}

/* ---- the others ---------------------------------------------------------- */

static int earlier_start(
    void *ctx, const struct reader_entry *entry, struct err *err)
{
	struct joining *j = ctx;
	struct wanted key = {.bytes = 0};

	digest_of(
	    DIGEST_SHA256, entry->path, strlen(entry->path), key.path_sha256);
	struct wanted *w = j->wanted.len
			       ? bsearch(&key, j->wanted.items, j->wanted.len,
				     sizeof(key), by_path)
			       : NULL;
	j->current = w && w->archive == j->archive ? w : NULL;
	if (!j->current)
		return 0;
	if (entry->bytes != w->bytes)
		return err_set(err, ERR_INTEGRITY,
		    "it has %llu bytes, and the snapshot needs one of %llu",
		    (unsigned long long)entry->bytes,
		    (unsigned long long)w->bytes);
	return own_start(j, entry, err);
}

static int earlier_data(
    void *ctx, const void *data, size_t len, struct err *err)
{
	struct joining *j = ctx;

	if (!j->current)
		return 0;
	digest_add(j->digest, data, len);
	return own_data(j, data, len, err);
}

static int earlier_end(void *ctx, struct err *err)
{
	struct joining *j = ctx;
	uint8_t sha256[DIGEST_SHA256_LEN];

	if (!j->current)
		return 0;
	digest_finish(j->digest, sha256);
	if (memcmp(sha256, j->current->sha256, sizeof(sha256)) != 0)
		return err_set(err, ERR_INTEGRITY,
		    "its content is not what the snapshot needs");
	j->left--;
	return own_end(j, err);
}

/* What comes behind: entries that newer ones took the place of, and the list
 * of all that its snapshot had. */
static bool has_enough(void *ctx)
{
	return ((const struct joining *)ctx)->left == 0;
}

static uint64_t count_wanted(const struct joining *j, uint32_t archive)
{
	uint64_t count = 0;

	VEC_EACH (&j->wanted, w)
		count += w->archive == archive;
	return count;
}

static int read_earlier(
    struct joining *j, uint32_t archive, struct source *from, struct err *err)
{
	const struct manifest_archive a =
	    manifest_archive_at(j->options->earlier->manifest, archive);
	const struct reader_totals expected = {
	    .entries = a.entries, .bytes = a.content_bytes};
	const struct reader_visitor visitor = {.start = earlier_start,
	    .data = earlier_data,
	    .end = earlier_end,
	    .enough = has_enough,
	    .ctx = j};
	struct reader_options o = *j->options;

	o.compression = a.compression;
	o.encryption = a.encryption;
	o.expected = &expected;
	o.earlier = NULL;
	o.is_earlier = true;
	j->archive = archive;
	j->left = count_wanted(j, archive);
	/* The rest is neither decrypted nor unpacked, but is checked too. */
	if (archive_reader_run(source_onto(from), &o, &visitor, NULL, err) ||
	    source_read_rest(from, err))
		return -1;
	return j->left ? err_set(err, ERR_INTEGRITY,
			     "it lacks something that the snapshot needs of it")
		       : 0;
}

/* One is opened, and so held against its digest, while the one before is
 * unpacked. */
struct opening {
	const struct reader_earlier *earlier;
	struct pool *pool;
	struct manifest_archive archive;
	struct source *from;
	struct err err;
};

static void open_job(void *arg)
{
	struct opening *o = arg;

	o->from = o->earlier->open(o->earlier->ctx, &o->archive, &o->err);
}

/* Those of which something is wanted, from archive i on; returns its number, or
 * how many there are. */
static size_t open_next(const struct joining *j, struct opening *o, size_t i)
{
	const struct manifest *m = o->earlier->manifest;

	while (i < m->earlier.len && !count_wanted(j, (uint32_t)i))
		i++;
	if (i == m->earlier.len)
		return i;
	o->archive = manifest_archive_at(m, i);
	o->err = (struct err)ERR_INIT;
	pool_submit(o->pool, open_job, o);
	return i;
}

static int read_all_earlier(struct joining *j, struct err *err)
{
	const struct manifest *m = j->options->earlier->manifest;
	struct opening o = {
	    .earlier = j->options->earlier, .pool = pool_new(1, 1)};
	size_t next = open_next(j, &o, 0);
	int failed = 0;

	while (!failed && next < m->earlier.len) {
		size_t i = next;
		pool_wait(o.pool);
		cleanup(source_freep) struct source *from = steal(o.from);
		if (!from)
			*err = o.err;
		else
			next = open_next(j, &o, i + 1);
		failed = !from || read_earlier(j, (uint32_t)i, from, err);
		if (failed)
			err_wrap(err, "archive '%s', which it needs",
			    m->earlier.items[i].file);
	}
	pool_free(o.pool);
	source_free(o.from);
	return failed ? -1 : 0;
}

static int hand_contents(const struct joining *j, struct err *err)
{
	const struct reader_visitor *v = j->visitor;
	cleanup(source_freep) struct source *from = spool_source(&j->contents);
	autofree char *chunk = mem_alloc(CHUNK);

	while (v->contents) {
		ssize_t n = source_read(from, chunk, CHUNK, err);
		if (n <= 0)
			return (int)n;
		if (v->contents(v->ctx, chunk, (size_t)n, err))
			return -1;
	}
	return 0;
}

static int join(struct joining *j, struct source *from, struct err *err)
{
	const struct reader_visitor own = {.start = own_start,
	    .data = own_data,
	    .end = own_end,
	    .contents = own_contents,
	    .ctx = j};

	return archive_reader_run(from, j->options, &own, NULL, err) ||
		       read_wanted(j, err) || read_all_earlier(j, err) ||
		       hand_contents(j, err)
		   ? -1
		   : 0;
}

int joined_run(struct source *from, const struct reader_options *o,
    const struct reader_visitor *visitor, struct reader_totals *totals,
    struct err *err)
{
	struct joining j = {.options = o, .visitor = visitor};

	if (!o->earlier)
		return archive_reader_run(from, o, visitor, totals, err);
	spool_init(
	    &j.contents, o->scratch, o->scratch ? SPOOL_MEMORY : SIZE_MAX);
	j.digest = digest_new(DIGEST_SHA256);
	int result = join(&j, from, err);
	if (!result && totals)
		*totals = j.totals;
	digest_free(j.digest);
	spool_done(&j.contents);
	vec_done(&j.wanted);
	return result;
}
