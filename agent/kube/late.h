/*
 * Kinds that were defined before the server was asked what it serves, and that
 * it did not list yet: their definitions are captured, and their objects are
 * not. They are named.
 */
#ifndef AGENT_KUBE_LATE_H
#define AGENT_KUBE_LATE_H

#include "agent/kube/run.h"

/* Once all jobs have ended. */
void kube_late_report(struct capture_kube_run *r);

#endif
