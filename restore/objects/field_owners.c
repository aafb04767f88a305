#include "restore/objects/field_owners.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <string.h>

static bool has_text(
    const struct json_object *entry, const char *member, const char *text)
{
	return str_eq(json_get_str(entry, member), text);
}

/* Servers before 1.22 do not record the subresource. */
static bool is_status_update(const struct json_object *entry)
{
	const struct json_object *fields = json_get(entry, "fieldsV1");

	if (!has_text(entry, "operation", "Update"))
		return false;
	return has_text(entry, "subresource", "status") ||
	       (!json_get(entry, "subresource") && json_len(fields) == 1 &&
		   json_get(fields, "f:status"));
}

static bool alike(const struct json_object *a, const struct json_object *b,
    const char *member)
{
	const char *of_a = json_get_str(a, member);
	const char *of_b = json_get_str(b, member);

	return str_eq(of_a ? of_a : "", of_b ? of_b : "");
}

static bool is_same_entry(
    const struct json_object *a, const struct json_object *b)
{
	return alike(a, b, "manager") && alike(a, b, "operation") &&
	       alike(a, b, "subresource") &&
	       (has_text(a, "operation", "Apply") || alike(a, b, "apiVersion"));
}

static struct json_object *find_entry(
    const struct json_object *entries, const struct json_object *like)
{
	for (size_t i = 0; i < json_len(entries); i++)
		if (is_same_entry(json_at(entries, i), like))
			return json_at(entries, i);
	return NULL;
}

static struct json_object *managed_of(const struct json_object *object)
{
	return json_path(object, "metadata", "managedFields", NULL);
}

struct json_object *field_owners_of(const struct json_object *object)
{
	const struct json_object *managed = managed_of(object);
	struct json_object *entries = NULL;

	for (size_t i = 0;
	     json_kind(managed) == JSON_ARRAY && i < json_len(managed); i++) {
		struct json_object *entry = json_at(managed, i);

		if (!json_get_str(entry, "manager") ||
		    !json_get_str(entry, "operation") ||
		    json_kind(json_get(entry, "fieldsV1")) != JSON_OBJECT)
			continue;
		if (!entries)
			entries = json_new_array();
		json_append(entries, json_copy(entry));
	}
	return entries;
}

/* ---- owner references ---------------------------------------------------- */

static const char *uid_now(
    const struct json_object *owner, const struct json_object *after)
{
	for (size_t i = 0; i < json_len(after); i++)
		if (alike(json_at(after, i), owner, "kind") &&
		    alike(json_at(after, i), owner, "name"))
			return json_get_str(json_at(after, i), "uid");
	return NULL;
}

static char *member_of_owner(const char *uid)
{
	cleanup(json_freep) struct json_object *keys = json_new_object();
	struct buf out = BUF_INIT;

	json_set_str(keys, "uid", uid);
	buf_add_str(&out, "k:");
	json_write(&out, keys, JSON_COMPACT);
	return buf_steal(&out);
}

static void relink_entry(struct json_object *entry,
    const struct json_object *before, const struct json_object *after)
{
	struct json_object *owners = json_path(
	    entry, "fieldsV1", "f:metadata", "f:ownerReferences", NULL);

	for (size_t i = 0; owners && i < json_len(before); i++) {
		const struct json_object *owner = json_at(before, i);
		const char *is = uid_now(owner, after);
		const char *was = json_get_str(owner, "uid");

		if (!is || !was || str_eq(is, was))
			continue;
		autofree char *old = member_of_owner(was);
		autofree char *new = member_of_owner(is);
		struct json_object *fields = json_get(owners, old);
		if (!fields)
			continue;
		json_set(owners, new, json_share(fields));
		json_remove(owners, old);
	}
}

void field_owners_relink(struct json_object *entries,
    const struct json_object *before, const struct json_object *after)
{
	for (size_t i = 0; i < json_len(entries); i++)
		relink_entry(json_at(entries, i), before, after);
}

/* ---- trees of fields ----------------------------------------------------- */

static bool has_keys(
    const struct json_object *item, const struct json_object *keys)
{
	for (struct json_iter it = json_iter(keys); json_next(&it);)
		if (!json_equal(json_get(item, it.key), it.value))
			return false;
	return json_len(keys) > 0;
}

/* The item of a list that "k:{...}" or "v:..." names, or NULL. */
static struct json_object *item_of(
    const struct json_object *list, const char *member)
{
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *key =
	    json_parse(member + 2, strlen(member + 2), &ignored);

	for (size_t i = 0; json_kind(list) == JSON_ARRAY && i < json_len(list);
	     i++) {
		struct json_object *item = json_at(list, i);

		if (*member == 'k' ? has_keys(item, key)
				   : json_equal(item, key))
			return item;
	}
	return NULL;
}

struct json_object *field_owners_below(
    const struct json_object *thing, const char *member)
{
	if (str_starts(member, "f:"))
		return json_get(thing, member + 2);
	if (str_starts(member, "k:") || str_starts(member, "v:"))
		return item_of(thing, member);
	return NULL;
}

void field_owners_add(struct json_object *to, const struct json_object *from)
{
	for (struct json_iter it = json_iter(from); json_next(&it);) {
		struct json_object *there = json_get(to, it.key);

		/* The thing itself, beside what is below it. */
		if (there && !json_len(there) && json_len(it.value))
			json_set(there, ".", json_new_object());
		if (there)
			field_owners_add(there, it.value);
		else
			json_set(to, it.key, json_copy(it.value));
	}
}

/* What both have; where one stands for all below it, so does the result. */
static struct json_object *common(
    const struct json_object *a, const struct json_object *b)
{
	struct json_object *both = json_new_object();

	for (struct json_iter it = json_iter(a); json_next(&it);) {
		const struct json_object *other = json_get(b, it.key);

		if (!other)
			continue;
		struct json_object *below = common(it.value, other);
		if (json_len(below) || !json_len(it.value) || !json_len(other))
			json_set(both, it.key, below);
		else
			json_free(below);
	}
	return both;
}

static bool manages(
    const struct json_object *fields, const struct json_object *value);

static bool manages_item(
    const struct json_object *fields, const struct json_object *item)
{
	for (struct json_iter it = json_iter(fields); json_next(&it);) {
		struct err ignored = ERR_INIT;

		if (!str_starts(it.key, "k:") && !str_starts(it.key, "v:"))
			continue;
		cleanup(json_freep) struct json_object *key =
		    json_parse(it.key + 2, strlen(it.key + 2), &ignored);
		if (*it.key == 'k' ? has_keys(item, key)
				   : json_equal(item, key))
			return manages(it.value, item);
	}
	return false;
}

static bool manages_member(const struct json_object *fields, const char *key,
    const struct json_object *value)
{
	autofree char *name = str_printf("f:%s", key);
	const struct json_object *below = json_get(fields, name);

	return below && manages(below, value);
}

/* Whether the fields have all of a value. A null may be a field or none. */
static bool manages(
    const struct json_object *fields, const struct json_object *value)
{
	if (json_kind(value) == JSON_NULL)
		return false;
	if (json_len(fields) == 0)
		return true;
	if (json_kind(value) == JSON_ARRAY) {
		for (size_t i = 0; i < json_len(value); i++)
			if (!manages_item(fields, json_at(value, i)))
				return false;
		return true;
	}
	for (struct json_iter it = json_iter(value); json_next(&it);)
		if (!manages_member(fields, it.key, it.value))
			return false;
	return json_kind(value) == JSON_OBJECT;
}

/* What every object has, and nobody manages. */
static bool is_identity(const char *key, bool of_metadata)
{
	return of_metadata ? str_eq(key, "name") || str_eq(key, "namespace")
			   : str_eq(key, "apiVersion") || str_eq(key, "kind");
}

static bool manages_object(const struct json_object *fields,
    const struct json_object *object, bool of_metadata)
{
	for (struct json_iter it = json_iter(object); json_next(&it);) {
		if (is_identity(it.key, of_metadata))
			continue;
		if (!of_metadata && str_eq(it.key, "metadata")
			? !manages_object(
			      json_get(fields, "f:metadata"), it.value, true)
			: !manages_member(fields, it.key, it.value))
			return false;
	}
	return true;
}

/* ---- by one request ------------------------------------------------------ */

/* The only entry besides those of an updated status. */
static const struct json_object *sole(
    const struct json_object *entries, const char *operation)
{
	const struct json_object *found = NULL;

	for (size_t i = 0; i < json_len(entries); i++) {
		const struct json_object *entry = json_at(entries, i);

		if (is_status_update(entry))
			continue;
		if (found || json_get(entry, "subresource") ||
		    !has_text(entry, "operation", operation))
			return NULL;
		found = entry;
	}
	return found;
}

const char *field_owners_creator(const struct json_object *entries)
{
	return json_get_str(sole(entries, "Update"), "manager");
}

const char *field_owners_applier(
    const struct json_object *entries, const struct json_object *object)
{
	const struct json_object *entry = sole(entries, "Apply");

	return entry && manages_object(
			    json_get(entry, "fieldsV1"), object, false)
		   ? json_get_str(entry, "manager")
		   : NULL;
}

const char *field_owners_of_status(const struct json_object *entries)
{
	const struct json_object *last = NULL;

	for (size_t i = 0; i < json_len(entries); i++) {
		const struct json_object *entry = json_at(entries, i);
		const char *time = json_get_str(entry, "time");
		const char *before = json_get_str(last, "time");

		if (is_status_update(entry) &&
		    (!before || (time && strcmp(time, before) > 0)))
			last = entry;
	}
	return json_get_str(last, "manager");
}

/* ---- in a live object ---------------------------------------------------- */

bool field_owners_untouched(const struct json_object *live,
    const struct json_object *entry, const struct json_object *entries)
{
	const char *made =
	    json_str(json_path(live, "metadata", "creationTimestamp", NULL));
	const char *written = json_get_str(entry, "time");

	/* Kubernetes 1.20 keeps the time of a manager that changes the values
	 * of its own fields; the generation grows then, if a kind has one. */
	if (json_int(json_path(live, "metadata", "generation", NULL), 1) > 1)
		return false;
	/* Both are of the server's clock, in whole seconds, and in UTC. */
	return made && written && strlen(made) == strlen(written) &&
	       strcmp(written, made) <= 0 && find_entry(entries, entry);
}

/* What is below a step of a path; a member without members stands for all. */
static const struct json_object *step_into(
    const struct json_object *fields, const char *name, size_t len)
{
	autofree char *member = str_printf("f:%.*s", (int)len, name);

	return json_len(fields) ? json_get(fields, member) : fields;
}

static bool reaches(
    const struct json_object *fields, const char *pointer, const char *member)
{
	while (fields && *pointer == '/') {
		size_t len = strcspn(pointer + 1, "/");

		fields = step_into(fields, pointer + 1, len);
		pointer += len + 1;
	}
	if (fields && member)
		fields = step_into(fields, member, strlen(member));
	return fields != NULL;
}

bool field_owners_has(const struct json_object *live, const char *manager,
    const char *pointer, const char *member)
{
	const struct json_object *managed = managed_of(live);

	for (size_t i = 0; i < json_len(managed); i++) {
		const struct json_object *entry = json_at(managed, i);
		const struct json_object *fields = json_get(entry, "fieldsV1");

		if (has_text(entry, "manager", manager) && json_len(fields) &&
		    reaches(fields, pointer, member))
			return true;
	}
	return false;
}

bool field_owners_has_status(const struct json_object *live)
{
	const struct json_object *managed = managed_of(live);

	for (size_t i = 0; i < json_len(managed); i++) {
		const struct json_object *entry = json_at(managed, i);

		if (has_text(entry, "subresource", "status") ||
		    json_path(entry, "fieldsV1", "f:status", NULL))
			return true;
	}
	return false;
}

/* Also as null. */
static bool has_part(const struct json_object *thing, const char *member)
{
	if (field_owners_below(thing, member))
		return true;
	for (struct json_iter it = json_iter(thing); json_next(&it);)
		if (str_starts(member, "f:") && str_eq(it.key, member + 2))
			return true;
	return false;
}

/* What of the fields the thing does not have. */
static struct json_object *beyond(
    const struct json_object *fields, const struct json_object *thing)
{
	struct json_object *out = json_new_object();

	for (struct json_iter it = json_iter(fields); json_next(&it);) {
		if (str_eq(it.key, "."))
			continue;
		if (!has_part(thing, it.key)) {
			json_set(out, it.key, json_copy(it.value));
			continue;
		}
		struct json_object *below =
		    beyond(it.value, field_owners_below(thing, it.key));
		if (json_len(below))
			json_set(out, it.key, below);
		else
			json_free(below);
	}
	return out;
}

/* To the entry that is there, or as one more. */
static void give(struct json_object *managed, const struct json_object *entry,
    struct json_object *fields)
{
	struct json_object *there = find_entry(managed, entry);

	if (there) {
		field_owners_add(json_get(there, "fieldsV1"), fields);
		json_free(fields);
		return;
	}
	if (!json_len(fields)) {
		json_free(fields);
		return;
	}
	struct json_object *again = json_copy(entry);
	json_set(again, "fieldsV1", fields);
	json_append(managed, again);
}

struct json_object *field_owners_give_back(const struct json_object *live,
    const struct json_object *captured, const struct json_object *entries,
    const char *us)
{
	const struct json_object *managed = managed_of(live);
	cleanup(json_freep) struct json_object *ours = json_new_object();
	cleanup(json_freep) struct json_object *out = json_new_array();

	for (size_t i = 0; i < json_len(managed); i++) {
		struct json_object *entry = json_at(managed, i);

		if (has_text(entry, "manager", us))
			field_owners_add(ours, json_get(entry, "fieldsV1"));
	}
	if (!entries || !json_len(ours))
		return NULL;
	/* In the order in which the server keeps them. */
	for (size_t i = 0; i < json_len(managed); i++) {
		struct json_object *entry = json_at(managed, i);

		if (has_text(entry, "manager", us))
			give(out, entry,
			    beyond(json_get(entry, "fieldsV1"), captured));
		else
			json_append(out, json_copy(entry));
	}
	for (size_t i = 0; i < json_len(entries); i++)
		give(out, json_at(entries, i),
		    common(json_get(json_at(entries, i), "fieldsV1"), ours));
	return json_len(out) && !json_equal(out, managed) ? steal(out) : NULL;
}
