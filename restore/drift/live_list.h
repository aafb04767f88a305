/*
 * One list of one cluster, as it is now, held against a snapshot.
 */
#ifndef RESTORE_DRIFT_LIVE_LIST_H
#define RESTORE_DRIFT_LIVE_LIST_H

#include "restore/meeting.h"
#include "storage/archive/limits.h"
#include "storage/kube/discovery.h"
#include "storage/kube/list.h"
#include "storage/kube/select.h"

/* The same for all lists of a cluster. */
struct live_cluster {
	struct meeting *m;
	const struct settings_cluster *settings;
	const struct json_object *captured; /* of the manifest */
	struct kube_client *client;
	struct kube_api api;
	struct kube_selection selection;
	struct strvec namespaces; /* that are compared */
};

struct live_list {
	struct live_cluster *cluster;
	const struct kube_resource *resource;
	const char *version; /* in which it is read */
	const char *ns;	     /* NULL: all, or none */
	/* A backup takes only those objects that something refers to. One that
	 * was there before the snapshot and is not in it was not. */
	bool referenced;
	struct err fatal; /* the snapshot cannot be read; or cancelled */
};

/* Notes as not seen what cannot be listed. */
void live_list_run(struct live_list *l);

#endif
