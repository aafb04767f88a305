#include "storage/vault/snapshot.h"

#include "storage/base/cleanup.h"
#include "storage/vault/seen.h"

/* How many that a list does not name are asked for by name: one request each,
 * and others may have pruned what this machine remembers. */
enum { ASKED_FOR = 10 };

void snapshot_note_seen(
    struct vault *v, const char *name, const struct strvec *labels)
{
	seen_note(v, name, labels);
}

int snapshot_seen_since(struct vault *v, const char *name, int64_t now,
    int64_t *since, struct err *err)
{
	return seen_since(v, name, now, since, err);
}

void snapshot_note_pruned(struct vault *v, const char *label)
{
	struct err ignored = ERR_INIT;

	(void)seen_forget(v, label, &ignored);
}

int snapshot_list_seen(
    struct vault *v, const char *name, struct snapshots *list, struct err *err)
{
	cleanup(strvec_done) struct strvec labels = VEC_INIT;
	int asked = 0;

	if (seen_list(v, name, &labels, err))
		return -1;
	for (size_t i = labels.len; i-- > 0 && asked < ASKED_FOR;) {
		if (snapshot_in_list(list, labels.items[i]))
			continue;
		if (snapshot_list_add(v, labels.items[i], list, err) < 0)
			return -1;
		asked++;
	}
	return 0;
}
