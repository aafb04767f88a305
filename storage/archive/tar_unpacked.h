/*
 * Unpacks compressed frames (frames.h) without interpreting their content,
 * through libarchive, like the archives in tar_read.c.
 */
#ifndef STORAGE_ARCHIVE_TAR_UNPACKED_H
#define STORAGE_ARCHIVE_TAR_UNPACKED_H

#include "storage/archive/format.h"
#include "storage/base/err.h"
#include "storage/base/stream.h"

/* Owns from, also on failure; from returns whole frames. */
struct source *tar_unpacked(
    enum archive_compression c, struct source *from, struct err *err);

#endif
