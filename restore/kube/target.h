/*
 * The clusters that a restore writes to, and what is known of them so far.
 */
#ifndef RESTORE_KUBE_TARGET_H
#define RESTORE_KUBE_TARGET_H

#include "restore/kube/applier.h"
#include "restore/run/throttle.h"

#include <pthread.h>
#include <stdatomic.h>

struct target {
	struct kube_client *client; /* NULL: not connected */
	const char *name;	    /* of the cluster in the snapshot */
	struct throttle throttle;
	pthread_mutex_t lock;
	bool pods_known;
	bool runs_pods;
	/* The value of run.advance, plus 1, when a webhook of the cluster did
	 * not answer; 0: none. Requests are tried again once the run has
	 * advanced. */
	atomic_uint webhook_away;
};

/* Shared by all files of this room. */
struct applier {
	struct run *run; /* set when the run begins */
	enum applier_gates gates;
	struct target *targets; /* of the index of plan_node.cluster */
	size_t target_count;
	struct apply_driver driver;
};

/* Whether a webhook of the cluster did not answer, and the run has not advanced
 * since. */
bool target_webhook_is_away(const struct applier *a, uint16_t cluster);
void target_note_webhook(struct applier *a, uint16_t cluster);

#endif
