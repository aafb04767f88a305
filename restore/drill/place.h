/*
 * Where the cluster objects of a drill go: each cluster into a control plane
 * that is started for it; or to an API server that somebody else runs, into
 * namespaces made for it or as a dry run; or nowhere.
 */
#ifndef RESTORE_DRILL_PLACE_H
#define RESTORE_DRILL_PLACE_H

#include "restore/drill/copies.h"
#include "restore/drill/guard.h"
#include "restore/drill/inner.h"
#include "restore/drill/result.h"

VEC_DEFINE(place_planes, struct control_plane);

struct place {
	enum result_place kind;
	const struct command *c;    /* of the drill; borrowed */
	const char *assets;	    /* borrowed; NULL: no folder is named */
	struct strvec clusters;	    /* of the snapshot, that are restored */
	struct place_planes planes; /* of the same index */
	struct copies_vec copies;   /* the same, with a prefix */
	struct guard guard;
};

/* Decides it by the command line and the configuration; ERR_USAGE where neither
 * names a place. */
int place_choose(struct place *p, const struct command *c,
    const struct manifest *m, struct err *err);
/* Starts what is to be started, below `dir`, without waiting for it. */
int place_start(struct place *p, const char *dir, struct err *err);
/* Waits for it; the settings of the drill name the clusters from now on.
 * ERR_USAGE where a given API server is a source or a target of a restore. */
int place_ready(struct place *p, const struct manifest *m, struct inner *inner,
    struct result *r, struct err *err);
/* Removes what it made in clusters of others; what is left is said in the
 * result. */
void place_leave(struct place *p, struct result *r);
void place_done(struct place *p);

#endif
