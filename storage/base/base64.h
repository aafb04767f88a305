/*
 * Bytes as base64 (RFC 4648 section 4).
 */
#ifndef STORAGE_BASE_BASE64_H
#define STORAGE_BASE_BASE64_H

#include "storage/base/buf.h"

#include <stdbool.h>
#include <stddef.h>

void base64_add(struct buf *b, const void *data, size_t len, bool padded);
/* Strict: canonical and without white space; `padded` says whether '=' is
 * required or refused. Returns 0, or -1 if the text is anything else. */
int base64_decode(const char *text, size_t len, bool padded, struct buf *out);

#endif
