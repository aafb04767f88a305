#include "restore/kube/owned.h"

#include "restore/kube/send.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

static bool is_our_entry(const struct json_object *entry, const char *operation)
{
	return str_eq(json_get_str(entry, "manager"), KUBE_FIELD_MANAGER) &&
	       str_eq(json_get_str(entry, "operation"), operation) &&
	       !json_get(entry, "subresource");
}

static struct json_object *managed_of(const struct json_object *live)
{
	return json_path(live, "metadata", "managedFields", NULL);
}

/* ---- what is ours -------------------------------------------------------- */

static bool has_keys(
    const struct json_object *item, const struct json_object *keys)
{
	for (struct json_iter it = json_iter(keys); json_next(&it);)
		if (!json_equal(json_get(item, it.key), it.value))
			return false;
	return true;
}

/* The item of a list that "k:{...}" or "v:..." of a field set names, or NULL.
 */
static struct json_object *item_of(
    const struct json_object *list, const char *name)
{
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *key =
	    json_parse(name + 2, strlen(name + 2), &ignored);

	for (size_t i = 0; i < json_len(list); i++) {
		struct json_object *item = json_at(list, i);

		if (*name == 'k' ? has_keys(item, key) : json_equal(item, key))
			return item;
	}
	return NULL;
}

/* What a field set says of the things below one. */
static struct json_object *below(
    const struct json_object *thing, const char *name)
{
	if (str_starts(name, "f:"))
		return json_get(thing, name + 2);
	if (str_starts(name, "k:") || str_starts(name, "v:"))
		return item_of(thing, name);
	return NULL; /* ".": the thing itself */
}

static bool goes_beyond(const struct json_object *fields,
    const struct json_object *live, const struct json_object *wanted)
{
	for (struct json_iter it = json_iter(fields); json_next(&it);) {
		const struct json_object *is = below(live, it.key);
		const struct json_object *is_to_be = below(wanted, it.key);

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

bool owned_exceeds(
    const struct json_object *live, const struct json_object *wanted)
{
	const struct json_object *managed = managed_of(live);

	for (size_t i = 0; i < json_len(managed); i++) {
		const struct json_object *entry = json_at(managed, i);

		if (!is_our_entry(entry, "Update") &&
		    !is_our_entry(entry, "Apply"))
			continue;
		cleanup(json_freep) struct json_object *fields =
		    fields_to_apply(entry);
		if (goes_beyond(fields, live, wanted))
			return true;
	}
	return false;
}

bool owned_conflicts(const struct kube_answer *answer)
{
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *status =
	    json_parse(answer->body.data, answer->body.len, &ignored);
	const struct json_object *causes =
	    json_path(status, "details", "causes", NULL);

	for (size_t i = 0; i < json_len(causes); i++) {
		const char *text = json_get_str(json_at(causes, i), "message");

		if (!text || !str_starts(text,
				 "conflict with \"" KUBE_FIELD_MANAGER "\" "))
			return false;
	}
	return json_len(causes) > 0;
}

/* ---- taking it over ------------------------------------------------------ */

/* managedFields in which the entry of our create has become one of our apply;
 * NULL if no entry has to change. */
static struct json_object *adopted(const struct json_object *live)
{
	const struct json_object *managed = managed_of(live);
	bool applied = false, created = false;

	for (size_t i = 0; i < json_len(managed); i++) {
		applied |= is_our_entry(json_at(managed, i), "Apply");
		created |= is_our_entry(json_at(managed, i), "Update");
	}
	if (!created)
		return NULL;
	struct json_object *out = json_new_array();
	for (size_t i = 0; i < json_len(managed); i++) {
		struct json_object *entry = json_copy(json_at(managed, i));

		if (is_our_entry(entry, "Update")) {
			/* Beside an apply of ours it is a late touch. */
			if (applied) {
				json_free(entry);
				continue;
			}
			applied = true;
			json_set(entry, "fieldsV1", fields_to_apply(entry));
			json_set_str(entry, "operation", "Apply");
		}
		json_append(out, entry);
	}
	return out;
}

/* The resourceVersion in the answer to a write. */
static char *version_in(const struct kube_answer *answer)
{
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *now =
	    json_parse(answer->body.data, answer->body.len, &ignored);

	return str_dup(
	    json_str(json_path(now, "metadata", "resourceVersion", NULL)));
}

int owned_adopt(struct task *t, const struct json_object *seen, char **version,
    struct err *err)
{
	enum { ATTEMPTS = 5 }; /* its controller may be busy with it */
	cleanup(json_freep) struct json_object *live = json_copy(seen);

	for (int attempt = 1;; attempt++) {
		cleanup(kube_answer_done) struct kube_answer answer =
		    KUBE_ANSWER_INIT;
		cleanup(json_freep) struct json_object *patch =
		    json_new_object();
		struct json_object *managed = adopted(live);
		struct json_object *metadata = json_new_object();
		const char *before = json_str(
		    json_path(live, "metadata", "resourceVersion", NULL));
		struct err failure = ERR_INIT;

		json_set(patch, "metadata", metadata);
		json_set_str(metadata, "resourceVersion", before);
		json_set(metadata, "managedFields", managed);
		if (!managed) {
			*version = str_dup(before);
			return 0;
		}
		if (send_object(t, "PATCH", t->object->path,
			"application/merge-patch+json", false, patch, &answer,
			&failure) == 0) {
			*version = version_in(&answer);
			return 0;
		}
		if (answer.status != 409 || attempt == ATTEMPTS) {
			*err = failure;
			return err_wrap(
			    err, "taking over what it was made with");
		}
		json_free(live);
		live = send_get(t->a, t->n->cluster, t->object->path, err);
		if (!live)
			return -1;
	}
}
