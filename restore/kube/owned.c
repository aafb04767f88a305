#include "restore/kube/owned.h"

#include "restore/kube/managers.h"
#include "restore/kube/send.h"
#include "restore/objects/field_owners.h"
#include "restore/objects/sanitize.h"
#include "restore/plan/load.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

static struct json_object *managed_of(const struct json_object *live)
{
	return json_path(live, "metadata", "managedFields", NULL);
}

static bool is_our_entry(const struct json_object *entry, const char *operation)
{
	return str_eq(json_get_str(entry, "manager"), KUBE_FIELD_MANAGER) &&
	       str_eq(json_get_str(entry, "operation"), operation) &&
	       !json_get(entry, "subresource");
}

/* ---- what is ours -------------------------------------------------------- */

static bool goes_beyond(const struct json_object *fields,
    const struct json_object *live, const struct json_object *wanted)
{
	for (struct json_iter it = json_iter(fields); json_next(&it);) {
		const struct json_object *is = field_owners_below(live, it.key);
		const struct json_object *is_to_be =
		    field_owners_below(wanted, it.key);

		if (json_kind(is) == JSON_NULL)
			continue;
		if (json_kind(is_to_be) == JSON_NULL ||
		    goes_beyond(it.value, is, is_to_be))
			return true;
	}
	return false;
}

/* Not compared: owner references and finalizers are handled elsewhere, and a
 * status is not part of what is applied. */
static struct json_object *fields_to_apply(const struct json_object *entry)
{
	struct json_object *fields = json_copy(json_get(entry, "fieldsV1"));
	struct json_object *metadata = json_get(fields, "f:metadata");

	json_remove(fields, "f:status");
	json_remove(metadata, "f:ownerReferences");
	json_remove(metadata, "f:finalizers");
	return fields;
}

/* Fields that no restore writes: by such an entry its own controller has
 * written, in the very second in which the object was made. */
static bool has_made_fields(const struct json_object *live,
    const struct json_object *entry, const struct prepared *wanted)
{
	static const struct sanitize_options keep_all = {
	    .volume_restored = true,
	    .keep_status = true,
	    .fixed_address = true};
	cleanup(json_freep) struct json_object *fields = fields_to_apply(entry);

	if (!goes_beyond(fields, live, wanted->object))
		return false;
	cleanup(json_freep) struct json_object *clean = json_copy(live);
	sanitize_object(clean, &keep_all);
	return goes_beyond(fields, live, clean);
}

bool owned_is_as_made(const struct json_object *live,
    const struct json_object *entry, const struct prepared *wanted)
{
	const char *uid = json_str(json_path(live, "metadata", "uid", NULL));

	return !json_get(entry, "subresource") && !str_eq(uid, wanted->uid) &&
	       field_owners_untouched(live, entry, wanted->managers) &&
	       !has_made_fields(live, entry, wanted);
}

static bool is_ours(const struct json_object *live,
    const struct json_object *entry, const struct prepared *wanted)
{
	return is_our_entry(entry, "Update") || is_our_entry(entry, "Apply") ||
	       owned_is_as_made(live, entry, wanted);
}

bool owned_exceeds(
    const struct json_object *live, const struct prepared *wanted)
{
	const struct json_object *managed = managed_of(live);

	for (size_t i = 0; i < json_len(managed); i++) {
		const struct json_object *entry = json_at(managed, i);

		if (!is_ours(live, entry, wanted))
			continue;
		cleanup(json_freep) struct json_object *fields =
		    fields_to_apply(entry);
		if (goes_beyond(fields, live, wanted->object))
			return true;
	}
	return false;
}

/* Whether all that this manager has is ours. */
static bool is_our_manager(const struct json_object *live,
    const struct prepared *wanted, const char *name, size_t len)
{
	const struct json_object *managed = managed_of(live);
	size_t entries = 0;

	for (size_t i = 0; i < json_len(managed); i++) {
		const struct json_object *entry = json_at(managed, i);
		const char *manager = json_get_str(entry, "manager");

		if (!manager || strlen(manager) != len ||
		    memcmp(manager, name, len) != 0 ||
		    json_get(entry, "subresource"))
			continue;
		if (!is_ours(live, entry, wanted))
			return false;
		entries++;
	}
	return entries > 0;
}

bool owned_conflicts(const struct task *t, const struct json_object *live,
    const struct kube_answer *answer)
{
	static const char begin[] = "conflict with \"";
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *status =
	    json_parse(answer->body.data, answer->body.len, &ignored);
	const struct json_object *causes =
	    json_path(status, "details", "causes", NULL);

	for (size_t i = 0; i < json_len(causes); i++) {
		const char *text = json_get_str(json_at(causes, i), "message");

		if (!text || !str_starts(text, begin))
			return false;
		const char *name = text + sizeof(begin) - 1;
		const char *end = strchr(name, '"');
		if (!end || !is_our_manager(
				live, t->object, name, (size_t)(end - name)))
			return false;
	}
	return json_len(causes) > 0;
}

/* ---- taking it over, and giving it back ---------------------------------- */

/* managedFields in which what our create made, and nobody touched since, has
 * become one apply of ours; NULL if no entry has to change. */
static struct json_object *adopted(void *ctx, const struct json_object *live)
{
	const struct task *t = ctx;
	const struct prepared *wanted = t->object;
	const struct json_object *managed = managed_of(live);
	struct json_object *mine = NULL;
	bool applied = false, created = false;

	for (size_t i = 0; i < json_len(managed); i++) {
		const struct json_object *entry = json_at(managed, i);
		bool ours = is_our_entry(entry, "Apply");

		applied |= ours;
		created |= !ours && is_ours(live, entry, wanted);
	}
	if (!created)
		return NULL;
	struct json_object *out = json_new_array();
	for (size_t i = 0; i < json_len(managed); i++) {
		struct json_object *entry = json_at(managed, i);

		if (!is_ours(live, entry, wanted)) {
			json_append(out, json_copy(entry));
			continue;
		}
		/* Beside an apply of ours, this entry is from a small later
		 * write. */
		if (applied && is_our_entry(entry, "Update"))
			continue;
		cleanup(json_freep) struct json_object *fields =
		    fields_to_apply(entry);
		if (mine) {
			field_owners_add(json_get(mine, "fieldsV1"), fields);
			continue;
		}
		mine = json_copy(entry);
		json_set_str(mine, "manager", KUBE_FIELD_MANAGER);
		json_set_str(mine, "operation", "Apply");
		json_set(mine, "fieldsV1", steal(fields));
		json_append(out, mine);
	}
	return out;
}

int owned_adopt(struct task *t, const struct json_object *live, char **version,
    struct err *err)
{
	return managers_write(t->a, t->n->cluster, t->object->path, live,
		   adopted, t, version, err)
		   ? err_wrap(err, "taking over what it was made with")
		   : 0;
}

static bool has_ours(const struct json_object *live)
{
	const struct json_object *managed = managed_of(live);

	for (size_t i = 0; i < json_len(managed); i++)
		if (str_eq(json_get_str(json_at(managed, i), "manager"),
			KUBE_FIELD_MANAGER))
			return true;
	return false;
}

/* What was put in on the way, as by a transform, stays ours. So does a paused
 * field, by which another run knows that it is for us to release it. */
static struct json_object *given_back(void *ctx, const struct json_object *live)
{
	const struct task *t = ctx;
	struct err ignored = ERR_INIT; /* it was read before */
	cleanup(json_freep) struct json_object *captured =
	    has_ours(live) ? load_as_captured(t->a->run->p, t->n, &ignored)
			   : NULL;

	for (size_t i = 0; captured && i < t->object->pause_count; i++)
		if (pause_is_on(live, t->object->pauses[i].rule))
			pause_remove(captured, t->object->pauses[i].rule);

	return captured ? field_owners_give_back(live, captured,
			      t->object->managers, KUBE_FIELD_MANAGER)
			: NULL;
}

int owned_give_back(
    struct task *t, const struct json_object *live, struct err *err)
{
	if (!t->object->managers || !live || run_is_dry(t->a->run, t->node))
		return 0;
	return managers_write(t->a, t->n->cluster, t->object->path, live,
		   given_back, t, NULL, err)
		   ? err_wrap(err, "its fields could not be given back to "
				   "who managed them")
		   : 0;
}
