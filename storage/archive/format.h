/*
 * How an archive is packed: what its name ends in and its manifest says.
 */
#ifndef STORAGE_ARCHIVE_FORMAT_H
#define STORAGE_ARCHIVE_FORMAT_H

enum archive_compression { ARCHIVE_ZSTD, ARCHIVE_GZIP };
enum archive_encryption { ARCHIVE_AGE, ARCHIVE_PLAIN };

#endif
