/*
 * Whether an object has all that another has, with the same values. Pure.
 */
#ifndef RESTORE_OBJECTS_COVERS_H
#define RESTORE_OBJECTS_COVERS_H

#include <stdbool.h>

struct json_object;

/* Members of `live` that are not wanted are ignored; arrays must be equal as a
 * whole. A null may stand for a wanted {} or []. */
bool covers(const struct json_object *live, const struct json_object *wanted);

#endif
