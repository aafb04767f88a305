/*
 * Whether the nodes of a layer may be restored yet: all layers that it waits
 * for are restored and ready, and where it is manual, somebody has approved it.
 */
#ifndef RESTORE_APPLY_LAYER_START_H
#define RESTORE_APPLY_LAYER_START_H

#include "restore/apply/level.h"

/* Called before the run begins. ERR_USAGE where an approval is for no layer,
 * for one that needs none, or for one behind another that waits for its own. */
int layer_start_check(const struct level_engine *e, struct err *err);
/* May ask and wait; not from several threads. */
enum level_layer layer_start(struct level_engine *e, size_t layer);
/* Layers that had to wait are looked at again. */
void layer_start_again(struct level_engine *e);
/* The first layer that waits for approval; NULL: none does. */
const char *layer_start_waiting(const struct level_engine *e);

#endif
