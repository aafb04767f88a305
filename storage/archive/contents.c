#include "storage/archive/contents.h"

#include "storage/archive/limits.h"
#include "storage/base/cleanup.h"
#include "storage/base/hex.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LINE_1 "{\"version\":1,\"entries\":["
#define FIRST_LINE "{\"version\":2,\"entries\":["
#define ENTRY_START "{\"frame\":"

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

void contents_write_start(struct buf *out)
{
	buf_add_str(out, FIRST_LINE);
}

void contents_write_entry(
    struct buf *out, const struct contents_entry *e, const char *facts_text)
{
	cleanup(buf_done) struct buf sha256 = BUF_INIT;

	hex_add(&sha256, e->sha256, sizeof e->sha256);
	buf_add_str(out, ",\n");
	json_text_object(out, NULL);
	json_text_int(out, "frame", (int64_t)e->position.frame);
	json_text_int(out, "at", (int64_t)e->position.offset);
	json_text_str(out, "path", e->path);
	json_text_int(out, "bytes", (int64_t)e->bytes);
	json_text_str(out, "sha256", buf_str(&sha256));
	json_text_int(out, "mtime", e->mtime);
	json_text_str_if(out, "source", e->source);
	if (facts_text)
		json_text_raw(out, "facts", facts_text);
	json_text_object_end(out);
}

void contents_write_end(
    struct buf *out, uint64_t count, const struct frames *frames)
{
	const char *separator = "";

	buf_printf(
	    out, "\n],\"count\":%llu,\"frames\":[", (unsigned long long)count);
	VEC_EACH (frames, f) {
		buf_printf(out, "%s\n[%llu,%llu,%llu]", separator,
		    (unsigned long long)f->offset, (unsigned long long)f->bytes,
		    (unsigned long long)f->unpacked);
		separator = ",";
	}
	buf_add_str(out, "\n]}\n");
}

/* A line is ",\n{"frame":N,...": JSON text has no newline of its own. */
void contents_move_lines(
    struct buf *out, const char *lines, size_t len, uint64_t frames)
{
	const size_t before = CONTENTS_SEPARATOR_LEN + strlen("\n" ENTRY_START);
	const char *end = lines + len;

	while (lines < end) {
		const char *next = memchr(
		    lines + before, '\n', (size_t)(end - lines) - before);
		const char *stop = next ? next - CONTENTS_SEPARATOR_LEN : end;
		char *rest;
		uint64_t frame = strtoull(lines + before, &rest, 10);

		buf_add(out, lines, before);
		buf_printf(out, "%llu", (unsigned long long)(frame + frames));
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
static int next_line(
    struct lines *l, const char **text, size_t *len, struct err *err)
{
	size_t seen = l->at;

	for (;;) {
		const char *newline =
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

/* What is remembered while it is read: enough to check that entries follow one
 * another and, once the frames are known, that they lie within them. */
struct reading {
	struct lines lines;
	entry_fn *entry;
	void *ctx;
	bool located; /* version 2 */
	uint64_t count;
	struct frames_position
	    end; /* of the entry before, if it were one frame */
	uint64_t archive_end;
	struct frames *frames;		 /* to be filled; or NULL */
	VEC_DEFINE(, struct span) spans; /* one a frame that any begins in */
};

/* Content may continue in the frames that follow. So the beginnings are
 * compared with each other, and the ends with the frames. */
static int check_location(
    struct reading *r, const struct contents_entry *e, struct err *err)
{
	const struct frames_position *p = &e->position;

	if (p->frame < r->end.frame ||
	    (p->frame == r->end.frame && p->offset < r->end.offset))
		return err_set(err, ERR_INTEGRITY,
		    "the entry '%.200s' is said to lie within the one before "
		    "it",
		    e->path);
	if (e->bytes > INT64_MAX - p->offset)
		return err_set(err, ERR_INTEGRITY,
		    "the entry '%.200s' is said to be longer than any archive",
		    e->path);
	r->end = (struct frames_position){
	    .frame = p->frame, .offset = p->offset + e->bytes};
	if (!r->frames)
		return 0;
	struct span *s =
	    r->spans.len ? &r->spans.items[r->spans.len - 1] : NULL;
	if (!s || s->frame != p->frame) {
		s = vec_add(&r->spans);
		*s = (struct span){.frame = p->frame, .start = p->offset};
	}
	s->end = r->end.offset;
	return 0;
}

static int read_location(struct reading *r, const struct json_object *o,
    struct contents_entry *e, struct err *err)
{
	int64_t frame = json_get_int(o, "frame", -1);
	int64_t at = json_get_int(o, "at", -1);

	if (!r->located)
		return 0;
	if (frame < 0 || at < 0)
		return err_set(err, ERR_FORMAT,
		    "the entry '%.200s' has no place", e->path);
	e->located = true;
	e->position.frame = (uint64_t)frame;
	e->position.offset = (uint64_t)at;
	return check_location(r, e, err);
}

static int read_entry(
    struct reading *r, const struct json_object *o, struct err *err)
{
	struct contents_entry e = {.path = json_get_str(o, "path"),
	    .bytes = (uint64_t)json_get_int(o, "bytes", -1),
	    .source = json_get_str(o, "source"),
	    .mtime = json_get_int(o, "mtime", 0),
	    .facts = json_get(o, "facts")};
	const char *sha256 = json_get_str(o, "sha256");

	if (!e.path || strlen(e.path) != json_str_len(json_get(o, "path")) ||
	    limits_path_wrong(e.path))
		return err_set(err, ERR_FORMAT, "an entry has no safe path");
	if (json_get_int(o, "bytes", -1) < 0 || !sha256 ||
	    strlen(sha256) != 2 * sizeof e.sha256 ||
	    hex_decode(sha256, 2 * sizeof e.sha256, e.sha256))
		return err_set(err, ERR_FORMAT,
		    "the entry '%.200s' has no size or digest", e.path);
	if (read_location(r, o, &e, err))
		return -1;
	return r->entry ? r->entry(r->ctx, &e, err) : 0;
}

/* Over `word`, and the number behind it. */
static bool skip_number(
    const char **at, const char *end, const char *word, uint64_t *number)
{
	size_t len = strlen(word);
	char *rest;

	if ((size_t)(end - *at) <= len || memcmp(*at, word, len) != 0 ||
	    !isdigit((unsigned char)(*at)[len]))
		return false;
	errno = 0;
	*number = strtoull(*at + len, &rest, 10);
	*at = rest;
	return !errno && *number <= INT64_MAX;
}

/* Checks only the location in a line, in a fraction of the time that parsing it
 * takes. False if the line is not laid out as the writer does it, or if the
 * location is wrong: then the line has to be parsed, which also gives the
 * error. The line must end in a byte that is not a digit. */
static bool has_valid_location(struct reading *r, const char *text, size_t len)
{
	struct contents_entry e = {.path = ""};
	const char *at = text, *end = text + len;
	static const char path[] = ",\"path\":\"";
	struct err ignored = ERR_INIT;

	if (!r->located ||
	    !skip_number(&at, end, ENTRY_START, &e.position.frame) ||
	    !skip_number(&at, end, ",\"at\":", &e.position.offset) ||
	    (size_t)(end - at) < strlen(path) ||
	    memcmp(at, path, strlen(path)) != 0)
		return false;
	at += strlen(path);
	const char *quote = memchr(at, '"', (size_t)(end - at));
	if (!quote || memchr(at, '\\', (size_t)(quote - at)))
		return false;
	at = quote;
	return skip_number(&at, end, "\",\"bytes\":", &e.bytes) &&
	       check_location(r, &e, &ignored) == 0;
}

/* "{…}," or, of the last entry, "{…}". */
static int read_line(struct reading *r, const char *text, size_t len,
    bool *last, struct err *err)
{
	*last = !len || text[len - 1] != ',';
	if (!*last)
		len--;
	if (!r->entry && has_valid_location(r, text, len))
		return 0;
	cleanup(json_freep) struct json_object *o = json_parse(text, len, err);
	if (!o)
		return -1;
	return read_entry(r, o, err);
}

/* "[0,1830,4194304]", perhaps with a comma. */
static int read_frame(struct reading *r, const char *text, size_t len,
    bool *last, struct err *err)
{
	struct frame f;

	*last = !len || text[len - 1] != ',';
	cleanup(json_freep) struct json_object *o =
	    json_parse(text, *last ? len : len - 1, err);
	if (!o)
		return -1;
	int64_t offset = json_int(json_at(o, 0), -1);
	int64_t bytes = json_int(json_at(o, 1), -1);
	int64_t unpacked = json_int(json_at(o, 2), -1);
	if (json_kind(o) != JSON_ARRAY || json_len(o) != 3 || offset < 0 ||
	    bytes < 0 || unpacked < 0)
		return err_set(err, ERR_FORMAT, "a frame is not three numbers");
	f = (struct frame){.offset = (uint64_t)offset,
	    .bytes = (uint64_t)bytes,
	    .unpacked = (uint64_t)unpacked};
	if (!r->frames)
		return 0;
	if (frames_check_next(r->frames, &f, r->archive_end, err))
		return -1;
	*vec_add(r->frames) = f;
	return 0;
}

/* Together, the frames have to be all that comes before CONTENTS.json, and each
 * entry has to lie within them. */
static int check_frames(const struct reading *r, struct err *err)
{
	const struct frames *frames = r->frames;

	if (!frames)
		return 0;
	if (frames_end(frames) != r->archive_end)
		return err_set(err, ERR_INTEGRITY,
		    "its frames do not reach up to %llu, where it begins "
		    "itself",
		    (unsigned long long)r->archive_end);
	struct frames_position end = {.frame = 0};
	VEC_EACH (&r->spans, s) {
		if (s->frame < end.frame ||
		    (s->frame == end.frame && s->start < end.offset))
			return err_set(err, ERR_INTEGRITY,
			    "entries overlap in frame %llu",
			    (unsigned long long)s->frame);
		end = (struct frames_position){
		    .frame = s->frame, .offset = s->end};
		while (end.frame < frames->len &&
		       end.offset > frames->items[end.frame].unpacked)
			end.offset -= frames->items[end.frame++].unpacked;
		if (end.frame > frames->len ||
		    (end.frame == frames->len && end.offset))
			return err_set(err, ERR_INTEGRITY,
			    "an entry is said to end at %llu of frame %llu, "
			    "outside of the archive",
			    (unsigned long long)s->end,
			    (unsigned long long)s->frame);
	}
	return 0;
}

static int check_end(
    struct reading *r, const char *text, size_t len, struct err *err)
{
	autofree char *end = str_printf("],\"count\":%llu%s",
	    (unsigned long long)r->count, r->located ? ",\"frames\":[" : "}");
	bool last = false;
	size_t count = 0;

	if (len != strlen(end) || memcmp(text, end, len) != 0)
		return err_set(err, ERR_FORMAT,
		    "its end does not fit its %llu entries",
		    (unsigned long long)r->count);
	while (r->located) {
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
	if (r->located && (len != 2 || memcmp(text, "]}", 2) != 0))
		return err_set(err, ERR_FORMAT, "its frames have no end");
	if (check_frames(r, err))
		return -1;
	int more = next_line(&r->lines, &text, &len, err);
	return more > 0 ? err_set(err, ERR_FORMAT, "it goes on after its end")
			: more;
}

static int read_start(struct reading *r, struct err *err)
{
	const char *text;
	size_t len;
	int got = next_line(&r->lines, &text, &len, err);

	if (got < 0)
		return -1;
	r->located =
	    got && len == strlen(FIRST_LINE) && !memcmp(text, FIRST_LINE, len);
	if (!r->located && (!got || len != strlen(FIRST_LINE_1) ||
			       memcmp(text, FIRST_LINE_1, len)))
		return err_set(err, ERR_FORMAT,
		    "it does not start as version 1 or 2 of this file does");
	return 0;
}

static int each_line(struct reading *r, struct err *err)
{
	const char *text;
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
	int result = each_line(r, err);

	buf_done(&r->lines.held);
	vec_done(&r->spans);
	return result ? err_wrap(err, CONTENTS_PATH) : 0;
}

int contents_each(
    struct source *from, entry_fn *entry, void *ctx, struct err *err)
{
	struct reading r = {
	    .lines = {.from = from}, .entry = entry, .ctx = ctx};

	return each(&r, err);
}

int contents_each_located(struct source *from, entry_fn *entry, void *ctx,
    uint64_t end, struct frames *frames, struct err *err)
{
	struct reading r = {.lines = {.from = from},
	    .entry = entry,
	    .ctx = ctx,
	    .archive_end = end,
	    .frames = frames};

	return each(&r, err);
}
