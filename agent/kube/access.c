#include "agent/kube/access.h"

#include "storage/base/cleanup.h"
#include "storage/base/pool.h"
#include "storage/kube/path.h"

static int ask(struct kube_job *j, const char *ns, struct err *err)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	autofree char *path = kube_path(
	    j->resource->api_version, j->resource->name, ns, NULL, NULL);
	struct kube_request r = {.path = path, .query = "limit=1"};

	j->list_ns = ns;
	int failed =
	    kube_client_send(j->run->cluster->client, &r, &answer, err);
	if (failed)
		kube_answer_denied_for_rights_alone(answer.status, err);
	return failed;
}

/* An account that may list all namespaces may list each, so one question is
 * mostly enough, even if the capture would read them one by one. */
static void ask_job(void *ctx, size_t i)
{
	struct capture_kube_run *r = ctx;
	struct kube_job *j = &r->jobs.items[i];
	const struct strvec *namespaces = &r->run.namespaces;
	struct err err = ERR_INIT;

	if (j->resource->namespaced && !namespaces->len)
		return;
	if ((!j->resource->namespaced || namespaces->len > 1) &&
	    ask(j, NULL, &err) == 0)
		return;
	/* An error other than a missing permission would occur for each of
	 * them. */
	bool broken = err.code != ERR_NONE && err.code != ERR_DENIED;
	if (broken || !j->resource->namespaced) {
		kube_job_note_failure(j, NULL, &err);
		return;
	}
	VEC_EACH (namespaces, ns) {
		struct err why = ERR_INIT;
		if (ask(j, *ns, &why))
			kube_job_note_failure(j, *ns, &why);
		if (why.code == ERR_CANCELLED)
			return;
	}
}

void kube_access_review(struct capture_kube_run *r)
{
	pool_each(kube_run_lists_at_once(r), r->jobs.len, ask_job, r);
}
