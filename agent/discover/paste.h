/*
 * What was found, for people and for programs: the part that the configuration
 * lacks, as configuration to paste, with comments that say what names it and
 * where its credentials are; and all of it as JSON. Pure.
 *
 * Names come from outside. In a comment they are printable and of one line; as
 * values they are quoted wherever YAML would take them for something else.
 */
#ifndef AGENT_DISCOVER_PASTE_H
#define AGENT_DISCOVER_PASTE_H

#include "agent/discover/found.h"

struct json_object;

/* Appends YAML; comments alone where nothing is lacking. `file` is the name of
 * the configuration. */
void paste_write(const struct found *f, const char *file, struct buf *out);

/* What is lacking as items of git.repositories and of terraform.buckets alone,
 * for a configuration that is written whole. */
void paste_repositories(const struct found *f, struct buf *out);
void paste_buckets(const struct found *f, struct buf *out);

/* Adds the members
 *  "repositories": [{"url", "named_by": [...], "configured": bool}],
 *  "credentials": [{"url", "cluster", "secret": "ns/name", "username",
 *                   "keys": [...], "configured": bool}],
 *  "buckets": [{"bucket", "region", "dynamodb_table", "endpoint",
 *               "keys": [...], "named_by": [...], "configured": bool,
 *               "outside_prefixes": [keys]}],
 *  "unclear": [...]
 */
void paste_json(const struct found *f, struct json_object *into);

#endif
