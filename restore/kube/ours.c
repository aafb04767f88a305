#include "restore/kube/ours.h"

#include "storage/base/json.h"
#include "storage/kube/client.h"

bool ours_by_journal(const struct task *t, const char *uid)
{
	const struct journal_node *before = t->before;

	if (!before || !before->begun || !uid)
		return false;
	if (!before->ended)
		return !str_eq(uid, before->live_uid);
	/* Created; only its status failed. */
	return before->outcome.kind == OUTCOME_PARTIAL &&
	       str_eq(uid, before->uid);
}

static bool is_managed_by_us(const struct json_object *live)
{
	const struct json_object *managed =
	    json_path(live, "metadata", "managedFields", NULL);

	for (size_t i = 0; i < json_len(managed); i++)
		if (str_eq(json_get_str(json_at(managed, i), "manager"),
			KUBE_FIELD_MANAGER))
			return true;
	return false;
}

/* Without a journal entry an object counts as ours if it did not exist when the
 * restore was planned, no other node creates it, and we are one of its field
 * managers: an object that a controller created does not have us there. */
bool ours_by_object(
    const struct task *t, const char *uid, const struct json_object *live)
{
	if (ours_by_journal(t, uid))
		return t->before->ended || is_managed_by_us(live);
	return !t->n->exists && !t->n->meets &&
	       (t->n->k->asked || !t->n->k->served || t->n->namespace_is_new) &&
	       is_managed_by_us(live);
}
