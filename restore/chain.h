/*
 * The chain of a vault: each manifest names the one before it by label and
 * digest, so that a snapshot that is missing from the middle, or was replaced,
 * shows.
 */
#ifndef RESTORE_CHAIN_H
#define RESTORE_CHAIN_H

#include "restore/open.h"

/* Walks all snapshots of the opened vault's name, prints what it found; 0, or
 * -1 with ERR_INTEGRITY for the first break that pruning does not explain. */
int chain_verify(
    const struct command *c, const struct opened *o, struct err *err);

#endif
