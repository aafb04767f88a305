/*
 * From a configuration and a name to a snapshot, as far as a command needs it:
 * the vault and its list, one snapshot of it, or its verified tree. Each step
 * includes the ones before; what was opened is released by open_done in any
 * case.
 */
#ifndef RESTORE_OPEN_H
#define RESTORE_OPEN_H

#include "restore/command.h"
#include "restore/phase.h"
#include "storage/archive/layers.h"
#include "storage/archive/tree.h"
#include "storage/base/scratch.h"

struct opened {
	struct connect_vault vault;
	struct snapshot_trust trust;
	struct snapshots list;
	const struct snapshot *snapshot; /* of the list */
	/* Newer than `latest` and with an archive, but its manifest does not
	 * hold; NULL: there is none. Of the list. */
	const struct snapshot *doubtful;
	struct age_identities *identities;
	struct manifest manifest; /* its signature holds */
	bool has_manifest;
	char manifest_sha256[DIGEST_SHA256_HEX]; /* of its bytes */
	bool form_warned;	/* of the open snapshot: see open_manifest */
	struct scratch scratch; /* private, removed by open_done */
	struct tree *tree;	/* verified; its files are below scratch */
	struct reader_totals totals;
	struct phase phase;    /* for whoever waits */
	uint64_t opened_bytes; /* of archives of the snapshot, as stored */
};
#define OPENED_INIT                                                            \
	{                                                                      \
		.scratch = SCRATCH_INIT                                        \
	}

void open_done(struct opened *o);

/* Whose snapshots are looked at; NULL: all (--all-names). */
const char *open_name(const struct command *c);
/* The vault (--vault, else the first), the keys, and what is in it. */
int open_vault(const struct command *c, struct opened *o, struct err *err);
/* Whether a snapshot of the vault's list counts as one: 0, with a warning, for
 * what anybody who may write to the vault could have put there, which is noted
 * as doubtful if it has an archive. -1 where that cannot be found out. */
int open_weighs(const struct command *c, struct opened *o,
    const struct snapshot *s, struct err *err);
/* And the snapshot that the operand names; nothing where it is open. */
int open_snapshot(const struct command *c, struct opened *o, struct err *err);
/* Whether the signature of that snapshot holds. If not, the public keys may
 * just be the wrong ones: then nothing is known about the snapshot, and verify
 * records no finding, which prune would count against it. */
bool open_is_signed(const struct opened *o);
/* Reads the manifest of the snapshot that was opened before, and checks its
 * signature; nothing where that was done, as for `latest`. */
int open_signed(struct opened *o, struct err *err);
/* The same, and a scratch directory and the keys that open its archive; warns
 * where it is unsigned, or not encrypted. */
int open_manifest(const struct command *c, struct opened *o, struct err *err);
/* The layers of the configuration, or else those of the open manifest. `out` is
 * initialised, and the caller's in any case. */
int open_layers(const struct command *c, const struct opened *o,
    struct layers *out, struct err *err);
/* Forgets the snapshot, but not the vault: another can be opened. */
void open_close(struct opened *o);
/* And its bytes, of which signature, digest and length are right, unpacked
 * with each entry held against CONTENTS.json. ERR_INTEGRITY where it is not a
 * good archive. As a tree for this program; nothing where it is open: */
int open_tree(const struct command *c, struct opened *o, struct err *err);
/* And as files for others, into a directory that is there and empty; of an
 * archive that is not good nothing is left. */
int open_extract(const struct command *c, struct opened *o, const char *dir,
    struct err *err);

#endif
