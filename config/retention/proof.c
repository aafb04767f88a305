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

/* Archives that were found, borrowed from the manifests: of a snapshot that was
 * dropped there may be no more, and many may need it. */
VEC_DEFINE(found_archives, struct manifest_archive);

static bool was_found(
    const struct found_archives *found, const struct manifest_archive *a)
{
	VEC_EACH (found, one)
		if (one->bytes == a->bytes && str_eq(one->file, a->file))
			return true;
	return false;
}

/* Whether it was found with the snapshot that it was written with, which comes
 * before; else it is looked up. */
static int find_earlier(struct vault *v, const struct proofs *before,
    struct found_archives *found, const struct manifest_archive *a,
    struct err *err)
{
	const struct proof *p = proof_of(before, a->label);

	if (p && p->trusted && p->own_there &&
	    p->manifest.archive.bytes == a->bytes &&
	    str_eq(p->manifest.archive.file, a->file))
		return 0;
	if (was_found(found, a))
		return 0;
	if (snapshot_find_one(v, a, err))
		return -1;
	*vec_add(found) = *a;
	return 0;
}

static int find_archives(struct vault *v, const struct proofs *before,
    struct found_archives *found, struct proof *out, struct err *err)
{
	const struct manifest_archive own = manifest_own(&out->manifest);

	if (snapshot_find_one(v, &own, err))
		return -1;
	out->own_there = true;
	VEC_EACH (&out->manifest.earlier, a)
		if (find_earlier(v, before, found, a, err))
			return -1;
	out->whole = true;
	return 0;
}

static int gather_one(struct vault *v, const struct proofs *before,
    struct found_archives *found, const struct snapshot *s,
    const struct snapshot_trust *trust, struct proof *out, struct err *err)
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
	if (find_archives(v, before, found, out, &why) &&
	    why.code != ERR_INTEGRITY) {
		*err = why;
		return -1;
	}
	return snapshot_verdict(v, s, trust, sha256, &out->verdict, err);
}

int proof_gather(struct vault *v, const struct snapshots *list,
    const struct snapshot_trust *trust, struct proofs *out, struct err *err)
{
	struct found_archives found = VEC_INIT;
	int failed = 0;

	for (size_t i = 0; !failed && i < list->len; i++) {
		struct proof one = {.trusted = false};
		failed = gather_one(
		    v, out, &found, &list->items[i], trust, &one, err);
		*vec_add(out) = one;
	}
	vec_done(&found);
	return failed ? -1 : 0;
}

const struct proof *proof_of(const struct proofs *p, const char *label)
{
	VEC_EACH (p, one)
		if (str_eq(one->snapshot->label, label))
			return one;
	return NULL;
}

/* bytes NULL: of any length. */
static int is_there(struct vault *v, const struct vault_items *items,
    const char *object, const uint64_t *bytes, struct err *err)
{
	const struct vault_item *listed = vault_items_find(items, object);
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

int proof_apart(const char *label, const char *archive,
    const struct proofs *kept, struct err *err)
{
	VEC_EACH (kept, p)
		if (str_eq(p->snapshot->label, label) ||
		    (p->trusted && has_archive(&p->manifest, archive)))
			return err_set(err, ERR_INTEGRITY,
			    "'%s' shares its objects with '%s', which is to be "
			    "kept",
			    label, p->snapshot->label);
	return 0;
}
