#include "restore/objects/sanitize.h"
#include "restore/run/run.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

static char *uid_in(const struct kube_answer *answer)
{
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *object =
	    json_parse(answer->body.data, answer->body.len, &ignored);

	return str_dup(json_str(json_path(object, "metadata", "uid", NULL)));
}

int write_pause(struct apply_task *t, struct err *err)
{
	struct buf what = BUF_INIT;

	if (!t->object->pause || !t->a->journal || t->paused)
		return 0;
	plan_describe(t->a->p, t->n, &what);
	autofree char *text = buf_steal(&what);
	autofree char *pointer = str_dup(t->object->pause->pointer);
	autofree char *annotation = str_dup(t->object->pause->annotation);
	autofree char *cluster = str_dup(t->a->clusters[t->n->cluster].name);
	struct journal_pause pause = {
	    .cluster = cluster,
	    .path = t->object->path,
	    .pointer = pointer,
	    .annotation = annotation,
	    .what = text,
	    .level = t->a->p->graph.nodes.items[t->node].level,
	};
	t->paused = true;
	return journal_pause(t->a->journal, t->node, &pause, err);
}

int write_status(struct apply_task *t)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	struct err err = ERR_INIT;

	if (!t->object->status || t->a->o->dry_run)
		return 0;
	autofree char *path = str_printf("%s/status", t->object->path);
	cleanup(json_freep) struct json_object *patch = json_new_object();
	json_set(patch, "status", json_share(t->object->status));
	if (send_object(t, "PATCH", path, "application/merge-patch+json", false,
		patch, &answer, &err) == 0)
		return 0;
	outcome_set(t->outcome, OUTCOME_PARTIAL,
	    "its status could not be restored: %s", err.message);
	return -1;
}

/* What follows once it is there by our hand. */
void write_finish(struct apply_task *t, const char *uid)
{
	t->n->terminating = false;
	if (uid)
		write_uid(t, uid);
	outcome_set(t->outcome, OUTCOME_CREATED, "%s", "");
	free(t->outcome->detail);
	t->outcome->detail = NULL;
	write_status(t);
}

static bool port_is_taken(
    const struct kube_answer *answer, const struct json_object *object)
{
	return answer->status == 422 &&
	       str_eq(json_get_str(object, "kind"), "Service") &&
	       answer->message &&
	       strstr(answer->message, "port is already allocated");
}

/* POST; waits for what comes by itself. 0, or -1 as kube_client_send. */
static int post(
    struct apply_task *t, struct kube_answer *answer, struct err *err)
{
	struct wait known = wait_start(t, APPLY_SETTLE_MS);

	for (;;) {
		struct err failure = ERR_INIT;

		if (send_object(t, "POST", t->object->collection, NULL, false,
			t->object->object, answer, &failure) == 0)
			return 0;
		if (port_is_taken(answer, t->object->object) &&
		    sanitize_drop_node_ports(t->object->object)) {
			outcome_note(t->outcome,
			    "a node port of it is in use here: it got others");
			continue;
		}
		/* One server of several may learn of a kind later. */
		if (answer->status == 404 && t->n->k->defined &&
		    !t->a->o->dry_run && wait_more(t, &known))
			continue;
		*err = failure;
		return -1;
	}
}

void create_object(struct apply_task *t)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	struct err err = ERR_INIT;

	if (t->object->pause)
		quiesce_pause(t->object->object, t->object->pause);
	if (write_pause(t, &err)) {
		outcome_failed(t->outcome, &err);
		return;
	}
	if (post(t, &answer, &err) == 0) {
		autofree char *uid =
		    t->n->wanted_uid || t->object->status || t->n->k->rank <= 1
			? uid_in(&answer)
			: NULL;
		write_finish(t, uid);
		return;
	}
	if (answer.status == 409 && str_eq(answer.reason, "AlreadyExists"))
		existing_apply(t);
	else if (!wait_postpone(t, &err))
		outcome_failed(t->outcome, &err);
}

/* ---- one object ---------------------------------------------------------- */

static bool is_unchecked(const struct apply_task *t)
{
	if (!t->a->o->dry_run)
		return false;
	if (t->n->namespace && t->n->namespace_is_new)
		outcome_set(t->outcome, OUTCOME_SKIPPED,
		    "unchecked: its namespace does not exist yet");
	else if (!t->n->k->served)
		outcome_set(t->outcome, OUTCOME_SKIPPED,
		    "unchecked: its kind is not served yet");
	else
		return false;
	return true;
}

void create_or_update(struct apply *a, uint32_t node, struct outcome *outcome)
{
	cleanup(prepared_done) struct prepared object = {.object = NULL};
	struct apply_task t = {
	    .a = a,
	    .node = node,
	    .n = &a->p->nodes.items[node],
	    .object = &object,
	    .outcome = outcome,
	    .before = a->journal && a->journal->node_count > node
			  ? &a->journal->nodes[node]
			  : NULL,
	};
	bool begun = a->postponed[node] == POSTPONED_BEGUN;
	struct err err = ERR_INIT;

	t.paused = begun; /* where it is to be */
	if (begun)
		outcome_done(outcome); /* its notes are made anew */
	/* The cheapest way for what stays as it is: no request, no reading. */
	if (t.n->exists && plan_existing_of(a->p, t.n) == PLAN_EXISTING_SKIP &&
	    !ours_is(&t, t.n->live_uid)) {
		outcome_set(outcome, OUTCOME_SKIPPED, "it is there already");
		return;
	}
	if (is_unchecked(&t))
		return;
	if (prepare_object(a, node, &object, outcome, &err) ||
	    (a->journal && !begun &&
		journal_begin(a->journal, node,
		    t.before && t.before->begun ? t.before->live_uid
						: t.n->live_uid,
		    &err))) {
		outcome_failed(outcome, &err);
		return;
	}
	if (t.n->exists)
		existing_apply(&t);
	else
		create_object(&t);
}
