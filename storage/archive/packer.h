/*
 * Packs the entries of a lane into a part of the archive, with a thread of its
 * own, once they are more than should stay in memory.
 */
#ifndef STORAGE_ARCHIVE_PACKER_H
#define STORAGE_ARCHIVE_PACKER_H

#include "storage/archive/part.h"

#include <stdint.h>

/* A complete part, ready to be copied into an archive. */
struct packed {
	struct spool bytes; /* of the archive */
	struct spool lines; /* of CONTENTS.json */
	struct frames frames;
	uint64_t known, known_bytes; /* that were named, not written */
};
void packed_done(struct packed *p);

struct packer;

/* scratch is borrowed: the directory for the files of the spools. */
struct packer *packer_new(const struct compress_options *o,
    const struct part_form *form, const char *scratch, struct err *err);
/* Accepts the records; the buf comes back empty, with memory to fill. -1 if
 * something that was given before could not be packed. */
int packer_give(struct packer *p, struct buf *records, struct err *err);
/* Completes the part; *out belongs to the caller then. */
int packer_finish(struct packer *p, struct packed *out, struct err *err);
void packer_free(struct packer *p); /* takes NULL; drops what is not finished */

#endif
