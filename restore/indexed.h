/*
 * The entries of an index that something else is held against, found by the
 * hashes of their paths: few bytes for each, so that many fit into memory.
 */
#ifndef RESTORE_INDEXED_H
#define RESTORE_INDEXED_H

#include "storage/archive/contents.h"
#include "storage/base/vec.h"

struct indexed {
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
VEC_DEFINE(indexed_vec, struct indexed);

void indexed_done(struct indexed_vec *v);
void indexed_clear(struct indexed_vec *v);
void indexed_add(struct indexed_vec *v, const struct contents_entry *e);
/* Once all are added, before the first is searched. */
void indexed_sort(struct indexed_vec *v);
/* Borrowed; NULL if it is not there. */
struct indexed *indexed_find(
    const struct indexed_vec *v, const uint8_t path[DIGEST_SHA256_LEN]);
/* The entry, with path and facts as far as it has none of its own borrowed from
 * the one that is held against it. */
struct contents_entry indexed_entry(
    const struct indexed *k, const struct contents_entry *against);

#endif
