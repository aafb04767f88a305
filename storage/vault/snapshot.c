#include "storage/vault/snapshot.h"

#include "storage/base/cleanup.h"
#include "storage/vault/label.h"
#include "storage/vault/lock_row.h"
#include "storage/vault/record_memory.h"
#include "storage/vault/remains.h"
#include "storage/vault/seen.h"
#include "storage/vault/shard_name.h"
#include "storage/vault/vault_marker.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAME = 63, MAX_CANDIDATES_SHOWN = 5 };

int snapshot_name_check(const char *name, struct err *err)
{
	size_t len = strlen(name);
	int64_t seconds;
	bool plain = len > 0 && isalnum((unsigned char)name[0]);

	for (size_t i = 0; plain && i < len; i++)
		plain = isalnum((unsigned char)name[i]) ||
			strchr("._-", name[i]) != NULL;
	if (!plain || len > MAX_NAME)
		return err_set(err, ERR_USAGE,
		    "'%s' is not a name for snapshots: up to %d letters, "
		    "digits, "
		    "'.', '_' and '-', the first a letter or digit",
		    name, MAX_NAME);
	/* Otherwise it would not be clear where the name ends and the time
	 * begins. */
	for (size_t i = 0; i < len; i++) {
		autofree char *part = str_ndup(
		    name + i, len - i < LABEL_STAMP ? len - i : LABEL_STAMP);
		if (clock_parse_stamp(part, &seconds) == 0)
			return err_set(err, ERR_USAGE,
			    "'%s' is not a name for snapshots: it holds a time "
			    "stamp",
			    name);
	}
	return 0;
}

static void snapshot_done(struct snapshot *s)
{
	free(s->label);
	free(s->name);
	free(s->archive);
	strvec_done(&s->records);
	strvec_done(&s->marks);
}

void snapshots_done(struct snapshots *v)
{
	VEC_EACH (v, s)
		snapshot_done(s);
	vec_done(v);
	vault_items_done(&v->others);
}

void snapshot_trust_done(struct snapshot_trust *t)
{
	vec_done(&t->keys);
	vec_done(&t->pruners);
	vec_done(&t->verifiers);
	t->unsigned_allowed = false;
}

static int by_time(const void *a, const void *b)
{
	const struct snapshot *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return strcmp(x->label, y->label);
}

/* A snapshot exists if its manifest does. */
static void add_manifest(
    const struct vault_item *item, const char *name, struct snapshots *out)
{
	struct label l;

	if (label_parse(item->name, &l) ||
	    strcmp(item->name + l.len, LABEL_MANIFEST) != 0)
		return;
	autofree char *own = str_ndup(item->name, l.name_len);
	if (name && strcmp(own, name) != 0)
		return;
	struct snapshot *s = vec_add(out);
	s->label = str_ndup(item->name, l.len);
	s->name = steal(own);
	s->time = l.time;
	s->stored_at = item->stored_at;
}

struct label_key {
	const char *label;
	size_t len;
};

static int by_key(const void *key, const void *item)
{
	const struct label_key *k = key;
	const struct snapshot *s = item;
	int order = strncmp(k->label, s->label, k->len);

	return order ? order : s->label[k->len] ? -1 : 0;
}

static int by_label(const void *a, const void *b)
{
	const struct snapshot *x = a, *y = b;

	return strcmp(x->label, y->label);
}

/* Searches a list that is sorted by label. */
static struct snapshot *find(
    struct snapshots *list, const char *label, size_t len)
{
	const struct label_key k = {.label = label, .len = len};

	return list->len ? bsearch(&k, list->items, list->len,
			       sizeof(*list->items), by_key)
			 : NULL;
}

static void add_rest(const struct vault_item *item, struct snapshots *list)
{
	struct label l;

	if (label_parse(item->name, &l))
		return;
	const char *rest = item->name + l.len;
	struct snapshot *s = find(list, item->name, l.len);
	struct label_record record;
	int64_t marked;
	if (!s)
		return;
	if (label_is_archive(rest)) {
		free(s->archive);
		s->archive = str_dup(item->name);
		s->archive_bytes = item->bytes;
	} else if (str_eq(rest, LABEL_SIGNATURE)) {
		s->has_signature = true;
	} else if (label_parse_record(rest, &record) == 0) {
		strvec_add(&s->records, item->name);
	} else if (label_parse_marked(rest, &marked) == 0) {
		strvec_add(&s->marks, item->name);
	}
}

static bool is_other(const char *rest)
{
	return label_is_archive(rest) || str_eq(rest, LABEL_LONE) ||
	       str_eq(rest, LABEL_LONE_SIGNATURE);
}

static void add_other(
    const struct vault_item *item, const char *name, struct vault_items *out)
{
	struct label l;

	if ((name ? label_parse_of(name, item->name, &l)
		  : label_parse(item->name, &l)) ||
	    !is_other(item->name + l.len))
		return;
	*vec_add(out) = (struct vault_item){.name = str_dup(item->name),
	    .bytes = item->bytes,
	    .stored_at = item->stored_at};
}

bool snapshot_lists_lone(const struct snapshots *list, const char *label)
{
	autofree char *object = str_printf("%s" LABEL_LONE, label);
	autofree char *minisig = str_printf("%s" LABEL_LONE_SIGNATURE, label);

	return vault_items_find(&list->others, object) &&
	       vault_items_find(&list->others, minisig);
}

bool snapshot_lists_any_lone(const struct snapshots *list)
{
	VEC_EACH (&list->others, item)
		if (str_ends(item->name, LABEL_LONE))
			return true;
	return false;
}

int snapshot_list(
    struct vault *v, const char *name, struct snapshots *out, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = name ? str_printf("%s-", name) : str_dup("");

	if (vault_list(v, prefix, &items, err))
		return err_wrap(err, "listing snapshots");
	VEC_EACH (&items, item)
		add_manifest(item, name, out);
	vec_sort(out, by_label);
	VEC_EACH (&items, item) {
		add_rest(item, out);
		add_other(item, name, &out->others);
	}
	vec_sort(out, by_time);
	return 0;
}

static int exists(struct vault *v, const char *label, const char *end,
    struct vault_stat *stat, struct err *err)
{
	autofree char *object = str_printf("%s%s", label, end);
	struct err why = ERR_INIT;

	if (vault_stat(v, object, stat, &why) == 0)
		return 1;
	if (why.code == ERR_NOT_FOUND)
		return 0;
	*err = why;
	return -1;
}

/* What is no plain object, as a link, counts as `odd` says. */
static int has(struct vault *v, const char *label, const char *ending, int odd,
    struct err *err)
{
	struct vault_stat stat;
	struct err why = ERR_INIT;
	int there = exists(v, label, ending, &stat, &why);

	if (there >= 0)
		return there;
	if (why.code == ERR_FORMAT)
		return odd;
	*err = why;
	return -1;
}

int snapshot_has_anything(
    struct vault *v, const char *label, const char *ending, struct err *err)
{
	return has(v, label, ending, 1, err);
}

int snapshot_has_object(
    struct vault *v, const char *label, const char *ending, struct err *err)
{
	return has(v, label, ending, 0, err);
}

int snapshot_list_add(
    struct vault *v, const char *label, struct snapshots *list, struct err *err)
{
	struct vault_stat stat;
	struct label l;

	if (snapshot_in_list(list, label) || label_parse(label, &l) ||
	    label[l.len])
		return 0;
	int there = exists(v, label, LABEL_MANIFEST, &stat, err);
	if (there <= 0)
		return there;
	int64_t stored_at = stat.stored_at;
	int has_signature = exists(v, label, LABEL_SIGNATURE, &stat, err);
	if (has_signature < 0)
		return -1;
	struct snapshot *s = vec_add(list);
	s->label = str_dup(label);
	s->name = str_ndup(label, l.name_len);
	s->time = l.time;
	s->stored_at = stored_at;
	s->has_signature = has_signature;
	vec_sort(list, by_time);
	return 1;
}

int snapshot_label_time(const char *name, const char *label, int64_t *time)
{
	struct label l;

	if (label_parse_of(name, label, &l) || label[l.len])
		return -1;
	*time = l.time;
	return 0;
}

int snapshot_signs(
    struct vault *v, const char *name, struct strvec *labels, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = str_printf("%s-", name);
	struct label l;

	if (vault_list(v, prefix, &items, err))
		return err_wrap(err, "listing snapshots");
	VEC_EACH (&items, item) {
		if (label_parse_of(name, item->name, &l) ||
		    (!label_is_archive(item->name + l.len) &&
			!str_eq(item->name + l.len, LABEL_SIGNATURE)))
			continue;
		autofree char *label = str_ndup(item->name, l.len);
		if (!strvec_has(labels, label))
			strvec_add(labels, label);
	}
	return seen_list(v, name, labels, err);
}

static bool is_ours(const char *object)
{
	struct label l;

	if (vault_marker_owns(object) || lock_row_owns(object) ||
	    shard_name_owns(object))
		return true;
	if (label_parse(object, &l))
		return false;
	size_t len = strlen(object + l.len), end = strlen(LABEL_MINISIG);
	bool minisig = str_ends(object + l.len, LABEL_MINISIG);
	autofree char *plain =
	    str_ndup(object + l.len, minisig ? len - end : len);
	if (!minisig && (label_is_archive(plain) || str_eq(plain, LABEL_LOG) ||
			    str_eq(plain, LABEL_COSIGNED)))
		return true;
	return str_eq(plain, LABEL_MANIFEST) || str_eq(plain, LABEL_PRUNED) ||
	       str_eq(plain, LABEL_LONE) || label_is_record(plain);
}

int snapshot_foreign(struct vault *v, struct strvec *names, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;

	if (vault_list_all(v, &items, err))
		return err_wrap(err, "listing what is in the vault");
	VEC_EACH (&items, item)
		if (!is_ours(item->name))
			strvec_add(names, item->name);
	return 0;
}

static int report_ambiguous(
    const struct snapshots *list, const char *which, struct err *err)
{
	cleanup(buf_done) struct buf names = BUF_INIT;
	int shown = 0;

	VEC_EACH (list, s) {
		if (!str_starts(s->label, which))
			continue;
		if (shown++ == MAX_CANDIDATES_SHOWN) {
			buf_add_str(&names, ", ...");
			break;
		}
		buf_printf(&names, "%s%s", shown > 1 ? ", " : "", s->label);
	}
	return err_set(err, ERR_USAGE,
	    "'%s' fits more than one snapshot: %s; write more of it", which,
	    buf_str(&names));
}

const struct snapshot *snapshot_resolve(
    const struct snapshots *list, const char *which, struct err *err)
{
	const struct snapshot *match = NULL;
	size_t matches = 0;

	if (strcmp(which, "latest") == 0 && list->len)
		return &list->items[list->len - 1];
	VEC_EACH (list, s) {
		if (strcmp(s->label, which) == 0)
			return s;
		if (which[0] && str_starts(s->label, which)) {
			match = s;
			matches++;
		}
	}
	if (matches > 1)
		report_ambiguous(list, which, err);
	else if (!list->len)
		err_set(err, ERR_NOT_FOUND, "there are no snapshots");
	else if (!matches)
		err_set(err, ERR_NOT_FOUND,
		    "no snapshot begins with '%s'; `list` shows what there is",
		    which);
	return matches == 1 ? match : NULL;
}

/* The signature, which is checked if there are keys. */
static int check_signature(struct vault *v, const struct snapshot *s,
    const struct snapshot_trust *trust, const struct buf *text, struct err *err)
{
	cleanup(buf_done) struct buf signature = BUF_INIT;
	autofree char *name = str_printf("%s" LABEL_SIGNATURE, s->label);

	if (trust->unsigned_allowed)
		return 0;
	if (vault_read(v, name, MINISIGN_MAX_BYTES, &signature, err)) {
		if (err->code != ERR_NOT_FOUND)
			return -1;
		return err_set(err, ERR_INTEGRITY,
		    "%s: '%s' has no signature: nothing says who wrote it",
		    vault_describe(v), s->label);
	}
	if (minisign_verify(&trust->keys, text->data, text->len, signature.data,
		signature.len, NULL, err) == 0)
		return 0;
	if (err->code == ERR_FORMAT)
		err->code = ERR_INTEGRITY;
	return err_wrap(err, "%s: '%s'", vault_describe(v), name);
}

int snapshot_manifest(struct vault *v, const struct snapshot *s,
    const struct snapshot_trust *trust, struct manifest *m,
    char sha256[DIGEST_SHA256_HEX], struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *name = str_printf("%s" LABEL_MANIFEST, s->label);

	if (vault_read(v, name, MANIFEST_MAX_BYTES, &text, err) ||
	    check_signature(v, s, trust, &text, err))
		return -1;
	if (manifest_parse(buf_str(&text), text.len, m, err)) {
		err->code = ERR_INTEGRITY;
		return err_wrap(err, "%s: '%s'", vault_describe(v), name);
	}
	if (strcmp(m->label, s->label) != 0) {
		err_set(err, ERR_INTEGRITY,
		    "%s: '%s' is the manifest of another snapshot, '%s'",
		    vault_describe(v), name, m->label);
		manifest_done(m);
		return -1;
	}
	/* Otherwise an object that is removed or read as its archive could
	 * belong to another snapshot. */
	if (!str_starts(m->archive.file, s->label) ||
	    !label_is_archive(m->archive.file + strlen(s->label))) {
		err_set(err, ERR_INTEGRITY,
		    "%s: '%s' names the archive of another snapshot, '%s'",
		    vault_describe(v), name, m->archive.file);
		manifest_done(m);
		return -1;
	}
	if (sha256)
		digest_sha256_hex(text.data, text.len, sha256);
	return 0;
}

int snapshot_has_archive(
    struct vault *v, const struct snapshot *s, struct err *err)
{
	if (s->archive)
		return 1;
	for (int i = 0; i < 4; i++) {
		autofree char *name = str_printf("%s%s", s->label,
		    format_suffix(i & 1 ? ARCHIVE_GZIP : ARCHIVE_ZSTD,
			i & 2 ? ARCHIVE_PLAIN : ARCHIVE_AGE));
		struct vault_stat stat;
		struct err why = ERR_INIT;
		/* What is not a file there, as a link, is not nothing. */
		if (vault_stat(v, name, &stat, &why) == 0 ||
		    why.code == ERR_FORMAT)
			return 1;
		if (why.code != ERR_NOT_FOUND) {
			*err = why;
			return -1;
		}
	}
	return 0;
}

int snapshot_holds(struct vault *v, const struct snapshot *s,
    const struct snapshot_trust *trust, struct manifest *m,
    char sha256[DIGEST_SHA256_HEX], struct err *err)
{
	struct err why = ERR_INIT;
	autofree char *signature = str_printf("%s" LABEL_SIGNATURE, s->label);
	struct vault_stat stat;
	struct manifest read;

	/* Most forged manifests have no signature: then the manifest itself,
	 * which may be large, is not read. */
	if (!s->has_signature && !trust->unsigned_allowed &&
	    vault_stat(v, signature, &stat, &why) &&
	    (why.code == ERR_NOT_FOUND || why.code == ERR_FORMAT))
		return 0;
	if (snapshot_manifest(v, s, trust, &read, sha256, &why) == 0) {
		if (m)
			*m = read;
		else
			manifest_done(&read);
		return 1;
	}
	if (why.code == ERR_INTEGRITY || why.code == ERR_FORMAT ||
	    why.code == ERR_NOT_FOUND)
		return 0;
	*err = why;
	return -1;
}

int snapshot_find_one(
    struct vault *v, const struct manifest_archive *a, struct err *err)
{
	struct vault_stat stat;

	if (vault_stat(v, a->file, &stat, err)) {
		if (err->code == ERR_NOT_FOUND)
			return err_set(err, ERR_INTEGRITY,
			    "its archive '%s' is not there", a->file);
		if (err->code == ERR_FORMAT)
			err->code = ERR_INTEGRITY;
		return -1;
	}
	if (stat.bytes != a->bytes)
		return err_set(err, ERR_INTEGRITY,
		    "its archive '%s' has %llu bytes, and was written with "
		    "%llu: it was cut off or replaced",
		    a->file, (unsigned long long)stat.bytes,
		    (unsigned long long)a->bytes);
	return 0;
}

/* Its own first: without it, nothing else matters. */
int snapshot_find_archive(
    struct vault *v, const struct manifest *m, struct err *err)
{
	for (size_t i = manifest_archive_count(m); i-- > 0;) {
		const struct manifest_archive a = manifest_archive_at(m, i);
		if (snapshot_find_one(v, &a, err))
			return -1;
	}
	return 0;
}

static bool lists_archive(
    const struct snapshots *list, const struct manifest_archive *a)
{
	const struct vault_item *item =
	    vault_items_find(&list->others, a->file);

	return item && item->bytes == a->bytes;
}

int snapshot_find_listed(struct vault *v, const struct snapshots *list,
    const struct manifest *m, struct err *err)
{
	for (size_t i = manifest_archive_count(m); i-- > 0;) {
		const struct manifest_archive a = manifest_archive_at(m, i);
		if (!lists_archive(list, &a) && snapshot_find_one(v, &a, err))
			return -1;
	}
	return 0;
}

int snapshot_find_needed(struct vault *v, const struct snapshots *list,
    const struct manifest *m, struct err *err)
{
	VEC_EACH (&m->earlier, a)
		if (!lists_archive(list, a) && snapshot_find_one(v, a, err))
			return -1;
	return 0;
}

const struct snapshot *snapshot_in_list(
    const struct snapshots *list, const char *label)
{
	VEC_EACH (list, s)
		if (str_eq(s->label, label))
			return s;
	return NULL;
}

static bool has_ref(const struct snapshot_refs *refs, const struct snapshot *s)
{
	VEC_EACH (refs, r)
		if (*r == s)
			return true;
	return false;
}

/* What is needed is older: so this comes to an end. */
int snapshot_needs(struct vault *v, const struct snapshots *list,
    const struct snapshot *s, const struct snapshot_trust *trust,
    struct snapshot_refs *out, struct err *err)
{
	struct manifest m;
	int failed = 0;

	if (has_ref(out, s))
		return 0;
	if (snapshot_manifest(v, s, trust, &m, NULL, err))
		return -1;
	for (size_t i = 0; i < m.earlier.len && !failed; i++) {
		const char *label = m.earlier.items[i].label;
		const struct snapshot *one = snapshot_in_list(list, label);
		if (manifest_is_part(&m, &m.earlier.items[i]) ||
		    (!one && snapshot_lists_lone(list, label)))
			continue;
		failed = one ? snapshot_needs(v, list, one, trust, out, err)
			     : err_set(err, ERR_INTEGRITY,
				   "'%s' needs '%s', which is not there",
				   s->label, label);
	}
	manifest_done(&m);
	if (!failed)
		*vec_add(out) = s;
	return failed;
}

/* Removes records and their signatures. Other objects whose names begin with
 * the label belong to someone else, or tell of other snapshots. */
static bool is_own_record(const char *label, const char *object)
{
	size_t len = strlen(object), end = strlen(LABEL_MINISIG);
	autofree char *plain =
	    str_ndup(object, str_ends(object, LABEL_MINISIG) ? len - end : len);

	return label_is_record(plain + strlen(label));
}

int snapshot_remove_records(struct vault *v, const char *label, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = str_printf("%s.", label);

	if (vault_list(v, prefix, &items, err))
		return -1;
	VEC_EACH (&items, item)
		if (is_own_record(label, item->name) &&
		    vault_remove(v, item->name, err))
			return -1;
	return 0;
}

/* Those that no other snapshot can have. */
static int remove_parts(
    struct vault *v, const struct manifest *m, struct err *err)
{
	VEC_EACH (&m->earlier, a)
		if (manifest_is_part(m, a) && vault_remove(v, a->file, err))
			return -1;
	return 0;
}

int snapshot_remove_archive(
    struct vault *v, const struct manifest *m, struct err *err)
{
	return vault_remove(v, m->archive.file, err) || remove_parts(v, m, err)
		   ? err_wrap(err, "removing the archive of '%s'", m->label)
		   : 0;
}

/* The archive of one that others needed may be locked for longer than its
 * manifest, which stays as long. */
int snapshot_check_removable(
    struct vault *v, const char *object, struct err *err)
{
	struct vault_stat stat;
	struct err why = ERR_INIT;
	char until[CLOCK_TEXT_MAX];
	int64_t now;

	if (vault_stat(v, object, &stat, &why)) {
		if (why.code == ERR_NOT_FOUND || why.code == ERR_FORMAT)
			return 0;
		*err = why;
		return -1;
	}
	if (!stat.kept_until)
		return 0;
	if (vault_now(v, &now, err))
		return -1;
	if (stat.kept_until <= now)
		return 0;
	clock_rfc3339(stat.kept_until, until);
	return err_set(err, ERR_DENIED,
	    "%s: the store keeps '%s' until %s (Object Lock)",
	    vault_describe(v), object, until);
}

static int check_all_kept(
    struct vault *v, const struct manifest *m, struct err *err)
{
	VEC_EACH (&m->earlier, a)
		if (manifest_is_part(m, a) &&
		    snapshot_check_removable(v, a->file, err))
			return -1;
	return snapshot_check_removable(v, m->archive.file, err);
}

int snapshot_remove(struct vault *v, const struct snapshot *s,
    const struct manifest *m, struct err *err)
{
	autofree char *manifest = str_printf("%s" LABEL_MANIFEST, s->label);
	autofree char *signature = str_printf("%s" LABEL_SIGNATURE, s->label);

	/* The manifest is removed first: from then on there is no snapshot,
	 * only its remains. */
	if (check_all_kept(v, m, err) || vault_remove(v, manifest, err) ||
	    vault_remove(v, signature, err) || remains_note(v, s->label, err) ||
	    vault_remove(v, m->archive.file, err) || remove_parts(v, m, err) ||
	    remains_forget(v, s->label, err) || seen_forget(v, s->label, err) ||
	    snapshot_remove_records(v, s->label, err) ||
	    record_memory_forget(v, s->label, err))
		return err_wrap(err, "removing '%s'", s->label);
	return 0;
}
