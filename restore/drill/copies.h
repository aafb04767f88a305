/*
 * The namespaces that a drill makes in a cluster somebody lives in, each with a
 * mark that says whose it is and a quota that allows no Pod; and their removal,
 * by that mark. Of two drills with one mark the second is refused.
 */
#ifndef RESTORE_DRILL_COPIES_H
#define RESTORE_DRILL_COPIES_H

#include "config/connect.h"
#include "config/settings.h"
#include "restore/kube/lease.h"

/* A label; its value is prefix_mark. */
#define COPIES_LABEL "backstay.io/drill"

struct copies {
	char *cluster;	    /* of the snapshot; for people */
	const char *prefix; /* borrowed */
	char *mark;
	/* The only ones that may be written to, also by what reaches the
	 * cluster otherwise. Owned, and does not move; grows by those that a
	 * killed drill left. */
	struct strvec *names;
	const struct clock *clock;
	int timeout_ms; /* of the removal */
	struct connect_kube kube;
	/* That no other drill has this mark. Written by a client of its own,
	 * which may write nothing else. */
	struct connect_kube lock_kube;
	struct lease *lock; /* NULL: the account may not keep one */
	bool begun;
	size_t made;
	size_t left; /* after a removal that failed */
};
VEC_DEFINE(copies_vec, struct copies);

/* Takes the lock, removes what a killed drill of this mark left, and makes all
 * of `names`. `holder` is this run, for people; `lost` is requested where
 * another drill takes the lock over. ERR_LOCKED where one holds it, ERR_EXISTS
 * where one of them is there without the mark. ERR_DENIED names the
 * rights that are needed. Nobody ends it half way (env->cancel) without
 * copies_remove. */
int copies_make(struct copies *c, const struct settings_cluster_access *access,
    const struct connect_env *env, const char *holder, struct cancel *lost,
    struct err *err);
/* Removes all of the mark, and waits until none is there; not ended by a
 * cancellation. ERR_LOCKED, and nothing is removed, where another drill has
 * taken the lock over. May be called again. */
int copies_remove(struct copies *c, struct err *err);
/* Gives the lock back; of the namespaces, it releases the memory alone. */
void copies_done(struct copies *c);

#endif
