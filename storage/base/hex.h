/*
 * Bytes as hexadecimal digits.
 */
#ifndef STORAGE_BASE_HEX_H
#define STORAGE_BASE_HEX_H

#include "storage/base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void hex_add(struct buf *b, const void *data, size_t len); /* lower case */
/* Writes len / 2 bytes, from digits of either case. Returns 0, or -1 if a
 * character is not a digit or a digit is missing. */
int hex_decode(const char *text, size_t len, uint8_t *out);
int hex_value(char c); /* of a digit, or -1 */
/* Whether a text, or NULL, is exactly so many digits in lower case. */
bool hex_is_lower(const char *text, size_t digits);

#endif
