#include "config/cli/document.h"
#include "config/cli/listing.h"
#include "restore/command.h"
#include "restore/open.h"
#include "storage/archive/format.h"
#include "storage/archive/missing.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/vault/skew.h"

#include <stdio.h>
#include <string.h>

/* It has text from servers, which may contain control sequences for a
 * terminal. */
static void add_shown(struct buf *out, const char *text)
{
	str_add_printable(out, text ? text : "?", text ? strlen(text) : 1);
}

static void add_text(struct buf *out, const char *label, const char *text)
{
	buf_printf(out, "%-12s ", label);
	if (text)
		str_add_printable(out, text, strlen(text));
	else
		buf_add_char(out, '-');
	buf_add_char(out, '\n');
}

static void add_time(struct buf *out, const char *label, int64_t seconds)
{
	char when[CLOCK_TEXT_MAX];

	clock_rfc3339(seconds, when);
	add_text(out, label, when);
}

static void add_archive(struct buf *out, const struct manifest *m)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	str_add_bytes(&text, m->archive.bytes);
	buf_printf(&text, ", %llu entries of ",
	    (unsigned long long)manifest_entries(m));
	str_add_bytes(&text, manifest_content_bytes(m));
	buf_printf(&text, ", %s, encryption %s",
	    format_compression_name(m->archive.compression),
	    format_encryption_name(m->archive.encryption));
	add_text(out, "archive", buf_str(&text));
	add_text(out, "sha256", m->archive.sha256);
	VEC_EACH (&m->earlier, a) {
		cleanup(buf_done) struct buf line = BUF_INIT;
		buf_printf(&line, "%s, ", a->file);
		str_add_bytes(&line, a->bytes);
		add_text(out, manifest_is_part(m, a) ? "part" : "needs",
		    buf_str(&line));
	}
}

/* The revisions at which a cluster was read: one, or it is not a single moment.
 */
static void add_revisions(struct buf *out, const struct json_object *revisions)
{
	const char *separator = "";

	for (size_t i = 0; i < json_len(revisions); i++) {
		const struct json_object *text = json_at(revisions, i);
		buf_add_str(out, separator);
		if (json_str(text))
			str_add_printable(
			    out, json_str(text), json_str_len(text));
		separator = ", then ";
	}
}

/* The lists that are of another one, a line each kind. */
static void add_other_revisions(
    struct buf *out, const struct json_object *cluster)
{
	const struct json_object *others = json_get(cluster, "other_revisions");
	const char *before = NULL;

	for (size_t i = 0; i < json_len(others); i++) {
		const struct json_object *o = json_at(others, i);
		const char *resource = json_get_str(o, "resource");
		const char *why = json_get_str(o, "reason");
		if (!resource || !why || (before && str_eq(before, resource)))
			continue;
		before = resource;
		buf_add_str(out, "    another revision: ");
		str_add_printable(out, resource, strlen(resource));
		buf_add_str(out, ": ");
		str_add_printable(out, why, strlen(why));
		buf_add_char(out, '\n');
	}
}

/* Text, numbers and flags of one object on one line; what is deeper is for
 * `-o json`. */
static void add_members(struct buf *out, const struct json_object *object)
{
	const char *separator = "";

	for (struct json_iter it = json_iter(object); json_next(&it);) {
		enum json_kind kind = json_kind(it.value);
		if (kind == JSON_NULL || kind == JSON_OBJECT)
			continue;
		buf_printf(out, "%s%s ", separator, it.key);
		if (kind == JSON_ARRAY && str_eq(it.key, "revisions"))
			add_revisions(out, it.value);
		else if (kind == JSON_ARRAY)
			buf_printf(out, "%zu", json_len(it.value));
		else if (kind == JSON_STRING)
			str_add_printable(
			    out, json_str(it.value), json_str_len(it.value));
		else
			json_write(out, it.value, JSON_COMPACT);
		separator = ", ";
	}
	buf_add_char(out, '\n');
}

/* When the source was read, if the manifest has it. */
static void add_span(struct buf *out, const struct json_object *source)
{
	const char *from = json_get_str(source, "started");
	const char *to = json_get_str(source, "finished");

	if (!from || !to)
		return;
	buf_add_str(out, ", read from ");
	str_add_printable(out, from, strlen(from));
	buf_add_str(out, " to ");
	str_add_printable(out, to, strlen(to));
}

static void add_count(
    struct buf *out, const char *name, int64_t count, const char *title)
{
	buf_add_str(out, title);
	add_shown(out, name);
	buf_printf(out, " %lld", (long long)count);
}

/* How many objects of a cluster each namespace and each kind has; without those
 * that have none. */
static void add_objects(struct buf *out, const struct json_object *cluster)
{
	const struct json_object *resources = json_get(cluster, "resources");
	const char *title = "    by namespace: ";

	for (struct json_iter it =
		 json_iter(json_get(cluster, "namespace_objects"));
	     json_next(&it);) {
		add_count(out, it.key, json_int(it.value, 0), title);
		title = ", ";
	}
	if (str_eq(title, ", "))
		buf_add_char(out, '\n');
	title = "    by kind: ";
	for (size_t i = 0; i < json_len(resources); i++) {
		const struct json_object *r = json_at(resources, i);
		int64_t count = json_get_int(r, "objects", 0);
		const char *kind = json_get_str(r, "kind");
		if (!count)
			continue;
		add_count(out, kind ? kind : json_get_str(r, "resource"), count,
		    title);
		title = ", ";
	}
	if (str_eq(title, ", "))
		buf_add_char(out, '\n');
}

/* A source: its own members, then one line for each thing it lists
 * (repositories, clusters, buckets), with the time it was read: how far the
 * parts of the snapshot are apart is seen there. */
static void add_source(struct buf *out, const struct json_object *source)
{
	buf_printf(out, "\n%s: ", json_get_str(source, "kind"));
	str_add_count(
	    out, (uint64_t)json_get_int(source, "items", 0), "item", "items");
	buf_add_str(out, ", ");
	str_add_bytes(out, (uint64_t)json_get_int(source, "bytes", 0));
	add_span(out, source);
	buf_add_char(out, '\n');
	for (struct json_iter it = json_iter(source); json_next(&it);) {
		for (size_t i = 0; i < json_len(it.value); i++) {
			const struct json_object *item = json_at(it.value, i);
			if (json_kind(item) != JSON_OBJECT)
				continue;
			buf_add_str(out, "  ");
			add_members(out, item);
			add_objects(out, item);
			add_other_revisions(out, item);
		}
	}
}

static void add_tags(struct buf *out, const struct manifest *m)
{
	cleanup(buf_done) struct buf tags = BUF_INIT;

	VEC_EACH (&m->tags, tag)
		buf_printf(&tags, "%s%s", tags.len ? ", " : "", *tag);
	if (tags.len)
		add_text(out, "tags", buf_str(&tags));
}

static void add_lines(
    struct buf *out, const char *title, const struct json_object *lines)
{
	for (size_t i = 0; i < json_len(lines); i++) {
		buf_printf(out, "  %s: ", title);
		add_shown(out, json_str(json_at(lines, i)));
		buf_add_char(out, '\n');
	}
}

/* Whether it can be used alone. Snapshots of earlier versions do not say. */
static void add_closure(struct buf *out, const struct json_object *closure)
{
	const struct json_object *missing = json_get(closure, "missing");
	const struct json_object *outside = json_get(closure, "outside");
	int64_t lacks = json_get_int(closure, "lacks", 0);

	if (!closure)
		return;
	if (json_truth(json_get(closure, "alone"), false)) {
		buf_add_str(out, "\nclosure: all that its parts point to is in "
				 "it\n");
		return;
	}
	buf_printf(out,
	    "\nclosure: its parts point to %lld things that are not in it\n",
	    (long long)lacks);
	add_lines(out, "missing", missing);
	add_lines(out, "outside", outside);
	int64_t named = (int64_t)(json_len(missing) + json_len(outside));
	if (named < lacks)
		buf_printf(
		    out, "  and %lld more\n", (long long)(lacks - named));
}

static void add_table(
    struct buf *out, const struct snapshot_verdict *v, const struct manifest *m)
{
	add_text(out, "snapshot", m->label);
	add_text(out, "status", m->partial ? "partial" : "complete");
	if (m->hold)
		add_text(out, "hold", "kept whatever retention says");
	add_tags(out, m);
	add_time(out, "created", m->created);
	add_time(out, "from", m->started);
	add_time(out, "to", m->finished);
	add_text(out, "written by", m->tool);
	add_text(out, "on", m->hostname);
	add_archive(out, m);
	VEC_EACH (&m->previous, p) {
		autofree char *text = str_printf("%s, in vault '%s'",
		    p->label ? p->label : "none", p->vault);
		add_text(out, "previous", text);
	}
	if (v->at)
		add_time(out, v->failed ? "verify FAILED" : "verified", v->at);
	if (v->drilled)
		add_time(out, v->drill_failed ? "drill FAILED" : "drilled",
		    v->drilled);
	if (v->hearsay) {
		autofree char *text = str_printf(
		    "%zu verification records of no trusted key, %zu FAILED",
		    v->hearsay, v->hearsay_failed);
		add_text(out, "hearsay", text);
	}
	if (v->silenced) {
		autofree char *text =
		    str_printf("%zu verification records, of which this "
			       "machine has copies",
			v->silenced);
		add_text(out, "removed", text);
	}
	for (size_t i = 0; i < json_len(m->sources); i++)
		add_source(out, json_at(m->sources, i));
	add_closure(out, m->closure);
	cleanup(strvec_done) struct strvec missing = VEC_INIT;
	missing_lines(m->missing, &missing);
	VEC_EACH (&missing, line) {
		buf_add_str(
		    out, line == missing.items ? "\nmissing:\n  " : "  ");
		add_shown(out, *line);
		buf_add_char(out, '\n');
	}
	for (size_t i = 0; i < json_len(m->warnings); i++) {
		buf_add_str(out, i ? "  " : "\nwarnings:\n  ");
		add_shown(out, json_str(json_at(m->warnings, i)));
		buf_add_char(out, '\n');
	}
}

/* The members of the manifest, and what others have recorded of it. */
static int add_document(struct buf *out, const struct command *c,
    const struct snapshot_verdict *v, const struct manifest *m, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	cleanup(json_freep) struct json_object *j =
	    document_new(c->name, m->label);

	manifest_write(m, &text);
	cleanup(json_freep) struct json_object *members =
	    json_parse(text.data, text.len, err);
	if (!members)
		return -1;
	json_set_int(j, "age_seconds",
	    skew_age(clock_now_ms(c->env.clock) / 1000, m->created));
	for (struct json_iter it = json_iter(members); json_next(&it);)
		json_set(j, it.key, json_share(it.value));
	listing_set_verdict(j, v);
	document_write(j, out);
	return 0;
}

int command_show(const struct command *c, struct err *err)
{
	cleanup(open_done) struct opened o = OPENED_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;

	struct snapshot_verdict verdict;
	const char *sha256 = o.manifest_sha256;

	if (open_snapshot(c, &o, err) || open_signed(&o, err))
		return -1;
	int marked = snapshot_marked(
	    o.vault.vault, o.snapshot, &o.trust, sha256, &o.manifest, err);
	if (marked < 0)
		return -1;
	if (snapshot_verdict(
		o.vault.vault, o.snapshot, &o.trust, sha256, &verdict, err))
		return -1;
	if (c->options->common.output == CLI_OUTPUT_JSON) {
		if (add_document(&out, c, &verdict, &o.manifest, err))
			return -1;
	} else {
		add_table(&out, &verdict, &o.manifest);
	}
	fputs(buf_str(&out), stdout);
	return 0;
}
