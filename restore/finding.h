/*
 * Records beside a snapshot what somebody found of it.
 */
#ifndef RESTORE_FINDING_H
#define RESTORE_FINDING_H

#include "restore/open.h"

/* Signed with `key`; NULL: unsigned, which weighs nothing, and that is logged.
 * A vault that may only be read keeps no record: a warning. The digest of the
 * manifest and the name of the machine are filled in. */
void finding_record(const struct command *c, const struct opened *o,
    const struct snapshot_finding *finding, const struct minisign_key *key);

#endif
