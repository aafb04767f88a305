#include "storage/archive/contents.h"

#include "storage/archive/contents_line.h"
#include "storage/base/cleanup.h"
#include "storage/base/hex.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_LINE_1 "{\"version\":1,\"entries\":["
#define FIRST_LINE "{\"version\":2,\"entries\":["
#define FIRST_LINE_3 "{\"version\":3,\"entries\":["
#define ENTRY_START "{\"frame\":"
#define ENTRY_START_3 "{\"archive\":"

/* What a line needs besides its texts: the names of members, a digest and two
 * numbers. */
enum {
	LINE_REST = 512,
	QUOTED = 6 /* how many bytes one byte becomes at most */
};

bool contents_fits(const char *path, const char *source, const char *facts_text)
{
	size_t texts = strlen(path) + (source ? strlen(source) : 0);
	size_t facts = facts_text ? strlen(facts_text) : 0;

	return LINE_REST + QUOTED * texts + facts <= CONTENTS_LINE_MAX;
}

void contents_write_start(struct buf *out, enum contents_form form)
{
	buf_add_str(out, form == CONTENTS_LIST ? FIRST_LINE_3 : FIRST_LINE);
}

void contents_write_entry(struct buf *out, enum contents_form form,
    const struct contents_entry *e, const char *facts_text)
{
	cleanup(buf_done) struct buf sha256 = BUF_INIT, attrs = BUF_INIT;

	hex_add(&sha256, e->sha256, sizeof e->sha256);
	buf_add_str(out, ",\n");
	json_text_object(out, NULL);
	if (form == CONTENTS_LIST)
		json_text_int(out, "archive", (int64_t)e->archive);
	json_text_int(out, "frame", (int64_t)e->position.frame);
	json_text_int(out, "at", (int64_t)e->position.offset);
	json_text_str(out, "path", e->path);
	json_text_int(out, "bytes", (int64_t)e->bytes);
	json_text_str(out, "sha256", buf_str(&sha256));
	json_text_int(out, "mtime", e->mtime);
	json_text_str_if(out, "source", e->source);
	if (form == CONTENTS_LIST && e->has_attrs) {
		hex_add(&attrs, e->attrs, sizeof e->attrs);
		json_text_str(out, "attrs", buf_str(&attrs));
	}
	if (facts_text)
		json_text_raw(out, "facts", facts_text);
	json_text_object_end(out);
}

void contents_write_end(struct buf *out, enum contents_form form,
    uint64_t count, const struct frames *frames, size_t archives)
{
	const char *separator = "";

	buf_printf(
	    out, "\n],\"count\":%llu,\"frames\":[", (unsigned long long)count);
	for (size_t i = 0; i < archives; i++)
		VEC_EACH (&frames[i], f) {
			buf_printf(out, "%s\n[", separator);
			if (form == CONTENTS_LIST)
				buf_printf(out, "%zu,", i);
			buf_printf(out, "%llu,%llu,%llu]",
			    (unsigned long long)f->offset,
			    (unsigned long long)f->bytes,
			    (unsigned long long)f->unpacked);
			separator = ",";
		}
	buf_add_str(out, "\n]}\n");
}

/* The place that a line begins with, after `at`; returns where it ends. */
static const char *move_place(
    struct buf *out, const char *at, const struct contents_move *move)
{
	char *rest;
	uint32_t archive = 0;

	if (move->form == CONTENTS_LIST) {
		at += strlen(ENTRY_START_3);
		archive = (uint32_t)strtoul(at, &rest, 10);
		buf_printf(out, ENTRY_START_3 "%u,\"frame\":",
		    (unsigned)(move->numbers ? move->numbers[archive]
					     : archive));
		at = rest + strlen(",\"frame\":");
	} else {
		buf_add_str(out, ENTRY_START);
		at += strlen(ENTRY_START);
	}
	uint64_t frame = strtoull(at, &rest, 10);
	buf_printf(out, "%llu",
	    (unsigned long long)(archive == move->own ? frame + move->frames
						      : frame));
	if (move->counts)
		move->counts[archive]++;
	return rest;
}

/* A line is ",\n{"frame":N,..." or ",\n{"archive":N,"frame":N,...": JSON text
 * has no newline of its own. */
void contents_move_lines(struct buf *out, const char *lines, size_t len,
    const struct contents_move *move)
{
	const size_t before = CONTENTS_SEPARATOR_LEN + strlen("\n");
	const char *end = lines + len;

	while (lines < end) {
		const char *next = memchr(
		    lines + before, '\n', (size_t)(end - lines) - before);
		const char *stop = next ? next - CONTENTS_SEPARATOR_LEN : end;

		buf_add(out, lines, before);
		const char *rest = move_place(out, lines + before, move);
		buf_add(out, rest, (size_t)(stop - rest));
		lines = stop;
	}
}

/* ---- reading ---- */

struct lines {
	struct source *from;
	struct buf held;
	size_t at; /* start of the next line in held */
	bool ended;
};

/* The next line without its end; 1; 0 at the end of the text; -1. */
static int next_line(struct lines *l, char **text, size_t *len, struct err *err)
{
	size_t seen = l->at;

	for (;;) {
		char *newline =
		    l->held.len > seen
			? memchr(l->held.data + seen, '\n', l->held.len - seen)
			: NULL;
		if (newline) {
			*text = l->held.data + l->at;
			*len = (size_t)(newline - *text);
			l->at += *len + 1;
			return 1;
		}
		if (l->ended && l->at == l->held.len)
			return 0;
		if (l->ended || l->held.len - l->at > CONTENTS_LINE_MAX)
			return err_set(err, ERR_FORMAT,
			    l->ended ? "its last line has no end"
				     : "a line is too long");
		buf_drop_front(&l->held, l->at);
		l->at = 0;
		seen = l->held.len;
		buf_reserve(&l->held, 65536);
		ssize_t n = source_read(
		    l->from, l->held.data + l->held.len, 65536, err);
		if (n < 0)
			return -1;
		l->ended = n == 0;
		l->held.len += (size_t)n;
		l->held.data[l->held.len] = '\0';
	}
}

typedef int entry_fn(
    void *ctx, const struct contents_entry *e, struct err *err);

/* How far the entries that begin in a frame reach in it, and how far into those
 * after it. */
struct span {
	uint64_t frame;
	uint64_t start, end;
};

VEC_DEFINE(spans, struct span);

/* What is remembered while it is read: enough to check that entries follow one
 * another and, once the frames are known, that they lie within them. */
struct reading {
	struct lines lines;
	struct contents_line line;
	entry_fn *entry;
	void *ctx;
	bool stopped; /* by `entry`, whose error it is */
	int version;
	uint64_t count;
	struct frames_position
	    end; /* of the entry before, if it were one frame */
	const struct contents_archives *archives; /* or NULL */
	struct spans *spans; /* of each; one a frame that any begins in */
	size_t frames_of;    /* the archive that frames were read of last */
};

static bool is_located(const struct reading *r)
{
	return r->version > 1;
}

/* The archive that the text is in. */
static size_t own_archive(const struct reading *r)
{
	return r->archives && r->version > 2 ? r->archives->count - 1 : 0;
}

/* The entries of an archive follow one another in the text that it was written
 * with. In a later one, they may be listed in another order. */
static int check_order(
    struct reading *r, const struct contents_entry *e, struct err *err)
{
	const struct frames_position *p = &e->position;
	const struct frames_position next = {
	    .frame = p->frame, .offset = p->offset + e->bytes};

	if (p->frame < r->end.frame ||
	    (p->frame == r->end.frame && p->offset < r->end.offset))
		return err_set(err, ERR_INTEGRITY,
		    "the entry '%.200s' is said to lie within the one before "
		    "it",
		    e->path);
	r->end = next;
	return 0;
}

static bool is_own(const struct reading *r, const struct contents_entry *e)
{
	return r->version == 2 || (r->archives && e->archive == own_archive(r));
}

/* Content may continue in the frames that follow. So the beginnings are
 * compared with each other, and the ends with the frames. */
static int check_location(
    struct reading *r, const struct contents_entry *e, struct err *err)
{
	const struct frames_position *p = &e->position;

	if (e->bytes > INT64_MAX - p->offset)
		return err_set(err, ERR_INTEGRITY,
		    "the entry '%.200s' is said to be longer than any archive",
		    e->path);
	if (is_own(r, e) && check_order(r, e, err))
		return -1;
	if (!r->archives)
		return 0;
	if (e->archive >= r->archives->count)
		return err_set(err, ERR_INTEGRITY,
		    "the entry '%.200s' is said to be in archive %u, and the "
		    "manifest names %zu",
		    e->path, (unsigned)e->archive, r->archives->count);
	struct spans *spans = &r->spans[e->archive];
	struct span *s = spans->len ? &spans->items[spans->len - 1] : NULL;
	uint64_t end = p->offset + e->bytes;
	if (!s || s->frame != p->frame) {
		s = vec_add(spans);
		*s = (struct span){.frame = p->frame, .start = p->offset};
	}
	s->end = end > s->end ? end : s->end;
	return 0;
}

/* "{…}," or, of the last entry, "{…}". If nobody asked for the entry itself,
 * its place is enough; what is wrong with one is found by reading the line
 * whole. */
static int read_line(
    struct reading *r, char *text, size_t len, bool *last, struct err *err)
{
	struct contents_entry place = {.path = ""};
	struct err ignored = ERR_INIT;
	const struct contents_entry *e = &r->line.entry;

	*last = !len || text[len - 1] != ',';
	if (!*last)
		len--;
	if (!r->entry && contents_line_place(r->version, text, len, &place) &&
	    !check_location(r, &place, &ignored))
		return 0;
	if (contents_line_read(&r->line, r->version, text, len, err) ||
	    (is_located(r) && check_location(r, e, err)))
		return -1;
	r->stopped = r->entry && r->entry(r->ctx, e, err);
	return r->stopped ? -1 : 0;
}

/* The frames of an archive follow those of the one before. */
static int add_frame(
    struct reading *r, size_t archive, const struct frame *f, struct err *err)
{
	const struct contents_archives *a = r->archives;

	if (!a)
		return 0;
	if (archive < r->frames_of || archive >= a->count)
		return err_set(err, ERR_INTEGRITY,
		    "a frame is said to be of archive %zu, out of its place",
		    archive);
	r->frames_of = archive;
	if (frames_check_next(&a->frames[archive], f, a->ends[archive], err))
		return a->count > 1 ? err_wrap(err, "archive %zu", archive)
				    : -1;
	*vec_add(&a->frames[archive]) = *f;
	return 0;
}

/* "[0,1830,4194304]", perhaps with a comma, and with the number of the archive
 * before it in version 3. */
static int read_frame(struct reading *r, const char *text, size_t len,
    bool *last, struct err *err)
{
	size_t first = r->version > 2, count = first + 3;
	int64_t n[4] = {0};

	*last = !len || text[len - 1] != ',';
	cleanup(json_freep) struct json_object *o =
	    json_parse(text, *last ? len : len - 1, err);
	if (!o)
		return -1;
	bool odd = json_kind(o) != JSON_ARRAY || json_len(o) != count;
	for (size_t i = 0; !odd && i < count; i++) {
		n[i] = json_int(json_at(o, i), -1);
		odd = n[i] < 0;
	}
	if (odd)
		return err_set(err, ERR_FORMAT, "a frame is not %s numbers",
		    first ? "four" : "three");
	const struct frame f = {.offset = (uint64_t)n[first],
	    .bytes = (uint64_t)n[first + 1],
	    .unpacked = (uint64_t)n[first + 2]};
	return add_frame(r, first ? (size_t)n[0] : 0, &f, err);
}

/* Where a span ends lies within the frames. */
static int check_span(const struct frames *frames, const struct span *s,
    struct frames_position *end, struct err *err)
{
	*end = (struct frames_position){.frame = s->frame, .offset = s->end};
	while (end->frame < frames->len &&
	       end->offset > frames->items[end->frame].unpacked)
		end->offset -= frames->items[end->frame++].unpacked;
	if (end->frame < frames->len ||
	    (end->frame == frames->len && !end->offset))
		return 0;
	return err_set(err, ERR_INTEGRITY,
	    "an entry is said to end at %llu of frame %llu, outside of the "
	    "archive",
	    (unsigned long long)s->end, (unsigned long long)s->frame);
}

static int check_spans(const struct reading *r, size_t archive, struct err *err)
{
	const struct frames *frames = &r->archives->frames[archive];
	struct frames_position end = {.frame = 0};

	VEC_EACH (&r->spans[archive], s) {
		if (archive == own_archive(r) &&
		    (s->frame < end.frame ||
			(s->frame == end.frame && s->start < end.offset)))
			return err_set(err, ERR_INTEGRITY,
			    "entries overlap in frame %llu",
			    (unsigned long long)s->frame);
		if (check_span(frames, s, &end, err))
			return -1;
	}
	return 0;
}

/* Together, the frames of its own archive have to be all that comes before
 * CONTENTS.json, and each entry has to lie within those of its archive. */
static int check_frames(const struct reading *r, struct err *err)
{
	const struct contents_archives *a = r->archives;
	size_t own = own_archive(r);

	if (!a)
		return 0;
	if (frames_end(&a->frames[own]) != a->ends[own])
		return err_set(err, ERR_INTEGRITY,
		    "its frames do not reach up to %llu, where it begins "
		    "itself",
		    (unsigned long long)a->ends[own]);
	for (size_t i = 0; i < a->count; i++)
		if (check_spans(r, i, err))
			return -1;
	return 0;
}

static int check_end(struct reading *r, char *text, size_t len, struct err *err)
{
	autofree char *end =
	    str_printf("],\"count\":%llu%s", (unsigned long long)r->count,
		is_located(r) ? ",\"frames\":[" : "}");
	bool last = false;
	size_t count = 0;

	if (len != strlen(end) || memcmp(text, end, len) != 0)
		return err_set(err, ERR_FORMAT,
		    "its end does not fit its %llu entries",
		    (unsigned long long)r->count);
	while (is_located(r)) {
		int got = next_line(&r->lines, &text, &len, err);
		if (got < 0)
			return -1;
		bool ended = got && len && text[0] == ']';
		if (!got || (count && last != ended))
			return err_set(
			    err, ERR_FORMAT, "its frames are cut short");
		if (ended)
			break;
		if (read_frame(r, text, len, &last, err))
			return -1;
		count++;
	}
	if (is_located(r) && (len != 2 || memcmp(text, "]}", 2) != 0))
		return err_set(err, ERR_FORMAT, "its frames have no end");
	if (check_frames(r, err))
		return -1;
	int more = next_line(&r->lines, &text, &len, err);
	return more > 0 ? err_set(err, ERR_FORMAT, "it goes on after its end")
			: more;
}

static int read_start(struct reading *r, struct err *err)
{
	static const char *const starts[] = {
	    FIRST_LINE_1, FIRST_LINE, FIRST_LINE_3};
	char *text;
	size_t len;
	int got = next_line(&r->lines, &text, &len, err);

	if (got < 0)
		return -1;
	for (int i = 0; got && i < 3; i++)
		if (len == strlen(starts[i]) && !memcmp(text, starts[i], len))
			r->version = i + 1;
	/* Of more archives than one, only version 3 speaks. */
	if (!r->version ||
	    (r->version < 3 && r->archives && r->archives->count > 1))
		return err_set(err, ERR_FORMAT,
		    "it does not start as version %s of this file does",
		    r->version ? "3" : "1, 2 or 3");
	return 0;
}

static int each_line(struct reading *r, struct err *err)
{
	char *text;
	size_t len;
	bool last = false;
	int got;

	if (read_start(r, err))
		return -1;
	while ((got = next_line(&r->lines, &text, &len, err)) > 0) {
		if (len && text[0] == ']') {
			if (r->count && !last)
				return err_set(
				    err, ERR_FORMAT, "an entry is missing");
			return check_end(r, text, len, err);
		}
		if (last || r->count == CONTENTS_ENTRIES_MAX)
			return err_set(err, ERR_FORMAT,
			    last ? "entries are not separated"
				 : "it has too many entries");
		if (read_line(r, text, len, &last, err))
			return -1;
		r->count++;
	}
	return got < 0 ? -1 : err_set(err, ERR_FORMAT, "it is cut short");
}

static int each(struct reading *r, struct err *err)
{
	size_t count = r->archives ? r->archives->count : 0;

	if (count)
		r->spans = mem_zalloc(count * sizeof *r->spans);
	int result = each_line(r, err);
	for (size_t i = 0; i < count; i++)
		vec_done(&r->spans[i]);
	free(r->spans);
	contents_line_done(&r->line);
	buf_done(&r->lines.held);
	return result && !r->stopped ? err_wrap(err, CONTENTS_PATH) : result;
}

int contents_each(
    struct source *from, entry_fn *entry, void *ctx, struct err *err)
{
	struct reading r = {.lines = {.from = from},
	    .line = CONTENTS_LINE_INIT,
	    .entry = entry,
	    .ctx = ctx};

	return each(&r, err);
}

int contents_each_located(struct source *from, entry_fn *entry, void *ctx,
    const struct contents_archives *archives, struct err *err)
{
	struct reading r = {.lines = {.from = from},
	    .line = CONTENTS_LINE_INIT,
	    .entry = entry,
	    .ctx = ctx,
	    .archives = archives};

	return each(&r, err);
}
