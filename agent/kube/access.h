/*
 * Whether the account may read what a capture of a cluster would read. Asks the
 * server about each list without reading it.
 */
#ifndef AGENT_KUBE_ACCESS_H
#define AGENT_KUBE_ACCESS_H

#include "agent/kube/run.h"

/* For jobs that are planned and do not run. Refused lists are recorded in them,
 * as after a run. */
void kube_access_review(struct capture_kube_run *r);

#endif
