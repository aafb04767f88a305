/*
 * Renames namespaces, images and storage classes in every field that refers to
 * them: the fields are those of the rules for references and namespaces, and of
 * the user's own edges. Pure.
 */
#ifndef RESTORE_OBJECTS_REMAP_H
#define RESTORE_OBJECTS_REMAP_H

#include "restore/objects/transform.h"

struct json_object;

void remap_apply(const struct transform_options *maps,
    struct json_object *object, const char *group, const char *kind);

/* After remap_apply: appends the JSON pointers to fields of the object that
 * still seem to name a renamed namespace by its old name. These are fields that
 * are called a namespace, and names of Services ("web.prod.svc"). The status is
 * not searched, nor what clients noted in annotations. */
void remap_left(const struct transform_options *maps,
    const struct json_object *object, struct strvec *pointers);

#endif
