/*
 * What the manifest says of a cluster.
 */
#ifndef AGENT_KUBE_SUMMARY_H
#define AGENT_KUBE_SUMMARY_H

#include "agent/kube/run.h"

struct json_object;

/* One member of "clusters" (agent/kube/capture.h); the caller's. */
struct json_object *kube_summary_json(const struct capture_kube_run *r);
/* As a captured definition says it, or else its server; NULL: not known. */
const char *kube_summary_storage_version(
    const struct capture_kube_run *r, const struct kube_resource *resource);

#endif
