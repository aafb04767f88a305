#include "storage/vault/shard.h"

#include "storage/archive/format.h"
#include "storage/base/cleanup.h"
#include "storage/base/hex.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "storage/vault/label.h"
#include "storage/vault/shard_name.h"
#include "storage/vault/signed.h"

#include <stdlib.h>
#include <string.h>

enum { RUN_VERSION = 1, RUN_MAX_BYTES = 4 * 1024 * 1024 };

void shard_run_done(struct shard_run *r)
{
	free(r->id);
	free(r->name);
	free(r->label);
	json_free(r->large);
	*r = (struct shard_run){.id = NULL};
}

/* ---- the run ------------------------------------------------------------- */

static void write_run(const struct shard_run *r, struct buf *out)
{
	cleanup(json_freep) struct json_object *o = json_new_object();
	char created[CLOCK_TEXT_MAX];

	clock_rfc3339(r->created, created);
	json_set_int(o, "version", RUN_VERSION);
	json_set_str(o, "run", r->id);
	json_set_str(o, "name", r->name);
	json_set_str(o, "label", r->label);
	json_set_int(o, "count", r->count);
	json_set_str(o, "configuration", r->configuration);
	json_set_str(o, "created", created);
	json_set(o, "large", json_share(r->large));
	json_write(out, o, JSON_PRETTY);
}

static char *text_of(const struct json_object *o, const char *key)
{
	const struct json_object *j = json_get(o, key);
	const char *s = json_str(j);

	return s && strlen(s) == json_str_len(j) ? str_dup(s) : NULL;
}

static bool read_sha256(
    const struct json_object *o, const char *key, char out[DIGEST_SHA256_HEX])
{
	const char *s = json_get_str(o, key);

	if (!hex_is_lower(s, DIGEST_SHA256_HEX - 1))
		return false;
	memcpy(out, s, DIGEST_SHA256_HEX);
	return true;
}

static bool reads_large(const struct json_object *large, int64_t count)
{
	if (json_kind(large) != JSON_ARRAY)
		return false;
	for (size_t i = 0; i < json_len(large); i++) {
		const struct json_object *one = json_at(large, i);
		int64_t shard = json_get_int(one, "shard", -1);
		if (!json_get_str(one, "source") || shard < 0 || shard >= count)
			return false;
	}
	return true;
}

static bool read_run(const struct json_object *o, struct shard_run *r)
{
	const char *created = json_get_str(o, "created");
	int64_t count = json_get_int(o, "count", 0);
	struct label l;

	r->id = text_of(o, "run");
	r->name = text_of(o, "name");
	r->label = text_of(o, "label");
	r->large = json_share(json_get(o, "large"));
	if (json_get_int(o, "version", 0) != RUN_VERSION || !r->id ||
	    !r->name || !r->label || count < 1 || count > FORMAT_PARTS_MAX ||
	    !created || clock_parse_rfc3339(created, &r->created) ||
	    !read_sha256(o, "configuration", r->configuration) ||
	    !reads_large(r->large, count) ||
	    label_parse_of(r->name, r->label, &l) || r->label[l.len] ||
	    l.time != r->created)
		return false;
	r->count = (uint32_t)count;
	return true;
}

int shard_run_parse(
    const char *text, size_t len, struct shard_run *r, struct err *err)
{
	cleanup(json_freep) struct json_object *o = json_parse(text, len, err);

	*r = (struct shard_run){.id = NULL};
	if (!o)
		return -1;
	if (read_run(o, r))
		return 0;
	shard_run_done(r);
	return err_set(err, ERR_FORMAT,
	    "it is not a run as this version writes and reads it");
}

static int read_run_of(struct vault *v, const char *object,
    const struct snapshot_trust *trust, struct shard_run *r, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (signed_read(
		v, object, "run", &trust->keys, RUN_MAX_BYTES, &text, err))
		return -1;
	if (shard_run_parse(buf_str(&text), text.len, r, err) == 0)
		return 0;
	err->code = ERR_INTEGRITY;
	return err_wrap(err, "%s: '%s'", vault_describe(v), object);
}

int shard_run_find(struct vault *v, const char *name, const char *id,
    const struct snapshot_trust *trust, struct shard_run *r, struct err *err)
{
	autofree char *object = shard_name_run(name, id);

	if (read_run_of(v, object, trust, r, err))
		return err->code == ERR_NOT_FOUND ? 0 : -1;
	if (str_eq(r->id, id) && str_eq(r->name, name))
		return 1;
	err_set(err, ERR_INTEGRITY,
	    "%s: '%s' is of run '%.100s' of '%.100s', not of '%s' of '%s'",
	    vault_describe(v), object, r->id, r->name, id, name);
	shard_run_done(r);
	return -1;
}

int shard_run_put(struct vault *v, const struct shard_run *r,
    const struct minisign_key *key, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *object = shard_name_run(r->name, r->id);

	write_run(r, &text);
	return signed_put(v, object, "run", &text, key, err);
}

static int follow_newest(struct vault *v, const char *name,
    const struct snapshot_trust *trust, int64_t *time, struct manifest *base,
    bool *has_base, struct err *err)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	bool trusted = false;

	if (snapshot_list(v, name, &list, err))
		return -1;
	for (size_t i = list.len; i-- > 0 && !*has_base;) {
		const struct snapshot *s = &list.items[i];
		int holds = snapshot_holds(v, s, trust, NULL, NULL, err);
		if (holds < 0)
			return -1;
		if (!holds)
			continue;
		if (!trusted && s->time >= *time)
			*time = s->time + 1;
		trusted = true;
		if (snapshot_manifest(v, s, trust, base, NULL, err))
			return -1;
		*has_base = !base->partial;
		if (!*has_base)
			manifest_done(base);
	}
	return 0;
}

/* The labels of runs of which there is no part yet. */
static int note_runs(struct vault *v, const char *name,
    const struct snapshot_trust *trust, struct strvec *labels, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = shard_name_prefix(name);

	if (vault_list(v, prefix, &items, err))
		return -1;
	VEC_EACH (&items, item) {
		struct shard_run r;
		struct err why = ERR_INIT;
		if (!shard_name_is_run(name, item->name) ||
		    read_run_of(v, item->name, trust, &r, &why))
			continue;
		strvec_add(labels, r.label);
		shard_run_done(&r);
	}
	return 0;
}

int shard_run_time(struct vault *v, const char *name,
    const struct snapshot_trust *trust, const struct clock *clock,
    int64_t *time, struct manifest *base, bool *has_base, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	cleanup(strvec_done) struct strvec used = VEC_INIT;
	autofree char *prefix = str_printf("%s-", name);
	bool taken = true;

	*has_base = false;
	*time = clock_now_ms(clock) / 1000;
	if (vault_list(v, prefix, &items, err) ||
	    note_runs(v, name, trust, &used, err) ||
	    follow_newest(v, name, trust, time, base, has_base, err))
		return -1;
	VEC_EACH (&items, item)
		strvec_add(&used, item->name);
	while (taken) {
		struct label l;
		taken = false;
		VEC_EACH (&used, object)
			taken |= label_parse_of(name, *object, &l) == 0 &&
				 l.time == *time;
		*time += taken;
	}
	return 0;
}

int shard_run_sealed(struct vault *v, const struct shard_run *r,
    const struct snapshot_trust *trust, struct manifest *m, struct err *err)
{
	const struct snapshot s = {.label = r->label};

	if (snapshot_manifest(v, &s, trust, m, NULL, err))
		return err->code == ERR_NOT_FOUND ? 0 : -1;
	if (manifest_has_parts(m))
		return 1;
	manifest_done(m);
	return err_set(err, ERR_EXISTS,
	    "%s: '%s' is a snapshot that was not made of parts: run '%s' needs "
	    "another id",
	    vault_describe(v), r->label, r->id);
}

/* ---- who is at work ------------------------------------------------------ */

char *shard_lock_name(const char *name, const char *id, const char *attempt)
{
	return shard_name_lock(name, id, attempt);
}

int shard_locks(
    struct vault *v, const char *name, struct strvec *locks, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = shard_name_prefix(name);

	if (vault_list(v, prefix, &items, err))
		return -1;
	VEC_EACH (&items, item) {
		autofree char *lock = shard_name_lock_of(name, item->name);
		if (lock && !strvec_has(locks, lock))
			strvec_add(locks, lock);
	}
	return 0;
}

int shard_others(struct vault *v, const char *name, const char *id,
    const struct vault_lock_options *o, struct err *err)
{
	cleanup(strvec_done) struct strvec locks = VEC_INIT;
	autofree char *own = id ? shard_name_lock(name, id, "") : NULL;

	if (shard_locks(v, name, &locks, err))
		return -1;
	VEC_EACH (&locks, lock) {
		cleanup(vault_lock_info_done) struct vault_lock_info info = {0};
		char renewed[CLOCK_TEXT_MAX];
		if (own && str_starts(*lock, own))
			continue;
		if (vault_lock_show(v, *lock, o, &info, err))
			return -1;
		if (!info.held || info.stale)
			continue;
		clock_rfc3339(info.renewed, renewed);
		return err_set(err, ERR_LOCKED,
		    "%s: another sharded run of '%s' is under way: %s (last "
		    "sign of life %s)",
		    vault_describe(v), name, info.holder, renewed);
	}
	return 0;
}

/* ---- parts --------------------------------------------------------------- */

static char *name_beside(const struct manifest *part, const char *what)
{
	const char *suffix =
	    format_suffix(part->archive.compression, part->archive.encryption);
	size_t len = strlen(part->archive.file) - strlen(suffix);
	autofree char *stem = str_ndup(part->archive.file, len);

	return str_printf("%s.%s%s", stem, what,
	    part->archive.encryption == ARCHIVE_AGE ? ".age" : "");
}

char *shard_list_name(const struct manifest *part)
{
	return name_beside(part, "contents");
}

char *shard_closure_name(const struct manifest *part)
{
	return name_beside(part, "closure");
}

int shard_part_put(struct vault *v, const struct shard_run *r, uint32_t index,
    struct manifest *m, const struct minisign_key *key, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *object = shard_name_manifest(r->label, index, r->count);
	struct manifest again;

	m->label = str_dup(r->label);
	m->name = str_dup(r->name);
	m->created = r->created;
	m->vault = str_dup(vault_describe(v));
	if (!m->part)
		m->part = json_new_object();
	json_set_str(m->part, "run", r->id);
	json_set_int(m->part, "index", index);
	json_set_int(m->part, "count", r->count);
	json_set_str(m->part, "configuration", r->configuration);
	manifest_write(m, &text);
	/* One that no reader accepts would be no part. */
	if (manifest_parse(buf_str(&text), text.len, &again, err))
		return err_wrap(err,
		    "'%s', as it is to be written, cannot be read", object);
	manifest_done(&again);
	return signed_put(v, object, "part", &text, key, err);
}

/* What makes it another part than the one that is expected; NULL: nothing. */
static const char *wrong_part(
    const struct shard_run *r, uint32_t index, const struct manifest *m)
{
	const char *rest = m->archive.file + strlen(r->label);
	struct format_part part;

	if (!m->part || !m->is_list || m->earlier.len || !m->archive.has_index)
		return "is not the manifest of a part";
	if (!str_eq(m->name, r->name) || !str_eq(m->label, r->label))
		return "is of another snapshot";
	if (!str_eq(json_get_str(m->part, "run"), r->id))
		return "is of another run";
	if (json_get_int(m->part, "count", -1) != r->count)
		return "is of a run of another number of shards";
	if (json_get_int(m->part, "index", -1) != index)
		return "is of another shard";
	if (!str_eq(json_get_str(m->part, "configuration"), r->configuration))
		return "was captured with another configuration";
	if (!str_starts(m->archive.file, r->label) ||
	    !shard_name_is_part(rest, &part) || !*part.attempt ||
	    part.index != index || part.count != r->count ||
	    !label_is_archive(part.rest))
		return "names the archive of another part";
	return NULL;
}

int shard_part_find(struct vault *v, const struct shard_run *r, uint32_t index,
    const struct snapshot_trust *trust, struct manifest *m, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *object = shard_name_manifest(r->label, index, r->count);

	if (signed_read(v, object, "part", &trust->keys, MANIFEST_MAX_BYTES,
		&text, err))
		return err->code == ERR_NOT_FOUND ? 0 : -1;
	if (manifest_parse(buf_str(&text), text.len, m, err)) {
		err->code = ERR_INTEGRITY;
		return err_wrap(err, "%s: '%s'", vault_describe(v), object);
	}
	const char *wrong = wrong_part(r, index, m);
	const struct manifest_archive own = manifest_own(m);
	int failed = wrong ? err_set(err, ERR_INTEGRITY, "it %s", wrong)
			   : snapshot_find_one(v, &own, err);
	if (!failed)
		return 1;
	manifest_done(m);
	return err_wrap(err, "%s: '%s'", vault_describe(v), object);
}

/* ---- what is left -------------------------------------------------------- */

/* How many objects were removed, and how many the store keeps (Object Lock). */
struct removals {
	int removed;
	int kept;
};

static int remove_one(struct vault *v, const char *object,
    struct removals *counts, struct err *err)
{
	struct err why = ERR_INIT;

	if (vault_remove(v, object, &why) == 0) {
		counts->removed++;
		return 0;
	}
	if (why.code == ERR_DENIED) {
		counts->kept++;
		return 0;
	}
	*err = why;
	return -1;
}

static bool has_archive(const struct manifest *m, const char *object)
{
	VEC_EACH (&m->earlier, a)
		if (str_eq(a->file, object))
			return true;
	return false;
}

/* What there is of the parts of a run, but for the archives that `keep` names.
 * A manifest goes before what it speaks of. */
static int remove_parts(struct vault *v, const struct shard_run *r,
    const struct manifest *keep, struct removals *counts, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = str_printf("%s.part-", r->label);

	if (vault_list(v, prefix, &items, err))
		return -1;
	for (int others = 0; others < 2; others++)
		VEC_EACH (&items, item) {
			struct format_part part;
			if (!shard_name_is_part(
				item->name + strlen(r->label), &part) ||
			    (*part.attempt != '\0') != others ||
			    (keep && has_archive(keep, item->name)))
				continue;
			if (remove_one(v, item->name, counts, err))
				return -1;
		}
	return 0;
}

int shard_clear(struct vault *v, const struct shard_run *r, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = str_printf("%s.part-", r->label);
	struct removals counts = {0};

	if (vault_list(v, prefix, &items, err))
		return -1;
	VEC_EACH (&items, item) {
		struct format_part part;
		if (shard_name_is_part(item->name + strlen(r->label), &part) &&
		    !label_is_archive(part.rest) &&
		    remove_one(v, item->name, &counts, err))
			return -1;
	}
	return 0;
}

/* The run stays as long as the store keeps something of it. */
static int tidy_run(struct vault *v, const char *object,
    const struct shard_run *r, const struct snapshot_trust *trust,
    struct removals *counts, struct err *err)
{
	struct removals own = {0};
	struct err why = ERR_INIT;
	struct manifest m;
	int sealed = shard_run_sealed(v, r, trust, &m, &why);

	/* A manifest that is there and does not hold is somebody's to look at:
	 * nothing that it may name is removed. */
	if (sealed < 0)
		return 0;
	int failed = remove_parts(v, r, sealed ? &m : NULL, &own, err);
	if (sealed)
		manifest_done(&m);
	if (!failed && !own.kept)
		failed = remove_one(v, object, &own, err);
	counts->removed += own.removed;
	return failed;
}

static int tidy_locks(struct vault *v, const char *name,
    const struct vault_lock_options *o, struct err *err)
{
	cleanup(strvec_done) struct strvec locks = VEC_INIT;

	if (shard_locks(v, name, &locks, err))
		return -1;
	VEC_EACH (&locks, lock) {
		cleanup(vault_lock_info_done) struct vault_lock_info info = {0};
		if (vault_lock_show(v, *lock, o, &info, err) ||
		    ((!info.held || info.stale) &&
			vault_lock_break(v, *lock, err) < 0))
			return -1;
	}
	return 0;
}

/* Whether an object is of a part of a snapshot of that name, and its label. */
static bool is_part_of(const char *name, const char *object, struct label *l)
{
	struct format_part part;

	return label_parse_of(name, object, l) == 0 &&
	       shard_name_is_part(object + l->len, &part);
}

static bool is_meant(void *ctx, const char *object)
{
	struct label l;

	return is_part_of(ctx, object, &l);
}

/* Uploads and files that dead shards have not finished. */
static int tidy_unfinished(struct vault *v, const char *name, struct err *err)
{
	autofree char *own = str_dup(name);
	const struct vault_tidy what = {.prefix = own,
	    .meant = is_meant,
	    .ctx = own,
	    .older_than_s = SHARD_DEAD_S};

	return vault_tidy(v, &what, err);
}

static int tidy_runs(struct vault *v, const char *name,
    const struct snapshot_trust *trust, const struct vault_lock_options *o,
    struct removals *counts, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = shard_name_prefix(name);
	int64_t now = clock_now_ms(o->clock) / 1000;

	if (vault_list(v, prefix, &items, err))
		return -1;
	VEC_EACH (&items, item) {
		struct shard_run r;
		struct err why = ERR_INIT;
		int failed = 0;
		if (!shard_name_is_run(name, item->name) ||
		    read_run_of(v, item->name, trust, &r, &why))
			continue;
		if (str_eq(r.name, name) && now - r.created > SHARD_DEAD_S &&
		    shard_others(v, name, NULL, o, &why) == 0)
			failed =
			    tidy_run(v, item->name, &r, trust, counts, err);
		shard_run_done(&r);
		if (failed)
			return -1;
	}
	return 0;
}

/* Archives of parts of snapshots that were pruned by a run that died then. */
static int tidy_pruned(struct vault *v, const char *name,
    const struct snapshot_trust *trust, struct removals *counts,
    struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	cleanup(snapshot_removals_done) struct snapshot_removals gone =
	    VEC_INIT;
	cleanup(strvec_done) struct strvec forged = VEC_INIT;
	autofree char *prefix = str_printf("%s-", name);
	bool read = false;

	if (vault_list(v, prefix, &items, err))
		return -1;
	VEC_EACH (&items, item) {
		struct vault_stat stat;
		struct err why = ERR_INIT;
		struct label l;
		if (!is_part_of(name, item->name, &l))
			continue;
		if (!read &&
		    snapshot_pruned(v, name, trust, &gone, &forged, err))
			return -1;
		read = true;
		autofree char *label = str_ndup(item->name, l.len);
		autofree char *manifest =
		    str_printf("%s" LABEL_MANIFEST, label);
		if (snapshot_removals_find(&gone, label) &&
		    vault_stat(v, manifest, &stat, &why) &&
		    why.code == ERR_NOT_FOUND &&
		    remove_one(v, item->name, counts, err))
			return -1;
	}
	return 0;
}

int shard_tidy(struct vault *v, const char *name,
    const struct snapshot_trust *trust, const struct vault_lock_options *o,
    struct err *err)
{
	struct removals counts = {0};

	if (tidy_locks(v, name, o, err) ||
	    tidy_runs(v, name, trust, o, &counts, err) ||
	    tidy_pruned(v, name, trust, &counts, err))
		return -1;
	int unfinished = tidy_unfinished(v, name, err);
	return unfinished < 0 ? -1 : counts.removed + unfinished;
}
