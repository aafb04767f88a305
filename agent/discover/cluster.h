/*
 * Reads of a cluster what names repositories and state (mentions.h). Only kinds
 * that it serves are listed. What may not be read is unclear; the rest goes on.
 */
#ifndef AGENT_DISCOVER_CLUSTER_H
#define AGENT_DISCOVER_CLUSTER_H

#include "agent/discover/found.h"
#include "storage/base/clock.h"
#include "storage/base/err.h"

struct kube_client;

/* -1 if the cluster does not answer as one. */
int cluster_discover(struct kube_client *c, const char *name,
    const struct clock *clock, struct found *f, struct err *err);

#endif
