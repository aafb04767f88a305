/*
 * gzip as a stage of a stream, through libarchive: what one sink makes is one
 * member (RFC 1952), and any number of those, one behind the other, are one
 * stream to every reader. The same input gives the same bytes.
 */
#ifndef STORAGE_ARCHIVE_TAR_GZIP_H
#define STORAGE_ARCHIVE_TAR_GZIP_H

#include "storage/base/err.h"
#include "storage/base/stream.h"

/* Owns the next one, also on failure. level: 0 is gzip's own. */
struct sink *tar_gzip(int level, struct sink *next, struct err *err);

#endif
