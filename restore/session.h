/*
 * One run of plan, apply or release: the snapshot that was opened, the targets,
 * and a plan by what the command line and the configuration say.
 */
#ifndef RESTORE_SESSION_H
#define RESTORE_SESSION_H

#include "restore/command.h"
#include "restore/locks.h"
#include "restore/open.h"
#include "restore/plan/plan.h"
#include "restore/plan/selection.h"
#include "restore/targets/targets.h"

/* Everything a plan borrows, for as long as it lives. */
struct session {
	const struct command *c;
	/* Repositories and states go to no target of the configuration: the
	 * caller has drivers of its own for them. */
	bool elsewhere;
	bool without_clusters; /* and cluster objects go nowhere */
	/* What is planned will be written: the locks of the targets are taken
	 * before the plan is made, and kept until the end. */
	bool locked;
	struct locks locks;
	struct opened opened;
	struct targets targets;
	bool has_targets;
	struct plan_options options;
	struct layers layers;
	struct selection only;
	struct ruleset rules;
	VEC_DEFINE(, struct rule_edge) edges;
	struct transform_options transforms;
	struct transform_maps namespaces, images, storage_classes;
	VEC_DEFINE(, struct transform_patch) patches;
	struct strvec texts; /* of the patches */
	struct renamed_vec renamed;
	struct plan *plan;
};
#define SESSION_INIT                                                           \
	{                                                                      \
		.opened = OPENED_INIT, .locks = LOCKS_INIT                     \
	}

void session_done(struct session *s);
/* Opens, verifies and plans: s->c is set, and s->plan becomes the plan. -1 with
 * ERR_USAGE where what is asked for cannot be done, or ERR_LOCKED. */
int session_plan(struct session *s, struct err *err);
/* Opens the snapshot, its manifest and all its targets, for what needs no
 * archive: s->c is set. */
int session_open_targets(struct session *s, struct err *err);
/* What ends its work: the caller's wish, or that one of its locks is lost.
 * Borrowed from the session. */
const struct cancel *session_cancel(const struct session *s);

#endif
