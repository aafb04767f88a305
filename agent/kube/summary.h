/*
 * What the manifest says of a cluster.
 */
#ifndef AGENT_KUBE_SUMMARY_H
#define AGENT_KUBE_SUMMARY_H

#include "agent/kube/run.h"

struct json_object;

/* One member of "clusters" (agent/capture_kube.h); the caller's. */
struct json_object *capture_kube_summary(const struct capture_kube_run *r);
/* As a captured definition says it, or else its server; NULL: not known. */
const char *capture_kube_storage_version(
    const struct capture_kube_run *r, const struct kube_resource *resource);

#endif
