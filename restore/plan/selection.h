/*
 * --only: which parts of a snapshot a plan includes, and which there are to
 * choose from.
 */
#ifndef RESTORE_PLAN_SELECTION_H
#define RESTORE_PLAN_SELECTION_H

#include "restore/plan/plan.h"

/* The names that each kind is limited to, and the layers; none: all. */
struct selection {
	struct strvec git, terraform, kubernetes, layers;
};
void selection_done(struct selection *s);
/* What the texts of --only (KIND, or KIND:NAME) say, into the options, which
 * borrow the selection. ERR_USAGE where one says nothing. */
int selection_parse(const struct strvec *only, struct selection *s,
    struct plan_options *o, struct err *err);
/* Once it is planned: ERR_NOT_FOUND where a name fits nothing, which is a slip
 * and must not read as a restore. */
int selection_check(const struct plan *p, struct err *err);

/* Whether something of that kind is to be planned; the plan takes note of it.
 * It is chosen by its name (repository, bucket, namespace; NULL: it has none,
 * as objects that no namespace holds), or by what it is in full: a state
 * BUCKET/KEY, an object CLUSTER/NAMESPACE, of which a beginning that ends in a
 * slash chooses all below it. */
bool selection_includes(struct plan *p, const char *kind,
    const struct strvec *only, const char *name, const char *full);
/* Whether an object is chosen by all that it is: [CLUSTER/]NAMESPACE/KIND/NAME,
 * where KIND is as Deployment or Deployment.apps, in any case, and NAMESPACE is
 * empty for what no namespace holds. */
struct selection_object {
	const char *cluster, *ns; /* ns NULL: none holds it */
	const char *kind, *group, *name;
};
bool selection_includes_object(struct plan *p, const struct strvec *only,
    const struct selection_object *o);
/* Whether an object in that namespace may be chosen so. */
bool selection_needs_namespace(
    const struct strvec *only, const char *cluster, const char *ns);
/* Whether anything of that cluster may be among what a plan is limited to, and
 * whether all of it is. */
bool selection_includes_cluster(const struct strvec *only, const char *cluster);
bool selection_includes_all_of(const struct strvec *only, const char *cluster);

#endif
