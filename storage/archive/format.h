/*
 * How an archive is packed, as the end of its name and its manifest say.
 */
#ifndef STORAGE_ARCHIVE_FORMAT_H
#define STORAGE_ARCHIVE_FORMAT_H

enum archive_compression { ARCHIVE_ZSTD, ARCHIVE_GZIP };
enum archive_encryption { ARCHIVE_AGE, ARCHIVE_PLAIN };

/* "zstd" or "gzip"; "age" or "none". */
const char *format_compression_name(enum archive_compression c);
const char *format_encryption_name(enum archive_encryption e);
/* The end of an archive's name: ".tar.zst.age". */
const char *format_suffix(
    enum archive_compression c, enum archive_encryption e);

#endif
