/*
 * What really happened in a timeline, known without asking any of the code
 * that is tried: each snapshot that was ever committed, byte for byte, and
 * which of them a policy has to keep, worked out anew.
 */
#ifndef TESTS_SIM_VAULT_TRUTH_H
#define TESTS_SIM_VAULT_TRUTH_H

#include "config/retention/retention.h"
#include "storage/crypto/minisign.h"
#include "tests/sim/vault/store.h"

enum { SIM_STORES = 2, SIM_DEPTHS = 3 };

struct sim_snapshot {
	char *label;
	char *archive_name;
	int64_t time;
	bool partial, hold;
	struct buf manifest, signature, archive;
	struct strvec needs; /* labels of those whose archives it needs, too */
	const struct minisign_publics *keys; /* one of them signed it */
	/* By store: a verification found it good, or found damage that was
	 * there. */
	bool verified[SIM_STORES], found_bad[SIM_STORES];
	bool perhaps_bad[SIM_STORES]; /* ... and the record may be there */
	/* It was found damaged once, and others changed a record of it: whoever
	 * owns the store may silence the word that was spoken last. */
	bool was_bad[SIM_STORES], shaken[SIM_STORES];
	bool copied[SIM_STORES];    /* and a record says so */
	bool unsaid[SIM_STORES];    /* copied, and no record may say so */
	bool must_stay[SIM_DEPTHS]; /* by the prune that runs, inside others */
};

struct sim_truth {
	VEC_DEFINE(, struct sim_snapshot) snapshots;
	const struct sim_store *stores;
};
void sim_truth_done(struct sim_truth *t);

/* Takes in what a run committed under that label, if it did. */
void sim_truth_learn(struct sim_truth *t, const struct sim_store *s,
    const char *label, const struct minisign_publics *keys);
/* And all that a run which stands still just now may have committed. */
void sim_truth_learn_all(struct sim_truth *t, const struct sim_store *s,
    const struct minisign_publics *keys);
/* By the manifest that lies in the store under that label; NULL: it is none
 * that was ever committed. */
struct sim_snapshot *sim_truth_of(
    struct sim_truth *t, const struct sim_store *s, const char *label);
/* Each byte of it is there, seen or not. */
bool sim_truth_whole(const struct sim_truth *t, const struct sim_snapshot *one,
    const struct sim_store *s);
/* The same, as far as its run can tell, which does not read the archives that
 * it needs: they are there in their length. */
bool sim_truth_committed(const struct sim_truth *t,
    const struct sim_snapshot *one, const struct sim_store *s);
/* All of it can be found, and is named by lists that leave nothing out. */
bool sim_truth_found(const struct sim_truth *t, const struct sim_snapshot *one,
    const struct sim_store *s);
bool sim_truth_listed(const struct sim_truth *t, const struct sim_snapshot *one,
    const struct sim_store *s);
/* Its archive is there in its length, and is another. */
bool sim_truth_damaged(const struct sim_truth *t,
    const struct sim_snapshot *one, const struct sim_store *s);
bool sim_truth_has_object(const struct sim_snapshot *one, const char *object);
/* It is the archive of an earlier one that this one needs. */
bool sim_truth_needs_object(const struct sim_truth *t,
    const struct sim_snapshot *one, const char *object);
/* The snapshot of that label, in whatever store; NULL: there never was one. */
struct sim_snapshot *sim_truth_named(
    const struct sim_truth *t, const char *label);

/* Others remove or change that object, of whatever snapshot it is. */
void sim_truth_shake(
    struct sim_truth *t, const struct sim_store *s, const char *object);

/* Marks what the policy keeps of what can be seen in that store, for the run
 * of that depth, whose clock says `now`. */
void sim_truth_mark(struct sim_truth *t, const struct sim_store *s,
    const struct retention_policy *policy, int64_t now, unsigned depth);

size_t sim_truth_index(const struct sim_truth *t, const struct sim_store *s);

#endif
