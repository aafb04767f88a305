/*
 * The chain of a vault: each manifest names the one before it by label and
 * digest, so that a snapshot that is missing from the middle, or was replaced,
 * shows.
 */
#ifndef RESTORE_CHAIN_H
#define RESTORE_CHAIN_H

#include "restore/open.h"

/* Walks all snapshots of the opened vault's name; 0 and their number, or -1
 * with ERR_INTEGRITY where pruning does not explain what was found: all of it
 * is told, each under the name of what it is: delete, replay, truncate, fork,
 * back-date, flood. That the newest is old (freeze), or that some were written
 * elsewhere (copied, or mixed in), may be right, and is a warning.
 *
 * A vault that was put back to an earlier state is whole in itself. So its head
 * is remembered, for each vault and name, in <state_dir>/chain/, and held
 * against it the next time: JSON of at most 1 KiB with the newest label, the
 * digest of its manifest, its time, and of the last 128 labels three bytes of
 * their SHA-256 each ("marks", base64); beside it its signature by the record
 * key, where there is one. */
int chain_verify(const struct command *c, const struct opened *o,
    size_t *snapshots, struct err *err);

/* The same before `latest` is restored, as warnings; nothing is remembered. Of
 * a snapshot that was named otherwise, nothing. */
void chain_warn(const struct command *c, const struct opened *o);

/* That one was copied into a vault, so that it is no replay there. */
int chain_copied(const struct command *c, const struct vault *to,
    const struct snapshot *s, const struct snapshot_trust *trust,
    struct err *err);

#endif
