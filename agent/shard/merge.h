/*
 * What a manifest says of sources, missing and warnings, out of those of the
 * parts of a snapshot. Pure.
 */
#ifndef AGENT_SHARD_MERGE_H
#define AGENT_SHARD_MERGE_H

struct json_object;

/* Puts the sources of one more part into an array of them, which has each kind
 * once: of one that is there, items, bytes and missing are added, the time goes
 * from the first to the last, and lists follow one another. */
void merge_sources(struct json_object *into, const struct json_object *part);
/* Appends what an array does not have yet: several shards meet with the same
 * failure of an organisation. */
void merge_texts(struct json_object *into, const struct json_object *part);

#endif
