/*
 * Snapshots of volumes by the CSI: one that was taken is found again by its
 * handle. As it was captured it would be a request, and the snapshot controller
 * would take another of whatever the volume holds now
 * (https://kubernetes.io/docs/concepts/storage/volume-snapshots/, "Provisioning
 * Volume Snapshot": a pre-provisioned one; kubernetes-csi/external-snapshotter
 * v8.6.0, pkg/common-controller/snapshot_controller.go, syncUnreadySnapshot,
 * and pkg/sidecar-controller/snapshot_controller.go, syncContent). Pure.
 */
#ifndef RESTORE_OBJECTS_SNAPSHOT_SOURCE_H
#define RESTORE_OBJECTS_SNAPSHOT_SOURCE_H

#include <stdbool.h>

struct json_object;

/* A snapshot that is bound names its content, and a content that has a handle
 * names that, for those of groups likewise. True if this changed its source;
 * one that was never taken stays the request that it is. Needs the status. */
bool snapshot_source_settle(struct json_object *object);

/* Where the live object, settled like that, has the same source, the wanted one
 * gets the live one's, which cannot be changed; so it is with what binds it. */
void snapshot_source_keep(
    struct json_object *wanted, const struct json_object *live);

#endif
