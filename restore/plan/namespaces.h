/*
 * Which namespaces a target has: by one list, or, where the account may not
 * list them, by asking for each that the plan names. A Role that is bound in a
 * namespace is enough for that, for the API takes a namespace as an object of
 * itself (https://kubernetes.io/docs/reference/access-authn-authz/rbac/).
 */
#ifndef RESTORE_PLAN_NAMESPACES_H
#define RESTORE_PLAN_NAMESPACES_H

#include "restore/plan/list.h"
#include "restore/plan/plan.h"

/* One that is asked for by itself. */
struct namespaces_name {
	const char *name; /* borrowed from the plan */
	bool used;	  /* the plan writes it, or something in it */
	/* The snapshot has a namespace of this name, with its UID: where it is
	 * the same in the target, that is the cluster it was taken from. */
	bool tells;
	bool denied; /* it may not be read */
};
VEC_DEFINE(namespaces_names, struct namespaces_name);

/* Those of one cluster, each once. A namespace that is restored by another name
 * is there by both. */
void namespaces_wanted(
    const struct plan *p, uint16_t cluster, struct namespaces_names *out);

struct namespaces {
	bool listed;
	struct namespaces_names asked; /* where they were not */
	struct err why;		       /* of the first that may not be read */
};
void namespaces_done(struct namespaces *n);
/* Those that may not be read, of those that tell or are used: "'a', 'b'", or
 * "". The caller frees. */
char *namespaces_denied(const struct namespaces *n, bool that_tell);

/* Calls fn for each that is there. -1 as list_metadata, but not where a right
 * is missing. */
int namespaces_read(const struct plan *p, uint16_t cluster, list_item_fn *fn,
    void *ctx, struct namespaces *out, struct err *err);

/* Whether their UIDs were enough to find out that the target is not the cluster
 * that the snapshot was taken from: each of the snapshot's was looked for, and
 * of those that were asked for there was one at least. */
bool namespaces_tell(const struct namespaces *n);

#endif
