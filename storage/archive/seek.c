#include "storage/archive/seek.h"

#include "storage/archive/tar_unpacked.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

enum {
	CHUNK = 128 * 1024,
	INDEX_MEMORY = 1024 * 1024,
	/* The header of an age file with a hundred recipients; of one with
	 * more, the most that it may have is asked for then. */
	HEADER_BYTES = 16 * 1024,
	HEADER_MAX_BYTES = 512 * 1024,
};

/* One of the snapshot's archives. */
struct place {
	struct manifest_archive archive; /* borrowed from the manifest */
	struct age_file *age; /* or NULL: not encrypted, or not opened yet */
};

struct seek {
	struct seek_options o;
	size_t count;
	struct place *places;
	struct frames *frames; /* of each of them */
	struct spool index;    /* CONTENTS.json */
	uint64_t asked;
	/* The frames that are being unpacked, up to where the last entry ended,
	 * and whose they are. */
	struct source *unpacking;
	size_t unpacked_place;
	struct frames_position
	    at;		      /* position of the next byte that they return */
	uint64_t frame_after; /* the first frame that is not among them */
	char chunk[CHUNK];
};

static int wrong(struct err *err, const char *what)
{
	/* A frame that cannot be unpacked was changed. */
	if (err->code == ERR_FORMAT)
		err->code = ERR_INTEGRITY;
	return err_wrap(err, "%s", what);
}

/* ---- bytes of an archive ---- */

static struct source *open_bytes(struct seek *s, const struct place *p,
    uint64_t offset, uint64_t len, struct err *err)
{
	s->asked += len;
	return s->o.open(s->o.ctx, p->archive.file, offset, len, err);
}

static struct age_file *read_age(
    struct seek *s, const struct place *p, uint64_t most, struct err *err)
{
	uint64_t all = p->archive.bytes, len = all < most ? all : most;
	cleanup(source_freep) struct source *from =
	    len ? open_bytes(s, p, 0, len, err) : source_from_memory("", 0);

	return from ? age_file_open(from, all, s->o.identities, err) : NULL;
}

static int open_age(struct seek *s, struct place *p, struct err *err)
{
	struct err first = ERR_INIT;

	if (!s->o.identities)
		return err_set(err, ERR_USAGE,
		    "the archive is encrypted and no identity was given: name "
		    "the file that holds the secret key");
	p->age = read_age(s, p, HEADER_BYTES, &first);
	if (!p->age && first.code == ERR_FORMAT &&
	    p->archive.bytes > HEADER_BYTES)
		p->age = read_age(s, p, HEADER_MAX_BYTES, err);
	else if (!p->age)
		*err = first;
	return p->age ? 0 : -1;
}

/* The compressed bytes from offset on, decrypted. An archive's header is read
 * when something of it is, for the first time. */
static struct source *open_packed(struct seek *s, struct place *p,
    uint64_t offset, uint64_t len, struct err *err)
{
	uint64_t at, bytes;

	if (p->archive.encryption == ARCHIVE_PLAIN)
		return open_bytes(s, p, offset, len, err);
	if ((!p->age && open_age(s, p, err)) ||
	    age_file_span(p->age, offset, len, &at, &bytes, err))
		return NULL;
	struct source *sealed = open_bytes(s, p, at, bytes, err);
	return sealed ? age_file_read(p->age, offset, len, sealed) : NULL;
}

static struct source *open_unpacked(struct seek *s, struct place *p,
    uint64_t offset, uint64_t len, struct err *err)
{
	struct source *packed = open_packed(s, p, offset, len, err);

	return packed ? tar_unpacked(p->archive.compression, packed, err)
		      : NULL;
}

/* Reads exactly `bytes`, into a spool, or drops them (NULL). */
static int read_bytes(struct seek *s, struct source *from, uint64_t bytes,
    struct spool *to, struct digest *digest, struct err *err)
{
	for (uint64_t left = bytes; left;) {
		size_t want = left < CHUNK ? (size_t)left : CHUNK;
		if (cancel_check(s->o.cancel, err))
			return -1;
		ssize_t n = source_read(from, s->chunk, want, err);
		if (n < 0)
			return -1;
		if (n == 0)
			return err_set(err, ERR_INTEGRITY,
			    "the archive ends before it does");
		if (digest)
			digest_add(digest, s->chunk, (size_t)n);
		if (to && spool_add(to, s->chunk, (size_t)n, err))
			return -1;
		left -= (uint64_t)n;
	}
	return 0;
}

static int read_digested(struct seek *s, struct source *from, uint64_t bytes,
    const uint8_t sha256[DIGEST_SHA256_LEN], struct spool *to, struct err *err)
{
	uint8_t got[DIGEST_SHA256_LEN];
	struct digest *digest = digest_new(DIGEST_SHA256);
	int failed = read_bytes(s, from, bytes, to, digest, err);

	digest_finish(digest, got);
	digest_free(digest);
	if (!failed && memcmp(got, sha256, sizeof got) != 0)
		failed = err_set(err, ERR_INTEGRITY,
		    "its content is not what its digest says");
	return failed;
}

/* ---- the index ---- */

static int check_locations(struct seek *s, struct err *err)
{
	cleanup(source_freep) struct source *from = spool_source(&s->index);
	autofree uint64_t *ends = mem_zalloc(s->count * sizeof(*ends));
	const struct contents_archives archives = {
	    .count = s->count, .ends = ends, .frames = s->frames};

	for (size_t i = 0; i < s->count; i++)
		ends[i] = s->places[i].archive.bytes;
	ends[s->count - 1] = s->o.manifest->archive.index.offset;
	return contents_each_located(from, NULL, NULL, &archives, err);
}

static int read_index(struct seek *s, struct err *err)
{
	const struct contents_where *i = &s->o.manifest->archive.index;

	if (!i->bytes)
		return err_set(err, ERR_INTEGRITY,
		    "the manifest says that " CONTENTS_PATH " has no bytes");
	cleanup(source_freep) struct source *from = open_unpacked(
	    s, &s->places[s->count - 1], i->offset, i->bytes, err);
	if (!from || read_bytes(s, from, i->at, NULL, NULL, err) ||
	    read_digested(s, from, i->len, i->sha256, &s->index, err))
		return wrong(err, CONTENTS_PATH);
	return check_locations(s, err);
}

struct seek *seek_open(const struct seek_options *o, struct err *err)
{
	struct seek *s = mem_new(struct seek);

	s->o = *o;
	s->count = manifest_archive_count(o->manifest);
	s->places = mem_zalloc(s->count * sizeof(*s->places));
	s->frames = mem_zalloc(s->count * sizeof(*s->frames));
	for (size_t i = 0; i < s->count; i++)
		s->places[i].archive = manifest_archive_at(o->manifest, i);
	spool_init(&s->index, o->scratch, INDEX_MEMORY);
	if (read_index(s, err) == 0)
		return s;
	seek_free(s);
	return NULL;
}

void seek_free(struct seek *s)
{
	if (!s)
		return;
	source_free(s->unpacking);
	for (size_t i = 0; i < s->count; i++) {
		age_file_free(s->places[i].age);
		vec_done(&s->frames[i]);
	}
	free(s->places);
	free(s->frames);
	spool_done(&s->index);
	mem_wipe(s->chunk, sizeof s->chunk);
	free(s);
}

int seek_each(const struct seek *s,
    int (*entry)(void *ctx, const struct contents_entry *e, struct err *err),
    void *ctx, struct err *err)
{
	cleanup(source_freep) struct source *from = spool_source(&s->index);

	return contents_each(from, entry, ctx, err);
}

uint64_t seek_bytes(const struct seek *s)
{
	return s->asked;
}

/* ---- entries ---- */

/* A position as the offset from where frame `first` begins to unpack. */
static uint64_t offset_from(const struct frames *frames, uint64_t first,
    const struct frames_position *p)
{
	uint64_t offset = p->offset;

	for (uint64_t i = first; i < p->frame; i++)
		offset += frames->items[i].unpacked;
	return offset;
}

static void close_frames(struct seek *s)
{
	source_free(steal(s->unpacking));
}

/* Opens all frames that contain the entry. The index was checked, so they
 * exist. */
static int open_frames(
    struct seek *s, const struct contents_entry *e, struct err *err)
{
	const struct frames *frames = &s->frames[e->archive];
	const struct frame *all = frames->items;
	uint64_t first = e->position.frame, end = first;
	uint64_t need = e->position.offset + e->bytes;

	close_frames(s);
	uint64_t has = 0;
	for (; has < need && end < frames->len; end++)
		has += all[end].unpacked;
	if (!need || has < need || e->bytes > need)
		return err_set(err, ERR_INTEGRITY,
		    "it is said to lie outside of the archive's frames");
	uint64_t offset = all[first].offset;
	s->unpacked_place = e->archive;
	s->unpacking = open_unpacked(s, &s->places[e->archive], offset,
	    all[end - 1].offset + all[end - 1].bytes - offset, err);
	s->at = (struct frames_position){.frame = first};
	s->frame_after = end;
	return s->unpacking ? 0 : -1;
}

/* Whether the open frames still have the entry ahead of them. */
static bool is_still_to_come(
    const struct seek *s, const struct contents_entry *e)
{
	const struct frames *frames = &s->frames[e->archive];

	if (!s->unpacking || e->archive != s->unpacked_place ||
	    e->position.frame < s->at.frame ||
	    e->position.frame >= s->frame_after)
		return false;
	const struct frames_position end = {.frame = s->frame_after};
	uint64_t at = offset_from(frames, s->at.frame, &e->position);
	return at >= s->at.offset &&
	       at + e->bytes <= offset_from(frames, s->at.frame, &end);
}

static int read_entry(struct seek *s, const struct contents_entry *e,
    struct spool *to, struct err *err)
{
	if (e->archive >= s->count)
		return err_set(err, ERR_INTEGRITY,
		    "it is said to be in an archive that the manifest does not "
		    "name");
	if (!is_still_to_come(s, e) && open_frames(s, e, err))
		return -1;
	uint64_t at =
	    offset_from(&s->frames[e->archive], s->at.frame, &e->position);
	if (read_bytes(s, s->unpacking, at - s->at.offset, NULL, NULL, err) ||
	    read_digested(s, s->unpacking, e->bytes, e->sha256, to, err))
		return -1;
	s->at.offset = at + e->bytes;
	return 0;
}

int seek_read(struct seek *s, const struct contents_entry *e, struct spool *to,
    struct err *err)
{
	cleanup(source_freep) struct source *nothing =
	    source_from_memory("", 0);
	int failed = e->bytes
			 ? read_entry(s, e, to, err)
			 : read_digested(s, nothing, 0, e->sha256, to, err);

	if (!failed)
		return 0;
	close_frames(s);
	autofree char *what = str_printf("'%.300s'", e->path);
	return wrong(err, what);
}
