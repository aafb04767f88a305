/*
 * Whether a vault lets us do what a run needs: to list, to write, to read, and
 * best to remove. It is tried with a lock of a name of its own, NAME.check, so
 * that no run is kept out. Where nothing may be removed, its few small objects
 * (NAME.check.lock-*) stay, until somebody who may remove them tidies up.
 */
#ifndef STORAGE_VAULT_PROBE_H
#define STORAGE_VAULT_PROBE_H

#include "storage/base/clock.h"
#include "storage/base/random.h"
#include "storage/vault/vault.h"

#include <stdbool.h>

/* *keeps: nothing may be removed. Another probe under way is as good. */
int probe_try(struct vault *v, const char *name, const struct clock *clock,
    const struct random *random, bool *keeps, struct err *err);
/* Removes what probes have left. What may not be removed stays, and a probe
 * that is under way is let. */
int probe_tidy(struct vault *v, const char *name, const struct clock *clock,
    const struct random *random, struct err *err);

#endif
