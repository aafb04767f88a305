/*
 * The states of a plan, restored into a folder of their own and checked there:
 * each is the bytes that were captured, reads as Terraform state, and has the
 * serial and the lineage that the snapshot says. Where it is asked for,
 * Terraform itself has to accept it. The driver of a drill.
 */
#ifndef RESTORE_DRILL_SCRATCH_STATE_H
#define RESTORE_DRILL_SCRATCH_STATE_H

#include "config/connect.h"
#include "restore/apply/driver.h"

#include <stdatomic.h>

struct tree;

struct scratch_state {
	const char *dir;	 /* private; borrowed, as what follows */
	const struct tree *tree; /* of the verified snapshot */
	/* The program that is to accept each state, or NULL; and what it needs
	 * of ours. */
	const char *terraform;
	const struct connect_env *env;
	struct run *run; /* set when it begins */
	struct apply_driver driver;
	atomic_size_t states, others, resources; /* that are whole */
};

/* The driver has pointers into `p`, which must not move any more. */
void scratch_state_init(struct scratch_state *p);

#endif
