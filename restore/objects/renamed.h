/*
 * Repositories that are restored to another place, and the objects of GitOps
 * controllers that still name the old one: renaming repositories does not
 * change objects, and a controller that is released would use the old host.
 * Pure.
 */
#ifndef RESTORE_OBJECTS_RENAMED_H
#define RESTORE_OBJECTS_RENAMED_H

#include "storage/base/str.h"
#include "storage/base/vec.h"

#include <stdbool.h>

struct json_object;

struct renamed {
	char *from, *to; /* as written */
	char *name;	 /* of `from`: repository_name */
	bool below;	 /* everything that starts with it */
	struct strvec objects;
};
VEC_DEFINE(renamed_vec, struct renamed);
void renamed_done(struct renamed_vec *v);

/* A URL, or a beginning of URLs that ends in '/'. Ignored if both are the same.
 */
void renamed_add(struct renamed_vec *v, const char *from, const char *to);
/* An object as it will be in the target: recorded if it names a `from`. */
void renamed_check(struct renamed_vec *v, struct json_object *object);
/* Appends a text for each renamed repository that objects name, with the
 * objects. */
void renamed_report(const struct renamed_vec *v, struct strvec *texts);

#endif
