#include "config/retention/proof.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

void proofs_done(struct proofs *p)
{
	VEC_EACH (p, one)
		if (one->trusted) {
			manifest_done(&one->manifest);
			strvec_done(&one->needs);
		}
	vec_done(p);
}

/* Whether it was found with the snapshot that it was written with, which comes
 * before; else it is looked up. */
static int find_earlier(struct vault *v, const struct proofs *before,
    const struct manifest_archive *a, struct err *err)
{
	const struct proof *p = proof_of(before, a->label);

	if (p && p->trusted && p->own_there &&
	    p->manifest.archive.bytes == a->bytes &&
	    str_eq(p->manifest.archive.file, a->file))
		return 0;
	return snapshot_find_one(v, a, err);
}

static int find_archives(struct vault *v, const struct proofs *before,
    struct proof *out, struct err *err)
{
	const struct manifest_archive own = manifest_own(&out->manifest);

	if (snapshot_find_one(v, &own, err))
		return -1;
	out->own_there = true;
	VEC_EACH (&out->manifest.earlier, a)
		if (find_earlier(v, before, a, err))
			return -1;
	out->whole = true;
	return 0;
}

static int gather_one(struct vault *v, const struct proofs *before,
    const struct snapshot *s, const struct snapshot_trust *trust,
    struct proof *out, struct err *err)
{
	char sha256[DIGEST_SHA256_HEX];
	struct err why = ERR_INIT;

	out->snapshot = s;
	if (snapshot_manifest(v, s, trust, &out->manifest, sha256, &why)) {
		if (why.code == ERR_INTEGRITY || why.code == ERR_FORMAT ||
		    why.code == ERR_NOT_FOUND)
			return 0;
		*err = why;
		return -1;
	}
	out->trusted = true;
	if (snapshot_marked(v, s, trust, sha256, &out->manifest, err) < 0)
		return -1;
	VEC_EACH (&out->manifest.earlier, a)
		if (!manifest_is_part(&out->manifest, a))
			strvec_add(&out->needs, a->label);
	if (find_archives(v, before, out, &why) && why.code != ERR_INTEGRITY) {
		*err = why;
		return -1;
	}
	return snapshot_verdict(v, s, trust, sha256, &out->verdict, err);
}

int proof_gather(struct vault *v, const struct snapshots *list,
    const struct snapshot_trust *trust, struct proofs *out, struct err *err)
{
	VEC_EACH (list, s) {
		struct proof one = {.trusted = false};
		int failed = gather_one(v, out, s, trust, &one, err);
		*vec_add(out) = one;
		if (failed)
			return -1;
	}
	return 0;
}

const struct proof *proof_of(const struct proofs *p, const char *label)
{
	VEC_EACH (p, one)
		if (str_eq(one->snapshot->label, label))
			return one;
	return NULL;
}

static int by_name(const void *key, const void *item)
{
	return strcmp(key, ((const struct vault_item *)item)->name);
}

/* bytes NULL: of any length. */
static int is_there(struct vault *v, const struct vault_items *items,
    const char *object, const uint64_t *bytes, struct err *err)
{
	const struct vault_item *listed =
	    items->len ? bsearch(object, items->items, items->len,
			     sizeof(*items->items), by_name)
		       : NULL;
	struct vault_stat stat;

	if (listed && (!bytes || listed->bytes == *bytes))
		return 0;
	if (vault_stat(v, object, &stat, err))
		return -1;
	if (!bytes || stat.bytes == *bytes)
		return 0;
	return err_set(
	    err, ERR_INTEGRITY, "'%s' has another length now", object);
}

static int hold_one(struct vault *v, const struct vault_items *items,
    const struct proof *p, struct err *err)
{
	autofree char *manifest =
	    str_printf("%s.manifest.json", p->snapshot->label);
	int failed = is_there(v, items, manifest, NULL, err);

	for (size_t i = manifest_archive_count(&p->manifest);
	     !failed && i-- > 0;) {
		struct manifest_archive a =
		    manifest_archive_at(&p->manifest, i);
		failed = is_there(v, items, a.file, &a.bytes, err);
	}
	if (!failed)
		return 0;
	if (err->code == ERR_NOT_FOUND || err->code == ERR_FORMAT)
		err->code = ERR_INTEGRITY;
	return err_wrap(err, "'%s', which is to be kept, is not whole any more",
	    p->snapshot->label);
}

int proof_hold(struct vault *v, const char *name, const struct proofs *kept,
    struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = str_printf("%s-", name);

	if (vault_list(v, prefix, &items, err))
		return -1;
	VEC_EACH (kept, p)
		if (p->whole && hold_one(v, &items, p, err))
			return -1;
	return 0;
}

static bool has_archive(const struct manifest *m, const char *file)
{
	for (size_t i = 0; i < manifest_archive_count(m); i++)
		if (str_eq(manifest_archive_at(m, i).file, file))
			return true;
	return false;
}

int proof_apart(
    const struct proof *gone, const struct proofs *kept, struct err *err)
{
	VEC_EACH (kept, p)
		if (str_eq(p->snapshot->label, gone->snapshot->label) ||
		    (p->trusted &&
			has_archive(&p->manifest, gone->manifest.archive.file)))
			return err_set(err, ERR_INTEGRITY,
			    "'%s' shares its objects with '%s', which is to be "
			    "kept",
			    gone->snapshot->label, p->snapshot->label);
	return 0;
}
