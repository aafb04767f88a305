/*
 * Renames namespaces, images and storage classes wherever an object names them:
 * the places are those of the rules' references and namespaces, and of the
 * user's own edges. Pure.
 */
#ifndef RESTORE_OBJECTS_REMAP_H
#define RESTORE_OBJECTS_REMAP_H

#include "restore/objects/transform.h"

struct json_object;

void remap_apply(const struct transform_options *maps,
    struct json_object *object, const char *group, const char *kind);

#endif
