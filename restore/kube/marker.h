/*
 * The marker that a restore leaves in a cluster: the ConfigMap
 * kube-system/backstay-restored, by which `heal` tells a living platform from
 * an empty one and from one that is restored in part. Every cluster has that
 * namespace from the start.
 *
 *   data   platform  the name of the configuration
 *          snapshot  the label of the snapshot
 *          restore   the UID of the restore
 *          state     "restoring" while an empty cluster is filled, "repairing"
 *                    while a living one has a restore by hand, and at the end
 *                    "restored"
 *          cluster   the UID of the namespace kube-system
 *          sha256    of these values in this order, each with a line feed
 *
 * The digest does not protect from somebody who may write there; it shows
 * that a hand has edited the marker, and the UID that it was copied from
 * elsewhere.
 */
#ifndef RESTORE_KUBE_MARKER_H
#define RESTORE_KUBE_MARKER_H

#include "storage/base/err.h"

#define MARKER_NAMESPACE "kube-system"
#define MARKER_NAME "backstay-restored"

struct json_object;
struct kube_client;

enum marker_state { MARKER_RESTORING, MARKER_REPAIRING, MARKER_RESTORED };

struct marker {
	char *platform, *snapshot, *restore, *cluster;
	enum marker_state state;
	char *version; /* of the object that was read; NULL: none was */
};

void marker_done(struct marker *m);

/* The object, the caller's; and the reverse: ERR_INTEGRITY where it was edited.
 * Both pure. `out` is released with marker_done in any case. */
struct json_object *marker_write(const struct marker *m);
int marker_parse(
    const struct json_object *object, struct marker *out, struct err *err);

/* 1, or 0 where the cluster has none; `*uid` becomes that of the cluster, the
 * caller's. -1 as marker_parse, ERR_INTEGRITY where it is of another cluster,
 * or as kube_client_send. */
int marker_get(
    struct kube_client *c, char **uid, struct marker *out, struct err *err);
/* Makes it, or replaces the one that was read. ERR_EXISTS where somebody else
 * has written it in the meantime. */
int marker_put(struct kube_client *c, const struct marker *m, struct err *err);

#endif
