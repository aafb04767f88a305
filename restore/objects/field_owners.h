/*
 * Who manages which fields of an object: the entries of its managedFields, as
 * they were captured, and as they are to be in the target. Without them each
 * field would belong to whoever restored it: its own manager could not take a
 * field away any more, and would be refused what it writes.
 *
 * An entry is known by its manager, operation ("Apply", "Update"), subresource,
 * and for an update its apiVersion. Its fieldsV1 is a tree of "f:NAME",
 * "k:{KEYS}" and "v:VALUE"; a member without members stands for all below it.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/
 *
 * What a server does with them, seen on 1.20 and 1.36: the fields of a create
 * belong to who creates, whatever managedFields are sent along; a merge patch
 * may set managedFields alone, times included, without a change of anything
 * else; an apply that names a resourceVersion creates what is missing, and
 * never changes what is there with another.
 *
 * Pure.
 */
#ifndef RESTORE_OBJECTS_FIELD_OWNERS_H
#define RESTORE_OBJECTS_FIELD_OWNERS_H

#include <stdbool.h>

struct json_object;

/* The entries of an object out of the snapshot; the caller frees. NULL where
 * none were captured. */
struct json_object *field_owners_of(const struct json_object *object);

/* Owner references are named by the owner's UID: those of `before` become those
 * of `after`, which has the same references with other UIDs. */
void field_owners_relink(struct json_object *entries,
    const struct json_object *before, const struct json_object *after);

/* The one manager by whose create the object would have its entries again, or
 * NULL where there is none. Borrowed from the entries. */
const char *field_owners_creator(const struct json_object *entries);
/* The same by one apply: it manages all of the object, and nobody else any. */
const char *field_owners_applier(
    const struct json_object *entries, const struct json_object *object);
/* Who updated its status last, or NULL. */
const char *field_owners_of_status(const struct json_object *entries);

/* Whether an entry of a live object is one of `entries`, and nobody wrote by it
 * since that object was made: as a restore leaves it. */
bool field_owners_untouched(const struct json_object *live,
    const struct json_object *entry, const struct json_object *entries);

/* Whether that manager owns a place of a live object: the pointer, or the
 * member below it (NULL: none). Pointers as in pause.h, without escapes. */
bool field_owners_has(const struct json_object *live, const char *manager,
    const char *pointer, const char *member);
/* Whether anybody has written the status of a live object. */
bool field_owners_has_status(const struct json_object *live);

/* managedFields of a live object in which the fields that `us` manages belong
 * to their managers in `entries` again; NULL where nothing is to change. What
 * `captured`, the object that they were of, does not have stays ours, and what
 * it has and nobody managed is nobody's. The caller frees. */
struct json_object *field_owners_give_back(const struct json_object *live,
    const struct json_object *captured, const struct json_object *entries,
    const char *us);

/* Adds what `from` has to `to`, both fieldsV1. */
void field_owners_add(struct json_object *to, const struct json_object *from);
/* The part of a thing that a member of its fieldsV1 names; NULL where it has
 * none, and for ".", the thing itself. */
struct json_object *field_owners_below(
    const struct json_object *thing, const char *member);

#endif
