/*
 * JSON patches (RFC 6902) on a tree. Pure.
 */
#ifndef RESTORE_OBJECTS_JSON_PATCH_H
#define RESTORE_OBJECTS_JSON_PATCH_H

#include "storage/base/err.h"

struct json_object;

/* Whether each item of the array is a valid operation; else -1 with ERR_USAGE.
 */
int json_patch_check(const struct json_object *patch, struct err *err);

/* Applies a patch that json_patch_check accepted. After an error (ERR_USAGE,
 * with the operation) the tree may be changed in part. `*root` may be replaced.
 */
int json_patch_apply(struct json_object **root, const struct json_object *patch,
    struct err *err);

/* A step of a JSON pointer (RFC 6901) with its escapes resolved; the caller
 * frees. */
char *json_patch_unescaped(const char *step);

#endif
