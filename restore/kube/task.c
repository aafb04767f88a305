#include "restore/kube/task.h"

#include "restore/kube/create.h"
#include "restore/kube/existing.h"
#include "restore/kube/ours.h"
#include "restore/kube/policy.h"
#include "storage/base/cleanup.h"

/* In a dry run the server cannot check an object whose kind does not exist
 * yet. */
static bool is_unchecked(const struct task *t)
{
	if (!run_is_dry(t->a->run, t->node) || t->n->k->served)
		return false;
	outcome_set(
	    t->outcome, OUTCOME_UNCHECKED, "its kind is not served yet");
	return true;
}

/* Nor, if its namespace does not exist, all of an object; nor a Pod in that of
 * a copy, where a quota allows none. NULL: it can. */
static const char *lacks_namespace(const struct task *t)
{
	bool pod = !*t->n->k->group && str_eq(t->n->k->kind, "Pod");

	if (!run_is_dry(t->a->run, t->node) || !t->n->namespace)
		return NULL;
	return t->n->namespace_is_new ? "its namespace does not exist yet"
	       : t->n->copy == PLAN_COPY_DRY && pod
		   ? "the namespaces of a drill have room for no Pod"
		   : NULL;
}

enum task_next task_run(
    struct applier *a, uint32_t node, struct outcome *outcome)
{
	cleanup(prepared_done) struct prepared object = {.object = NULL};
	struct task t = {
	    .a = a,
	    .node = node,
	    .n = &a->run->p->nodes.items[node],
	    .object = &object,
	    .outcome = outcome,
	    .before = run_before(a->run, node),
	};
	bool begun = a->run->postponed[node] == POSTPONED_BEGUN;
	struct err err = ERR_INIT;

	t.paused = begun; /* its cluster in the target */
	if (begun)
		outcome_done(outcome); /* the notes are collected again */
	if (t.n->exists && !a->run->o->adopts &&
	    plan_existing_of(a->run->p, t.n) == PLAN_EXISTING_SKIP &&
	    !ours_by_journal(&t, t.n->live_uid) &&
	    existing_keep(&t) == TASK_ENDED)
		return TASK_ENDED;
	if (is_unchecked(&t))
		return TASK_ENDED;
	if (prepare_object(a, node, &object, outcome, &err) ||
	    (a->run->journal && !begun &&
		journal_begin(a->run->journal, node,
		    t.before && t.before->begun ? t.before->live_uid
						: t.n->live_uid,
		    &err))) {
		outcome_failed(outcome, &err);
		return TASK_ENDED;
	}
	const char *lacks = lacks_namespace(&t);
	if (lacks) {
		create_try_elsewhere(&t, lacks);
		policy_explain(&t);
		return TASK_ENDED;
	}
	enum task_next next = t.n->exists ? TASK_UPDATE : TASK_CREATE;
	while (next == TASK_CREATE || next == TASK_UPDATE)
		next = next == TASK_CREATE ? create_object(&t)
					   : existing_apply(&t);
	policy_explain(&t);
	return next;
}
