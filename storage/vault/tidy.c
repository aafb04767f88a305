#include "storage/vault/tidy.h"

#include "storage/base/cleanup.h"
#include "storage/vault/label.h"
#include "storage/vault/remains.h"

#include <string.h>

/* Records of verifications and beats of locks are also written by runs that do
 * not hold the lock: those that are this old are dead. */
enum { SMALL_IS_DEAD_S = 3600 };

/* Archive, signature or manifest. */
static bool is_part(const char *rest)
{
	return label_is_archive(rest) || str_eq(rest, LABEL_SIGNATURE) ||
	       str_eq(rest, LABEL_MANIFEST);
}

/* Objects that are written only under the lock. */
static bool is_written_locked(void *ctx, const char *object)
{
	struct label l;

	return label_parse_of(ctx, object, &l) == 0 &&
	       (is_part(object + l.len) ||
		   str_starts(object + l.len, LABEL_PRUNED) ||
		   str_starts(object + l.len, LABEL_LONE) ||
		   str_eq(object + l.len, LABEL_LOG) ||
		   str_eq(object + l.len, LABEL_COSIGNED));
}

static bool is_small_of(void *ctx, const char *object)
{
	const char *name = ctx;
	struct label l;

	if (label_parse_of(name, object, &l) == 0)
		return str_starts(object + l.len, LABEL_VERIFIED);
	return str_starts(object, name) &&
	       str_starts(object + strlen(name), ".lock-");
}

static int remove_unfinished(struct vault *v, char *name, struct err *err)
{
	const struct vault_tidy parts = {
	    .prefix = name, .meant = is_written_locked, .ctx = name};
	const struct vault_tidy small = {.prefix = name,
	    .meant = is_small_of,
	    .ctx = name,
	    .older_than_s = SMALL_IS_DEAD_S};
	int a = vault_tidy(v, &parts, err);
	int b = a < 0 ? -1 : vault_tidy(v, &small, err);

	return b < 0 ? -1 : a + b;
}

static bool is_listed(
    const struct snapshots *list, const char *label, size_t len)
{
	VEC_EACH (list, s)
		if (strlen(s->label) == len &&
		    strncmp(s->label, label, len) == 0)
			return true;
	return false;
}

/* 1 if this machine knows that it never had a signature, or has none any more;
 * 0 if that is not known. */
static int is_dead(struct vault *v, const struct tidy_terms *terms,
    const char *label, struct err *err)
{
	if (str_eq(label, terms->label))
		return 1;
	if (!remains_known(v, label))
		return 0;
	int is_signed = snapshot_has_anything(v, label, LABEL_SIGNATURE, err);
	return is_signed < 0 ? -1 : !is_signed;
}

static int remove_dead(
    struct vault *v, const char *label, const char *object, struct err *err)
{
	struct err why = ERR_INIT;

	if (vault_remove(v, object, &why) == 0)
		return remains_forget(v, label, err) ? -1 : 1;
	/* It does no harm if the store keeps it. */
	if (why.code == ERR_DENIED)
		return 0;
	*err = why;
	return -1;
}

/* 1 if it was removed, 0 if it is kept. */
static int remove_orphan(struct vault *v, const struct tidy_terms *terms,
    const char *object, const char *label, struct strvec *left, struct err *err)
{
	/* It stays for others, and prune knows of it. */
	if (snapshot_lists_lone(terms->list, label))
		return 0;
	int found = snapshot_has_anything(v, label, LABEL_MANIFEST, err);

	if (found)
		return found < 0 ? -1 : 0;
	int dead = is_dead(v, terms, label, err);
	int recorded =
	    dead > 0 ? snapshot_has_anything(v, label, LABEL_LONE, err) : 0;
	if (dead < 0 || recorded < 0)
		return -1;
	if (dead && !recorded)
		return remove_dead(v, label, object, err);
	if (left)
		strvec_add(left, object);
	return 0;
}

static bool has_part(const struct vault_items *items, const char *label)
{
	size_t len = strlen(label);

	VEC_EACH (items, item)
		if (str_starts(item->name, label) && is_part(item->name + len))
			return true;
	return false;
}

/* What was known of what is gone now, or has a manifest now: somebody may copy
 * a snapshot of that label here, and its archive must not pass for dead. */
static int forget_old(struct vault *v, const struct tidy_terms *terms,
    const struct vault_items *items, struct err *err)
{
	cleanup(strvec_done) struct strvec labels = VEC_INIT;
	struct label l;

	if (remains_list(v, &labels, err))
		return -1;
	VEC_EACH (&labels, label) {
		if (label_parse_of(terms->name, *label, &l))
			continue;
		if (has_part(items, *label) &&
		    !is_listed(terms->list, *label, l.len))
			continue;
		if (remains_forget(v, *label, err))
			return -1;
	}
	return 0;
}

static int remove_orphans(struct vault *v, const struct tidy_terms *terms,
    struct strvec *left, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = str_printf("%s-", terms->name);
	int removed = 0;

	if (vault_list(v, prefix, &items, err))
		return -1;
	VEC_EACH (&items, item) {
		struct label l;
		/* A manifest that is missing from the list is newer than the
		 * list. */
		if (label_parse_of(terms->name, item->name, &l) ||
		    !is_part(item->name + l.len) ||
		    str_eq(item->name + l.len, LABEL_MANIFEST) ||
		    is_listed(terms->list, item->name, l.len))
			continue;
		autofree char *label = str_ndup(item->name, l.len);
		int one = remove_orphan(v, terms, item->name, label, left, err);
		if (one < 0)
			return -1;
		removed += one;
	}
	return forget_old(v, terms, &items, err) ? -1 : removed;
}

int tidy_vault(struct vault *v, const struct tidy_terms *terms,
    struct strvec *left, struct err *err)
{
	autofree char *own = str_dup(terms->name);
	int unfinished = remove_unfinished(v, own, err);
	int orphans = unfinished < 0 ? -1 : remove_orphans(v, terms, left, err);

	return orphans < 0 ? -1 : unfinished + orphans;
}
