#include "restore/kube/quiesce.h"

#include "restore/kube/send.h"
#include "restore/objects/rules.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/pool.h"

#include <string.h>

static bool is_paused(struct json_object *object, const struct rule_pause *rule)
{
	struct json_object *at = json_pointer(object, rule->pointer);

	if (rule->annotation)
		return str_eq(json_get_str(at, rule->annotation), "true");
	return json_truth(at, false);
}

/* An object that its owner had paused stays so, and is not ours to release. */
const struct rule_pause *quiesce_rule(
    const struct plan *p, const struct plan_kind *k, struct json_object *object)
{
	for (const struct rule_pause *r = rules_pauses; r->system; r++) {
		if (!rules_used(p->options->without_rules, r->system) ||
		    !rules_kind_fits(r->kind, k->group, k->kind))
			continue;
		if (rules_has(object, r->where))
			return is_paused(object, r) ? NULL : r;
	}
	return NULL;
}

/* The object at a pointer, made where it is missing; NULL where something
 * else is in the way. None of the rules' pointers has an escape in it. */
static struct json_object *reach(
    struct json_object *object, const char *pointer, size_t len)
{
	size_t at = 0;

	while (at < len && json_kind(object) == JSON_OBJECT) {
		size_t end = at + 1;

		while (end < len && pointer[end] != '/')
			end++;
		autofree char *step = str_ndup(pointer + at + 1, end - at - 1);
		if (!json_get(object, step))
			json_set(object, step, json_new_object());
		object = json_get(object, step);
		at = end;
	}
	return json_kind(object) == JSON_OBJECT ? object : NULL;
}

void quiesce_pause(struct json_object *object, const struct rule_pause *rule)
{
	const char *last = strrchr(rule->pointer, '/');
	size_t above = (size_t)(last - rule->pointer);

	if (rule->annotation) {
		struct json_object *map =
		    reach(object, rule->pointer, strlen(rule->pointer));
		if (map)
			json_set_str(map, rule->annotation, "true");
		return;
	}
	struct json_object *holder = reach(object, rule->pointer, above);
	if (holder)
		json_set_bool(holder, last + 1, true);
}

/* {"spec":{"suspend":null}}: a merge patch that takes the member away. */
static struct json_object *release_patch(const struct journal_pause *p)
{
	struct json_object *root = json_new_object();
	const char *last = strrchr(p->pointer, '/');
	size_t len =
	    p->annotation ? strlen(p->pointer) : (size_t)(last - p->pointer);
	struct json_object *holder = reach(root, p->pointer, len);

	json_set(holder, p->annotation ? p->annotation : last + 1, NULL);
	return root;
}

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

static int release(struct applier *a, struct journal_pause *p, struct err *err)
{
	uint16_t cluster;
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	cleanup(buf_done) struct buf body = BUF_INIT;
	cleanup(json_freep) struct json_object *patch = release_patch(p);

	if (find_cluster(a, p->cluster, &cluster) ||
	    !a->targets[cluster].client)
		return err_set(err, ERR_USAGE,
		    "no target is known for the cluster '%s'", p->cluster);
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
	/* What is not there is not paused. */
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

	if (run_must_stop(a->run))
		outcome_set(&outcome, OUTCOME_PENDING, "stopped");
	else if (release(a, p, &err))
		outcome_failed(&outcome, &err);
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

/* What others need comes first, so that children come last. */
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
