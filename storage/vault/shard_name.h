/*
 * The names of the objects of a sharded run. Pure; only the rest of this room
 * uses it.
 *
 *     <name>.run-<16 hex>.json             the run; the digits are the first of
 *                                          the SHA-256 of its id
 *     <name>.run-<16 hex>-<attempt>.lock-… that one of its shards is at work
 *     <label>.part-<index>-of-<count>.json     the manifest of a part
 *     <label>.part-<index>-of-<count>-<attempt>.tar.zst.age    its archive
 *     <label>.part-<index>-of-<count>-<attempt>.contents[.age] its entries
 *     <label>.part-<index>-of-<count>-<attempt>.closure[.age]  what it points
 *                                          to (agent/closure/closure_part.h)
 *
 * An attempt is eight hexadecimal digits, drawn by each process: so none writes
 * over another's, and of two of one index the manifest, which has none, can be
 * written by one alone.
 */
#ifndef STORAGE_VAULT_SHARD_NAME_H
#define STORAGE_VAULT_SHARD_NAME_H

#include "storage/archive/format.h"

#include <stdbool.h>
#include <stddef.h>

/* The caller frees each. */
char *shard_name_prefix(const char *name); /* of all but parts */
char *shard_name_run(const char *name, const char *id);
char *shard_name_lock(const char *name, const char *id, const char *attempt);
char *shard_name_manifest(const char *label, uint32_t index, uint32_t count);
/* The name of the lock that an object is of; NULL: of none of a shard. */
char *shard_name_lock_of(const char *name, const char *object);
/* Whether an object is a run of that name (NULL: of any). */
bool shard_name_is_run(const char *name, const char *object);
/* Whether `rest`, which follows a label, is the end of an object of a part. */
bool shard_name_is_part(const char *rest, struct format_part *part);
/* Whether an object is one of these, but for locks. */
bool shard_name_owns(const char *object);

#endif
