/*
 * The entries of a snapshot that something else is held against, found by the
 * hashes of their paths: few bytes for each, so that many fit into memory.
 */
#ifndef RESTORE_KNOWN_H
#define RESTORE_KNOWN_H

#include "storage/archive/contents.h"
#include "storage/base/vec.h"

struct known {
	uint8_t path[DIGEST_SHA256_LEN];
	uint8_t version[DIGEST_SHA256_LEN];
	uint8_t content[DIGEST_SHA256_LEN];
	uint64_t bytes;
	struct frames_position position;
	bool located;
	bool met; /* the caller's: something was held against it */
	/* Of a repository its refs, of a Service what somebody chose; of others
	 * NULL, so that what is held does not grow with them. */
	struct facts *facts;
};
VEC_DEFINE(known_vec, struct known);

void known_done(struct known_vec *v);
void known_clear(struct known_vec *v);
void known_add(struct known_vec *v, const struct contents_entry *e);
/* Once all are added, before the first is searched. */
void known_sort(struct known_vec *v);
/* Borrowed; NULL if it is not there. */
struct known *known_find(
    const struct known_vec *v, const uint8_t path[DIGEST_SHA256_LEN]);
/* The entry, with path and facts as far as it has none of its own borrowed from
 * the one that is held against it. */
struct contents_entry known_entry(
    const struct known *k, const struct contents_entry *against);

#endif
