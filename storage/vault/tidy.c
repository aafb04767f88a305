#include "storage/vault/tidy.h"

#include "storage/base/cleanup.h"
#include "storage/vault/label.h"

#include <string.h>

/* Records of verifications and beats of locks are written by whoever does not
 * hold the lock, too: those that are this old are dead. */
enum { SMALL_IS_DEAD_S = 3600 };

/* Archive, signature or manifest. */
static bool is_part(const char *rest)
{
	return label_is_archive(rest) || str_eq(rest, LABEL_SIGNATURE) ||
	       str_eq(rest, LABEL_MANIFEST);
}

/* What is written under the lock only. */
static bool is_written_locked(void *ctx, const char *object)
{
	struct label l;

	return label_parse_of(ctx, object, &l) == 0 &&
	       (is_part(object + l.len) ||
		   str_starts(object + l.len, LABEL_PRUNED));
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

/* What is known of the parts of snapshots that have no manifest. */
struct orphans {
	const struct tidy_terms *terms;
	const struct snapshot *newest; /* NULL: there is none */
	bool pruned_known;	       /* read when first needed */
	struct strvec pruned;
};

/* The newest that somebody signed; where no signature holds, as after a change
 * of keys, the newest there is. */
static int find_newest(struct vault *v, const struct tidy_terms *t,
    const struct snapshot **out, struct err *err)
{
	const struct snapshots *list = t->list;

	*out = list->len ? &list->items[list->len - 1] : NULL;
	for (size_t i = list->len; i-- > 0;) {
		int holds = snapshot_holds(v, &list->items[i], t->trust, err);
		if (holds < 0)
			return -1;
		if (!holds)
			continue;
		*out = &list->items[i];
		return 0;
	}
	return 0;
}

/* Asked by name: a list may leave it out. */
static int has_object(
    struct vault *v, const char *label, const char *rest, struct err *err)
{
	autofree char *object = str_printf("%s%s", label, rest);
	struct vault_stat stat;
	struct err why = ERR_INIT;

	if (vault_stat(v, object, &stat, &why) == 0)
		return 1;
	if (why.code == ERR_NOT_FOUND)
		return 0;
	if (why.code == ERR_FORMAT)
		return 1;
	*err = why;
	return -1;
}

static int was_pruned(
    struct vault *v, struct orphans *o, const char *label, struct err *err)
{
	cleanup(strvec_done) struct strvec forged = VEC_INIT;

	if (!o->pruned_known && snapshot_pruned(v, o->terms->name,
				    o->terms->trust, &o->pruned, &forged, err))
		return -1;
	o->pruned_known = true;
	return strvec_has(&o->pruned, label);
}

/* 1 where something says that it is a dead run's, or what is left of one that
 * was pruned; 0 where nothing does. A run dies while it writes the archive:
 * with the signature there, the manifest was, too, but for the moment between
 * both. Without signatures, only a snapshot that is there says which is newer.
 */
static int is_dead(struct vault *v, struct orphans *o, const char *label,
    int64_t time, struct err *err)
{
	if (str_eq(label, o->terms->label))
		return 1;
	bool newer = o->newest ? time > o->newest->time
			       : !o->terms->trust->unsigned_allowed;
	int is_signed = newer ? has_object(v, label, LABEL_SIGNATURE, err) : 1;
	if (is_signed <= 0)
		return is_signed < 0 ? -1 : 1;
	return was_pruned(v, o, label, err);
}

/* 1 where it was removed, 0 where it stays. */
static int remove_orphan(struct vault *v, struct orphans *o, const char *object,
    const struct label *l, struct strvec *left, struct err *err)
{
	autofree char *label = str_ndup(object, l->len);
	struct err why = ERR_INIT;
	int found = has_object(v, label, LABEL_MANIFEST, err);

	if (found)
		return found < 0 ? -1 : 0;
	int dead = is_dead(v, o, label, l->time, err);
	if (dead < 0)
		return -1;
	if (!dead) {
		if (left)
			strvec_add(left, object);
		return 0;
	}
	if (vault_remove(v, object, &why) == 0)
		return 1;
	/* One that the store keeps does no harm. */
	if (why.code == ERR_DENIED)
		return 0;
	*err = why;
	return -1;
}

static int remove_orphans(struct vault *v, const struct tidy_terms *terms,
    struct strvec *left, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = str_printf("%s-", terms->name);
	struct orphans o = {.terms = terms};
	int removed = 0;

	if (vault_list(v, prefix, &items, err) ||
	    find_newest(v, terms, &o.newest, err))
		return -1;
	VEC_EACH (&items, item) {
		struct label l;
		/* A manifest that is not in the list is newer than it. */
		if (label_parse_of(terms->name, item->name, &l) ||
		    !is_part(item->name + l.len) ||
		    str_eq(item->name + l.len, LABEL_MANIFEST) ||
		    is_listed(terms->list, item->name, l.len))
			continue;
		int one = remove_orphan(v, &o, item->name, &l, left, err);
		removed = one < 0 ? -1 : removed + one;
		if (one < 0)
			break;
	}
	strvec_done(&o.pruned);
	return removed;
}

int tidy_vault(struct vault *v, const struct tidy_terms *terms,
    struct strvec *left, struct err *err)
{
	autofree char *own = str_dup(terms->name);
	int unfinished = remove_unfinished(v, own, err);
	int orphans = unfinished < 0 ? -1 : remove_orphans(v, terms, left, err);

	return orphans < 0 ? -1 : unfinished + orphans;
}
