/*
 * Tar archives as a test needs them: made by hand (pax of POSIX.1-2017, "ustar
 * Interchange Format"), so that entries can be of any kind, and damage is where
 * the test wants it.
 */
#ifndef TESTS_SUPPORT_TARS_H
#define TESTS_SUPPORT_TARS_H

#include "storage/archive/format.h"
#include "storage/base/buf.h"

#include <stddef.h>
#include <stdint.h>

/* Appends the header of an entry; type '0' is a plain file, '2' a link to
 * `link` (or NULL). */
void test_tar_header(struct buf *tar, const char *name, char type,
    uint64_t bytes, const char *link);
/* Content, filled up to whole blocks. */
void test_tar_content(struct buf *tar, const void *data, size_t len);
/* A plain file. */
void test_tar_file(
    struct buf *tar, const char *name, const void *data, size_t len);
/* Appends a record of a pax header ("<length> key=value"). */
void test_tar_record(
    struct buf *records, const char *key, const char *value, size_t value_len);
/* A pax header of these records, for the entry that follows. */
void test_tar_pax(struct buf *tar, const struct buf *records);
void test_tar_end(struct buf *tar);

/* Appends what was compressed; the writer's own stages are what compresses. */
void test_tar_compress(
    enum archive_compression c, const void *data, size_t len, struct buf *out);
/* Appends "<path>: <content>\n" of each entry of one, or of a part of one. */
void test_tar_list(
    enum archive_compression c, const struct buf *packed, struct buf *out);

#endif
