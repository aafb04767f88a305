/*
 * Which shard captures which source. Each shard decides for itself, and all
 * come to the same: a source goes where the hash of its name points, so that
 * its mirror is where it was the last time, whatever comes and goes beside it.
 *
 * Hashes alone would leave one shard with two of the large ones. Those are
 * dealt out first, the largest first, by what they had in the last snapshot:
 * each to the shard that it prefers, unless that has more than its share
 * already. Only one shard decides that; the others read it (shard.h).
 *
 * Pure.
 */
#ifndef AGENT_SHARD_DEAL_H
#define AGENT_SHARD_DEAL_H

#include "storage/base/err.h"
#include "storage/base/str.h"
#include "storage/base/vec.h"

#include <stdbool.h>
#include <stdint.h>

/* "2/4" of --shard: the third of four. ERR_USAGE. */
int deal_parse(
    const char *text, uint32_t *index, uint32_t *count, struct err *err);

/* A source: "git/<name>", "kubernetes/<name>", "terraform/<bucket>". */
struct deal_source {
	char *key;
	uint64_t bytes; /* that it had in the last snapshot */
};
VEC_DEFINE(deal_sources, struct deal_source);
void deal_sources_add(
    struct deal_sources *v, const char *kind, const char *name, uint64_t bytes);
void deal_sources_done(struct deal_sources *v);

struct deal_place {
	char *key;
	uint32_t shard;
};
VEC_DEFINE(deal_places, struct deal_place);
void deal_places_add(struct deal_places *v, const char *key, uint32_t shard);
void deal_places_done(struct deal_places *v);

/* Appends the places of the large sources: of those that have an eighth of a
 * shard's share or more. Which order the sources come in makes no difference.
 */
void deal_large(const struct deal_sources *sources, uint32_t count,
    struct deal_places *out);
/* The shard of a source, from 0: its place, or by its hash where it has none.
 */
uint32_t deal_shard(const struct deal_places *places, const char *kind,
    const char *name, uint32_t count);

#endif
