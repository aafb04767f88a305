#include "agent/prune/forget.h"

#include <stdio.h>
#include <string.h>

/* Also one that is partial needs what it has. */
static const char *needed_by(const struct retention_item *items, size_t count,
    const struct retention_item *item)
{
	for (size_t i = 0; i < count; i++)
		if (items[i].needs && strvec_has(items[i].needs, item->label))
			return items[i].label;
	return NULL;
}

static bool another_is_good(const struct retention_item *items, size_t count,
    const struct retention_item *item, int64_t now)
{
	for (size_t i = 0; i < count; i++)
		if (&items[i] != item && retention_is_good(&items[i], now))
			return true;
	return false;
}

static int check(const struct retention_item *items, size_t count,
    const struct retention_item *item, int64_t now, struct err *err)
{
	const char *needs = item->hidden      ? item->hidden
			    : item->reducible ? NULL
					      : needed_by(items, count, item);

	if (item->untrusted)
		return err_set(err, ERR_USAGE,
		    "no key that is trusted signed the manifest of '%s', so "
		    "nothing says which objects are its own; remove them by "
		    "hand if it is foreign",
		    item->label);
	if (item->hold)
		return err_set(err, ERR_USAGE,
		    "'%s' is on hold; end that first with `mark %s --no-hold`",
		    item->label, item->label);
	if (needs)
		return err_set(err, ERR_USAGE,
		    "'%s' needs the archive of '%s', or may need it; forget "
		    "that one first",
		    needs, item->label);
	/* Also one that lies in the future may be all that can be restored. */
	if (retention_is_good(item, item->time) &&
	    !another_is_good(items, count, item, now))
		return err_set(err, ERR_USAGE,
		    "'%s' is the last good snapshot; make another one first",
		    item->label);
	return 0;
}

int forget_plan(struct retention_item *items, size_t count, const char *label,
    int64_t now, struct err *err)
{
	struct retention_item *gone = NULL;

	for (size_t i = 0; i < count; i++) {
		struct retention_item *item = &items[i];
		item->keep = item->archive_only || !str_eq(item->label, label);
		item->stays_for = NULL;
		item->turn = item->keep ? 0 : 1;
		(void)snprintf(item->reason, sizeof(item->reason), "%s",
		    item->keep ? "not asked for" : "forgotten by hand");
		gone = item->keep ? gone : item;
	}
	if (gone) {
		const char *by = needed_by(items, count, gone);
		if (by)
			retention_leave_archive(gone, by);
		return check(items, count, gone, now, err);
	}
	if (str_eq(label, "latest"))
		err_set(err, ERR_NOT_FOUND,
		    "'latest' may be another one by now; name it by its label, "
		    "which `list` shows");
	else
		err_set(err, ERR_NOT_FOUND,
		    "'%s' is not there; `list` shows the labels", label);
	return 1;
}
