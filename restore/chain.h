/*
 * The chain of a vault: each manifest names the one before it by label and
 * digest, so that a snapshot that is missing from the middle, or was replaced,
 * shows.
 */
#ifndef RESTORE_CHAIN_H
#define RESTORE_CHAIN_H

#include "restore/open.h"

/* Walks all snapshots of the opened vault's name; 0 and their number, or -1
 * with ERR_INTEGRITY for the first break that pruning does not explain.
 *
 * A vault that was put back to an earlier state is whole in itself. So the
 * newest snapshot is remembered, for each vault and name, in
 * <state_dir>/chain/, and must be there the next time: the same, or pruned. */
int chain_verify(const struct command *c, const struct opened *o,
    size_t *snapshots, struct err *err);

#endif
