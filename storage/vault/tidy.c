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
	return str_starts(rest, LABEL_ARCHIVE) ||
	       str_eq(rest, LABEL_SIGNATURE) || str_eq(rest, LABEL_MANIFEST);
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

static int remove_orphans(struct vault *v, const char *name,
    const struct snapshots *list, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = str_printf("%s-", name);
	int removed = 0;

	if (vault_list(v, prefix, &items, err))
		return -1;
	VEC_EACH (&items, item) {
		struct err why = ERR_INIT;
		struct label l;
		/* A manifest that is not in the list is newer than it. */
		if (label_parse_of(name, item->name, &l) ||
		    !is_part(item->name + l.len) ||
		    str_eq(item->name + l.len, LABEL_MANIFEST) ||
		    is_listed(list, item->name, l.len))
			continue;
		if (vault_remove(v, item->name, &why) == 0) {
			removed++;
		} else if (why.code != ERR_DENIED) {
			*err = why;
			return -1;
		} /* One that the store keeps does no harm. */
	}
	return removed;
}

int tidy_vault(struct vault *v, const char *name, const struct snapshots *list,
    struct err *err)
{
	autofree char *own = str_dup(name);
	int unfinished = remove_unfinished(v, own, err);
	int orphans = unfinished < 0 ? -1 : remove_orphans(v, name, list, err);

	return orphans < 0 ? -1 : unfinished + orphans;
}
