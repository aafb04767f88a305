/*
 * Unpacks gzip (RFC 1952) that is in memory, piece by piece: the unpacked
 * content needs no memory. Through zlib.
 */
#ifndef STORAGE_BASE_GUNZIP_H
#define STORAGE_BASE_GUNZIP_H

#include "storage/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether it begins as gzip does. */
bool gunzip_is_gzip(const void *data, size_t len);

/* Passes on all that one gzip member unpacks to. *whole (never NULL) becomes
 * false if the data ends before the member does. That is not an error: what
 * there was has been passed on. -1 with ERR_FORMAT if it is not gzip, if its
 * checksum is wrong, if something follows it, or if it unpacks to more than
 * max_bytes.
 */
int gunzip(const void *data, size_t len, uint64_t max_bytes,
    void (*emit)(void *ctx, const void *data, size_t len), void *ctx,
    bool *whole, struct err *err);

#endif
