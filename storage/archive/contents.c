#include "storage/archive/contents.h"

#include "storage/archive/limits.h"
#include "storage/base/cleanup.h"
#include "storage/base/hex.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_LINE "{\"version\":1,\"entries\":["

/* Of a line, besides its texts: the names, a digest and two numbers. */
enum { LINE_REST = 512, QUOTED = 6 /* bytes of one byte, at most */ };

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
	json_text_str(out, "path", e->path);
	json_text_int(out, "bytes", (int64_t)e->bytes);
	json_text_str(out, "sha256", buf_str(&sha256));
	json_text_int(out, "mtime", e->mtime);
	json_text_str_if(out, "source", e->source);
	if (facts_text)
		json_text_raw(out, "facts", facts_text);
	json_text_object_end(out);
}

void contents_write_end(struct buf *out, uint64_t count)
{
	buf_add_char(out, '\n');
	json_text_array_end(out);
	json_text_int(out, "count", (int64_t)count);
	json_text_object_end(out);
	buf_add_char(out, '\n');
}

/* ---- reading ---- */

struct lines {
	struct source *from;
	struct buf held;
	size_t at; /* start of the next line in held */
	bool ended;
};

/* The next line without its end; 1, 0 at the end of the text, -1. */
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

static int read_entry(
    const struct json_object *o, entry_fn *entry, void *ctx, struct err *err)
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
	return entry(ctx, &e, err);
}

/* "{…}," or, of the last entry, "{…}". */
static int read_line(const char *text, size_t len, bool *last, entry_fn *entry,
    void *ctx, struct err *err)
{
	*last = !len || text[len - 1] != ',';
	if (!*last)
		len--;
	cleanup(json_freep) struct json_object *o = json_parse(text, len, err);
	if (!o)
		return -1;
	return read_entry(o, entry, ctx, err);
}

static int check_end(struct lines *l, const char *text, size_t len,
    uint64_t count, struct err *err)
{
	autofree char *end =
	    str_printf("],\"count\":%llu}", (unsigned long long)count);

	if (len != strlen(end) || memcmp(text, end, len) != 0)
		return err_set(err, ERR_FORMAT,
		    "its end does not fit its %llu entries",
		    (unsigned long long)count);
	int more = next_line(l, &text, &len, err);
	return more > 0 ? err_set(err, ERR_FORMAT, "it goes on after its end")
			: more;
}

static int each_line(
    struct lines *l, entry_fn *entry, void *ctx, struct err *err)
{
	const char *text;
	size_t len;
	uint64_t count = 0;
	bool last = false;
	int got = next_line(l, &text, &len, err);

	if (got < 0)
		return -1;
	if (!got || len != strlen(FIRST_LINE) || memcmp(text, FIRST_LINE, len))
		return err_set(err, ERR_FORMAT,
		    "it does not start as version 1 of this file does");
	while ((got = next_line(l, &text, &len, err)) > 0) {
		if (len && text[0] == ']') {
			if (count && !last)
				return err_set(
				    err, ERR_FORMAT, "an entry is missing");
			return check_end(l, text, len, count, err);
		}
		if (last || count == CONTENTS_ENTRIES_MAX)
			return err_set(err, ERR_FORMAT,
			    last ? "entries are not separated"
				 : "it has too many entries");
		if (read_line(text, len, &last, entry, ctx, err))
			return -1;
		count++;
	}
	return got < 0 ? -1 : err_set(err, ERR_FORMAT, "it is cut short");
}

int contents_each(
    struct source *from, entry_fn *entry, void *ctx, struct err *err)
{
	struct lines l = {.from = from, .held = BUF_INIT};
	int r = each_line(&l, entry, ctx, err);

	buf_done(&l.held);
	return r ? err_wrap(err, CONTENTS_PATH) : 0;
}
