/*
 * In what two versions of one thing differ, field by field.
 *
 * Pure.
 */
#ifndef RESTORE_DIFF_CHANGES_H
#define RESTORE_DIFF_CHANGES_H

#include "storage/base/buf.h"
#include "storage/base/str.h"
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

/* A note at the last change; copied. */
void changes_note(struct changes *f, const char *note);

/* How two objects are compared; members may be NULL, and so may all of it. */
struct changes_options {
	/* Whether the value at that path (as in struct change) is hidden. */
	bool (*hides)(
	    void *ctx, const char *path, const struct json_object *value);
	/* What is shown in the place of a hidden value; "(secret)". */
	const char *hidden;
	/* By which members the items of a list are told apart: an object, each
	 * member a name, and its value what an item without it has (null: it
	 * must have it). NULL where nothing says it. `field` is the way to the
	 * list, key by key; the way through an item of a list adds no key.
	 * Borrowed until the comparison ends. */
	const struct json_object *(*keys)(
	    void *ctx, const struct strvec *field);
	bool in_order; /* no list is keyed by name where nothing says so */
	void *ctx;
};

/* Adds what differs between two objects. The order of members does not matter.
 * Nor does that of a list whose items are told apart by `keys`, or are all
 * objects with a unique `name`: such items are matched, and named by what tells
 * them apart. Other lists are compared item by item if they have the same
 * length, and otherwise as a whole. */
void changes_compare(struct changes *f, const struct json_object *from,
    const struct json_object *to, const struct changes_options *o);

/* Appends them as a member of the object that is being written: "fields", a
 * list of {path, from, to, note}. */
void changes_write_json(const struct changes *f, struct buf *out);

/* Appends a member to a path, as the paths of changes are written. */
void changes_enter(struct buf *path, const char *key);

/* Takes away what a server of another version does to an object: it serves it
 * in another apiVersion, and fills in fields that were not there, or were null.
 * How many those were. */
size_t changes_drop_of_server(struct changes *f);

#endif
