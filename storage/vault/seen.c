#include "storage/vault/seen.h"

#include "storage/base/cleanup.h"
#include "storage/vault/label.h"
#include "storage/vault/notes.h"
#include "storage/vault/skew.h"

#define KIND "seen"
#define WATCHED "watched"

/* Whether anything was added. */
static bool add_new(const struct vault *v, const struct strvec *labels)
{
	struct err ignored = ERR_INIT;
	bool added = false;

	VEC_EACH (labels, label)
		if (!notes_has(v, KIND, *label) &&
		    notes_add(v, KIND, *label, &ignored) == 0)
			added = true;
	return added;
}

void seen_note(
    const struct vault *v, const char *name, const struct strvec *labels)
{
	cleanup(strvec_done) struct strvec all = VEC_INIT;
	struct err ignored = ERR_INIT;

	if (!add_new(v, labels) || seen_list(v, name, &all, &ignored))
		return;
	for (size_t i = 0; i + SEEN_REMEMBERED < all.len; i++)
		(void)notes_drop(v, KIND, all.items[i], &ignored);
}

int seen_forget(const struct vault *v, const char *label, struct err *err)
{
	return notes_drop(v, KIND, label, err);
}

int seen_list(const struct vault *v, const char *name, struct strvec *labels,
    struct err *err)
{
	cleanup(strvec_done) struct strvec all = VEC_INIT;
	struct label l;

	if (notes_list(v, KIND, &all, err))
		return -1;
	VEC_EACH (&all, label)
		if (label_parse_of(name, *label, &l) == 0 && !(*label)[l.len])
			strvec_add(labels, *label);
	return 0;
}

int seen_since(const struct vault *v, const char *name, int64_t now,
    int64_t *since, struct err *err)
{
	cleanup(strvec_done) struct strvec all = VEC_INIT;
	struct err ignored = ERR_INIT;
	struct label l;
	bool any = false;

	if (!v->state_dir) {
		*since = 0;
		return 0;
	}
	if (notes_list(v, WATCHED, &all, err))
		return -1;
	VEC_EACH (&all, at) {
		if (label_parse_of(name, *at, &l) || (*at)[l.len])
			continue;
		if (l.time > now + SKEW_MAX_S) {
			(void)notes_drop(v, WATCHED, *at, &ignored);
		} else if (!any || l.time < *since) {
			any = true;
			*since = l.time;
		}
	}
	if (any)
		return 0;
	autofree char *at = label_make(name, now);
	*since = now;
	(void)notes_add(v, WATCHED, at, &ignored);
	return 0;
}
