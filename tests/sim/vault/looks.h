/*
 * The chain of a store, looked at by an operator who remembers its head: no
 * false alarm where nobody harmed it, and a name for each harm.
 */
#ifndef TESTS_SIM_VAULT_LOOKS_H
#define TESTS_SIM_VAULT_LOOKS_H

#include "tests/sim/vault/timeline.h"

/* `harmed`: an adversary may have been there, and what is found is accepted. */
void sim_look(struct sim_timeline *t, struct sim_store *s, bool harmed);
/* Harms a store that nobody has harmed in one of the ways, and looks. The last
 * that happens in a timeline. */
void sim_look_trial(struct sim_timeline *t, struct sim_store *s);
/* Rolls such a store back below what the witness co-signed, and looks as
 * somebody who remembers nothing. */
void sim_look_rolled_back(struct sim_timeline *t, struct sim_store *s);
/* Whether something that is true is found now; nothing is remembered. */
bool sim_look_finds(struct sim_timeline *t, struct sim_store *s);
/* Whether all that the store has can be seen. */
bool sim_look_shows_all(const struct sim_store *s);

#endif
