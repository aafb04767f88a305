/*
 * Gates: waiting until an object that others need is ready.
 */
#ifndef RESTORE_KUBE_READY_H
#define RESTORE_KUBE_READY_H

#include "restore/kube/target.h"

/* Until it is ready, or its time is over; the report says what came of it. */
enum gate_state ready_wait(struct applier *a, uint32_t node);

#endif
