/*
 * Changes that the operator configures, applied to each object before it is
 * sent: other namespaces, images and storage classes, and JSON patches (RFC
 * 6902) by selector. Pure.
 */
#ifndef RESTORE_OBJECTS_TRANSFORM_H
#define RESTORE_OBJECTS_TRANSFORM_H

#include "storage/base/err.h"
#include "storage/base/str.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct json_object;
struct rule_edge;

struct transform_map {
	const char *from;
	const char *to;
	atomic_bool *used; /* set if something was renamed; or NULL */
};
VEC_DEFINE(transform_maps, struct transform_map);

/* A patch for the objects that match all of its selector. */
struct transform_patch {
	const char *kind;      /* pattern as in rules.h, or NULL */
	const char *namespace; /* glob over the source's namespace, or NULL */
	const char *name;      /* glob, or NULL */
	const char *labels;    /* "a=b,c=d", or NULL */
	const char *json;      /* the patch: a JSON array of operations */
};

/* All borrowed. */
struct transform_options {
	const struct transform_map *namespaces;
	size_t namespace_count;
	const struct transform_map *images; /* prefixes of image names */
	size_t image_count;
	const struct transform_map *storage_classes;
	size_t storage_class_count;
	const struct transform_patch *patches;
	size_t patch_count;
	/* restore.edges: namespaces in what they refer to are renamed, too. */
	const struct rule_edge *edges;
	size_t edge_count;
};

struct transform; /* the options, parsed and checked */

struct transform *transform_new(
    const struct transform_options *o, struct err *err); /* NULL o is fine */
void transform_free(struct transform *t);
void transform_freep(struct transform **t);
/* Changes the object: patches first, then maps. -1 with ERR_USAGE if a patch
 * does not apply; names the patch and the operation. From any thread. */
int transform_apply(
    const struct transform *t, struct json_object *object, struct err *err);
/* See remap_left; of an object to which transform_apply was done. */
void transform_left(const struct transform *t, const struct json_object *object,
    struct strvec *pointers);
/* Patches that matched no object so far, by their number from 0: the next one
 * from `from` on, or -1. */
int transform_unused(const struct transform *t, int from);
/* Appends a text for each map that was never used so far. */
void transform_unused_maps(const struct transform *t, struct strvec *texts);

#endif
