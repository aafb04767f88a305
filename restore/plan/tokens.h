/*
 * Tokens of service accounts that the control plane made by itself, as it did
 * before 1.24, and that objects of the snapshot name: they are captured
 * nowhere, and no server makes one by that name again.
 */
#ifndef RESTORE_PLAN_TOKENS_H
#define RESTORE_PLAN_TOKENS_H

#include "restore/plan/pending.h"

/* A warning for each such token that is named, with the way out. After all is
 * read. */
void tokens_warn(struct pending *w);

#endif
