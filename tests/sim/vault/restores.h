/*
 * An operator who restores `latest`, over the real code of restore/open and
 * restore/head, with the head that the looks remember (looks.h): what it takes
 * is the latest that can be seen, byte for byte; where the chain was harmed it
 * refuses, and where nobody harmed it, it does not.
 */
#ifndef TESTS_SIM_VAULT_RESTORES_H
#define TESTS_SIM_VAULT_RESTORES_H

#include "tests/sim/vault/timeline.h"

/* `harmed`: an adversary may have been there, and a refusal is no surprise. */
void sim_restore(struct sim_timeline *t, struct sim_store *s, bool harmed);
/* Whether `latest` is refused now. */
bool sim_restore_is_refused(struct sim_timeline *t, struct sim_store *s);

#endif
