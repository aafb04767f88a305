/*
 * What dead runs left in a vault: unfinished uploads and temporary files, and
 * archives and signatures of snapshots that never came to be. Only the rest of
 * this room uses it.
 */
#ifndef STORAGE_VAULT_TIDY_H
#define STORAGE_VAULT_TIDY_H

#include "storage/vault/snapshot.h"

struct tidy_terms {
	const char *name;
	const struct snapshots *list; /* of that name, made just now */
	/* What is to be written next by a copy, whose label may be old; NULL:
	 * a new one. */
	const char *label;
	const struct snapshot_trust *trust;
};

/* Removes it for one name. The caller holds the lock of that name, so that
 * none of it can be in the making. How many objects, or -1.
 *
 * An archive whose manifest the store does not find is a dead run's only where
 * it has no signature either and is newer than all snapshots there; or it is
 * left of one that a record says was pruned. What else looks like one is
 * appended to `left` (may be NULL): its manifest may be out of sight. */
int tidy_vault(struct vault *v, const struct tidy_terms *terms,
    struct strvec *left, struct err *err);

#endif
