/*
 * What capture noted of an entry beside its bytes (entry.h): the object "facts"
 * of its line in CONTENTS.json (contents.h). A snapshot has as many as it has
 * entries, so they are no tree, but the texts of their members one behind the
 * other, which the next line's facts can take the place of.
 */
#ifndef STORAGE_ARCHIVE_FACTS_H
#define STORAGE_ARCHIVE_FACTS_H

#include "storage/base/buf.h"
#include "storage/base/json.h"
#include "storage/base/vec.h"
#include "storage/json/scan.h"

#include <stdbool.h>

struct facts_member {
	enum json_kind kind; /* of the value */
	size_t key, value;   /* where they begin in the texts */
	size_t value_len;
};

struct facts {
	/* Each ended by a NUL: keys, strings without their escapes, and other
	 * values as JSON. */
	struct buf texts;
	VEC_DEFINE(, struct facts_member) members;
};

#define FACTS_INIT                                                             \
	{                                                                      \
		.texts = BUF_INIT, .members = VEC_INIT                         \
	}

void facts_done(struct facts *f);
void facts_copy(struct facts *to, const struct facts *from); /* to: empty */

/* Each takes the place of what `f` was. */
void facts_from_tree(struct facts *f, const struct json_object *object);
/* From the object that comes next in a text. False where it is none, and where
 * only json_parse knows what it means: a number that is no integer of up to 18
 * digits, and what is not valid to json_scan. */
bool facts_scan(struct facts *f, struct json_scan *s);

/* As json_get and its like of a tree: NULL has no facts. Texts are borrowed. */
bool facts_has(const struct facts *f, const char *key);
const char *facts_str(const struct facts *f, const char *key);
bool facts_is_true(const struct facts *f, const char *key);
/* A tree of the member, or of all; the caller's. NULL where there is none. */
struct json_object *facts_get(const struct facts *f, const char *key);
struct json_object *facts_tree(const struct facts *f);
/* Appends them as JSON on one line, without making a tree. */
void facts_write(const struct facts *f, struct buf *out);

#endif
