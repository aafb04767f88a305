#include "storage/archive/reader.h"

#include "storage/archive/contents.h"
#include "storage/archive/limits.h"
#include "storage/archive/pathset.h"
#include "storage/archive/tar.h"
#include "storage/base/ahead.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/base/spool.h"
#include "storage/base/str.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ATTR_PREFIX "user."

enum { CHUNK = 128 * 1024 };

/* What was found of an entry, to be compared with CONTENTS.json, which lists
 * the entries in the same order. */
struct seen {
	uint64_t bytes;
	uint8_t path_sha256[DIGEST_SHA256_LEN];
	uint8_t sha256[DIGEST_SHA256_LEN];
};
VEC_DEFINE(seen_vec, struct seen);

struct reading {
	struct tar_reader *tar;
	const struct reader_options *options;
	const struct reader_visitor *visitor;
	struct digest *digest;
	struct pathset paths;
	struct seen_vec seen;
	struct spool contents;
	bool has_contents;
	struct reader_totals totals;
	char chunk[CHUNK];
};

static int check_path(
    struct reading *r, const struct tar_entry *e, struct err *err)
{
	cleanup(buf_done) struct buf shown = BUF_INIT;

	str_add_printable(&shown, e->path, strlen(e->path));
	if (r->has_contents)
		return err_set(err, ERR_FORMAT,
		    "archive entry '%.300s' comes after " CONTENTS_PATH
		    ", which is the last",
		    buf_str(&shown));
	const char *wrong = limits_path_wrong(e->path);
	if (wrong)
		return err_set(err, ERR_FORMAT,
		    "archive entry '%.300s' %s: nothing of this archive is "
		    "used",
		    buf_str(&shown), wrong);
	if (!pathset_add(&r->paths, e->path))
		return err_set(err, ERR_FORMAT,
		    "archive entry '%.300s' is there twice", buf_str(&shown));
	return 0;
}

static int start_entry(
    struct reading *r, const struct tar_entry *e, struct err *err)
{
	VEC_DEFINE(, struct reader_attr) attrs = VEC_INIT;
	struct reader_entry entry = {
	    .path = e->path, .bytes = e->bytes, .mtime = e->mtime};

	if (!r->visitor->start)
		return 0;
	VEC_EACH (&e->attrs, a)
		if (str_starts(a->name, ATTR_PREFIX))
			*vec_add(&attrs) = (struct reader_attr){
			    .name = a->name + strlen(ATTR_PREFIX),
			    .value = a->value,
			    .value_len = a->value_len};
	entry.attrs = attrs.items;
	entry.attr_count = attrs.len;
	int result = r->visitor->start(r->visitor->ctx, &entry, err);
	vec_done(&attrs);
	return result;
}

typedef int data_fn(
    struct reading *r, const void *data, size_t len, struct err *err);

static int read_data(
    struct reading *r, const void *data, size_t len, struct err *err)
{
	if (!r->options->is_earlier)
		digest_add(r->digest, data, len);
	return r->visitor->data
		   ? r->visitor->data(r->visitor->ctx, data, len, err)
		   : 0;
}

static int read_contents(
    struct reading *r, const void *data, size_t len, struct err *err)
{
	return spool_add(&r->contents, data, len, err);
}

/* Reads exactly the bytes that the header announced. */
static int each_chunk(struct reading *r, const struct tar_entry *e,
    data_fn *emit, struct err *err)
{
	uint64_t total = 0;

	for (;;) {
		ssize_t n = tar_reader_data(r->tar, r->chunk, CHUNK, err);
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		total += (uint64_t)n;
		if (cancel_check(r->options->cancel, err) ||
		    emit(r, r->chunk, (size_t)n, err))
			return -1;
	}
	if (total != e->bytes)
		return err_set(err, ERR_FORMAT,
		    "it has %llu bytes where its header says %llu",
		    (unsigned long long)total, (unsigned long long)e->bytes);
	return 0;
}

/* Protects against an archive that unpacks to more than any disk holds. */
static int check_room(
    const struct reading *r, const struct tar_entry *e, struct err *err)
{
	const struct reader_totals *most = r->options->expected;

	if (r->totals.entries == (r->options->max_entries
					 ? r->options->max_entries
					 : CONTENTS_ENTRIES_MAX))
		return err_set(
		    err, ERR_FORMAT, "the archive has too many entries");
	if (!most || (r->totals.entries < most->entries &&
			 e->bytes <= most->bytes - r->totals.bytes))
		return 0;
	return err_set(err, ERR_INTEGRITY,
	    "it goes beyond the %llu entries of %llu bytes that the manifest "
	    "says are in the archive",
	    (unsigned long long)most->entries, (unsigned long long)most->bytes);
}

static void note_seen(struct reading *r, const struct tar_entry *e)
{
	struct seen *seen = vec_add(&r->seen);

	*seen = (struct seen){.bytes = e->bytes};
	digest_finish(r->digest, seen->sha256);
	digest_of(DIGEST_SHA256, e->path, strlen(e->path), seen->path_sha256);
}

static int read_entry(
    struct reading *r, const struct tar_entry *e, struct err *err)
{
	if (check_room(r, e, err) || start_entry(r, e, err) ||
	    each_chunk(r, e, read_data, err))
		return -1;
	if (!r->options->is_earlier)
		note_seen(r, e);
	r->totals.entries++;
	r->totals.bytes += e->bytes;
	return r->visitor->end ? r->visitor->end(r->visitor->ctx, err) : 0;
}

static int read_any(
    struct reading *r, const struct tar_entry *e, struct err *err)
{
	if (check_path(r, e, err))
		return -1;
	if (str_eq(e->path, CONTENTS_PATH)) {
		r->has_contents = true;
		return each_chunk(r, e, read_contents, err);
	}
	if (read_entry(r, e, err))
		return err_wrap(err, "archive entry '%.300s'", e->path);
	return 0;
}

struct comparing {
	const struct seen_vec *seen;
	size_t at;
	const struct reader_earlier *earlier; /* or NULL */
};

static int compare_entry(
    void *ctx, const struct contents_entry *e, struct err *err)
{
	struct comparing *c = ctx;
	uint8_t path[DIGEST_SHA256_LEN];

	if (c->earlier && e->archive != c->earlier->manifest->earlier.len)
		return 0;
	digest_of(DIGEST_SHA256, e->path, strlen(e->path), path);
	const struct seen *s =
	    c->at < c->seen->len ? &c->seen->items[c->at] : NULL;
	c->at++;
	if (!s || memcmp(s->path_sha256, path, sizeof path) != 0)
		return err_set(err, ERR_INTEGRITY,
		    "'%.300s' is listed in " CONTENTS_PATH
		    ", but not in its place in the archive",
		    e->path);
	if (s->bytes != e->bytes ||
	    memcmp(s->sha256, e->sha256, sizeof s->sha256) != 0)
		return err_set(err, ERR_INTEGRITY,
		    "the content of '%.300s' is not what was captured",
		    e->path);
	return 0;
}

static int compare(struct reading *r, struct err *err)
{
	struct comparing c = {.seen = &r->seen, .earlier = r->options->earlier};

	if (!r->has_contents)
		return err_set(err, ERR_INTEGRITY,
		    "the archive is not whole: it has no " CONTENTS_PATH);
	if (r->options->is_earlier)
		return 0;
	cleanup(source_freep) struct source *from = spool_source(&r->contents);
	if (contents_each(from, compare_entry, &c, err))
		return -1;
	if (c.at != r->seen.len)
		return err_set(err, ERR_INTEGRITY,
		    "the archive has %zu entries and " CONTENTS_PATH
		    " lists %zu",
		    r->seen.len, c.at);
	return 0;
}

/* CONTENTS.json is passed to the visitor only after it was compared with the
 * archive. */
static int hand_contents(struct reading *r, struct err *err)
{
	if (!r->visitor->contents)
		return 0;
	cleanup(source_freep) struct source *from = spool_source(&r->contents);
	for (;;) {
		ssize_t n = source_read(from, r->chunk, CHUNK, err);
		if (n <= 0)
			return (int)n;
		if (r->visitor->contents(
			r->visitor->ctx, r->chunk, (size_t)n, err))
			return -1;
	}
}

static int check_totals(const struct reading *r, struct err *err)
{
	const struct reader_totals *all = r->options->expected;

	if (!all || (r->totals.entries == all->entries &&
			r->totals.bytes == all->bytes))
		return 0;
	return err_set(err, ERR_INTEGRITY,
	    "the archive has %llu entries of %llu bytes, and the manifest says "
	    "%llu of %llu",
	    (unsigned long long)r->totals.entries,
	    (unsigned long long)r->totals.bytes,
	    (unsigned long long)all->entries, (unsigned long long)all->bytes);
}

static int check_whole(struct reading *r, struct err *err)
{
	return check_totals(r, err) || compare(r, err) || hand_contents(r, err)
		   ? -1
		   : 0;
}

static int read_all(struct reading *r, struct err *err)
{
	const struct reader_visitor *v = r->visitor;

	while (!v->enough || !v->enough(v->ctx)) {
		struct tar_entry e = {.path = NULL};
		if (cancel_check(r->options->cancel, err))
			return -1;
		int got = tar_reader_next(r->tar, &e, err);
		if (got < 0)
			return -1;
		if (!got)
			return check_whole(r, err);
		int result = read_any(r, &e, err);
		tar_entry_done(&e);
		if (result)
			return -1;
	}
	return 0;
}

static struct source *decrypted(
    struct source *from, const struct reader_options *o, struct err *err)
{
	if (o->encryption == ARCHIVE_PLAIN)
		return from;
	/* The next piece is decrypted while this one is unpacked. */
	if (o->identities) {
		struct source *plain = age_decrypt(from, o->identities, err);
		return plain ? ahead_source(plain) : NULL;
	}
	source_free(from);
	err_set(err, ERR_USAGE,
	    "the archive is encrypted and no identity was given: name the file "
	    "that holds the secret key");
	return NULL;
}

int archive_reader_run(struct source *from, const struct reader_options *o,
    const struct reader_visitor *visitor, struct reader_totals *totals,
    struct err *err)
{
	struct source *plain = decrypted(from, o, err);

	if (!plain)
		return -1;
	struct tar_reader *tar = tar_reader_new(o->compression, plain, err);
	if (!tar)
		return -1;
	struct reading *r = mem_new(struct reading);
	r->tar = tar;
	r->options = o;
	r->visitor = visitor;
	r->digest = digest_new(DIGEST_SHA256);
	/* CONTENTS.json stays in memory if there is no directory for a spool.
	 */
	spool_init(&r->contents, o->scratch, o->scratch ? 1 << 20 : SIZE_MAX);
	int result = read_all(r, err);
	if (!result && totals)
		*totals = r->totals;
	tar_reader_free(r->tar);
	digest_free(r->digest);
	pathset_done(&r->paths);
	vec_done(&r->seen);
	spool_done(&r->contents);
	mem_wipe(r->chunk, sizeof r->chunk);
	free(r);
	return result;
}
