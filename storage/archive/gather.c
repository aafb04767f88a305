#include "storage/archive/gather.h"

#include "storage/archive/facts.h"
#include "storage/archive/part.h"
#include "storage/archive/pathset.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/spool.h"

#include <stdlib.h>
#include <string.h>

enum { SPOOL_MEMORY = 256 * 1024 };

struct gather {
	const char *scratch;
	struct spool lines[RANK_COUNT]; /* each begins with a separator */
	struct pathset paths;
	VEC_DEFINE(, struct frames) frames; /* of each part */
	struct archive_totals totals;
	/* Of the part that is taken in: */
	struct archive_totals part;
	struct buf line, facts;
};

struct gather *gather_new(const char *scratch)
{
	struct gather *g = mem_new(struct gather);

	g->scratch = scratch;
	for (int i = 0; i < RANK_COUNT; i++)
		spool_init(&g->lines[i], scratch, SPOOL_MEMORY);
	return g;
}

void gather_free(struct gather *g)
{
	if (!g)
		return;
	for (int i = 0; i < RANK_COUNT; i++)
		spool_done(&g->lines[i]);
	VEC_EACH (&g->frames, f)
		vec_done(f);
	vec_done(&g->frames);
	pathset_done(&g->paths);
	buf_done(&g->line);
	buf_done(&g->facts);
	free(g);
}

void gather_freep(struct gather **g)
{
	gather_free(*g);
}

static enum archive_rank rank_of(const char *path)
{
	return str_starts(path, "kubernetes/")	? RANK_KUBERNETES
	       : str_starts(path, "terraform/") ? RANK_TERRAFORM
						: RANK_GIT;
}

/* As text on one line; NULL where there are none. */
static const char *facts_text(struct gather *g, const struct facts *facts)
{
	if (!facts)
		return NULL;
	buf_clear(&g->facts);
	facts_write(facts, &g->facts);
	return buf_str(&g->facts);
}

static int add_entry(void *ctx, const struct contents_entry *e, struct err *err)
{
	struct gather *g = ctx;
	struct contents_entry moved = *e;

	if (!pathset_add(&g->paths, e->path))
		return err_set(err, ERR_INTEGRITY,
		    "'%.300s' is in two parts: the same source was dealt out "
		    "twice",
		    e->path);
	moved.archive = (uint32_t)(g->frames.len - 1);
	buf_clear(&g->line);
	contents_write_entry(
	    &g->line, CONTENTS_LIST, &moved, facts_text(g, e->facts));
	g->part.entries++;
	g->part.bytes += e->bytes;
	return spool_add(
	    &g->lines[rank_of(e->path)], g->line.data, g->line.len, err);
}

/* The text, once it is known to be the one that was signed for. */
static int read_checked(struct spool *to, struct source *from,
    const struct contents_where *where, struct err *err)
{
	uint8_t sha256[DIGEST_SHA256_LEN];
	uint64_t len = 0;
	cleanup(sink_freep) struct sink *sink =
	    sink_digest(spool_sink(to), sha256, &len);

	if (stream_copy(from, sink, err) < 0 || sink_finish(sink, err))
		return -1;
	if (len == where->len && !memcmp(sha256, where->sha256, sizeof(sha256)))
		return 0;
	return err_set(err, ERR_INTEGRITY,
	    "its list of entries is not the one that was signed for: it was "
	    "cut off or replaced");
}

static int take_in(struct gather *g, const struct spool *text,
    const struct manifest *part, struct err *err)
{
	const uint64_t end = part->archive.index.offset;
	const struct contents_archives archives = {.count = 1,
	    .ends = &end,
	    .frames = &g->frames.items[g->frames.len - 1]};
	cleanup(source_freep) struct source *from = spool_source(text);

	g->part = (struct archive_totals){.entries = 0};
	if (contents_each_located(from, add_entry, g, &archives, err))
		return -1;
	if (g->part.entries != part->archive.entries ||
	    g->part.bytes != part->archive.content_bytes)
		return err_set(err, ERR_INTEGRITY,
		    "its list has %llu entries of %llu bytes, and its manifest "
		    "says %llu of %llu",
		    (unsigned long long)g->part.entries,
		    (unsigned long long)g->part.bytes,
		    (unsigned long long)part->archive.entries,
		    (unsigned long long)part->archive.content_bytes);
	g->totals.entries += g->part.entries;
	g->totals.bytes += g->part.bytes;
	return 0;
}

int gather_add(struct gather *g, struct source *contents,
    const struct manifest *part, struct err *err)
{
	struct spool text;

	spool_init(&text, g->scratch, SPOOL_MEMORY);
	*vec_add(&g->frames) = (struct frames)VEC_INIT;
	int failed = read_checked(&text, contents, &part->archive.index, err) ||
		     take_in(g, &text, part, err);
	spool_done(&text);
	return failed ? -1 : 0;
}

struct archive_totals gather_totals(const struct gather *g)
{
	return g->totals;
}

/* All of CONTENTS.json: the first line has no separator before it. */
static int write_text(struct gather *g, struct spool *text, struct err *err)
{
	cleanup(buf_done) struct buf start = BUF_INIT, end = BUF_INIT;
	cleanup(sink_freep) struct sink *to = spool_sink(text);
	uint64_t skip = CONTENTS_SEPARATOR_LEN;

	contents_write_start(&start, CONTENTS_LIST);
	if (sink_write(to, start.data, start.len, err))
		return -1;
	for (int i = 0; i < RANK_COUNT; i++) {
		uint64_t len = spool_len(&g->lines[i]);
		if (!len)
			continue;
		cleanup(source_freep) struct source *from =
		    spool_source_of(&g->lines[i], skip, len - skip);
		if (stream_copy(from, to, err) < 0)
			return -1;
		skip = 0;
	}
	contents_write_end(&end, CONTENTS_LIST, g->totals.entries,
	    g->frames.items, g->frames.len);
	return sink_write(to, end.data, end.len, err) || sink_finish(to, err)
		   ? -1
		   : 0;
}

static int write_archive(const struct spool *text, struct part *part,
    int64_t mtime, struct contents_where *where, struct err *err)
{
	struct record r = {
	    .path = CONTENTS_PATH, .mtime = mtime, .bytes = spool_len(text)};
	struct frames_position position;
	cleanup(source_freep) struct source *from = spool_source(text);

	where->len = r.bytes;
	if (part_add_unlisted(part, &r, from, &position, where->sha256, err) ||
	    part_finish(part, err))
		return -1;
	where->at = position.offset;
	return 0;
}

int gather_write(struct gather *g, const struct archive_options *o,
    struct sink *sink, struct contents_where *where, struct err *err)
{
	struct frames own = VEC_INIT;
	struct spool text, no_lines;

	*where = (struct contents_where){.offset = 0};
	spool_init(&text, g->scratch, SPOOL_MEMORY);
	spool_init(&no_lines, g->scratch, SPOOL_MEMORY);
	const struct part_options options = {
	    .compress = {.compression = o->compression, .level = o->level},
	    .form = {.form = CONTENTS_LIST},
	    .lines = &no_lines,
	    .frames = &own};
	int failed = write_text(g, &text, err);
	if (failed)
		sink_free(sink);
	struct part *part = failed ? NULL : part_new(&options, sink, err);
	failed = !part || write_archive(&text, part, o->mtime, where, err);
	part_free(part);
	where->bytes = frames_end(&own);
	vec_done(&own);
	spool_done(&text);
	spool_done(&no_lines);
	return failed ? err_wrap(err, "writing " CONTENTS_PATH) : 0;
}
