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
#include "restore/plan/print.h"
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
	bool offline; /* no cluster is connected */
	/* One without a target is left out: whoever then needs it says so. */
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
/* The URL of a repository's target; "" where nothing says it. The caller frees.
 */
char *targets_url(const struct targets *t, const struct plan_node *node);
/* buckets.c: those of the configuration, connected; the one that a
 * state goes to, or NULL; and the driver of all states. */
void targets_add_buckets(struct targets *t);
struct target_bucket *targets_bucket(
    const struct targets *t, const struct plan_node *node);
enum apply_result targets_look_at_state(
    void *ctx, uint32_t index, struct outcome *outcome, struct err *err);
enum apply_result targets_apply_state(
    void *targets, uint32_t node, struct outcome *outcome, struct err *err);
/* The same: what has nowhere to go cannot be restored, and the plan says so. */
void targets_check(const struct targets *t, struct plan *p);
/* The same: the bucket and key that a state goes to; NULL where nothing says
 * it, or its bucket cannot be had. The caller frees. */
char *targets_state_destination(
    const struct targets *t, const struct plan_node *node);
/* apart.c: ERR_USAGE where two repositories, or two states, would go to
 * one place. */
int targets_apart(
    const struct targets *t, const struct plan *p, struct err *err);
/* unused.c: the first member of a list that a kind of source has in the
 * manifest, "clusters", "buckets" or "repositories", which is what is wanted;
 * borrowed, or NULL. */
typedef bool targets_part_fn(
    const struct json_object *part, const char *wanted);
const struct json_object *targets_part(const struct manifest *m,
    const char *list, targets_part_fn *is, const char *wanted);
/* The same: a text for each target of the configuration that is for
 * nothing of the snapshot, appended: what was meant goes elsewhere. */
void targets_unused(const struct targets *t, const struct manifest *m,
    const struct plan_options *o, struct strvec *texts);
/* destinations.c: where each repository, bucket and cluster of the plan
 * goes, appended. */
void targets_destinations(const struct targets *t, const struct plan *p,
    struct print_destinations *destinations);

#endif
