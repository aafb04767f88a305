/*
 * One object on its way into a cluster.
 *
 * It is created if it seems to be missing, and updated if it seems to exist.
 * Either step may find that this is not so, and returns which step comes next.
 * task_run repeats this until the outcome is set.
 */
#ifndef RESTORE_KUBE_TASK_H
#define RESTORE_KUBE_TASK_H

#include "restore/kube/prepare.h"
#include "restore/kube/target.h"

enum task_next {
	TASK_ENDED,  /* the outcome is set */
	TASK_LATER,  /* a webhook did not answer: again after the others */
	TASK_CREATE, /* it does not exist */
	TASK_UPDATE, /* it is there */
};

struct task {
	struct applier *a;
	uint32_t node;
	struct plan_node *n;
	struct prepared *object;
	struct outcome *outcome;
	bool paused;   /* the journal records its pause */
	bool vanished; /* it existed, and then did not */
	bool deleted;  /* deleted by us, to be recreated */
	/* What the journal of an earlier run says of it, or NULL. */
	const struct journal_node *before;
};

enum task_next task_run(
    struct applier *a, uint32_t node, struct outcome *outcome);

#endif
