/*
 * Which namespaces of a cluster are captured.
 */
#ifndef AGENT_KUBE_NAMESPACES_H
#define AGENT_KUBE_NAMESPACES_H

#include "agent/kube/run.h"

/* Fills r->run.namespaces and r->run.wide. Names that do not exist are missing
 * in the report. If namespaces may not be listed, those that are named without
 * a pattern are used unchecked, with a warning; -1 if there is none. */
int kube_namespaces_choose(struct capture_kube_run *r, struct err *err);

#endif
