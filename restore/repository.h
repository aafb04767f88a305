/*
 * A repository of a snapshot, unpacked as a bare one.
 */
#ifndef RESTORE_REPOSITORY_H
#define RESTORE_REPOSITORY_H

#include "restore/browse.h"

/* Into the snapshot's scratch directory, once; the path, which the caller
 * frees. */
char *repository_unpack(struct browse *l, const char *name, struct err *err);

#endif
