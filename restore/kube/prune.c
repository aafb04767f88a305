#include "restore/kube/prune.h"

#include "restore/kube/send.h"
#include "storage/base/cleanup.h"
#include "storage/kube/path.h"

static void prune_one(struct applier *a, const struct plan_prune *d, bool hold)
{
	struct err err = ERR_INIT;
	autofree char *what = str_printf("%s%s%s %s/%s", d->k->kind,
	    *d->k->group ? "." : "", d->k->group, d->namespace, d->name);
	struct report_item *item = report_add(a->run->report, "prune", what);

	item->level = a->run->p->graph.levels;
	if (hold) {
		outcome_set(&item->outcome, OUTCOME_HELD,
		    "nothing is deleted while something is missing");
		return;
	}
	autofree char *path = kube_path(
	    d->k->api_version, d->k->resource, d->namespace, d->name, NULL);
	if (send_delete(a, d->cluster, path, d->uid ? d->uid : "", &err))
		outcome_failed(&item->outcome, &err);
	else
		outcome_set(&item->outcome, OUTCOME_DELETED,
		    "it is not in the snapshot");
}

void prune_objects(struct applier *a)
{
	bool hold = report_is_missing(a->run->report);

	VEC_EACH (&a->run->p->prune, d)
		if (!run_must_stop(a->run))
			prune_one(a, d, hold && !a->run->o->dry_run);
}
