/*
 * Reads the archives of a snapshot as if they were one. The newest is read
 * first, since its CONTENTS.json says which of the others has what; of those,
 * only what it names is handed out, and compared with it. Entries come in no
 * particular order.
 */
#ifndef STORAGE_ARCHIVE_JOINED_H
#define STORAGE_ARCHIVE_JOINED_H

#include "storage/archive/reader.h"

/* archive_reader_run, over o->earlier too where there is one; `from` is the
 * newest archive, which it owns. ERR_INTEGRITY also if something that is named
 * is not where it should be, is there twice, or is not all that the manifest
 * counts. */
int joined_run(struct source *from, const struct reader_options *o,
    const struct reader_visitor *visitor, struct reader_totals *totals,
    struct err *err);

#endif
