/*
 * API servers that somebody else runs, named for drills in drill.clusters. A
 * drill sends them dry runs, and with a prefix writes into namespaces of its
 * own; and nothing at all where they are a source or a target of a restore:
 * webhooks see dry runs too, and what is rehearsed must not load the platform
 * that it is a copy of. With a prefix, --same-cluster allows that.
 */
#ifndef RESTORE_DRILL_GIVEN_H
#define RESTORE_DRILL_GIVEN_H

#include "config/cli/checks.h"
#include "restore/command.h"

struct json_object;
struct manifest;

/* How it is reached, of that cluster of the snapshot; NULL: none is given.
 * Borrowed. */
const struct settings_cluster_access *given_for(
    const struct settings *s, const char *cluster);
/* Unless it is allowed (see above), ERR_USAGE where it is the cluster of a
 * snapshot, or one that the configuration names as a source or as a target: by
 * the UID of kube-system, and for those that cannot be asked by their URL. As
 * kube_client_get where it does not tell its UID. `*version` becomes the
 * server's; the caller's. */
int given_check(const struct command *c, const struct manifest *m,
    const struct json_object *cluster, char **version, struct err *err);
/* Lines for `check`, of each server given for a cluster of the snapshot:
 * whether the account may do there what a drill does. That it is a source or a
 * target, or lacks what only a prefix needs, is a warning. Nothing is written.
 */
void given_probe(
    const struct command *c, const struct manifest *m, struct checks *checks);

#endif
