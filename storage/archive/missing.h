/*
 * The missing parts of a manifest as lines for people. An account without
 * rights is refused every resource in every namespace. So lists that it may not
 * read are put together: one line for all namespaces in which the same
 * resources were refused, with the name of each. Everything else is one line
 * each. Pure.
 */
#ifndef STORAGE_ARCHIVE_MISSING_H
#define STORAGE_ARCHIVE_MISSING_H

#include "storage/base/str.h"

struct json_object;

/* Makes an entry of a manifest's `missing`; the caller frees it. `refused` may
 * be NULL, and stays the caller's. */
struct json_object *missing_entry(
    const char *what, const char *reason, struct json_object *refused);
/* Makes the member `refused` of an entry; ns NULL: cluster scope, or all
 * namespaces. The caller frees. */
struct json_object *missing_refused(
    const char *cluster, const char *resource, const char *ns);
/* Appends the lines of an array as in a manifest (manifest.h). */
void missing_lines(const struct json_object *missing, struct strvec *lines);

#endif
