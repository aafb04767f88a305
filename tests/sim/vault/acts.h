/*
 * What agents and operators do in a timeline, over the real code, and what is
 * asked of it: each act looks at the truth when it is done, and counts what
 * must never be.
 */
#ifndef TESTS_SIM_VAULT_ACTS_H
#define TESTS_SIM_VAULT_ACTS_H

#include "tests/sim/vault/timeline.h"

/* With some fault drawn, or none. */
void sim_act_backup(struct sim_timeline *t);
void sim_act_prune(struct sim_timeline *t, struct sim_store *s);
void sim_act_verify(struct sim_timeline *t, struct sim_store *s);
void sim_act_copy(
    struct sim_timeline *t, struct sim_store *from, struct sim_store *to);

#endif
