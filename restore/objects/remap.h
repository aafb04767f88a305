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

/* Appends the places (JSON pointers) of an object to which that was done, at
 * which a namespace that has another name now still seems to be named: what is
 * called a namespace, and the names of Services ("web.prod.svc"). Its status
 * is not looked at, nor what clients noted in annotations. */
void remap_left(const struct transform_options *maps,
    const struct json_object *object, struct strvec *pointers);

#endif
