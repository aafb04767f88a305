/*
 * Whether the account may read what a capture of a cluster would read, asked
 * of each list without reading it.
 */
#ifndef AGENT_KUBE_ACCESS_H
#define AGENT_KUBE_ACCESS_H

#include "agent/kube/run.h"

/* Of jobs that are planned, and do not run. What is refused is in them, as it
 * would be after a run. */
void kube_access_review(struct capture_kube_run *r);

#endif
