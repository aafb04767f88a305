/*
 * A snapshot that is looked into: what it holds, and single entries of it, each
 * checked before it is handed out, without the rest being read. Of a snapshot
 * of version 1, which has no index, all is read, and that is said.
 */
#ifndef RESTORE_LOOK_H
#define RESTORE_LOOK_H

#include "restore/open.h"
#include "storage/archive/contents.h"
#include "storage/base/spool.h"

struct seek;
struct look_reader;

struct look {
	const struct command *command;
	struct opened opened;
	struct look_reader *reader; /* of the archive; or NULL */
	struct seek *seek;	    /* or NULL: it was unpacked whole */
};
#define LOOK_INIT                                                              \
	{                                                                      \
		.opened = OPENED_INIT                                          \
	}

void look_done(struct look *l);
/* The vault, and what is in it. */
int look_vault(const struct command *c, struct look *l, struct err *err);
/* And the snapshot that the operand names. */
int look_open(const struct command *c, struct look *l, struct err *err);
/* One of the vault's list, in place of the one that was looked into. */
int look_at(struct look *l, const struct snapshot *s, struct err *err);

/* contents_each over its CONTENTS.json. */
int look_each(const struct look *l,
    int (*entry)(void *ctx, const struct contents_entry *e, struct err *err),
    void *ctx, struct err *err);
/* Adds an entry's content to a spool, which is good where 0 came back. */
int look_read(struct look *l, const struct contents_entry *e, struct spool *to,
    struct err *err);
/* What was read so, as a file. */
struct unpack_file;
int look_write(struct unpack_file *to, const char *path,
    const struct spool *content, struct err *err);
/* The same, of what is at most max_bytes, appended. */
int look_read_text(struct look *l, const struct contents_entry *e,
    size_t max_bytes, struct buf *out, struct err *err);

#endif
