/*
 * The locks (kube/lease.h) of all clusters that a run writes to.
 */
#ifndef RESTORE_LOCKS_H
#define RESTORE_LOCKS_H

#include "restore/kube/lease.h"
#include "restore/targets/targets.h"

struct locks {
	VEC_DEFINE(, struct lease *) leases;
	struct strvec clusters; /* UIDs of those that have one */
	/* Requested where another restore has taken one over: the run is given
	 * it for its own. */
	struct cancel lost;
};
#define LOCKS_INIT                                                             \
	{                                                                      \
		.leases = VEC_INIT, .clusters = VEC_INIT                       \
	}

/* How a run of this command is called in a lock: "apply on host7, pid 12". The
 * caller frees. */
char *locks_holder(const struct command *c);
/* Of every target that is connected, each once. ERR_LOCKED where another
 * restore holds one. A target that does not let us keep one is warned of. With
 * `spare_source`, nothing is written to the cluster that the snapshot was taken
 * from without --same-cluster, to which a plan refuses to restore. */
int locks_take(struct locks *l, const struct command *c,
    const struct targets *t, bool spare_source, struct err *err);
void locks_done(struct locks *l);

#endif
