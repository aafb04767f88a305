/*
 * What the checks of several sections share: URLs, names, buckets, access to
 * a cluster. Only the validate_*.c use it. Each complains of the member `key`
 * of the node and returns -1, or returns 0.
 */
#ifndef CONFIG_VALIDATE_VALUE_H
#define CONFIG_VALIDATE_VALUE_H

#include "config/validate.h"

struct settings_s3;
struct settings_cluster_access;

/* A user or password in front of the host, which is no place for it. */
bool validate_holds_password(const char *url);
bool validate_is_repository_url(const char *url);

/* NULL is fine: not every section has one. */
int validate_http_url(const char *value, const char *key,
    const struct yaml_node *node, const struct schema_location *where,
    struct err *err);
int validate_repository_url(const char *url, const char *key,
    const struct yaml_node *node, const struct schema_location *where,
    struct err *err);
/* A part of a path or of an object's name. */
int validate_plain_name(const char *value, const char *key,
    const struct yaml_node *node, const struct schema_location *where,
    struct err *err);
/* Item i of the list at a key of the node has that name, as an earlier one has
 * it; always -1. */
int validate_repeats(const struct yaml_node *node,
    const struct schema_location *where, const char *list, size_t i,
    const char *what, const char *name, size_t first, struct err *err);
int validate_s3(const struct settings_s3 *s, const struct yaml_node *node,
    const struct schema_location *where, struct err *err);
int validate_access(const struct settings_cluster_access *a,
    const struct yaml_node *node, const struct schema_location *where,
    struct err *err);

#endif
