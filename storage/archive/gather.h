/*
 * The last archive of a snapshot that several machines captured, each a part of
 * it: it has no entry but CONTENTS.json, which names what is in the archives of
 * the parts. Those are not read, only their own CONTENTS.json.
 *
 * Entries are listed by the kind of their source, and of one kind by part. No
 * two parts may have an entry of one path.
 */
#ifndef STORAGE_ARCHIVE_GATHER_H
#define STORAGE_ARCHIVE_GATHER_H

#include "storage/archive/contents.h"
#include "storage/archive/format.h"
#include "storage/archive/manifest.h"
#include "storage/archive/writer.h"
#include "storage/base/err.h"
#include "storage/base/stream.h"

struct gather;

/* `scratch`, a directory, is borrowed: memory does not grow with the texts. */
struct gather *gather_new(const char *scratch);
void gather_free(struct gather *g); /* takes NULL */
void gather_freep(struct gather **g);
/* The text of the next archive's CONTENTS.json, which it reads to its end, and
 * the manifest of that part. ERR_INTEGRITY if the one is not what the other
 * says, or if an entry is in a part before; then it is of no more use. */
int gather_add(struct gather *g, struct source *contents,
    const struct manifest *part, struct err *err);
/* What all parts have together. */
struct archive_totals gather_totals(const struct gather *g);
/* Of the options only how to compress, and the time, are used. Owns the sink,
 * and finishes it. `where` is that of CONTENTS.json. */
int gather_write(struct gather *g, const struct archive_options *o,
    struct sink *sink, struct contents_where *where, struct err *err);

#endif
