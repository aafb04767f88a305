/*
 * Whether the targets of a snapshot can be restored to: each repository, bucket
 * and cluster that its manifest names is asked what a restore needs of it.
 * Nothing is written.
 */
#ifndef RESTORE_TARGETS_PROBE_H
#define RESTORE_TARGETS_PROBE_H

#include "config/cli/checks.h"
#include "restore/command.h"
#include "storage/archive/manifest.h"

/* A line for each. -1 only with ERR_CANCELLED. */
int probe_targets(const struct command *c, const struct manifest *m,
    const char *scratch, struct checks *checks, struct err *err);

#endif
