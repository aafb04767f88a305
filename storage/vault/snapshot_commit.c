#include "storage/vault/snapshot_commit.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/vault/label.h"
#include "storage/vault/snapshot.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* If a run stood still for so long that another took over its lock, the other
 * has removed the archive without a manifest. If the store cannot be asked just
 * now, it has still confirmed every write. */
static bool archive_is_gone(struct vault *v, const struct snapshot_commit *p)
{
	struct err why = ERR_INIT;
	struct vault_stat stat;

	if (vault_stat(v, p->archive, &stat, &why))
		return why.code == ERR_NOT_FOUND || why.code == ERR_FORMAT;
	return stat.bytes != p->archive_bytes;
}

/* Between the last check of the lock and the manifest, a run may stand still
 * for long. Whoever took over the lock has then committed a later snapshot that
 * follows the same one as ours: the chain would have two heads, the older label
 * written later. */
static int check_lock(const struct snapshot_commit *p, struct err *err)
{
	struct err why = ERR_INIT;

	if (!p->lock || !vault_lock_check(p->lock, &why) ||
	    why.code != ERR_LOCKED)
		return 0;
	*err = why;
	return -1;
}

/* The same object may exist: from a copy that was interrupted, or because the
 * list does not show it. */
static int put_or_find(
    struct vault *v, const char *name, const struct buf *data, struct err *err)
{
	struct err why = ERR_INIT, ignored = ERR_INIT;
	cleanup(buf_done) struct buf there = BUF_INIT;

	if (vault_put_small(v, name, buf_str(data), data->len,
		VAULT_RETAIN_SNAPSHOT, &why) == 0)
		return 0;
	if (why.code == ERR_EXISTS &&
	    vault_read(v, name, data->len, &there, &ignored) == 0 &&
	    there.len == data->len &&
	    memcmp(buf_str(&there), buf_str(data), data->len) == 0)
		return 0;
	*err = why;
	return -1;
}

/* The other snapshots of a list, each with the archive that it was written
 * with: a run that removes one looks first for those that need it, and this
 * looks for it after its own manifest can be seen. So one of the two notices.
 */
static int check_needed(
    struct vault *v, const struct snapshot_commit *p, struct err *err)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;

	if (!p->list || !p->list->earlier.len)
		return 0;
	if (snapshot_list(v, p->list->name, &list, err) ||
	    snapshot_find_needed(v, &list, p->list, err))
		return -1;
	VEC_EACH (&p->list->earlier, a) {
		if (str_eq(a->label, p->label) ||
		    snapshot_in_list(&list, a->label) ||
		    snapshot_lists_lone(&list, a->label))
			continue;
		/* Of one that is being dropped while others need its archive,
		 * the record is there before the manifest goes. */
		int there =
		    snapshot_has_object(v, a->label, LABEL_MANIFEST, err);
		if (!there)
			there =
			    snapshot_has_object(v, a->label, LABEL_LONE, err);
		if (there < 0)
			return -1;
		if (there)
			continue;
		return err_set(err, ERR_INTEGRITY,
		    "%s: '%s', which '%s' needs, is not there any more",
		    vault_describe(v), a->label, p->label);
	}
	return 0;
}

static int keep_one(
    struct vault *v, const struct manifest_archive *a, struct err *err)
{
	return vault_keep(v, a->file, err)
		   ? err_wrap(err, "the store has to keep '%s' longer", a->file)
		   : 0;
}

int snapshot_commit_keep(
    struct vault *v, const struct manifest *m, struct err *err)
{
	for (size_t i = 0; i < manifest_archive_count(m); i++) {
		const struct manifest_archive a = manifest_archive_at(m, i);
		if (keep_one(v, &a, err))
			return -1;
	}
	return 0;
}

/* The signature is written first: a manifest that exists is signed. */
int snapshot_commit_write(
    struct vault *v, const struct snapshot_commit *p, struct err *err)
{
	autofree char *manifest = str_printf("%s" LABEL_MANIFEST, p->label);
	autofree char *minisig = str_printf("%s" LABEL_SIGNATURE, p->label);

	if (check_needed(v, p, err) ||
	    (p->list && snapshot_commit_keep(v, p->list, err)))
		return -1;
	if (p->signature->len && put_or_find(v, minisig, p->signature, err))
		return -1;
	if (p->shown)
		*p->shown = true;
	if (put_or_find(v, manifest, p->manifest, err))
		return -1;
	if (check_lock(p, err) || check_needed(v, p, err))
		return -1;
	if (!archive_is_gone(v, p))
		return 0;
	return err_set(err, ERR_LOCKED,
	    "%s: '%s' was removed by another run before its manifest was "
	    "written: this one must have stood still for too long",
	    vault_describe(v), p->archive);
}

static int names(struct vault *v, const struct snapshot *s, const char *label)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *object = str_printf("%s" LABEL_MANIFEST, s->label);
	struct err why = ERR_INIT;
	struct manifest m;
	int found = 0;

	if (vault_read(v, object, MANIFEST_MAX_BYTES, &text, &why))
		return why.code != ERR_NOT_FOUND && why.code != ERR_FORMAT;
	if (manifest_parse(buf_str(&text), text.len, &m, &why))
		return 0;
	VEC_EACH (&m.earlier, a)
		found |= str_eq(a->label, label);
	manifest_done(&m);
	return found;
}

/* Whether a later snapshot may need its archive. Whoever writes one now sees
 * that the manifest is gone. That of a later one need not be signed here: it
 * costs no more than an archive that stays. */
static bool may_be_needed(struct vault *v, const struct snapshot_commit *p)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err why = ERR_INIT;

	if (!p->name)
		return false;
	if (snapshot_list(v, p->name, &list, &why))
		return true;
	VEC_EACH (&list, s)
		if (strcmp(s->label, p->label) > 0 && names(v, s, p->label))
			return true;
	return false;
}

/* The manifest is removed first, and if it may still exist, nothing else is
 * removed: what is listed is complete. */
void snapshot_commit_withdraw(struct vault *v, const struct snapshot_commit *p)
{
	autofree char *manifest = str_printf("%s" LABEL_MANIFEST, p->label);
	autofree char *minisig = str_printf("%s" LABEL_SIGNATURE, p->label);
	struct err ignored = ERR_INIT;

	vault_cleanup_begin(v);
	if (!vault_remove(v, manifest, &ignored)) {
		(void)vault_remove(v, minisig, &ignored);
		if (!may_be_needed(v, p))
			(void)vault_remove(v, p->archive, &ignored);
	}
	vault_cleanup_end(v);
}
