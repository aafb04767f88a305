/*
 * Stretches of JSON text that was scanned before (scan.h): members, items and
 * texts found in place. Pure.
 */
#ifndef STORAGE_JSON_RANGE_H
#define STORAGE_JSON_RANGE_H

#include "storage/base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* A stretch of the text; a string's is what stands between its quotes, still
 * escaped. `at` NULL: there is none. */
struct kube_range {
	const char *at;
	size_t len;
};

/* Appends what a string's range says, its escapes undone (a lone surrogate
 * becomes U+FFFD). */
void kube_range_decode(struct kube_range string, struct buf *out);
/* The value of a member of an object that was scanned before, of any kind, as
 * it stands there; false where there is none. */
bool kube_range_get(
    struct kube_range object, const char *key, struct kube_range *value);
/* The items of an array that was scanned before: *at starts at 0. */
bool kube_range_next(
    struct kube_range array, size_t *at, struct kube_range *value);
/* Appends the text of a value that is a string, as it stands in an object or an
 * array; false for another. */
bool kube_range_text(struct kube_range value, struct buf *out);
/* Appends the text of a member that is a string; false where there is none. */
bool kube_range_get_text(
    struct kube_range object, const char *key, struct buf *out);

/* Compares without decoding: a key with escapes is equal to nothing. */
bool kube_range_is(struct kube_range string, const char *text);

#endif
