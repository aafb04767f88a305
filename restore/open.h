/*
 * From a configuration and a name to a snapshot, as far as a command needs it:
 * the vault and its list, one snapshot of it, or its verified tree. Each step
 * includes the ones before; what was opened is released by open_done in any
 * case.
 */
#ifndef RESTORE_OPEN_H
#define RESTORE_OPEN_H

#include "restore/command.h"
#include "storage/archive/reader.h"
#include "storage/base/scratch.h"

struct opened {
	struct connect_vault vault;
	struct snapshot_trust trust;
	struct snapshots list;
	const struct snapshot *snapshot; /* of the list */
	struct age_identities *identities;
	struct manifest manifest;
	bool has_manifest;
	struct scratch scratch; /* private, removed by open_done */
	char *tree;		/* the verified tree, below scratch */
	struct reader_totals totals;
};
#define OPENED_INIT                                                            \
	{                                                                      \
		.scratch = SCRATCH_INIT                                        \
	}

void open_done(struct opened *o);

/* The vault (--vault, else the first), the keys, and what is in it. */
int open_vault(const struct command *c, struct opened *o, struct err *err);
/* And the snapshot that the operand names. */
int open_snapshot(const struct command *c, struct opened *o, struct err *err);
/* And its bytes, of which signature, digest and length are right; the caller
 * passes them to open_unpack. */
struct source *open_archive(
    const struct command *c, struct opened *o, struct err *err);
/* Unpacks them into a directory that is there and empty, each entry held
 * against CONTENTS.json. ERR_INTEGRITY where it is no good archive, and then
 * nothing of it is left. Owns from. */
int open_unpack(const struct command *c, struct opened *o, struct source *from,
    const char *dir, struct err *err);
/* All of the above, into scratch. */
int open_tree(const struct command *c, struct opened *o, struct err *err);

#endif
