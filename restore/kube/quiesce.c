#include "restore/kube/quiesce.h"

#include "restore/kube/send.h"
#include "restore/objects/pause.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/pool.h"

#include <string.h>

static int find_cluster(
    const struct applier *a, const char *name, uint16_t *out)
{
	for (size_t i = 0; i < a->target_count; i++)
		if (str_eq(a->targets[i].name, name)) {
			*out = (uint16_t)i;
			return 0;
		}
	return -1;
}

/* An object that is being deleted stays paused: once released, its controller
 * would run its finalizers and delete what the object stands for. A pause that
 * somebody changed since then is no longer ours to undo. */
static int may_release(struct applier *a, uint16_t cluster,
    const struct journal_pause *p, const struct pause_made *made, bool *may,
    struct err *err)
{
	struct err why = ERR_INIT;
	cleanup(json_freep) struct json_object *live =
	    send_get(a, cluster, p->path, &why);

	*may = false;
	if (!live && why.code == ERR_NOT_FOUND)
		return 0; /* an object that does not exist is not paused */
	if (!live) {
		*err = why;
		return -1;
	}
	if (json_path(live, "metadata", "deletionTimestamp", NULL))
		return err_set(err, ERR_EXISTS,
		    "it is being deleted: its controller would act on that; "
		    "it stays paused until it is gone, or is let go by hand");
	*may = pause_still_stands(live, made);
	return 0;
}

/* `*was_paused`: our pause was still in place until now. */
static int release(struct applier *a, struct journal_pause *p, bool *was_paused,
    struct err *err)
{
	uint16_t cluster;
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	cleanup(buf_done) struct buf body = BUF_INIT;
	const struct pause_made made = {.pointer = p->pointer,
	    .annotation = p->annotation,
	    .paused = p->paused,
	    .before = p->before};

	if (find_cluster(a, p->cluster, &cluster) ||
	    !a->targets[cluster].client)
		return err_set(err, ERR_USAGE,
		    "no target is known for the cluster '%s'", p->cluster);
	if (may_release(a, cluster, p, &made, was_paused, err))
		return -1;
	if (!*was_paused)
		return journal_release(a->run->journal, p, err);
	cleanup(json_freep) struct json_object *patch = pause_release(&made);
	json_write(&body, patch, JSON_COMPACT);
	struct kube_request request = {
	    .method = "PATCH",
	    .path = p->path,
	    .query = "fieldManager=" KUBE_FIELD_MANAGER,
	    .content_type = "application/merge-patch+json",
	    .body = body.data,
	    .body_len = body.len,
	    .see_through = true,
	};
	if (send_request(a, cluster, &request, &answer, err) &&
	    answer.status != 404)
		return -1;
	return journal_release(a->run->journal, p, err);
}

struct batch {
	struct applier *a;
	struct journal_pause **items;
};

static void release_one(void *ctx, size_t i)
{
	struct batch *b = ctx;
	struct applier *a = b->a;
	struct journal_pause *p = b->items[i];
	struct outcome outcome = OUTCOME_INIT;
	struct err err = ERR_INIT;
	bool was_paused = false;

	if (run_must_stop(a->run))
		outcome_set(&outcome, OUTCOME_PENDING, "stopped");
	else if (release(a, p, &was_paused, &err))
		outcome_failed(&outcome, &err);
	else if (!was_paused)
		outcome_set(&outcome, OUTCOME_SKIPPED,
		    "it is not paused by this restore any more");
	else
		outcome_set(&outcome, OUTCOME_UPDATED, "released");
	pthread_mutex_lock(&a->run->lock);
	struct report_item *item = vec_add(&a->run->report->items);
	item->group = str_dup("release");
	item->what = str_dup(p->what);
	item->level = p->level;
	item->outcome = outcome;
	pthread_mutex_unlock(&a->run->lock);
}

static int by_level(const void *va, const void *vb)
{
	const struct journal_pause *a = *(struct journal_pause *const *)va;
	const struct journal_pause *b = *(struct journal_pause *const *)vb;

	if (a->level != b->level)
		return a->level < b->level ? -1 : 1;
	return strcmp(a->path, b->path);
}

/* In order of dependency, so that children come last. */
void quiesce_release(struct applier *a)
{
	VEC_DEFINE(, struct journal_pause *) all = VEC_INIT;

	VEC_EACH (&a->run->journal->pauses, p)
		if (!p->released)
			*vec_add(&all) = p;
	vec_sort(&all, by_level);
	for (size_t first = 0; first < all.len;) {
		size_t end = first;

		while (end < all.len &&
		       all.items[end]->level == all.items[first]->level)
			end++;
		struct batch b = {.a = a, .items = all.items + first};
		pool_each(run_in_flight(a->run), end - first, release_one, &b);
		first = end;
	}
	vec_done(&all);
}
