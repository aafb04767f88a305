/*
 * The tree of an archive, unpacked for a program that reads it once or twice
 * and is done: by entry name, without a file for each. A repository must lie on
 * disk as files, for libgit2 reads it there; all else goes one behind the other
 * into a spool, which has no name and is gone with the process, however it
 * ends. A file for each of many thousand small objects costs far more than
 * their bytes: its making, its removal, and the journal of the file system,
 * which everybody else who syncs then waits for.
 *
 * A tree is there only once all of it was held against CONTENTS.json. It is
 * read from several threads at a time. For files that stay, see
 * archive_extract of reader.h.
 */
#ifndef STORAGE_ARCHIVE_TREE_H
#define STORAGE_ARCHIVE_TREE_H

#include "storage/archive/contents.h"
#include "storage/archive/reader.h"
#include "storage/base/buf.h"

struct tree;

/* Whether an entry is to be a file below the directory of the tree. */
typedef bool tree_as_file(const char *path);

/* Unpacks all of `from`, which it owns. `dir` is there, empty and private, and
 * outlives the tree (copied); o->scratch is where the spool goes, and must be
 * given. NULL as archive_reader_run says, and then what is below `dir` is for
 * the caller to remove, as it is in the end. totals may be NULL. */
struct tree *tree_unpack(struct source *from, const struct reader_options *o,
    const char *dir, tree_as_file *as_file, struct reader_totals *totals,
    struct err *err);
void tree_free(struct tree *t); /* takes NULL */

/* Appends a whole entry. ERR_NOT_FOUND where there is none of that name,
 * ERR_FORMAT where it is longer than max_bytes. */
int tree_read(const struct tree *t, const char *path, size_t max_bytes,
    struct buf *out, struct err *err);
/* The path on disk of an entry that is a file, or of a directory of such; the
 * caller frees. */
char *tree_path(const struct tree *t, const char *path);
/* contents_each over its CONTENTS.json. */
int tree_contents(const struct tree *t,
    int (*entry)(void *ctx, const struct contents_entry *e, struct err *err),
    void *ctx, struct err *err);

#endif
