/*
 * Which values of a Terraform state are sensitive: what the state marks so, and
 * what has a name that speaks of a secret. The source of the format is in
 * restore/diff/states.h.
 *
 * Pure.
 */
#ifndef RESTORE_DIFF_SENSITIVE_H
#define RESTORE_DIFF_SENSITIVE_H

#include "storage/base/str.h"

#include <stdbool.h>

struct json_object;

/* The marked paths of an instance, as struct change writes paths, added to
 * `paths`. False where the instance does not say what is sensitive, or says it
 * in a way that is not understood: then all of it may be. */
bool sensitive_marks(const struct json_object *instance, struct strvec *paths);
/* Whether the value at the path is one of them, is in one, or has one in it. */
bool sensitive_is_marked(const struct strvec *paths, const char *path);
/* Whether a name ("master_password") speaks of a secret. */
bool sensitive_name(const char *name);
/* Whether the value has a member whose name does, at any depth. */
bool sensitive_within(const struct json_object *value);

#endif
