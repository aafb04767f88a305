/*
 * Finds what a server dropped from an object without an error: fields that it
 * does not know, or that are not enabled. Pure.
 */
#ifndef RESTORE_OBJECTS_DROPPED_H
#define RESTORE_OBJECTS_DROPPED_H

#include "storage/base/str.h"

struct json_object;

/* Appends the path ("spec.timeZone") of each member that was sent and that the
 * answer does not have. Empty, zero and false values may be omitted by the
 * server, and metadata and status are its own. Arrays are compared if both have
 * the same number of items. Defaults that a server without the field follows
 * anyway (ipFamilies of one family) do not count as dropped. */
void dropped_find(const struct json_object *sent,
    const struct json_object *answer, struct strvec *paths);

#endif
