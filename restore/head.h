/*
 * Compares the chain of the opened vault with its head, which this machine
 * keeps for each vault and name in <state_dir>/chain/ (chain_head.h), or which
 * --head gives. Each finding is reported with its name, and is an error unless
 * --accept has that name.
 *
 * The head is signed by the record key, where there is one: beside the file of
 * state_dir, and below the line that `head` prints.
 */
#ifndef RESTORE_HEAD_H
#define RESTORE_HEAD_H

#include "restore/open.h"

/* `verify --chain`: 0 and the number of snapshots, which are then remembered,
 * or -1 with ERR_INTEGRITY. */
int head_verify(const struct command *c, struct opened *o, size_t *snapshots,
    struct err *err);

/* The same before `latest` is restored; nothing is remembered. Of a snapshot
 * that was named otherwise nothing is asked. The snapshot is opened. */
int head_gate(const struct command *c, struct opened *o, struct err *err);

/* That one was copied into a vault (or was there already), so that it is
 * neither mixed in nor a replay there: recorded in the vault, and remembered.
 */
int head_copied(const struct command *c, struct vault *to,
    const struct snapshot *s, bool already, const struct snapshot_trust *trust,
    struct err *err);

/* Appends it as `head` prints it. */
int head_print(const struct command *c, struct opened *o, struct buf *out,
    struct err *err);

#endif
