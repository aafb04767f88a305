#include "restore/run/run.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

static void prune_one(struct apply *a, const struct plan_prune *d, bool hold)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	cleanup(buf_done) struct buf body = BUF_INIT;
	struct err err = ERR_INIT;
	struct report_item *item = vec_add(&a->report->items);

	item->group = str_dup("prune");
	item->what = str_printf("%s%s%s %s/%s", d->k->kind,
	    *d->k->group ? "." : "", d->k->group, d->namespace, d->name);
	item->level = a->p->graph.levels;
	if (hold) {
		outcome_set(&item->outcome, OUTCOME_HELD,
		    "nothing is deleted while something is missing");
		return;
	}
	autofree char *path = kube_path(
	    d->k->api_version, d->k->resource, d->namespace, d->name, NULL);
	buf_add_str(&body, "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\","
			   "\"propagationPolicy\":\"Background\","
			   "\"preconditions\":{\"uid\":");
	json_add_quoted(
	    &body, d->uid ? d->uid : "", d->uid ? strlen(d->uid) : 0);
	buf_add_str(&body, "}}");
	struct kube_request r = {.method = "DELETE",
	    .path = path,
	    .query = a->o->dry_run ? "dryRun=All" : NULL,
	    .body = body.data,
	    .body_len = body.len,
	    .see_through = true};
	if (send_request(a, d->cluster, &r, &answer, &err) &&
	    answer.status != 404)
		outcome_failed(&item->outcome, &err);
	else
		outcome_set(&item->outcome, OUTCOME_UPDATED,
		    "deleted: it is not in the snapshot");
}

void prune_objects(struct apply *a)
{
	bool hold = report_is_missing(a->report);

	VEC_EACH (&a->p->prune, d)
		if (!run_must_stop(a))
			prune_one(a, d, hold && !a->o->dry_run);
}
