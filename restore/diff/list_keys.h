/*
 * By which members the items of a list of an object are told apart, as the
 * schema of its kind says it (x-kubernetes-list-map-keys, the field's
 * listMapKeys): a tree of the fields that lead to such lists, and nothing else
 * of the schema. A node is an object with "keys" (of a list: an object, each
 * member a name, and its value what an item without it has; null: it must have
 * it), "fields" (a node for each member of that name) and "any" (the node of
 * all members of a map). What is in a list is below the node of the list.
 *
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy,
 * https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3, and
 * for definitions spec.versions[].schema.openAPIV3Schema.
 *
 * Pure.
 */
#ifndef RESTORE_DIFF_LIST_KEYS_H
#define RESTORE_DIFF_LIST_KEYS_H

#include "storage/base/str.h"

struct json_object;

/* The tree of a schema; the caller's, NULL where no list has keys.
 * `definitions`: those that "#/components/schemas/NAME" refers to; NULL: none.
 * A schema that goes on without end is followed to where it repeats itself, and
 * not further than many thousand fields. */
struct json_object *list_keys_of_schema(
    const struct json_object *schema, const struct json_object *definitions);
/* That of a kind in a document of OpenAPI v3, or of a version of a
 * CustomResourceDefinition; NULL also where it has none of that name. */
struct json_object *list_keys_of_openapi(const struct json_object *document,
    const char *group, const char *version, const char *kind);
struct json_object *list_keys_of_definition(
    const struct json_object *definition, const char *version);
/* That of a kind of Kubernetes itself, as far as its keys are others than
 * `name`, which needs no schema: from api/openapi-spec/swagger.json of
 * Kubernetes 1.36; earlier versions have no others. */
struct json_object *list_keys_known(const char *group, const char *kind);
/* The keys of the list at that field; borrowed, NULL where it has none. `tree`
 * may be NULL. */
const struct json_object *list_keys_find(
    const struct json_object *tree, const struct strvec *field);

#endif
