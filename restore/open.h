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
#include "storage/base/file.h"

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
 * passes them to archive_read or archive_extract with open_reader. */
struct source *open_archive(
    const struct command *c, struct opened *o, struct err *err);
struct reader_options open_reader(const struct command *c, struct opened *o);
/* And its content, unpacked into scratch, each entry held against
 * CONTENTS.json. */
int open_tree(const struct command *c, struct opened *o, struct err *err);

#endif
