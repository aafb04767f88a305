/*
 * What a vault holds, as far as it can be proved: each manifest is read and its
 * signature checked, each archive looked up by name, each verification checked
 * for a trusted signature. Before a deletion it checks again that the snapshots
 * that stay are unchanged. It decides nothing.
 */
#ifndef CONFIG_RETENTION_PROOF_H
#define CONFIG_RETENTION_PROOF_H

#include "storage/base/err.h"
#include "storage/base/str.h"
#include "storage/base/vec.h"
#include "storage/vault/snapshot.h"

#include <stdbool.h>

struct proof {
	const struct snapshot *snapshot; /* borrowed from the list */
	bool trusted;		  /* its manifest holds; only then the rest: */
	struct manifest manifest; /* released by proofs_done */
	bool whole;		  /* its archives are there in their length */
	bool own_there;		  /* the one that was written with it */
	struct strvec needs;	  /* labels of the others of its archives */
	struct snapshot_verdict verdict;
};
VEC_DEFINE(proofs, struct proof);
void proofs_done(struct proofs *p);

/* One for each of the list. A manifest that does not hold is not an error,
 * since it says nothing; one that cannot be read is. */
int proof_gather(struct vault *v, const struct snapshots *list,
    const struct snapshot_trust *trust, struct proofs *out, struct err *err);

/* Borrowed; NULL where there is none of that label. */
const struct proof *proof_of(const struct proofs *p, const char *label);

/* Whether all of `kept` that were whole still are: ERR_INTEGRITY names the
 * first that is not. What a list leaves out is asked for by name. */
int proof_hold(struct vault *v, const char *name, const struct proofs *kept,
    struct err *err);

/* ERR_INTEGRITY where removing the snapshot of that label, and that archive,
 * would remove something of one of `kept`, or that it needs. */
int proof_apart(const char *label, const char *archive,
    const struct proofs *kept, struct err *err);

#endif
