/*
 * The names of the namespaces of a drill: those of the snapshot, with a prefix.
 * Pure.
 */
#ifndef RESTORE_DRILL_PREFIX_H
#define RESTORE_DRILL_PREFIX_H

#include "storage/base/err.h"
#include "storage/base/str.h"

/* Appends the name that each gets, in the same order. ERR_USAGE where the
 * prefix is empty, makes a name that no namespace may have (RFC 1123: 63
 * characters of a-z, 0-9 and '-'), or the name of one of the snapshot. */
int prefix_names(const char *prefix, const struct strvec *namespaces,
    struct strvec *out, struct err *err);
/* By which the namespaces of a drill are known to be of that configuration,
 * cluster of the snapshot, and prefix: a value of a label. The caller frees. */
char *prefix_mark(
    const char *platform, const char *cluster, const char *prefix);

#endif
