/*
 * Refs in a reftable (git's documentation, technical/reftable): files of sorted
 * records, of which a newer one hides what an older one says. Read, not
 * written.
 */
#ifndef STORAGE_GIT_REPO_REFTABLE_H
#define STORAGE_GIT_REPO_REFTABLE_H

#include "storage/base/err.h"
#include "storage/git/repo/refs.h"

/* All refs, sorted. Symbolic ones are replaced by what they lead to, and those
 * that lead nowhere are left out, as a server does. Also HEAD, followed to the
 * last name, or an id in hex, which the caller frees. For a linked working tree
 * HEAD is in `own`, everything else in `common`. */
int reftable_read(const char *own, const char *common, enum git_hash hash,
    char **head, struct git_refvec *refs, struct err *err);

/* One record of one table. */
struct reftable_record {
	char *name;
	char *target; /* of a symbolic ref, else NULL */
	bool deleted;
	uint8_t id[GIT_ID_LEN];
	size_t table; /* a higher one is newer */
};
VEC_DEFINE(reftable_records, struct reftable_record);
void reftable_records_done(struct reftable_records *v);

/* Adds the records of one table from its bytes. Pure. ERR_FORMAT. */
int reftable_parse(enum git_hash hash, const void *data, size_t len,
    size_t table, struct reftable_records *out, struct err *err);

#endif
