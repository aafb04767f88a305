#include "restore/kube/ours.h"

#include "restore/kube/owned.h"
#include "restore/objects/covers.h"
#include "restore/objects/field_owners.h"
#include "storage/base/json.h"
#include "storage/kube/client.h"

bool ours_by_journal(const struct task *t, const char *uid)
{
	const struct journal_node *before = t->before;

	if (!before || !before->begun || !uid)
		return false;
	if (!before->ended)
		return !str_eq(uid, before->live_uid);
	/* It was created; only its status could not be written. */
	return before->outcome.kind == OUTCOME_PARTIAL &&
	       str_eq(uid, before->uid);
}

/* Ours, or made as one of the managers that it had, with all that it is to
 * have: then it does not matter who made it. */
static bool is_made_by_us(
    const struct prepared *wanted, const struct json_object *live)
{
	const struct json_object *managed =
	    json_path(live, "metadata", "managedFields", NULL);

	for (size_t i = 0; i < json_len(managed); i++) {
		const struct json_object *entry = json_at(managed, i);

		if (str_eq(
			json_get_str(entry, "manager"), KUBE_FIELD_MANAGER) ||
		    (owned_is_as_made(live, entry, wanted) &&
			covers(live, wanted->object)))
			return true;
	}
	return false;
}

bool ours_is_pause(
    const struct json_object *live, const struct rule_pause *rule)
{
	const struct pause_made made = {.pointer = rule->pointer,
	    .annotation = rule->annotation,
	    .paused = rule->value};

	return pause_still_stands(live, &made) &&
	       field_owners_has(
		   live, KUBE_FIELD_MANAGER, rule->pointer, rule->annotation);
}

bool ours_lacks_status(
    const struct json_object *live, const struct prepared *wanted)
{
	if (!wanted->status || covers(json_get(live, "status"), wanted->status))
		return false;
	for (size_t i = 0; i < wanted->pause_count; i++)
		if (ours_is_pause(live, wanted->pauses[i].rule))
			return true;
	return !field_owners_has_status(live) && is_made_by_us(wanted, live);
}

/* Without a journal entry an object counts as ours if we are known to go on
 * with a run whose journal is lost, or if it did not exist when the restore was
 * planned, no other node creates it, and we are one of its field
 * managers, or its managers are those of the snapshot: an object that a
 * controller created differs in that. */
bool ours_by_object(
    const struct task *t, const char *uid, const struct json_object *live)
{
	if (ours_by_journal(t, uid))
		return t->before->ended || is_made_by_us(t->object, live);
	bool may_be = t->a->run->o->adopts ||
		      (!t->n->exists && (t->n->k->asked || !t->n->k->served ||
					    t->n->namespace_is_new));
	return may_be && !t->n->meets && is_made_by_us(t->object, live);
}
