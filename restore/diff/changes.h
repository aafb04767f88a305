/*
 * In what two versions of one thing differ, field by field.
 *
 * Pure.
 */
#ifndef RESTORE_DIFF_CHANGES_H
#define RESTORE_DIFF_CHANGES_H

#include "storage/base/vec.h"

#include <stdbool.h>
#include <stddef.h>

struct json_object;

/* Owned. `from` and `to` are for people: JSON text, or words in parentheses. */
struct change {
	char *path; /* spec.containers[name=web].image */
	char *from; /* NULL: it was not there */
	char *to;   /* NULL: it is not there */
	char *note; /* how one became the other; or NULL */
};
VEC_DEFINE(changes, struct change);
void changes_done(struct changes *f);

/* Copies; from and to may be NULL. */
void changes_add(
    struct changes *f, const char *path, const char *from, const char *to);

/* Adds what differs between two objects. The order of members does not matter.
 * Nor does that of a list whose items are all objects with a unique `name`:
 * items are matched by name. Other lists are compared item by item if they have
 * the same length, and otherwise as a whole. `hides`: whether values below that
 * path are hidden; or NULL. */
void changes_compare(struct changes *f, const struct json_object *from,
    const struct json_object *to, bool (*hides)(const char *path));

/* Takes away what a server of another version does to an object: it serves it
 * in another apiVersion, and fills in fields that were not there, or were null.
 * How many those were. */
size_t changes_drop_of_server(struct changes *f);

#endif
