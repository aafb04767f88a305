/*
 * An archive unpacked for a program that reads it once or twice: entries are
 * found by name, without a file for each. A repository must be on disk as
 * files, because libgit2 reads it there. Everything else is kept in a spool,
 * which has no name and disappears with the process, however it ends. A file
 * for each of many thousand small objects would cost far more than their bytes:
 * to make it, to remove it, and in the journal of the file system, for which
 * everybody else who syncs then waits.
 *
 * A tree exists only once all of it was compared with CONTENTS.json. Several
 * threads may read it. For files that stay, see archive_extract of reader.h.
 */
#ifndef STORAGE_ARCHIVE_TREE_H
#define STORAGE_ARCHIVE_TREE_H

#include "storage/archive/contents.h"
#include "storage/archive/reader.h"
#include "storage/base/buf.h"

struct tree;

/* Whether an entry becomes a file below the directory of the tree. */
typedef bool tree_as_file(const char *path);

/* Unpacks all of `from`, which it owns. `dir` exists, is empty and private, and
 * outlives the tree (copied); o->scratch, the directory for the spool, must be
 * given. NULL as archive_reader_run. In the end, and also on failure, the
 * caller removes what is below `dir`. totals may be NULL. */
struct tree *tree_unpack(struct source *from, const struct reader_options *o,
    const char *dir, tree_as_file *as_file, struct reader_totals *totals,
    struct err *err);
void tree_free(struct tree *t); /* takes NULL */

/* Appends a whole entry. ERR_NOT_FOUND if there is none of that name,
 * ERR_FORMAT if it is longer than max_bytes. */
int tree_read(const struct tree *t, const char *path, size_t max_bytes,
    struct buf *out, struct err *err);
/* The tree's own copy of the name of an entry that is no file; NULL if there is
 * none. */
const char *tree_name(const struct tree *t, const char *path);
/* The path on disk of an entry that is a file, or of a directory of files; the
 * caller frees. */
char *tree_path(const struct tree *t, const char *path);
/* contents_each over its CONTENTS.json. */
int tree_contents(const struct tree *t,
    int (*entry)(void *ctx, const struct contents_entry *e, struct err *err),
    void *ctx, struct err *err);

#endif
