#include "restore/kube/quiesce.h"

#include "restore/kube/managers.h"
#include "restore/kube/send.h"
#include "restore/objects/field_owners.h"
#include "restore/objects/pause.h"
#include "restore/plan/names.h"
#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "storage/base/json.h"
#include "storage/base/pool.h"
#include "storage/kube/path.h"

#include <string.h>

struct quiesce {
	struct applier *a;
	const struct index *blocked; /* see find_blocked */
};

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

/* The object if our pause is still to be undone; the caller frees. NULL and no
 * error: it does not exist, or somebody has changed its pause since then, which
 * is no longer ours. One that is being deleted stays paused: once released, its
 * controller would run its finalizers and delete what it stands for. */
static struct json_object *find_paused(struct applier *a, uint16_t cluster,
    const struct journal_pause *p, const struct pause_made *made,
    struct err *err)
{
	struct err why = ERR_INIT;
	cleanup(json_freep) struct json_object *live =
	    send_get(a, cluster, p->path, &why);

	if (!live) {
		if (why.code != ERR_NOT_FOUND)
			*err = why;
		return NULL;
	}
	if (json_path(live, "metadata", "deletionTimestamp", NULL)) {
		err_set(err, ERR_EXISTS,
		    "it is being deleted: its controller would act on that; "
		    "it stays paused until it is gone, or is let go by hand");
		return NULL;
	}
	return pause_still_stands(live, made) ? steal(live) : NULL;
}

/* managedFields in which a field that the release wrote belongs to who managed
 * it before. */
static struct json_object *as_before(void *ctx, const struct json_object *now)
{
	const struct json_object *before = ctx;
	cleanup(json_freep) struct json_object *entries =
	    field_owners_of(before);

	/* What only we had is nobody's: its manager is free to write it. */
	for (size_t i = json_len(entries); i-- > 0;)
		if (str_eq(json_get_str(json_at(entries, i), "manager"),
			KUBE_FIELD_MANAGER))
			json_remove_at(entries, i);
	return field_owners_give_back(now, now, entries, KUBE_FIELD_MANAGER);
}

/* A merge patch makes what it changes ours. What it takes away is nobody's. */
static int give_back(struct applier *a, uint16_t cluster,
    const struct journal_pause *p, struct json_object *before,
    const struct kube_answer *answer, struct err *err)
{
	if (!p->before || answer->status == 404)
		return 0;
	cleanup(json_freep) struct json_object *now =
	    json_parse(answer->body.data, answer->body.len, err);
	if (!now || managers_write(
			a, cluster, p->path, now, as_before, before, NULL, err))
		return err_wrap(err,
		    "released, but the field is Backstay's "
		    "(metadata.managedFields) and could not be given back");
	return 0;
}

static int send_release(struct applier *a, uint16_t cluster,
    const struct journal_pause *p, struct json_object *patch,
    struct kube_answer *answer, struct err *err)
{
	return send_merge(a, cluster, p->path, patch, answer, err) &&
		       answer->status != 404
		   ? -1
		   : 0;
}

/* `*was_paused`: our pause was still in place until now. */
static int release(struct applier *a, struct journal_pause *p, bool *was_paused,
    struct err *err)
{
	uint16_t cluster;
	struct err why = ERR_INIT;
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	const struct pause_made made = {.pointer = p->pointer,
	    .annotation = p->annotation,
	    .paused = p->paused,
	    .before = p->before,
	    .map = p->map};

	if (find_cluster(a, p->cluster, &cluster) ||
	    !a->targets[cluster].client)
		return err_set(err, ERR_USAGE,
		    "no target is known for the cluster '%s'", p->cluster);
	cleanup(json_freep) struct json_object *live =
	    find_paused(a, cluster, p, &made, &why);
	*was_paused = live != NULL;
	if (why.code != ERR_NONE) {
		*err = why;
		return -1;
	}
	if (!live)
		return journal_release(a->run->journal, p, err);
	cleanup(json_freep) struct json_object *patch =
	    pause_release(&made, live);
	if (send_release(a, cluster, p, patch, &answer, err) ||
	    journal_release(a->run->journal, p, err))
		return -1;
	return give_back(a, cluster, p, live, &answer, err);
}

/* What keeps an object paused, for people; the caller frees. NULL: nothing. */
static char *find_blocker(
    const struct quiesce *q, const struct journal_pause *p)
{
	const struct run *run = q->a->run;
	autofree char *name = str_printf("%s %s", p->cluster, p->path);
	uint32_t it =
	    q->blocked ? index_first(q->blocked, name) : (uint32_t)INDEX_END;
	cleanup(buf_done) struct buf what = BUF_INIT;

	if (it == INDEX_END)
		return NULL;
	uint32_t node = index_value(q->blocked, it);
	uint32_t by = run->blocked[node] - 1;
	if (by == node)
		return str_dup("it was not restored whole; it stays paused");
	names_describe(run->p, &run->p->nodes.items[by], &what);
	return str_printf("it stays paused: %s was not restored%s",
	    buf_str(&what), run->lost_status[by] ? " with its status" : "");
}

struct batch {
	const struct quiesce *q;
	struct journal_pause **items;
};

static void release_one(void *ctx, size_t i)
{
	struct batch *b = ctx;
	struct applier *a = b->q->a;
	struct journal_pause *p = b->items[i];
	autofree char *blocker = find_blocker(b->q, p);
	struct outcome outcome = OUTCOME_INIT;
	struct err err = ERR_INIT;
	bool was_paused = false;

	if (run_must_stop(a->run))
		outcome_set(&outcome, OUTCOME_PENDING, "stopped");
	else if (blocker)
		outcome_set(&outcome, OUTCOME_HELD, "%s", blocker);
	else if (release(a, p, &was_paused, &err))
		outcome_failed(&outcome, &err);
	else if (!was_paused)
		outcome_set(&outcome, OUTCOME_SKIPPED,
		    "it is not paused by this restore any more");
	else
		outcome_set(&outcome, OUTCOME_UPDATED, "released");
	pthread_mutex_lock(&a->run->lock);
	struct report_item *item =
	    report_add(a->run->report, "release", p->what);
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

/* The nodes that must not be released, by their cluster and path; the caller
 * frees. NULL: whoever releases by hand has decided. */
static struct index *find_blocked(const struct applier *a)
{
	const struct plan *p = a->run->p;
	struct index *blocked = p ? index_new() : NULL;

	for (uint32_t i = 0; p && i < a->run->nodes; i++) {
		const struct plan_node *n = &p->nodes.items[i];

		if (n->kind != PLAN_KUBE || !a->run->blocked[i])
			continue;
		autofree char *path = kube_path(n->k->api_version,
		    n->k->resource, n->namespace, n->name, NULL);
		autofree char *name =
		    str_printf("%s %s", a->targets[n->cluster].name, path);
		index_add(blocked, name, i);
	}
	return blocked;
}

/* In order of dependency, so that children come last. */
void quiesce_release(struct applier *a)
{
	cleanup(index_freep) struct index *blocked = find_blocked(a);
	const struct quiesce q = {.a = a, .blocked = blocked};
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
		struct batch b = {.q = &q, .items = all.items + first};
		pool_each(run_in_flight(a->run), end - first, release_one, &b);
		first = end;
	}
	vec_done(&all);
}
