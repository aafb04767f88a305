/*
 * How the refs of a repository moved between two snapshots: ahead, behind, or
 * rewritten, as by a forced push.
 */
#ifndef RESTORE_DIFF_REFS_H
#define RESTORE_DIFF_REFS_H

#include "restore/diff/changes.h"

/* Adds a note to the change of each ref that is in both snapshots. The
 * directories are bare repositories with what each snapshot has. */
void refs_note_moves(
    struct changes *changes, const char *from_dir, const char *to_dir);

#endif
