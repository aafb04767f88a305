/*
 * Finds the key of an object that a server keeps and cannot show, by where a
 * list may begin: one that begins at the object or before it fails, and one
 * that begins behind it does not. Pure, apart from the question.
 */
#ifndef STORAGE_KUBE_KEY_SEARCH_H
#define STORAGE_KUBE_KEY_SEARCH_H

#include "storage/base/buf.h"
#include "storage/base/err.h"

#include <stdbool.h>

/* Sets *fails to whether a list of one object fails that begins at the key. -1
 * if that cannot be known. */
typedef int kube_key_search_fn(
    void *ctx, const char *key, bool *fails, struct err *err);

/* The key, "<namespace>/<name>" or "<name>", of the object that fails a list
 * which begins behind the key `after` ("": at the first object). Where several
 * objects in a row do, it is the last of them. -1 also with ERR_FORMAT if the
 * answers fit no key. Names are those of custom resources, thus of lower case
 * letters, digits, '-' and '.'. It takes about five questions for each letter
 * in which the key differs from `after`. */
int kube_key_search(const char *after, kube_key_search_fn *ask, void *ctx,
    struct buf *key, struct err *err);

#endif
