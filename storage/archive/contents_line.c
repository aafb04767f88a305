#include "storage/archive/contents_line.h"

#include "storage/archive/limits.h"
#include "storage/base/cleanup.h"
#include "storage/base/hex.h"
#include "storage/base/json.h"

#include <string.h>

enum {
	LISTED = 3,	/* the version whose lines name an archive */
	DIGITS_MAX = 18 /* what surely fits into 63 bits */
};

void contents_line_done(struct contents_line *l)
{
	facts_done(&l->facts);
	json_free(steal(l->tree));
}

/* ---- as it is written ---- */

static bool skip(struct json_scan *s, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(s->end - s->at) < len || memcmp(s->at, text, len) != 0)
		return false;
	s->at += len;
	return true;
}

static bool scan_number(struct json_scan *s, const char *before, uint64_t *out)
{
	if (!skip(s, before))
		return false;
	const char *start = s->at;
	for (*out = 0; s->at < s->end && *s->at >= '0' && *s->at <= '9';
	     s->at++)
		*out = 10 * *out + (uint64_t)(*s->at - '0');
	size_t digits = (size_t)(s->at - start);
	return digits == 1 ||
	       (digits > 1 && digits <= DIGITS_MAX && *start != '0');
}

/* One without escapes, so that it can be used in place. */
static bool scan_text(
    struct json_scan *s, const char *before, struct json_range *out)
{
	return skip(s, before) && json_scan_string(s, out) &&
	       !memchr(out->at, '\\', out->len);
}

static bool scan_digest(
    struct json_scan *s, const char *before, uint8_t sha256[DIGEST_SHA256_LEN])
{
	struct json_range hex;

	return scan_text(s, before, &hex) && hex.len == 2 * DIGEST_SHA256_LEN &&
	       !hex_decode(hex.at, hex.len, sha256);
}

static bool scan_place(struct json_scan *s, int version,
    struct contents_entry *e, struct json_range *path)
{
	bool list = version >= LISTED;
	uint64_t archive = 0;

	if (version < 2 ||
	    (list && !scan_number(s, "{\"archive\":", &archive)) ||
	    archive > UINT32_MAX ||
	    !scan_number(
		s, list ? ",\"frame\":" : "{\"frame\":", &e->position.frame) ||
	    !scan_number(s, ",\"at\":", &e->position.offset) ||
	    !scan_text(s, ",\"path\":", path) ||
	    !scan_number(s, ",\"bytes\":", &e->bytes))
		return false;
	e->archive = (uint32_t)archive;
	e->located = true;
	return true;
}

bool contents_line_place(
    int version, const char *text, size_t len, struct contents_entry *entry)
{
	struct json_range path;
	struct json_scan s;

	json_scan_init(&s, text, len);
	return scan_place(&s, version, entry, &path);
}

/* Ends a string of the line where its closing quote is. */
static const char *end_text(char *text, size_t at, struct json_range string)
{
	text[at + string.len] = '\0';
	return text + at;
}

static bool scan_line(
    struct contents_line *l, int version, char *text, size_t len)
{
	struct contents_entry *e = &l->entry;
	struct json_range path, source = {.at = NULL};
	struct json_scan s;
	bool negative;
	uint64_t mtime;

	*e = (struct contents_entry){.path = NULL};
	json_scan_init(&s, text, len);
	if (!scan_place(&s, version, e, &path) ||
	    !scan_digest(&s, ",\"sha256\":", e->sha256) ||
	    !skip(&s, ",\"mtime\":"))
		return false;
	negative = skip(&s, "-");
	if (!scan_number(&s, "", &mtime) || (negative && !mtime))
		return false;
	e->mtime = negative ? -(int64_t)mtime : (int64_t)mtime;
	if (skip(&s, ",\"source\":") && !scan_text(&s, "", &source))
		return false;
	e->has_attrs = version >= LISTED && skip(&s, ",\"attrs\":");
	if (e->has_attrs && !scan_digest(&s, "", e->attrs))
		return false;
	e->facts = skip(&s, ",\"facts\":") ? &l->facts : NULL;
	if (e->facts && !facts_scan(&l->facts, &s))
		return false;
	if (!skip(&s, "}") || s.at != s.end)
		return false;
	e->path = end_text(text, (size_t)(path.at - text), path);
	if (source.at)
		e->source = end_text(text, (size_t)(source.at - text), source);
	return true;
}

/* ---- in any other layout ---- */

static int read_attrs(
    const struct json_object *o, struct contents_entry *e, struct err *err)
{
	const struct json_object *j = json_get(o, "attrs");
	const char *hex = json_str(j);

	if (!j)
		return 0;
	e->has_attrs = true;
	if (hex && strlen(hex) == 2 * sizeof e->attrs &&
	    !hex_decode(hex, 2 * sizeof e->attrs, e->attrs))
		return 0;
	return err_set(err, ERR_FORMAT,
	    "the attributes of the entry '%.200s' have no digest", e->path);
}

static int read_place(const struct json_object *o, int version,
    struct contents_entry *e, struct err *err)
{
	int64_t frame = json_get_int(o, "frame", -1);
	int64_t at = json_get_int(o, "at", -1);
	int64_t archive =
	    version >= LISTED ? json_get_int(o, "archive", -1) : 0;

	if (version < 2)
		return 0;
	if (frame < 0 || at < 0 || archive < 0 || archive > UINT32_MAX)
		return err_set(err, ERR_FORMAT,
		    "the entry '%.200s' has no place", e->path);
	e->archive = (uint32_t)archive;
	e->located = true;
	e->position.frame = (uint64_t)frame;
	e->position.offset = (uint64_t)at;
	return 0;
}

static int no_safe_path(struct err *err)
{
	return err_set(err, ERR_FORMAT, "an entry has no safe path");
}

static int read_tree(struct contents_line *l, int version, struct err *err)
{
	const struct json_object *o = l->tree;
	struct contents_entry *e = &l->entry;
	const struct json_object *facts = json_get(o, "facts");
	const char *sha256 = json_get_str(o, "sha256");
	int64_t bytes = json_get_int(o, "bytes", -1);

	*e = (struct contents_entry){.path = json_get_str(o, "path"),
	    .bytes = (uint64_t)bytes,
	    .source = json_get_str(o, "source"),
	    .mtime = json_get_int(o, "mtime", 0),
	    .facts = json_kind(facts) == JSON_OBJECT ? &l->facts : NULL};
	if (!e->path || strlen(e->path) != json_str_len(json_get(o, "path")) ||
	    limits_path_wrong(e->path))
		return no_safe_path(err);
	if (bytes < 0 || !sha256 || strlen(sha256) != 2 * sizeof e->sha256 ||
	    hex_decode(sha256, 2 * sizeof e->sha256, e->sha256))
		return err_set(err, ERR_FORMAT,
		    "the entry '%.200s' has no size or digest", e->path);
	if (e->facts)
		facts_from_tree(&l->facts, facts);
	return (version >= LISTED && read_attrs(o, e, err)) ||
		       read_place(o, version, e, err)
		   ? -1
		   : 0;
}

int contents_line_read(struct contents_line *l, int version, char *text,
    size_t len, struct err *err)
{
	if (scan_line(l, version, text, len))
		return limits_path_wrong(l->entry.path) ? no_safe_path(err) : 0;
	json_free(steal(l->tree));
	l->tree = json_parse(text, len, err);
	return l->tree ? read_tree(l, version, err) : -1;
}
