/*
 * The driver of Kubernetes objects: creates missing objects, treats existing
 * ones as --existing says, waits until they are ready, and pauses and releases
 * the controllers that would work against the restore.
 */
#ifndef RESTORE_KUBE_APPLIER_H
#define RESTORE_KUBE_APPLIER_H

#include "restore/apply/driver.h"
#include "restore/plan/plan.h"

#include <stddef.h>

enum applier_gates {
	APPLIER_GATES_AUTO, /* for pods only where the cluster runs pods */
	APPLIER_GATES_ALWAYS,
	APPLIER_GATES_NEVER, /* nothing but what the API itself needs */
};

struct applier_options {
	/* Borrowed; of a plan: those of its options. */
	const struct plan_cluster *clusters;
	size_t cluster_count;
	enum applier_gates gates;
};

struct applier;

struct applier *applier_new(const struct applier_options *o);
void applier_free(struct applier *a); /* takes NULL */
void applier_freep(struct applier **a);
/* For one run at a time; lives as long as the applier. */
const struct apply_driver *applier_driver(struct applier *a);

#endif
