#include "config/cli/listing.h"

#include "config/cli/document.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/vault/skew.h"

/* One line of the list, whatever form it is printed in. */
struct row {
	const struct snapshot *snapshot;
	struct manifest manifest; /* where it is trusted */
	bool trusted;
	bool valid; /* and its archive is there */
	bool future;
	struct snapshot_verdict verdict;
	struct err reason; /* why it is not valid */
};
VEC_DEFINE(rows, struct row);

/* How many foreign objects a table names. */
enum { FOREIGN_SHOWN = 10 };

static void rows_done(struct rows *rows)
{
	VEC_EACH (rows, r)
		if (r->trusted)
			manifest_done(&r->manifest);
	vec_done(rows);
}

static int read_row(struct vault *vault, const struct snapshots *list,
    const struct snapshot_trust *trust, struct row *r, struct err *err)
{
	const struct snapshot *s = r->snapshot;
	char sha256[DIGEST_SHA256_HEX];

	r->trusted = snapshot_manifest(vault, s, trust, &r->manifest, sha256,
			 &r->reason) == 0;
	if (r->trusted &&
	    snapshot_marked(vault, s, trust, sha256, &r->manifest, err) < 0)
		return -1;
	r->valid = r->trusted &&
		   !snapshot_find_listed(vault, list, &r->manifest, &r->reason);
	if (!r->valid && r->reason.code != ERR_INTEGRITY &&
	    r->reason.code != ERR_FORMAT) {
		*err = r->reason;
		return -1;
	}
	return snapshot_verdict(
	    vault, s, trust, r->trusted ? sha256 : NULL, &r->verdict, err);
}

static int count_of(
    const char *last, size_t all, size_t *count, struct err *err)
{
	uint64_t n;

	*count = all;
	if (!last)
		return 0;
	if (str_parse_u64(last, UINT32_MAX, &n) || !n)
		return err_set(err, ERR_USAGE,
		    "--last takes a count of snapshots, such as 10");
	if (n < all)
		*count = (size_t)n;
	return 0;
}

/* One whose manifest does not hold has no tags that count. */
static bool is_wanted(const struct row *r, const struct strvec *tags)
{
	if (!tags->len)
		return true;
	VEC_EACH (tags, tag)
		if (r->trusted && strvec_has(&r->manifest.tags, *tag))
			return true;
	return false;
}

static void drop_row(struct rows *rows)
{
	struct row *r = &rows->items[--rows->len];

	if (r->trusted)
		manifest_done(&r->manifest);
}

static void reverse(struct rows *rows)
{
	for (size_t i = 0; i < rows->len / 2; i++) {
		struct row one = rows->items[i];
		rows->items[i] = rows->items[rows->len - 1 - i];
		rows->items[rows->len - 1 - i] = one;
	}
}

/* From the newest back, until there are enough: a manifest that is not listed
 * is not read. */
static int read_rows(struct vault *vault, const struct listing_options *o,
    const struct snapshots *list, const struct snapshot_trust *trust,
    struct rows *rows, struct err *err)
{
	size_t count;

	if (count_of(o->last, list->len, &count, err))
		return -1;
	for (size_t i = list->len; i-- && rows->len < count;) {
		struct row *r = vec_add(rows);
		*r = (struct row){.snapshot = &list->items[i]};
		r->future = skew_in_future(o->clock, r->snapshot->time);
		if (read_row(vault, list, trust, r, err))
			return -1;
		if (!is_wanted(r, o->tags))
			drop_row(rows);
	}
	reverse(rows);
	return 0;
}

static const char *status_of(const struct row *r)
{
	return !r->valid	     ? "invalid"
	       : r->manifest.partial ? "partial"
				     : "complete";
}

/* Words that weigh nothing are told apart from those that do. */
static void add_verdict(const struct snapshot_verdict *v, struct buf *out)
{
	char when[CLOCK_TEXT_MAX];

	clock_rfc3339(v->at, when);
	buf_add_str(out, v->failed ? "FAILED " : "good ");
	str_add_printable(out, v->level, strlen(v->level));
	buf_printf(out, " %s", when);
}

static void add_verified(const struct snapshot_verdict *v, struct buf *out)
{
	if (v->at)
		add_verdict(v, out);
	else
		buf_add_str(out, "never");
	if (v->drilled && v->drill_failed)
		buf_add_str(out, ", drill FAILED");
	if (v->hearsay)
		buf_printf(out,
		    " (hearsay: %zu record%s of no trusted key, %zu of them "
		    "FAILED)",
		    v->hearsay, v->hearsay == 1 ? "" : "s", v->hearsay_failed);
	if (v->silenced)
		buf_printf(out,
		    " (%zu record%s of it removed or changed in the vault)",
		    v->silenced, v->silenced == 1 ? "" : "s");
}

/* The largest unit of which there are two. */
static void add_age(int64_t seconds, struct buf *out)
{
	static const struct {
		int64_t seconds;
		const char *unit;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}};
	cleanup(buf_done) struct buf age = BUF_INIT;

	for (size_t i = 0; !age.len && i < 3; i++)
		if (seconds >= 2 * units[i].seconds)
			buf_printf(&age, "%lld %s",
			    (long long)(seconds / units[i].seconds),
			    units[i].unit);
	if (!age.len)
		buf_printf(&age, "%lld s", (long long)seconds);
	buf_printf(out, "%8s  ", age.data);
}

static void add_table_row(
    const struct row *r, int width, int64_t now, struct buf *out)
{
	cleanup(buf_done) struct buf size = BUF_INIT;

	str_add_bytes(&size, r->valid ? manifest_written_bytes(&r->manifest)
				      : r->snapshot->archive_bytes);
	buf_printf(out, "%-*s  ", width, r->snapshot->label);
	if (r->future)
		buf_printf(out, "%8s  ", "ahead");
	else
		add_age(skew_age(now, r->snapshot->time), out);
	buf_printf(out, "%-8s  %10s  ", status_of(r), buf_str(&size));
	if (r->valid)
		buf_printf(out, "%8llu  %7zu  ",
		    (unsigned long long)manifest_entries(&r->manifest),
		    json_len(r->manifest.missing));
	else
		buf_printf(out, "%8s  %7s  ", "-", "-");
	add_verified(&r->verdict, out);
	if (r->valid && r->manifest.hold)
		buf_add_str(out, "  (hold)");
	for (size_t i = 0; r->valid && i < r->manifest.tags.len; i++) {
		const char *tag = r->manifest.tags.items[i];
		buf_add_str(out, i ? ", " : "  ");
		str_add_printable(out, tag, strlen(tag));
	}
	buf_add_char(out, '\n');
	if (!r->valid) {
		buf_add_str(out, "    ");
		str_add_printable(
		    out, r->reason.message, strlen(r->reason.message));
		buf_add_char(out, '\n');
	}
}

char *listing_none(struct vault *vault, const char *name)
{
	cleanup(snapshots_done) struct snapshots all = VEC_INIT;
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct buf out = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (!name)
		return str_dup("no snapshots");
	buf_printf(&out, "no snapshots of '%s'", name);
	if (snapshot_list(vault, NULL, &all, &ignored))
		return buf_steal(&out);
	VEC_EACH (&all, s)
		if (!strvec_has(&names, s->name))
			strvec_add(&names, s->name);
	VEC_EACH (&names, other)
		buf_printf(&out, "%s'%s'",
		    other == names.items ? "; the vault has those of " : ", ",
		    *other);
	if (names.len)
		buf_add_str(&out, " (`list --all-names` shows them, `name` of "
				  "the configuration chooses)");
	return buf_steal(&out);
}

static void add_table(const struct rows *rows, int64_t now, struct buf *out)
{
	int width = (int)strlen("SNAPSHOT");

	VEC_EACH (rows, r) {
		int len = (int)strlen(r->snapshot->label);
		width = len > width ? len : width;
	}
	buf_printf(out, "%-*s  %8s  %-8s  %10s  %8s  %7s  %s\n", width,
	    "SNAPSHOT", "AGE", "STATUS", "SIZE", "ENTRIES", "MISSING",
	    "VERIFIED, TAGS");
	VEC_EACH (rows, r)
		add_table_row(r, width, now, out);
}

/* What else there is to be told of a vault; a name is another's, and printed
 * with care. */
static void add_odd(
    const struct rows *rows, const struct strvec *foreign, struct buf *out)
{
	VEC_EACH (rows, r)
		if (r->future && r->trusted)
			buf_printf(out,
			    "'%s' lies in the future: every label follows it; "
			    "README says the way out\n",
			    r->snapshot->label);
	if (!foreign->len)
		return;
	buf_printf(out, "%zu foreign object%s, left alone: ", foreign->len,
	    foreign->len == 1 ? "" : "s");
	for (size_t i = 0; i < foreign->len && i < FOREIGN_SHOWN; i++) {
		buf_add_str(out, i ? ", '" : "'");
		str_add_printable(
		    out, foreign->items[i], strlen(foreign->items[i]));
		buf_add_char(out, '\'');
	}
	buf_add_str(out, foreign->len > FOREIGN_SHOWN ? ", ...\n" : "\n");
}

static void set_manifest(struct json_object *j, const struct manifest *m)
{
	struct json_object *tags = json_new_array();

	json_set_int(j, "took_seconds", m->finished - m->started);
	json_set_int(j, "bytes", (int64_t)manifest_written_bytes(m));
	json_set_int(j, "entries", (int64_t)manifest_entries(m));
	json_set_int(j, "content_bytes", (int64_t)manifest_content_bytes(m));
	if (m->is_list)
		json_set_int(j, "archives", (int64_t)manifest_archive_count(m));
	json_set_int(j, "missing", (int64_t)json_len(m->missing));
	json_set_bool(j, "hold", m->hold);
	VEC_EACH (&m->tags, tag)
		json_append(tags, json_new_str(*tag));
	json_set(j, "tags", tags);
}

void listing_set_verdict(
    struct json_object *j, const struct snapshot_verdict *v)
{
	char when[CLOCK_TEXT_MAX];

	if (v->at) {
		struct json_object *verified = json_new_object();
		clock_rfc3339(v->at, when);
		json_set_str(verified, "at", when);
		json_set_str(verified, "level", v->level);
		json_set_bool(verified, "good", !v->failed);
		json_set(j, "verified", verified);
	}
	if (v->drilled) {
		struct json_object *drill = json_new_object();
		clock_rfc3339(v->drilled, when);
		json_set_str(drill, "at", when);
		json_set_bool(drill, "passed", !v->drill_failed);
		json_set(j, "drill", drill);
	}
	if (v->hearsay) {
		struct json_object *hearsay = json_new_object();
		json_set_int(hearsay, "records", (int64_t)v->hearsay);
		json_set_int(hearsay, "failed", (int64_t)v->hearsay_failed);
		json_set(j, "hearsay", hearsay);
	}
	if (v->silenced)
		json_set_int(j, "records_removed", (int64_t)v->silenced);
}

static struct json_object *json_row(const struct row *r, int64_t now)
{
	struct json_object *j = json_new_object();
	char when[CLOCK_TEXT_MAX];

	json_set_str(j, "label", r->snapshot->label);
	json_set_str(j, "name", r->snapshot->name);
	clock_rfc3339(r->snapshot->time, when);
	json_set_str(j, "created", when);
	json_set_int(j, "age_seconds", skew_age(now, r->snapshot->time));
	json_set_str(j, "status", status_of(r));
	if (r->future)
		json_set_bool(j, "future", true);
	if (r->valid)
		set_manifest(j, &r->manifest);
	else
		json_set_str(j, "reason", r->reason.message);
	listing_set_verdict(j, &r->verdict);
	return j;
}

static void add_json(struct vault *vault, const struct listing_options *o,
    const struct rows *rows, int64_t now, const struct strvec *foreign,
    struct buf *out)
{
	struct json_object *others = json_new_array();
	cleanup(json_freep) struct json_object *j =
	    document_new(o->command, NULL);
	struct json_object *list = json_new_array();

	json_set_str(j, "vault", vault_name(vault));
	json_set_str(j, "location", vault_describe(vault));
	VEC_EACH (rows, r) {
		struct json_object *row = json_row(r, now);
		if (o->extend)
			o->extend(o->ctx, r->snapshot->label, row);
		json_append(list, row);
	}
	json_set(j, "snapshots", list);
	VEC_EACH (foreign, object)
		json_append(others, json_new_str(*object));
	json_set(j, "foreign", others);
	document_write(j, out);
}

/* None may be there, or none that has the tag. */
static void add_none(struct vault *vault, const struct listing_options *o,
    const struct snapshots *list, struct buf *out)
{
	if (list->len) {
		buf_printf(
		    out, "no snapshot of %zu has such a tag\n", list->len);
		return;
	}
	autofree char *none = listing_none(vault, o->name);
	buf_printf(out, "%s\n", none);
}

int listing_print(struct vault *vault, const struct listing_options *o,
    const struct snapshots *list, const struct snapshot_trust *trust,
    struct buf *out, struct err *err)
{
	cleanup(rows_done) struct rows rows = VEC_INIT;
	cleanup(strvec_done) struct strvec foreign = VEC_INIT;
	int64_t now = clock_now_ms(o->clock) / 1000;

	if (read_rows(vault, o, list, trust, &rows, err) ||
	    snapshot_foreign(vault, &foreign, err))
		return -1;
	if (o->json)
		add_json(vault, o, &rows, now, &foreign, out);
	else if (rows.len)
		add_table(&rows, now, out);
	else
		add_none(vault, o, list, out);
	if (!o->json)
		add_odd(&rows, &foreign, out);
	VEC_EACH (&rows, r)
		if (!r->valid)
			return 5;
	return 0;
}
