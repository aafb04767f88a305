/*
 * What a lane holds once it is more than memory should: packed into a part of
 * the archive by a thread of its own, while more arrives.
 */
#ifndef STORAGE_ARCHIVE_PACKER_H
#define STORAGE_ARCHIVE_PACKER_H

#include "storage/archive/part.h"

#include <stdint.h>

/* A part that is whole, ready to go into an archive as it is. */
struct packed {
	struct spool bytes; /* of the archive */
	struct spool lines; /* of CONTENTS.json */
	struct frames frames;
};
void packed_done(struct packed *p);

struct packer;

/* scratch is borrowed: where the spools of what is packed have their files. */
struct packer *packer_new(
    const struct compress_options *o, const char *scratch, struct err *err);
/* Takes the records; the buf comes back empty, with memory to fill. -1 where
 * something given before could not be packed. */
int packer_give(struct packer *p, struct buf *records, struct err *err);
/* All that was given is in *out, which is the caller's then. */
int packer_finish(struct packer *p, struct packed *out, struct err *err);
void packer_free(struct packer *p); /* takes NULL; drops what is not finished */

#endif
