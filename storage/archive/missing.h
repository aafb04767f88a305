/*
 * What a manifest says is missing, as lines for people. An account without
 * rights is refused every resource in every namespace: what it may not list
 * comes in one line for all namespaces in which that is the same, with each
 * name in it. All else is a line each. Pure.
 */
#ifndef STORAGE_ARCHIVE_MISSING_H
#define STORAGE_ARCHIVE_MISSING_H

#include "storage/base/str.h"

struct json_object;

/* An entry of a manifest's `missing`; `refused` may be NULL, and stays the
 * caller's. The entry is the caller's too. */
struct json_object *missing_entry(
    const char *what, const char *reason, struct json_object *refused);
/* The member `refused` of an entry; ns NULL: cluster scope, or all namespaces.
 * The caller's. */
struct json_object *missing_refused(
    const char *cluster, const char *resource, const char *ns);
/* Appends the lines of an array as in a manifest (manifest.h). */
void missing_lines(const struct json_object *missing, struct strvec *lines);

#endif
