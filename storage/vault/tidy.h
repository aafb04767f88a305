/*
 * Removes what dead runs left in a vault: unfinished uploads and temporary
 * files, and archives and signatures of snapshots that never came to exist.
 * Within this room alone.
 */
#ifndef STORAGE_VAULT_TIDY_H
#define STORAGE_VAULT_TIDY_H

#include "storage/vault/snapshot.h"

struct tidy_terms {
	const char *name;
	const struct snapshots
	    *list; /* its archives and signatures, listed just now */
	/* Of an archive that a copy found to be another than the one that it
	 * is to write; NULL: there is none. */
	const char *label;
};

/* Removes it for one name. The caller holds the lock of that name, so that
 * none of it can be in the making. How many objects, or -1.
 *
 * An archive whose manifest and signature the store does not find is dead only
 * where this machine knows that it has none (remains.h). What else looks like
 * one is appended to `left` (may be NULL): its manifest may be out of sight.
 * What stays for others (lone_archive.h) is neither. */
int tidy_vault(struct vault *v, const struct tidy_terms *terms,
    struct strvec *left, struct err *err);

#endif
