/*
 * The guard against a restore into the cluster that the snapshot was taken
 * from: it has the same kube-system, or a namespace of the snapshot, by their
 * UIDs.
 */
#ifndef RESTORE_PLAN_SOURCE_CLUSTER_H
#define RESTORE_PLAN_SOURCE_CLUSTER_H

#include "restore/plan/namespaces.h"

/* `same` is a namespace of the target that is the very one of the snapshot, or
 * NULL. ERR_USAGE where it is the source, or where neither UIDs of namespaces
 * nor that of kube-system tell, unless the operator has allowed it; a warning
 * where those of namespaces alone do. */
int source_cluster_check(struct plan *p, uint16_t cluster,
    const struct namespaces *found, const char *same, struct err *err);

#endif
