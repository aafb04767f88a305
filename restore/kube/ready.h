/*
 * Gates: waiting until an object that others need is ready.
 */
#ifndef RESTORE_KUBE_READY_H
#define RESTORE_KUBE_READY_H

#include "restore/kube/target.h"

/* Waits until it is ready or its time is over, and adds the result to the
 * report. */
enum gate_state ready_wait(struct applier *a, uint32_t node);

#endif
