/*
 * A Kubernetes control plane without nodes for one drill: etcd and
 * kube-apiserver out of a folder, as envtest lays it out
 * (https://book.kubebuilder.io/reference/envtest), on free ports of the
 * loopback interface, with certificates of their own, below a private
 * directory. Both end with this process.
 *
 * It reaches nothing outside: admission webhooks are switched off, and what
 * the API server would send to a service or a webhook of a cluster (conversion
 * of versions, aggregated APIs) goes to a proxy that does not exist
 * (https://kubernetes.io/docs/tasks/extend-kubernetes/setup-konnectivity/,
 * EgressSelectorConfiguration). Nothing runs beside it, so what controllers
 * decide (quotas in use, accounts) is not enforced.
 */
#ifndef RESTORE_DRILL_CONTROL_PLANE_H
#define RESTORE_DRILL_CONTROL_PLANE_H

#include "config/connect.h"
#include "restore/drill/child.h"

struct control_plane {
	char *kubeconfig; /* of its administrator; in the private directory */
	char *version;	  /* "v1.33.1"; once it is ready */
	char *dir;
	char *assets;
	struct child etcd, api;
	struct strvec etcd_args, api_args;
	int64_t api_began; /* in ticks */
	int api_starts;
};

/* ERR_USAGE where the folder does not have both programs. */
int control_plane_check(const char *assets, struct err *err);
/* Starts both, in the new directory `dir`, and returns at once; from a thread
 * that outlives them. -1 where they cannot be started; control_plane_done in
 * any case. */
int control_plane_start(struct control_plane *p, const char *assets,
    const char *dir, const struct connect_env *env, struct err *err);
/* Until it answers and is ready; -1 with ERR_SYSTEM and what it printed last if
 * one of the two ends or it takes too long, ERR_CANCELLED. */
int control_plane_wait(
    struct control_plane *p, const struct connect_env *env, struct err *err);
/* Whether neither has ended by itself. */
bool control_plane_runs(struct control_plane *p);
/* Where one has: -1 with ERR_SYSTEM and what it printed last. */
int control_plane_ended(struct control_plane *p, struct err *err);
void control_plane_done(struct control_plane *p);

#endif
