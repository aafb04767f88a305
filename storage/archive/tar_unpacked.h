/*
 * The bytes of compressed frames (frames.h), without what they hold being
 * looked at: through libarchive, as those of an archive in tar_read.c.
 */
#ifndef STORAGE_ARCHIVE_TAR_UNPACKED_H
#define STORAGE_ARCHIVE_TAR_UNPACKED_H

#include "storage/archive/format.h"
#include "storage/base/err.h"
#include "storage/base/stream.h"

/* Owns from, also on failure, which yields whole frames. */
struct source *tar_unpacked(
    enum archive_compression c, struct source *from, struct err *err);

#endif
