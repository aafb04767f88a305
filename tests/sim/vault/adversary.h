/*
 * Who owns the stores but no key: writes, deletes, cuts, replays, mixes and
 * forges. Also what befalls stores without anybody meaning it.
 */
#ifndef TESTS_SIM_VAULT_ADVERSARY_H
#define TESTS_SIM_VAULT_ADVERSARY_H

#include "tests/sim/vault/timeline.h"

/* Keeps a copy of all that lies in the stores now, to have it later. */
void sim_adversary_collect(struct sim_timeline *t);
/* One deed of the adversary in one store. */
void sim_adversary_strike(struct sim_timeline *t, struct sim_store *s);
/* One mishap of a store. */
void sim_adversary_mishap(struct sim_timeline *t, struct sim_store *s);

#endif
