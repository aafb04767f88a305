/*
 * Repositories that go elsewhere than they came from, and the objects of GitOps
 * controllers that name their old place all the same: a map of repositories
 * does not reach into objects, and a controller that is released would follow
 * the old host. Pure.
 */
#ifndef RESTORE_OBJECTS_MOVED_H
#define RESTORE_OBJECTS_MOVED_H

#include "storage/base/str.h"
#include "storage/base/vec.h"

#include <stdbool.h>

struct json_object;

struct moved {
	char *from, *to; /* as written */
	char *name;	 /* of `from`: references_git_name */
	bool below;	 /* all that starts with it */
	struct strvec objects;
};
VEC_DEFINE(moved_vec, struct moved);
void moved_done(struct moved_vec *v);

/* A URL, or a beginning of URLs that ends in '/'. Nothing is added where both
 * are the same place. */
void moved_add(struct moved_vec *v, const char *from, const char *to);
/* An object as it will be in the target: noted where it names a `from`. */
void moved_look(struct moved_vec *v, struct json_object *object);
/* Appends a text for each that objects name, with the objects. */
void moved_tell(const struct moved_vec *v, struct strvec *texts);

#endif
