/*
 * Lists a snapshot and reads single entries of it without reading the rest.
 * Each entry is checked before it is handed out. A snapshot of version 1 has no
 * index: all of it is read, and the log says so.
 */
#ifndef RESTORE_BROWSE_H
#define RESTORE_BROWSE_H

#include "restore/open.h"
#include "storage/archive/contents.h"
#include "storage/base/spool.h"

struct json_object;
struct seek;

struct browse {
	const struct command *command;
	struct opened opened;
	struct seek *seek; /* or NULL: it was unpacked whole */
};
#define BROWSE_INIT                                                            \
	{                                                                      \
		.opened = OPENED_INIT                                          \
	}

void browse_done(struct browse *l);
/* The vault, and what is in it. */
int browse_vault(const struct command *c, struct browse *l, struct err *err);
/* And the snapshot that the operand names. */
int browse_open(const struct command *c, struct browse *l, struct err *err);
/* Opens a snapshot of the vault's list, and closes the one that was open. */
int browse_snapshot(
    struct browse *l, const struct snapshot *s, struct err *err);

/* contents_each over its CONTENTS.json. */
int browse_each(const struct browse *l,
    int (*entry)(void *ctx, const struct contents_entry *e, struct err *err),
    void *ctx, struct err *err);
/* Adds an entry's content to a spool, which is good where 0 came back. */
int browse_read(struct browse *l, const struct contents_entry *e,
    struct spool *to, struct err *err);
/* Writes content that browse_read has read to a file. */
struct unpack_file;
int browse_write(struct unpack_file *to, const char *path,
    const struct spool *content, struct err *err);
/* The same, of what is at most max_bytes, appended. */
int browse_read_text(struct browse *l, const struct contents_entry *e,
    size_t max_bytes, struct buf *out, struct err *err);
/* The object whose entry has that path: the caller's, NULL where there is no
 * such entry. ERR_FORMAT where it is longer than LIMITS_OBJECT_BYTES, or not
 * JSON. */
int browse_read_object(struct browse *l, const char *path,
    struct json_object **out, struct err *err);

#endif
