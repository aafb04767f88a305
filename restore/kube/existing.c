#include "restore/kube/existing.h"

#include "restore/kube/ours.h"
#include "restore/kube/owned.h"
#include "restore/kube/prepare.h"
#include "restore/kube/same.h"
#include "restore/kube/send.h"
#include "restore/kube/wait.h"
#include "restore/kube/write.h"
#include "restore/objects/covers.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

static const char *live_version(const struct json_object *object)
{
	return json_str(json_path(object, "metadata", "resourceVersion", NULL));
}

/* The status of an object that exists belongs to its controller, unless the
 * operator asked for the snapshot's, or a lost run has made it without. */
static void update_status(
    struct task *t, const struct json_object *live, bool lacks)
{
	cleanup(json_freep) struct json_object *now = NULL;

	if (!(t->a->run->p->options->status || lacks) || !t->object->status ||
	    covers(json_get(live, "status"), t->object->status) ||
	    write_status(t, &now) || run_is_dry(t->a->run, t->node))
		return;
	if (t->outcome->kind == OUTCOME_UNCHANGED)
		outcome_set(t->outcome, OUTCOME_UPDATED, "its status differed");
}

/* Sends the object by server-side apply. `*version` becomes the one that it
 * would still have, had that changed nothing. */
static int send_update(struct task *t, const struct json_object *live,
    char **version, struct kube_answer *answer, struct err *err)
{
	struct send_write w = {.method = "PATCH",
	    .path = t->object->path,
	    .content_type = "application/apply-patch+yaml",
	    .force = t->a->run->p->options->take_fields,
	    .body = t->object->object};

	if (run_is_dry(t->a->run, t->node))
		*version = str_dup(live_version(live));
	else if (owned_adopt(t, live, version, err))
		return -1;
	if (send_object(t, &w, answer, err) == 0)
		return 0;
	if (run_is_dry(t->a->run, t->node) && answer->status == 409 &&
	    owned_conflicts(t, live, answer)) {
		kube_answer_done(answer);
		w.force = true;
		return send_object(t, &w, answer, err);
	}
	return -1;
}

/* What an update took over is its managers' again, also where it was refused.
 */
static void give_back(struct task *t, const struct json_object *now)
{
	cleanup(json_freep) struct json_object *live = NULL;
	struct err err = ERR_INIT;

	if (run_is_dry(t->a->run, t->node) || !t->object->managers)
		return;
	if (!now)
		now = live =
		    send_get(t->a, t->n->cluster, t->object->path, &err);
	if (!now || owned_give_back(t, now, &err))
		outcome_note(t->outcome, "%s", err.message);
}

/* The changes that a write makes besides those that were asked for. */
static struct json_object *content_of(const struct json_object *object)
{
	struct json_object *content = json_copy(object);
	struct json_object *metadata = json_get(content, "metadata");

	json_remove(metadata, "managedFields");
	json_remove(metadata, "resourceVersion");
	json_remove(metadata, "generation");
	return content;
}

/* A dry run does not change the resourceVersion. */
static bool changed_nothing(const struct task *t,
    const struct json_object *live, const struct json_object *now,
    const char *version)
{
	if (!run_is_dry(t->a->run, t->node))
		return str_eq(live_version(now), version);
	cleanup(json_freep) struct json_object *was = content_of(live);
	cleanup(json_freep) struct json_object *is = content_of(now);
	return json_equal(was, is);
}

static void drop_pause(struct task *t)
{
	if (t->paused)
		write_no_pause(t);
}

/* A pause that somebody set by hand stays, and must not be released by us. */
static void forget_own_pauses(struct task *t, struct json_object *live)
{
	struct prepared *o = t->object;
	size_t kept = 0;

	for (size_t i = 0; i < o->pause_count; i++) {
		if (!pause_is_on(live, o->pauses[i].rule) ||
		    ours_is_pause(live, o->pauses[i].rule)) {
			o->pauses[kept++] = o->pauses[i];
			continue;
		}
		free(o->pauses[i].before);
		free(o->pauses[i].map);
	}
	o->pause_count = kept;
}

/* Pauses an object only if it will be changed. */
static enum task_next update(struct task *t, struct json_object *live)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	autofree char *version = NULL;
	struct err err = ERR_INIT;

	if (write_adopt_pauses(t->a, t->node, live, t->object, &err)) {
		outcome_failed(t->outcome, &err);
		return TASK_ENDED;
	}
	bool lacks = ours_lacks_status(live, t->object);
	prepare_meet(t->object, live);
	if (covers(live, t->object->object) &&
	    !owned_exceeds(live, t->object)) {
		outcome_set(t->outcome, OUTCOME_UNCHANGED, "it is the same");
		give_back(t, live); /* an earlier run was killed before it */
		update_status(t, live, lacks);
		return TASK_ENDED;
	}
	forget_own_pauses(t, live);
	if (write_pause(t, &err)) {
		outcome_failed(t->outcome, &err);
		return TASK_ENDED;
	}
	if (send_update(t, live, &version, &answer, &err)) {
		if (answer.status == 409)
			err_wrap(&err, "fields that others own; say "
				       "--take-fields to take them");
		if (wait_postpones(t, &err))
			return TASK_LATER;
		drop_pause(t);
		give_back(t, NULL);
		outcome_failed(t->outcome, &err);
		return TASK_ENDED;
	}
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *now =
	    json_parse(answer.body.data, answer.body.len, &ignored);
	if (changed_nothing(t, live, now, version))
		outcome_set(t->outcome, OUTCOME_UNCHANGED, "it is the same");
	else
		outcome_set(t->outcome, OUTCOME_UPDATED, "it differed");
	give_back(t, now);
	update_status(t, now, lacks);
	return TASK_ENDED;
}

static enum task_next recreate(struct task *t, const char *uid)
{
	struct err err = ERR_INIT;

	if (send_delete(t->a, t->n->cluster, t->object->path, uid, &err)) {
		outcome_failed(t->outcome, &err);
		return TASK_ENDED;
	}
	t->deleted = t->n->terminating = true;
	if (wait_gone(t, uid, &err)) {
		outcome_failed(t->outcome, &err);
		return TASK_ENDED;
	}
	t->n->exists = false;
	write_uid(t, NULL);
	return TASK_CREATE;
}

/* A run whose journal is lost was killed between the object and its status,
 * without which it would be released as if it had never acted. */
static void complete(struct task *t, struct prepared *wanted)
{
	cleanup(json_freep) struct json_object *now = NULL;
	struct prepared *own = t->object;

	t->object = wanted;
	if (write_status(t, &now) == 0 && !t->a->run->o->dry_run)
		outcome_set(t->outcome, OUTCOME_UPDATED,
		    "an earlier run was ended before it had its status");
	t->object = own;
}

static void leave_alone(
    struct task *t, const struct json_object *live, struct prepared *wanted)
{
	struct err err = ERR_INIT;
	bool lacks = ours_lacks_status(live, wanted);

	prepare_meet(wanted, live);
	if (write_adopt_pauses(t->a, t->node, live, wanted, &err))
		outcome_failed(t->outcome, &err);
	else
		same_left_alone(t->outcome, same_as_wanted(t->a, live, wanted));
	if (lacks && err.code == ERR_NONE)
		complete(t, wanted);
}

/* As it was prepared at first: it may have been paused to be made. */
static void skip(struct task *t, const struct json_object *live)
{
	cleanup(outcome_done) struct outcome ignored = OUTCOME_INIT;
	cleanup(prepared_done) struct prepared wanted = {.object = NULL};
	struct err err = ERR_INIT;

	if (prepare_object(t->a, t->node, &wanted, &ignored, &err))
		same_left_alone(t->outcome, true);
	else
		leave_alone(t, live, &wanted);
}

/* A controller makes the account of a new namespace before the restore comes to
 * it: bare, and not what the policy for existing objects speaks of. */
static bool is_new_account(const struct task *t, const char *uid)
{
	const struct plan_kind *k = t->n->k;

	return !*k->group && str_eq(k->kind, "ServiceAccount") &&
	       (!t->n->exists || ours_by_journal(t, uid));
}

static enum task_next follow_policy(struct task *t, struct json_object *live)
{
	const char *uid = json_str(json_path(live, "metadata", "uid", NULL));

	if (is_new_account(t, uid))
		return update(t, live);
	switch (plan_existing_of(t->a->run->p, t->n)) {
	case PLAN_EXISTING_SKIP:
		skip(t, live);
		return TASK_ENDED;
	case PLAN_EXISTING_RECREATE:
		if (t->deleted)
			outcome_note(t->outcome,
			    "updated instead of recreated: it was deleted, and "
			    "something else made it again at once");
		else if (uid && !run_is_dry(t->a->run, t->node))
			return recreate(t, uid);
		break;
	case PLAN_EXISTING_UPDATE:
		if (t->a->run->p->options->existing == PLAN_EXISTING_RECREATE)
			outcome_note(t->outcome,
			    "updated instead of recreated: deleting it would "
			    "delete what is in it");
		break;
	}
	return update(t, live);
}

enum task_next existing_keep(struct task *t)
{
	cleanup(outcome_done) struct outcome ignored = OUTCOME_INIT;
	cleanup(prepared_done) struct prepared wanted = {.object = NULL};
	struct err err = ERR_INIT;
	int unknown = prepare_object(t->a, t->node, &wanted, &ignored, &err);
	cleanup(json_freep) struct json_object *live =
	    unknown ? NULL : send_get(t->a, t->n->cluster, wanted.path, &err);

	if (live) {
		leave_alone(t, live, &wanted);
		return TASK_ENDED;
	}
	if (!unknown && err.code == ERR_NOT_FOUND) {
		t->n->exists = false;
		return TASK_CREATE;
	}
	outcome_set(t->outcome, OUTCOME_SKIPPED,
	    "it is there already; whether it differs is not known: %s",
	    err.message);
	return TASK_ENDED;
}

enum task_next existing_apply(struct task *t)
{
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *live =
	    send_get(t->a, t->n->cluster, t->object->path, &err);
	const char *uid = json_str(json_path(live, "metadata", "uid", NULL));

	/* It was deleted, perhaps with its owner. That is accepted once. */
	if (!live && err.code == ERR_NOT_FOUND && !t->vanished) {
		t->vanished = true;
		t->n->exists = false;
		return TASK_CREATE;
	}
	if (!live) {
		if (err.code == ERR_NOT_FOUND)
			err_wrap(
			    &err, "it was deleted while it was being compared");
		outcome_failed(t->outcome, &err);
		return TASK_ENDED;
	}
	if (json_path(live, "metadata", "deletionTimestamp", NULL) && uid &&
	    !run_is_dry(t->a->run, t->node)) {
		t->n->terminating = true;
		if (wait_gone(t, uid, &err) == 0) {
			write_uid(t, NULL);
			return TASK_CREATE;
		}
		outcome_failed(t->outcome, &err);
		return TASK_ENDED;
	}
	t->n->terminating = false;
	if (uid)
		write_uid(t, uid);
	if (ours_by_object(t, uid, live)) {
		if (write_adopt_pauses(t->a, t->node, live, t->object, &err))
			outcome_failed(t->outcome, &err);
		else
			write_created(t, live, false);
		return TASK_ENDED;
	}
	drop_pause(t);
	return follow_policy(t, live);
}
