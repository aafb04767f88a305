/*
 * The repositories of a plan, restored into bare ones in a folder of their own
 * and checked there: every ref, and every object that a ref needs. The driver
 * of a drill, which pushes as apply does.
 */
#ifndef RESTORE_DRILL_SCRATCH_GIT_H
#define RESTORE_DRILL_SCRATCH_GIT_H

#include "config/connect.h"
#include "restore/apply/driver.h"

#include <stdatomic.h>

struct tree;

struct scratch_git {
	const char *dir;	 /* private; borrowed, as what follows */
	const struct tree *tree; /* of the verified snapshot */
	const char *scratch;	 /* where data waits */
	const struct connect_env *env;
	struct run *run; /* set when it begins */
	struct apply_driver driver;
	atomic_size_t repositories, refs, objects; /* that are whole */
};

/* The driver has pointers into `p`, which must not move any more. */
void scratch_git_init(struct scratch_git *p);

#endif
