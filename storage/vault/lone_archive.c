#include "storage/vault/lone_archive.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/vault/label.h"
#include "storage/vault/record.h"
#include "storage/vault/record_memory.h"
#include "storage/vault/remains.h"
#include "storage/vault/seen.h"

#include <stdlib.h>
#include <string.h>

#define KIND "archive"

enum { BELIEVED_AFTER_S = 7 * 86400 }; /* what another vault says */

static void lone_done(struct lone_archive *lone)
{
	free(lone->label);
	free(lone->archive);
}

void lone_archives_done(struct lone_archives *all)
{
	VEC_EACH (all, lone)
		lone_done(lone);
	vec_done(all);
}

const struct lone_archive *lone_archive_of(
    const struct lone_archives *all, const char *label)
{
	VEC_EACH (all, lone)
		if (str_eq(lone->label, label))
			return lone;
	return NULL;
}

/* ---- reading ------------------------------------------------------------- */

/* Whether it says nothing, rather than that it could not be read. */
static bool says_nothing(const struct err *err)
{
	return err->code == ERR_INTEGRITY || err->code == ERR_FORMAT ||
	       err->code == ERR_NOT_FOUND;
}

static bool is_of_vault(const struct vault *v, const struct json_object *j)
{
	const char *id = json_get_str(j, "vault");

	return v->id ? str_eq(id, v->id) : !id;
}

/* -1 where it is not what its name and its place say. */
static int parse(const struct vault *v, const char *label, bool settled,
    const struct buf *text, struct lone_archive *out)
{
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *j =
	    json_parse(buf_str(text), text->len, &ignored);
	const struct json_object *archive = json_get(j, "archive");
	const char *file = json_get_str(archive, "file");
	int64_t bytes = json_get_int(archive, "bytes", -1);

	if (!j || !file || bytes < 0 ||
	    !str_eq(json_get_str(j, "label"), label) ||
	    !str_starts(file, label) ||
	    !label_is_archive(file + strlen(label)) ||
	    (!settled && !is_of_vault(v, j)))
		return -1;
	out->label = str_dup(label);
	out->archive = str_dup(file);
	out->bytes = (uint64_t)bytes;
	return 0;
}

/* 1: it counts; 0: it does not. */
static int gather_one(struct vault *v, const char *label,
    const struct snapshot_trust *trust, bool settled, struct lone_archive *out,
    struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *object = str_printf("%s" LABEL_LONE, label);
	struct err why = ERR_INIT;

	if (record_read(v, object, KIND, &trust->pruners, RECORD_SMALL_BYTES,
		&text, &why)) {
		if (says_nothing(&why))
			return 0;
		*err = why;
		return err_wrap(err, "'%s'", object);
	}
	int there = snapshot_has_anything(v, label, LABEL_MANIFEST, err);
	if (there)
		return there < 0 ? -1 : 0;
	return parse(v, label, settled, &text, out) == 0;
}

int lone_archives_gather(struct vault *v, const struct snapshots *list,
    const struct snapshot_trust *trust, int64_t now, struct lone_archives *out,
    struct err *err)
{
	VEC_EACH (&list->others, item) {
		struct lone_archive lone = {.label = NULL};
		struct label l;
		if (label_parse(item->name, &l) ||
		    !str_eq(item->name + l.len, LABEL_LONE))
			continue;
		autofree char *label = str_ndup(item->name, l.len);
		if (snapshot_in_list(list, label) ||
		    !snapshot_lists_lone(list, label))
			continue;
		bool settled = now - item->stored_at >= BELIEVED_AFTER_S;
		int counts = gather_one(v, label, trust, settled, &lone, err);
		if (counts < 0)
			return -1;
		if (!counts)
			continue;
		lone.time = l.time;
		*vec_add(out) = lone;
	}
	return 0;
}

/* ---- writing ------------------------------------------------------------- */

static void write_text(const struct vault *v, const struct manifest *m,
    const char *manifest_sha256, struct buf *out)
{
	cleanup(json_freep) struct json_object *j = json_new_object();
	struct json_object *archive = json_new_object();

	json_set_str(archive, "file", m->archive.file);
	json_set_int(archive, "bytes", (int64_t)m->archive.bytes);
	json_set_str(archive, "sha256", m->archive.sha256);
	json_set_str(j, "label", m->label);
	json_set_str(j, "manifest_sha256", manifest_sha256);
	if (v->id)
		json_set_str(j, "vault", v->id);
	json_set(j, "archive", archive);
	json_write(out, j, JSON_PRETTY);
	buf_add_char(out, '\n');
}

bool snapshot_reduce_may(
    const struct snapshot_trust *trust, const struct minisign_key *key)
{
	return key &&
	       minisign_has_key(&trust->pruners, minisign_key_public(key));
}

static int put(struct vault *v, const char *label, const char *ending,
    const struct buf *data, struct err *err)
{
	autofree char *object = str_printf("%s%s", label, ending);
	cleanup(buf_done) struct buf there = BUF_INIT;
	struct err why = ERR_INIT, ignored = ERR_INIT;

	if (vault_put_small(v, object, buf_str(data), data->len,
		VAULT_RETAIN_NONE, &why) == 0)
		return 0;
	if (why.code == ERR_EXISTS &&
	    vault_read(v, object, data->len, &there, &ignored) == 0 &&
	    there.len == data->len &&
	    memcmp(buf_str(&there), buf_str(data), data->len) == 0)
		return 0;
	*err = why;
	return -1;
}

static int drop(
    struct vault *v, const char *label, const char *ending, struct err *err)
{
	autofree char *object = str_printf("%s%s", label, ending);

	return vault_remove(v, object, err);
}

/* Whatever was remembered of the snapshot, and stands beside it. */
static int drop_memory(struct vault *v, const char *label, struct err *err)
{
	return remains_forget(v, label, err) || seen_forget(v, label, err) ||
		       snapshot_remove_records(v, label, err) ||
		       record_memory_forget(v, label, err)
		   ? -1
		   : 0;
}

/* What is to be written is made first, since it may fail. */
static int make(struct vault *v, const struct snapshot *s,
    const struct manifest *m, const struct snapshot_trust *trust,
    const struct minisign_key *key, struct buf *text, struct buf *signature,
    struct err *err)
{
	autofree char *comment = str_printf(KIND ":%s" LABEL_LONE, s->label);
	char sha256[DIGEST_SHA256_HEX];
	struct manifest now;

	/* It may have been replaced since. */
	if (snapshot_manifest(v, s, trust, &now, sha256, err))
		return -1;
	bool same = str_eq(now.archive.file, m->archive.file) &&
		    str_eq(now.archive.sha256, m->archive.sha256);
	manifest_done(&now);
	if (!same)
		return err_set(err, ERR_INTEGRITY,
		    "the manifest of '%s' was replaced meanwhile", s->label);
	write_text(v, m, sha256, text);
	return minisign_sign(
	    key, text->data, text->len, comment, signature, err);
}

static int reduce(struct vault *v, const struct snapshot *s,
    const struct buf *text, const struct buf *signature, struct err *err)
{
	autofree char *manifest = str_printf("%s" LABEL_MANIFEST, s->label);
	struct err ignored = ERR_INIT;

	/* A signature here would be of a run that died, or anybody's: while
	 * there is one, nothing else may say what stays. */
	if (snapshot_check_removable(v, manifest, err) ||
	    drop(v, s->label, LABEL_LONE_SIGNATURE, err) ||
	    put(v, s->label, LABEL_LONE, text, err))
		return -1;
	if (vault_remove(v, manifest, err)) {
		if (err->code == ERR_DENIED)
			(void)drop(v, s->label, LABEL_LONE, &ignored);
		return -1;
	}
	return put(v, s->label, LABEL_LONE_SIGNATURE, signature, err) ||
		       drop(v, s->label, LABEL_SIGNATURE, err) ||
		       drop_memory(v, s->label, err)
		   ? -1
		   : 0;
}

int snapshot_reduce(struct vault *v, const struct snapshot *s,
    const struct manifest *m, const struct snapshot_trust *trust,
    const struct minisign_key *key, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT, signature = BUF_INIT;

	if (make(v, s, m, trust, key, &text, &signature, err) ||
	    reduce(v, s, &text, &signature, err))
		return err_wrap(
		    err, "removing all of '%s' but its archive", s->label);
	return 0;
}

/* The archive goes first: who is about to need it looks for that. */
static int remove_lone(
    struct vault *v, const struct lone_archive *lone, struct err *err)
{
	int there = snapshot_has_anything(v, lone->label, LABEL_MANIFEST, err);

	if (there < 0)
		return -1;
	if (there)
		return err_set(err, ERR_EXISTS,
		    "there is a manifest of it again; run prune again");
	return snapshot_check_removable(v, lone->archive, err) ||
		       vault_remove(v, lone->archive, err) ||
		       drop(v, lone->label, LABEL_LONE, err) ||
		       drop(v, lone->label, LABEL_LONE_SIGNATURE, err) ||
		       drop(v, lone->label, LABEL_SIGNATURE, err) ||
		       drop_memory(v, lone->label, err)
		   ? -1
		   : 0;
}

int lone_archive_remove(
    struct vault *v, const struct lone_archive *lone, struct err *err)
{
	return remove_lone(v, lone, err)
		   ? err_wrap(err, "removing the archive of '%s'", lone->label)
		   : 0;
}

/* ---- where there is a manifest as well ----------------------------------- */

static bool lists(const struct snapshots *list, const struct vault_item *item,
    const struct snapshot **out)
{
	struct label l;

	if (label_parse(item->name, &l) ||
	    (!str_eq(item->name + l.len, LABEL_LONE) &&
		!str_eq(item->name + l.len, LABEL_LONE_SIGNATURE)))
		return false;
	autofree char *label = str_ndup(item->name, l.len);
	*out = snapshot_in_list(list, label);
	return *out != NULL;
}

int lone_archives_tidy(struct vault *v, const struct snapshots *list,
    const struct snapshot_trust *trust, struct err *err)
{
	const struct snapshot *s;
	int removed = 0;

	VEC_EACH (&list->others, item) {
		struct err why = ERR_INIT;
		if (!lists(list, item, &s))
			continue;
		int holds = snapshot_holds(v, s, trust, NULL, NULL, err);
		if (holds < 0)
			return -1;
		if (!holds)
			continue;
		if (vault_remove(v, item->name, &why) == 0) {
			removed++;
		} else if (why.code != ERR_DENIED) {
			*err = why;
			return err_wrap(err, "removing '%s'", item->name);
		}
	}
	return removed;
}

/* Without its signature, the record says nothing. */
int lone_archive_forget_record(
    struct vault *v, const char *label, struct err *err)
{
	struct err why = ERR_INIT;

	if (drop(v, label, LABEL_LONE_SIGNATURE, &why) == 0 &&
	    drop(v, label, LABEL_LONE, &why) == 0)
		return 0;
	if (why.code == ERR_DENIED)
		return 0;
	*err = why;
	return -1;
}

/* ---- copies -------------------------------------------------------------- */

/* 1: it is there; 0: it is not. */
static int read_part(struct vault *v, const char *label, const char *ending,
    struct buf *out, struct err *err)
{
	autofree char *object = str_printf("%s%s", label, ending);
	struct err why = ERR_INIT;

	if (vault_read(v, object, RECORD_SMALL_BYTES, out, &why) == 0)
		return 1;
	if (says_nothing(&why))
		return 0;
	*err = why;
	return -1;
}

int lone_archive_copy_record(
    struct vault *from, struct vault *to, const char *label, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT, signature = BUF_INIT;
	int found = read_part(from, label, LABEL_LONE, &text, err);

	if (found == 1)
		found = read_part(
		    from, label, LABEL_LONE_SIGNATURE, &signature, err);
	if (found <= 0)
		return found;
	/* That vault may have dropped it itself, and said so. */
	int there = snapshot_has_anything(to, label, LABEL_LONE_SIGNATURE, err);
	if (there < 0)
		return -1;
	if (there)
		return 1;
	return put(to, label, LABEL_LONE_SIGNATURE, &signature, err) ||
		       put(to, label, LABEL_LONE, &text, err)
		   ? -1
		   : 1;
}
