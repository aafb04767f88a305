/*
 * Which namespaces of a cluster are captured.
 */
#ifndef AGENT_KUBE_NAMESPACES_H
#define AGENT_KUBE_NAMESPACES_H

#include "agent/kube/run.h"

/* Fills r->run.namespaces and r->run.wide. Those that are named and not there
 * are missing in the report. Where namespaces may not be listed, those that
 * are named plainly are taken as they are, with a warning; -1 where none is. */
int kube_namespaces_choose(struct capture_kube_run *r, struct err *err);

#endif
