#include "storage/archive/manifest.h"

#include "storage/archive/missing.h"
#include "storage/base/cleanup.h"
#include "storage/base/clock.h"
#include "storage/base/file.h"
#include "storage/base/hex.h"
#include "storage/base/json.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#ifndef BACKSTAY_VERSION
#define BACKSTAY_VERSION "0"
#endif

void manifest_init(struct manifest *m)
{
	*m = (struct manifest){.tool = str_dup("backstay " BACKSTAY_VERSION),
	    .sources = json_new_array(),
	    .missing = json_new_array(),
	    .warnings = json_new_array()};
}

void manifest_done(struct manifest *m)
{
	free(m->tool);
	free(m->label);
	free(m->name);
	free(m->zone);
	free(m->hostname);
	free(m->vault);
	free(m->archive.file);
	VEC_EACH (&m->previous, p) {
		free(p->vault);
		free(p->id);
		free(p->label);
	}
	vec_done(&m->previous);
	VEC_EACH (&m->earlier, a) {
		free(a->label);
		free(a->file);
	}
	vec_done(&m->earlier);
	json_free(m->sources);
	json_free(m->missing);
	json_free(m->warnings);
	json_free(m->layers);
	json_free(m->closure);
	json_free(m->part);
	strvec_done(&m->tags);
	*m = (struct manifest){.tool = NULL};
}

void manifest_drop_sources(struct manifest *m)
{
	json_free(m->sources);
	m->sources = json_new_array();
}

void manifest_add_previous(struct manifest *m, const char *vault,
    const char *id, const char *label, const char *sha256)
{
	struct manifest_previous *p = vec_add(&m->previous);

	p->vault = str_dup(vault);
	p->id = str_dup(id);
	p->label = str_dup(label);
	if (label)
		memcpy(p->sha256, sha256, sizeof(p->sha256));
}

const struct manifest_previous *manifest_previous_in(
    const struct manifest *m, const char *vault, const char *id)
{
	VEC_EACH (&m->previous, p)
		if (p->id && id ? str_eq(p->id, id) : str_eq(p->vault, vault))
			return p;
	return NULL;
}

void manifest_add_earlier(
    struct manifest *m, const struct manifest_archive *archive)
{
	struct manifest_archive *a = vec_add(&m->earlier);

	*a = *archive;
	a->label = str_dup(archive->label);
	a->file = str_dup(archive->file);
}

struct manifest_archive manifest_own(const struct manifest *m)
{
	struct manifest_archive a = {.label = m->label,
	    .file = m->archive.file,
	    .bytes = m->archive.bytes,
	    .compression = m->archive.compression,
	    .encryption = m->archive.encryption,
	    .entries = m->archive.entries,
	    .content_bytes = m->archive.content_bytes};

	memcpy(a.sha256, m->archive.sha256, sizeof(a.sha256));
	return a;
}

struct manifest_archive manifest_archive_at(const struct manifest *m, size_t i)
{
	return i < m->earlier.len ? m->earlier.items[i] : manifest_own(m);
}

size_t manifest_archive_count(const struct manifest *m)
{
	return m->earlier.len + 1;
}

bool manifest_is_part(
    const struct manifest *m, const struct manifest_archive *archive)
{
	return str_eq(archive->label, m->label) &&
	       !str_eq(archive->file, m->archive.file);
}

bool manifest_has_parts(const struct manifest *m)
{
	VEC_EACH (&m->earlier, a)
		if (manifest_is_part(m, a))
			return true;
	return false;
}

uint64_t manifest_archive_bytes(const struct manifest *m)
{
	uint64_t bytes = m->archive.bytes;

	VEC_EACH (&m->earlier, a)
		bytes += a->bytes;
	return bytes;
}

uint64_t manifest_written_bytes(const struct manifest *m)
{
	uint64_t bytes = m->archive.bytes;

	VEC_EACH (&m->earlier, a)
		if (manifest_is_part(m, a))
			bytes += a->bytes;
	return bytes;
}

uint64_t manifest_entries(const struct manifest *m)
{
	return m->is_list ? m->entries : m->archive.entries;
}

uint64_t manifest_content_bytes(const struct manifest *m)
{
	return m->is_list ? m->content_bytes : m->archive.content_bytes;
}

void manifest_add_missing(
    struct manifest *m, const char *what, const char *reason)
{
	json_append(m->missing, missing_entry(what, reason, NULL));
}

void manifest_add_warning(struct manifest *m, const char *text)
{
	json_append(m->warnings, json_new_str(text));
}

/* ---- writing ---- */

static void set_time(struct json_object *o, const char *key, int64_t seconds)
{
	char text[CLOCK_TEXT_MAX];

	clock_rfc3339(seconds, text);
	json_set_str(o, key, text);
}

static struct json_object *index_object(const struct contents_where *i)
{
	struct json_object *o = json_new_object();
	char sha256[DIGEST_SHA256_HEX];

	digest_hex(i->sha256, sizeof(i->sha256), sha256);
	json_set_int(o, "offset", (int64_t)i->offset);
	json_set_int(o, "bytes", (int64_t)i->bytes);
	json_set_int(o, "at", (int64_t)i->at);
	json_set_int(o, "length", (int64_t)i->len);
	json_set_str(o, "sha256", sha256);
	return o;
}

/* With its label where it is in the list. */
static struct json_object *one_archive(
    const struct manifest_archive *of, bool in_list)
{
	struct json_object *a = json_new_object();

	json_set_str(a, "file", of->file);
	if (in_list)
		json_set_str(a, "label", of->label);
	json_set_str(a, "sha256", of->sha256);
	json_set_int(a, "bytes", (int64_t)of->bytes);
	json_set_str(
	    a, "compression", format_compression_name(of->compression));
	json_set_str(a, "encryption", format_encryption_name(of->encryption));
	json_set_int(a, "entries", (int64_t)of->entries);
	json_set_int(a, "content_bytes", (int64_t)of->content_bytes);
	return a;
}

static struct json_object *archives_array(const struct manifest *m)
{
	struct json_object *list = json_new_array();

	for (size_t i = 0; i < manifest_archive_count(m); i++) {
		struct manifest_archive a = manifest_archive_at(m, i);
		json_append(list, one_archive(&a, true));
	}
	return list;
}

static struct json_object *archive_object(const struct manifest *m)
{
	struct manifest_archive own = manifest_own(m);
	struct json_object *a = one_archive(&own, false);

	if (m->archive.has_index)
		json_set(a, "contents", index_object(&m->archive.index));
	return a;
}

static struct json_object *previous_array(const struct manifest *m)
{
	struct json_object *list = json_new_array();

	VEC_EACH (&m->previous, p) {
		struct json_object *j = json_new_object();
		json_set_str(j, "vault", p->vault);
		if (p->id)
			json_set_str(j, "vault_id", p->id);
		json_set_str(j, "label", p->label);
		json_set_str(j, "manifest_sha256", p->label ? p->sha256 : NULL);
		json_append(list, j);
	}
	return list;
}

static int64_t version_of(const struct manifest *m)
{
	if (m->is_list)
		return manifest_has_parts(m) || m->part ? MANIFEST_VERSION : 3;
	return m->archive.has_index ? 2 : 1;
}

void manifest_write(const struct manifest *m, struct buf *out)
{
	cleanup(json_freep) struct json_object *o = json_new_object();
	struct json_object *tags = json_new_array();

	VEC_EACH (&m->tags, tag)
		json_append(tags, json_new_str(*tag));
	json_set_int(o, "version", version_of(m));
	json_set_str(o, "tool", m->tool);
	json_set_str(o, "label", m->label);
	json_set_str(o, "name", m->name);
	set_time(o, "created", m->created);
	set_time(o, "started", m->started);
	set_time(o, "finished", m->finished);
	json_set_str(o, "zone", m->zone ? m->zone : "UTC");
	json_set_str(o, "hostname", m->hostname ? m->hostname : "");
	json_set_str(o, "vault", m->vault ? m->vault : "");
	json_set_str(o, "status", m->partial ? "partial" : "complete");
	json_set(o, "archive", archive_object(m));
	if (m->is_list) {
		json_set(o, "archives", archives_array(m));
		json_set_int(o, "entries", (int64_t)m->entries);
		json_set_int(o, "content_bytes", (int64_t)m->content_bytes);
		json_set_str(o, "recipients", m->recipients);
	}
	json_set(o, "sources", json_share(m->sources));
	json_set(o, "missing", json_share(m->missing));
	json_set(o, "warnings", json_share(m->warnings));
	json_set(o, "tags", tags);
	json_set_bool(o, "hold", m->hold);
	if (m->layers)
		json_set(o, "layers", json_share(m->layers));
	if (m->closure)
		json_set(o, "closure", json_share(m->closure));
	if (m->part)
		json_set(o, "part", json_share(m->part));
	json_set(o, "previous", previous_array(m));
	json_write(out, o, JSON_PRETTY);
	if (out->len && out->data[out->len - 1] != '\n')
		buf_add_char(out, '\n');
}

/* ---- reading ---- */

/* The state of the reader. Only the first fault is reported. */
struct reading {
	int64_t version;
	const struct json_object *from;
	struct err *err;
	int failed;
};

static void refuse(struct reading *r, const char *key, const char *what)
{
	if (!r->failed)
		r->failed =
		    err_set(r->err, ERR_FORMAT, "the manifest's '%s' is %s",
			key, json_get(r->from, key) ? what : "missing");
}

static char *read_str(struct reading *r, const char *key)
{
	const struct json_object *j = json_get(r->from, key);
	const char *s = json_str(j);

	if (!s || strlen(s) != json_str_len(j)) {
		refuse(r, key, "no text");
		return NULL;
	}
	return str_dup(s);
}

static int64_t read_time(struct reading *r, const char *key)
{
	const char *s = json_get_str(r->from, key);
	int64_t seconds = 0, again = 0;
	char text[CLOCK_TEXT_MAX];

	if (!s || clock_parse_rfc3339(s, &seconds)) {
		refuse(r, key, "no time");
		return 0;
	}
	/* A time that could not be written again is refused, too. */
	clock_rfc3339(seconds, text);
	if (clock_parse_rfc3339(text, &again) || again != seconds)
		refuse(r, key, "no time");
	return seconds;
}

static uint64_t read_count(struct reading *r, const char *key)
{
	const struct json_object *j = json_get(r->from, key);
	int64_t n = json_int(j, -1);

	if (json_kind(j) != JSON_INT || n < 0)
		refuse(r, key, "no number");
	return n < 0 ? 0 : (uint64_t)n;
}

static void read_sha256(
    struct reading *r, const char *key, char out[DIGEST_SHA256_HEX])
{
	const char *s = json_get_str(r->from, key);

	if (!hex_is_lower(s, DIGEST_SHA256_HEX - 1))
		refuse(r, key, "no SHA-256");
	else
		memcpy(out, s, DIGEST_SHA256_HEX);
}

/* Reads one of two words. */
static bool read_choice(
    struct reading *r, const char *key, const char *no, const char *yes)
{
	const char *s = json_get_str(r->from, key);

	if (!s || (strcmp(s, no) != 0 && strcmp(s, yes) != 0))
		refuse(r, key, "of a kind this version does not know");
	return s && strcmp(s, yes) == 0;
}

static struct json_object *read_array(
    struct reading *r, const char *key, enum json_kind of)
{
	struct json_object *a = json_get(r->from, key);

	if (json_kind(a) != JSON_ARRAY)
		refuse(r, key, "no array");
	for (size_t i = 0; i < json_len(a); i++)
		if (json_kind(json_at(a, i)) != of)
			refuse(r, key, "an array of the wrong kind");
	return json_share(a);
}

static void read_index(struct reading *outer, struct manifest *m)
{
	struct contents_where *i = &m->archive.index;
	struct reading r = {.from = json_get(outer->from, "contents"),
	    .err = outer->err,
	    .failed = outer->failed};
	char sha256[DIGEST_SHA256_HEX] = "";

	if (json_kind(r.from) != JSON_OBJECT) {
		refuse(outer, "contents", "no object");
		return;
	}
	i->offset = read_count(&r, "offset");
	i->bytes = read_count(&r, "bytes");
	i->at = read_count(&r, "at");
	i->len = read_count(&r, "length");
	read_sha256(&r, "sha256", sha256);
	if (!r.failed)
		hex_decode(sha256, strlen(sha256), i->sha256);
	if (i->bytes > m->archive.bytes ||
	    i->offset > m->archive.bytes - i->bytes)
		refuse(&r, "offset", "outside of the archive");
	m->archive.has_index = true;
	outer->failed = r.failed;
}

static struct manifest_archive read_one_archive(struct reading *r)
{
	struct manifest_archive a = {.file = read_str(r, "file")};

	read_sha256(r, "sha256", a.sha256);
	a.bytes = read_count(r, "bytes");
	a.compression = read_choice(r, "compression", "zstd", "gzip")
			    ? ARCHIVE_GZIP
			    : ARCHIVE_ZSTD;
	a.encryption = read_choice(r, "encryption", "age", "none")
			   ? ARCHIVE_PLAIN
			   : ARCHIVE_AGE;
	a.entries = read_count(r, "entries");
	a.content_bytes = read_count(r, "content_bytes");
	if (a.file && (!file_path_is_safe(a.file) || strchr(a.file, '/')))
		refuse(r, "file", "no plain name");
	return a;
}

static void read_archive(struct reading *outer, struct manifest *m)
{
	struct reading r = {.from = json_get(outer->from, "archive"),
	    .err = outer->err,
	    .failed = outer->failed};

	if (json_kind(r.from) != JSON_OBJECT) {
		refuse(outer, "archive", "no object");
		return;
	}
	struct manifest_archive own = read_one_archive(&r);
	m->archive.file = own.file;
	memcpy(m->archive.sha256, own.sha256, sizeof(own.sha256));
	m->archive.bytes = own.bytes;
	m->archive.compression = own.compression;
	m->archive.encryption = own.encryption;
	m->archive.entries = own.entries;
	m->archive.content_bytes = own.content_bytes;
	if (outer->version > 1)
		read_index(&r, m);
	outer->failed = r.failed;
}

/* ---- the list of archives ---- */

static void refuse_list(struct reading *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void refuse_list(struct reading *r, const char *fmt, ...)
{
	cleanup(buf_done) struct buf why = BUF_INIT;
	va_list ap;

	if (r->failed)
		return;
	va_start(ap, fmt);
	buf_vprintf(&why, fmt, ap);
	va_end(ap);
	r->failed = err_set(r->err, ERR_FORMAT,
	    "the manifest's list of archives %s", buf_str(&why));
}

/* <name>-<stamp>: stamps have one length, so that labels of a name sort by
 * time. */
static bool is_label_of(const char *name, const char *label)
{
	size_t len = strlen(name);
	int64_t seconds;

	return str_starts(label, name) && label[len] == '-' &&
	       clock_parse_stamp(label + len + 1, &seconds) == 0;
}

/* A part's file is known by its name alone: it has the index. */
static int64_t part_index(const struct manifest_archive *a)
{
	const char *suffix = format_suffix(a->compression, a->encryption);
	size_t len = strlen(a->label);
	struct format_part part;

	return str_starts(a->file, a->label) &&
		       format_part_parse(a->file + len, &part) == 0 &&
		       str_eq(part.rest, suffix)
		   ? (int64_t)part.index
		   : -1;
}

/* The parts of a snapshot stand before its own archive, by their index. */
static void check_part(struct reading *r, const struct manifest *m,
    const struct manifest_archive *a)
{
	const struct manifest_archive *before =
	    m->earlier.len ? &m->earlier.items[m->earlier.len - 1] : NULL;

	if (before && str_eq(before->label, a->label) &&
	    part_index(before) >= part_index(a))
		refuse_list(r,
		    "names a part of '%.200s' twice, or not in order",
		    a->label);
}

static void check_in_list(struct reading *r, const struct manifest *m,
    const struct manifest_archive *a, const char *before)
{
	if (r->failed)
		return;
	autofree char *file = str_printf(
	    "%s%s", a->label, format_suffix(a->compression, a->encryption));
	int order = before ? strcmp(before, a->label) : -1;
	bool part =
	    r->version > 3 && str_eq(a->label, m->label) && part_index(a) >= 0;

	if (!is_label_of(m->name, a->label))
		refuse_list(r,
		    "names '%.200s', which is of another name than '%.200s'",
		    a->label, m->name);
	else if (!part && !str_eq(file, a->file))
		refuse_list(r,
		    "names '%.200s' as the archive of '%.200s', whose name "
		    "would be '%.200s', in the same vault",
		    a->file, a->label, file);
	else if (part)
		check_part(r, m, a);
	else if (order == 0 && !str_eq(a->label, m->label))
		refuse_list(r, "names '%.200s' twice", a->label);
	else if (order > 0 || strcmp(a->label, m->label) > 0)
		refuse_list(r,
		    "names '%.200s', which is newer than what follows it: a "
		    "snapshot needs only archives of older ones",
		    a->label);
}

static void check_own(struct reading *r, const struct manifest *m,
    const struct manifest_archive *a)
{
	struct manifest_archive own = manifest_own(m);

	if (r->failed)
		return;
	if (!str_eq(a->label, own.label) || !str_eq(a->file, own.file) ||
	    !str_eq(a->sha256, own.sha256) || a->bytes != own.bytes ||
	    a->compression != own.compression ||
	    a->encryption != own.encryption || a->entries != own.entries ||
	    a->content_bytes != own.content_bytes)
		refuse_list(r, "does not end with its own archive");
	else if (part_index(a) >= 0 && !m->part)
		refuse_list(r, "ends with a part, as that of no snapshot does");
}

static void read_list_entry(struct reading *outer, struct manifest *m,
    const struct json_object *from, bool own)
{
	struct reading r = {.version = outer->version,
	    .from = from,
	    .err = outer->err,
	    .failed = outer->failed};
	struct manifest_archive a = read_one_archive(&r);
	const char *before =
	    m->earlier.len ? m->earlier.items[m->earlier.len - 1].label : NULL;

	a.label = read_str(&r, "label");
	check_in_list(&r, m, &a, before);
	if (own)
		check_own(&r, m, &a);
	else if (!r.failed && str_eq(a.label, m->label) && part_index(&a) < 0)
		refuse_list(&r, "names '%.200s' twice", a.label);
	if (r.failed || own) {
		free(a.label);
		free(a.file);
	} else {
		*vec_add(&m->earlier) = a;
	}
	outer->failed = r.failed;
}

static void read_list(struct reading *r, struct manifest *m)
{
	struct json_object *list = read_array(r, "archives", JSON_OBJECT);
	const char *recipients = json_get_str(r->from, "recipients");
	size_t count = json_len(list);

	m->is_list = true;
	if (!count || count > MANIFEST_ARCHIVES_MAX)
		refuse_list(r, "has %zu archives; it has to have 1 to %d",
		    count, (int)MANIFEST_ARCHIVES_MAX);
	for (size_t i = 0; i < count && !r->failed; i++)
		read_list_entry(r, m, json_at(list, i), i + 1 == count);
	m->entries = read_count(r, "entries");
	m->content_bytes = read_count(r, "content_bytes");
	if (!recipients || *recipients)
		read_sha256(r, "recipients", m->recipients);
	json_free(list);
}

static void read_previous(struct reading *outer, struct manifest *m)
{
	struct json_object *list = read_array(outer, "previous", JSON_OBJECT);

	for (size_t i = 0; i < json_len(list); i++) {
		struct reading r = {.from = json_at(list, i),
		    .err = outer->err,
		    .failed = outer->failed};
		struct manifest_previous *p = vec_add(&m->previous);
		p->vault = read_str(&r, "vault");
		if (json_get(r.from, "vault_id"))
			p->id = read_str(&r, "vault_id");
		if (json_kind(json_get(r.from, "label")) != JSON_NULL) {
			p->label = read_str(&r, "label");
			read_sha256(&r, "manifest_sha256", p->sha256);
		}
		outer->failed = r.failed;
	}
	json_free(list);
}

static void read_all(struct reading *r, struct manifest *m)
{
	m->tool = read_str(r, "tool");
	m->label = read_str(r, "label");
	m->name = read_str(r, "name");
	m->created = read_time(r, "created");
	m->started = read_time(r, "started");
	m->finished = read_time(r, "finished");
	m->zone = read_str(r, "zone");
	m->hostname = read_str(r, "hostname");
	m->vault = read_str(r, "vault");
	m->partial = read_choice(r, "status", "complete", "partial");
	if (r->version > 3 &&
	    json_kind(json_get(r->from, "part")) == JSON_OBJECT)
		m->part = json_share(json_get(r->from, "part"));
	read_archive(r, m);
	if (r->version > 2)
		read_list(r, m);
	m->sources = read_array(r, "sources", JSON_OBJECT);
	m->missing = read_array(r, "missing", JSON_OBJECT);
	m->warnings = read_array(r, "warnings", JSON_STRING);
	struct json_object *tags = read_array(r, "tags", JSON_STRING);
	json_texts(tags, &m->tags);
	json_free(tags);
	if (json_kind(json_get(r->from, "hold")) != JSON_BOOL)
		refuse(r, "hold", "neither true nor false");
	m->hold = json_truth(json_get(r->from, "hold"), false);
	if (json_get(r->from, "layers"))
		m->layers = json_share(json_get(r->from, "layers"));
	if (json_kind(json_get(r->from, "closure")) == JSON_OBJECT)
		m->closure = json_share(json_get(r->from, "closure"));
	read_previous(r, m);
}

/* Early versions called a snapshot partial if another vault did not get its
 * copy. Such a snapshot is complete. */
static bool lacks_copies_only(const struct manifest *m)
{
	size_t count = json_len(m->missing);

	for (size_t i = 0; i < count; i++) {
		const char *what = json_get_str(json_at(m->missing, i), "what");
		if (!what || !str_starts(what, "the copy in vault '"))
			return false;
	}
	return count > 0;
}

int manifest_parse(
    const char *text, size_t len, struct manifest *m, struct err *err)
{
	if (len > MANIFEST_MAX_BYTES)
		return err_set(err, ERR_FORMAT, "the manifest is too long");
	cleanup(json_freep) struct json_object *o = json_parse(text, len, err);
	if (!o)
		return err_wrap(err, "reading the manifest");
	int64_t version = json_get_int(o, "version", 0);
	if (version < 1 || version > MANIFEST_VERSION)
		return err_set(err, ERR_FORMAT,
		    "the manifest is of version %lld; this program reads 1 to "
		    "%d",
		    (long long)version, MANIFEST_VERSION);
	struct reading r = {
	    .version = version, .from = o, .err = err, .failed = 0};
	*m = (struct manifest){.tool = NULL};
	read_all(&r, m);
	if (r.failed)
		manifest_done(m);
	else if (m->partial && lacks_copies_only(m))
		m->partial = false;
	return r.failed;
}
