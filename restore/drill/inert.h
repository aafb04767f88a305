/*
 * Which objects a drill may really make beside a living platform: those that no
 * controller acts upon, once they have no labels and annotations. Pure.
 */
#ifndef RESTORE_DRILL_INERT_H
#define RESTORE_DRILL_INERT_H

#include <stdbool.h>

struct json_object;

/* A row of the table; it ends with a kind of NULL. */
struct inert_kind {
	const char *group, *kind;
	const char *why; /* nothing happens where there is one more */
};
extern const struct inert_kind inert_kinds[];

/* `object` decides where its kind alone does not: a Secret whose type names a
 * controller is not inert. */
bool inert_is(
    const char *group, const char *kind, const struct json_object *object);

#endif
