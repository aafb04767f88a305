/*
 * What the manifest says of a cluster.
 */
#ifndef AGENT_CAPTURE_KUBE_SUMMARY_H
#define AGENT_CAPTURE_KUBE_SUMMARY_H

#include "agent/capture_kube_run.h"

struct json_object;

/* One member of "clusters" (agent/capture_kube.h); the caller's. */
struct json_object *capture_kube_summary(const struct capture_kube_run *r);

#endif
