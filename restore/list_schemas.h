/*
 * The list keys (restore/diff/list_keys.h) of the kinds of a snapshot that are
 * compared: of a kind that is defined by a CustomResourceDefinition from that
 * of the snapshot, of others what is known of Kubernetes; and of a cluster that
 * lives, where it can be asked, from its OpenAPI. Each kind is looked up once,
 * when two lists of it first differ.
 */
#ifndef RESTORE_LIST_SCHEMAS_H
#define RESTORE_LIST_SCHEMAS_H

#include "restore/browse.h"
#include "storage/base/index.h"

struct list_schema {
	struct json_object *tree; /* owned; NULL: no list has keys */
};
VEC_DEFINE(list_schema_vec, struct list_schema);

struct list_schemas {
	struct browse *browse; /* into the snapshot; borrowed */
	/* The OpenAPI v3 document of an apiVersion, of the cluster that the
	 * objects live in; NULL where it has none. May be NULL itself. */
	struct json_object *(*ask)(void *ctx, const char *api_version);
	void *ask_ctx;
	struct index *ids; /* "CLUSTER apiVersion/Kind", made when needed */
	struct list_schema_vec schemas;
	struct err failed; /* the snapshot could not be read */
};
void list_schemas_done(struct list_schemas *l);

/* Of objects of that kind, whose kind the cluster serves as `resource`
 * ("widgets.example.com"). Borrowed until list_schemas_done; NULL where no list
 * has keys, and where `failed` is set. */
const struct json_object *list_schemas_of(struct list_schemas *l,
    const char *cluster, const char *resource,
    const struct json_object *object);

#endif
