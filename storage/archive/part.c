#include "storage/archive/part.h"

#include "storage/archive/contents.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 128 * 1024 };

struct part {
	struct part_options o;
	struct tar_writer *tar;
	struct digest *digest;
	struct buf line;
	bool first; /* the next line is that of the archive's first entry */
	struct frames_position position; /* of the entry's content */
	char *chunk; /* for what comes from a source; or NULL yet */
};

struct part *part_new(
    const struct part_options *o, struct sink *sink, struct err *err)
{
	struct tar_writer *tar =
	    tar_writer_new(&o->compress, o->frames, sink, err);

	if (!tar)
		return NULL;
	struct part *p = mem_new(struct part);
	p->o = *o;
	p->tar = tar;
	p->first = o->first;
	p->digest = digest_new(DIGEST_SHA256);
	return p;
}

void part_free(struct part *p)
{
	if (!p)
		return;
	tar_writer_free(p->tar);
	digest_free(p->digest);
	buf_done(&p->line);
	free(p->chunk);
	free(p);
}

static int add_data(
    struct part *p, const void *data, size_t len, struct err *err)
{
	digest_add(p->digest, data, len);
	if (len && tar_writer_data(p->tar, data, len, err))
		return -1;
	if (p->o.on_bytes)
		p->o.on_bytes(p->o.ctx, len);
	return 0;
}

static int write_line(const struct part_form *form, struct spool *lines,
    bool first, const struct record *r, struct contents_entry *e,
    struct buf *line, struct err *err)
{
	size_t skip = first ? CONTENTS_SEPARATOR_LEN : 0;

	e->path = r->path;
	e->bytes = r->bytes;
	e->source = r->source;
	e->mtime = r->mtime;
	if (form->form == CONTENTS_LIST)
		e->has_attrs = known_attrs_digest(&r->attrs, e->attrs);
	if (r->sha256)
		memcpy(r->sha256, e->sha256, sizeof(e->sha256));
	buf_clear(line);
	contents_write_entry(line, form->form, e, r->facts);
	return spool_add(lines, line->data + skip, line->len - skip, err);
}

static int add_line(struct part *p, const struct record *r, struct err *err)
{
	struct contents_entry e = {
	    .archive = (uint32_t)known_archives(p->o.form.known),
	    .position = p->position};
	bool first = p->first;

	digest_finish(p->digest, e.sha256);
	p->first = false;
	return write_line(&p->o.form, p->o.lines, first, r, &e, &p->line, err);
}

int part_name_known(const struct part_form *form, struct spool *lines,
    bool first, const struct record *r, const uint8_t sha256[DIGEST_SHA256_LEN],
    struct err *err)
{
	cleanup(buf_done) struct buf line = BUF_INIT;
	const struct known_entry *k =
	    known_find(form->known, r->path, r->bytes, &r->attrs);

	if (!k || memcmp(k->sha256, sha256, sizeof(k->sha256)) != 0)
		return 0;
	struct contents_entry e = {
	    .archive = k->archive, .position = k->position};
	memcpy(e.sha256, sha256, sizeof(e.sha256));
	if (write_line(form, lines, first, r, &e, &line, err))
		return -1;
	if (form->on_known)
		form->on_known(form->ctx, r->bytes);
	return 1;
}

/* 1 if it is not to be written. Only where an entry of that length was there
 * before, its digest is worth its time. */
static int name_record(
    struct part *p, const struct record *r, const void *data, struct err *err)
{
	const struct part_form *form = &p->o.form;
	uint8_t sha256[DIGEST_SHA256_LEN];

	if (!form->known ||
	    !known_find(form->known, r->path, r->bytes, &r->attrs))
		return 0;
	digest_of(DIGEST_SHA256, data, r->bytes, sha256);
	int known = part_name_known(form, p->o.lines, p->first, r, sha256, err);
	if (known > 0) {
		p->first = false;
		if (p->o.on_bytes)
			p->o.on_bytes(p->o.ctx, r->bytes);
	}
	return known;
}

/* Content comes next. */
static void note_position(struct part *p)
{
	p->position = tar_writer_position(p->tar);
	p->position.frame += p->o.frames_before;
}

static int begin(struct part *p, const struct record *r, struct err *err)
{
	if (tar_writer_entry(
		p->tar, r->path, r->bytes, r->mtime, &r->attrs, err))
		return -1;
	note_position(p);
	return 0;
}

static int add_record(
    struct part *p, const struct record *r, const void *data, struct err *err)
{
	int known = name_record(p, r, data, err);

	if (known < 0 ||
	    (!known && (begin(p, r, err) || add_data(p, data, r->bytes, err) ||
			   add_line(p, r, err))))
		return err_wrap(err, "archiving '%s'", r->path);
	return 0;
}

int part_add_run(struct part *p, const struct buf *records, struct err *err)
{
	struct record r = {.attrs = VEC_INIT};
	const char *data;
	size_t at = 0;
	int failed = 0;

	while (!failed && record_next(records, &at, &r, &data))
		failed = add_record(p, &r, data, err);
	vec_done(&r.attrs);
	return failed;
}

/* Reads all of a source and passes each piece to `add`. */
static int add_from(struct part *p, uint64_t bytes, struct source *from,
    int (*add)(struct part *p, const void *data, size_t len, struct err *err),
    struct err *err)
{
	if (!p->chunk)
		p->chunk = mem_alloc(CHUNK);
	for (uint64_t left = bytes; left;) {
		size_t want = left < CHUNK ? (size_t)left : CHUNK;
		ssize_t n = source_read(from, p->chunk, want, err);
		if (n < 0)
			return -1;
		if (n == 0)
			return err_set(err, ERR_SYSTEM,
			    "its length changed while it was being written to "
			    "the archive");
		if (add(p, p->chunk, (size_t)n, err))
			return -1;
		left -= (uint64_t)n;
	}
	return 0;
}

static int add_digested(
    struct part *p, const void *data, size_t len, struct err *err)
{
	digest_add(p->digest, data, len);
	return tar_writer_data(p->tar, data, len, err);
}

int part_add_unlisted(struct part *p, const struct record *r,
    struct source *from, struct frames_position *position,
    uint8_t sha256[DIGEST_SHA256_LEN], struct err *err)
{
	if (tar_writer_end_frame(p->tar, err) || begin(p, r, err) ||
	    add_from(p, r->bytes, from, add_digested, err))
		return -1;
	*position = p->position;
	digest_finish(p->digest, sha256);
	return 0;
}

int part_add_from(struct part *p, const struct record *r, struct source *from,
    bool store, struct err *err)
{
	if (begin(p, r, err) || (store && tar_writer_store(p->tar, err)))
		return -1;
	note_position(p);
	if (add_from(p, r->bytes, from, add_data, err))
		return -1;
	return add_line(p, r, err);
}

int part_end(struct part *p, struct err *err)
{
	return tar_writer_end(p->tar, err);
}

int part_finish(struct part *p, struct err *err)
{
	return tar_writer_finish(p->tar, err);
}
