/*
 * gzip (RFC 1952) that lies in memory, unpacked piece by piece: what it
 * unpacks to needs no memory. Through zlib.
 */
#ifndef STORAGE_BASE_GUNZIP_H
#define STORAGE_BASE_GUNZIP_H

#include "storage/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether it begins as gzip does. */
bool gunzip_is_gzip(const void *data, size_t len);

/* Hands over all that one gzip member unpacks to. *whole (never NULL) is
 * false where the data ends before the member does: that is no error, what
 * there was has been handed over. -1 with ERR_FORMAT where it is no gzip, its
 * checksum is wrong, something follows it, or it unpacks to more than
 * max_bytes. */
int gunzip(const void *data, size_t len, uint64_t max_bytes,
    void (*emit)(void *ctx, const void *data, size_t len), void *ctx,
    bool *whole, struct err *err);

#endif
