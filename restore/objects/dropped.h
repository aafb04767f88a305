/*
 * What a server left out of an object without saying so: it takes fields that
 * it does not know, or that are not enabled, and drops them. Pure.
 */
#ifndef RESTORE_OBJECTS_DROPPED_H
#define RESTORE_OBJECTS_DROPPED_H

#include "storage/base/str.h"

struct json_object;

/* Appends the path ("spec.timeZone") of each member of what was sent that the
 * answer does not have. What is empty, zero or false may be left out of a text,
 * and what stands in metadata and status is the server's own. Arrays are
 * compared where both have as many items. The defaults that a server without
 * the field follows anyway (ipFamilies of one family) are not dropped. */
void dropped_find(const struct json_object *sent,
    const struct json_object *answer, struct strvec *paths);

#endif
