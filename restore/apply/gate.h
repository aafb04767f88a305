/*
 * Waits until nodes that were applied are ready, side by side.
 */
#ifndef RESTORE_APPLY_GATE_H
#define RESTORE_APPLY_GATE_H

#include "restore/apply/level.h"

/* Each node's gate is known afterwards. A node that failed is not waited for:
 * its failure already holds back what needs it. */
void gate_wait(struct level_engine *e, const uint32_t *nodes, size_t count);

#endif
