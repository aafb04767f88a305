/*
 * The members that every Kubernetes object has, read from its tree. Pure;
 * accepts any JSON value.
 */
#ifndef RESTORE_OBJECTS_OBJECT_H
#define RESTORE_OBJECTS_OBJECT_H

#include <stdbool.h>

struct json_object;

struct object_identity {
	char *group;	  /* "" for core */
	const char *kind; /* borrowed from the object; "" where it has none */
};
void object_identity_done(struct object_identity *id);
struct object_identity object_identity(const struct json_object *object);

/* "apps/v1" -> "apps", "v1" or NULL -> ""; the caller frees. */
char *object_group(const char *api_version);

/* Borrowed from the object, or NULL. */
const char *object_name(const struct json_object *object);
const char *object_namespace(const struct json_object *object);
const char *object_uid(const struct json_object *object);
const char *object_annotation(
    const struct json_object *object, const char *key);
const char *object_label(const struct json_object *object, const char *key);

bool object_is_terminating(const struct json_object *object);
/* Whether it has a controller of a kind that matches the pattern (as in
 * rules.h; NULL: any). */
bool object_is_owned(const struct json_object *object, const char *kind);
/* The UID of that controller; borrowed, or NULL. */
const char *object_controller_uid(
    const struct json_object *object, const char *kind);

#endif
