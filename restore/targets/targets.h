/*
 * Where the parts of a snapshot go: the targets of the configuration, or else
 * the sources themselves, connected as drivers of a plan. A part whose target
 * cannot be connected fails with the reason; the rest goes on.
 */
#ifndef RESTORE_TARGETS_TARGETS_H
#define RESTORE_TARGETS_TARGETS_H

#include "restore/apply/driver.h"
#include "restore/command.h"
#include "restore/plan/plan.h"
#include "restore/terraform/state.h"

#include <pthread.h>

struct tree;

struct target_cluster {
	char *name;
	struct connect_kube kube;
};

struct target_bucket {
	const char *from;	 /* bucket of the snapshot; borrowed */
	const char *from_prefix; /* or NULL; borrowed */
	struct connect_s3 store;
	struct state_apply_options options;
	struct err err; /* why it cannot be written to */
	bool asked;	/* whether its lock table is there */
};

struct targets {
	const struct command *c;
	const struct tree *tree; /* borrowed: of the verified snapshot */
	const char *scratch;	 /* borrowed */
	VEC_DEFINE(, struct target_cluster) clusters;
	VEC_DEFINE(, struct plan_cluster) plan; /* of the same index */
	VEC_DEFINE(, struct target_bucket) buckets;
	pthread_mutex_t lock; /* of what is found out at first use */
	struct apply_driver git, state;
	struct run *run; /* set when it begins */
};

/* What of a snapshot is to go somewhere. */
struct targets_chosen {
	bool offline;	/* no cluster is connected */
	bool elsewhere; /* no bucket is: states go somewhere else */
	/* A cluster without a target is left out; what needs it reports
	 * that. */
	bool spared;
	/* As in plan_options; NULL or empty: all clusters. */
	const struct strvec *only_kubernetes;
};

/* The clusters that the manifest names and that are chosen; the buckets of the
 * configuration, of which none is asked yet. -1 where a cluster that is to be
 * restored has no target. Where no repository or state is to be applied, tree
 * and scratch may be NULL. */
int targets_open(struct targets *t, const struct command *c,
    const struct manifest *m, const struct tree *tree, const char *scratch,
    const struct targets_chosen *chosen, struct err *err);
void targets_done(struct targets *t);
/* How the target of that cluster of the snapshot is reached: as configured for
 * it, or as the source of that name; NULL if neither is. Borrowed. */
const struct settings_cluster_access *targets_cluster(
    const struct settings *s, const char *cluster);
/* Marks each node without a target as one that cannot be restored. */
void targets_check(const struct targets *t, struct plan *p);

#endif
