/*
 * What a table cannot say about the settings: which keys need or exclude each
 * other, which values are names or URLs. Each is the `check` of a section.
 */
#ifndef CONFIG_VALIDATE_H
#define CONFIG_VALIDATE_H

#include "config/schema/schema.h"

struct settings;

typedef int validate_fn(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err);

validate_fn validate_vault, validate_vault_s3, validate_compression,
    validate_encryption, validate_trusted, validate_signing, validate_witness,
    validate_retention, validate_shrink, validate_repository,
    validate_organisation, validate_credentials, validate_git, validate_cluster,
    validate_kubernetes, validate_bucket, validate_terraform,
    validate_pushgateway, validate_notify, validate_target_cluster,
    validate_target_bucket, validate_targets, validate_drill, validate_edge,
    validate_rule, validate_transform, validate_settings;

/* The layers together. */
int validate_layers(const struct settings *s, const struct yaml_node *node,
    const struct schema_location *where, struct err *err);

/* Names that must not collide, once left-out ones are filled in. */
int validate_names(const struct settings *s, const struct yaml_node *node,
    const struct schema_location *where, struct err *err);

/* Whether a repository may have that name in an archive. */
bool validate_is_repository_name(const char *name);

/* Whether `prefix` is the beginning of the URL and ends where a host or a part
 * of its path ends: no credential for git.example.com goes to
 * git.example.com.evil.org. */
bool validate_url_covers(const char *prefix, const char *url);

/* Whether the beginning of a URL goes as far as its host: a credential for
 * "https://" would go to any. */
bool validate_url_names_host(const char *url);

/* Whether what is sent there can be read on the way: http://, and to another
 * host. */
bool validate_url_is_clear(const char *url);

#endif
