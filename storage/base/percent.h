/*
 * Percent-encoding of URLs (RFC 3986 section 2.1).
 */
#ifndef STORAGE_BASE_PERCENT_H
#define STORAGE_BASE_PERCENT_H

#include "storage/base/buf.h"

#include <stddef.h>

/* Appends s with all bytes as %XX except unreserved characters and those in
 * `keep`. */
void percent_add(struct buf *b, const char *s, size_t len, const char *keep);

#endif
