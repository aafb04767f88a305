/*
 * Ranges of JSON text that was scanned before (scan.h): finds members, items
 * and texts in place. Pure.
 */
#ifndef STORAGE_JSON_RANGE_H
#define STORAGE_JSON_RANGE_H

#include "storage/base/buf.h"
#include "storage/json/scan.h"

#include <stdbool.h>
#include <stddef.h>

/* Appends the text of a string's range, with its escapes resolved (a lone
 * surrogate becomes U+FFFD). */
void json_range_decode(struct json_range string, struct buf *out);
/* The value of a member of an object that was scanned before, of any kind, as
 * it is written; false if there is none (a key with escapes equals nothing). */
bool json_range_get(
    struct json_range object, const char *key, struct json_range *value);
/* The items of an array that was scanned before: *at starts at 0. */
bool json_range_next(
    struct json_range array, size_t *at, struct json_range *value);
/* Appends the text of a value that is a string, as it is written in an object
 * or an array; false for other kinds. */
bool json_range_text(struct json_range value, struct buf *out);
/* Appends the text of a member that is a string; false if there is none. */
bool json_range_get_text(
    struct json_range object, const char *key, struct buf *out);

#endif
