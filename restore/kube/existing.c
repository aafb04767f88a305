#include "restore/run/run.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

void write_uid(struct apply_task *t, const char *uid)
{
	free(t->n->live_uid);
	t->n->live_uid = str_dup(uid);
}

static const char *live_version(const struct json_object *object)
{
	return json_str(json_path(object, "metadata", "resourceVersion", NULL));
}

/* The status of what runs already is its controller's, unless the operator
 * asked for that of the snapshot. */
static void update_status(struct apply_task *t, const struct json_object *live)
{
	if (!t->a->p->options->status || !t->object->status ||
	    covers(json_get(live, "status"), t->object->status) ||
	    write_status(t) || t->a->o->dry_run)
		return;
	if (t->outcome->kind == OUTCOME_UNCHANGED)
		outcome_set(t->outcome, OUTCOME_UPDATED, "its status differed");
}

/* Sends the object by server-side apply. `*version` becomes the one that it
 * would still have, had that changed nothing. */
static int send_update(struct apply_task *t, const struct json_object *live,
    char **version, struct kube_answer *answer, struct err *err)
{
	static const char type[] = "application/apply-patch+yaml";
	bool force = t->a->p->options->force_conflicts;

	if (t->a->o->dry_run)
		*version = str_dup(live_version(live));
	else if (owned_adopt(t, live, version, err))
		return -1;
	if (send_object(t, "PATCH", t->object->path, type, force,
		t->object->object, answer, err) == 0)
		return 0;
	if (t->a->o->dry_run && answer->status == 409 &&
	    owned_conflicts(answer)) {
		kube_answer_done(answer);
		return send_object(t, "PATCH", t->object->path, type, true,
		    t->object->object, answer, err);
	}
	return -1;
}

/* Pauses only what it changes. */
static void update(struct apply_task *t, const struct json_object *live)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	autofree char *version = NULL;
	struct err err = ERR_INIT;

	if (covers(live, t->object->object) &&
	    !owned_exceeds(live, t->object->object)) {
		outcome_set(t->outcome, OUTCOME_UNCHANGED, "it is the same");
		update_status(t, live);
		return;
	}
	if (t->object->pause)
		quiesce_pause(t->object->object, t->object->pause);
	if (write_pause(t, &err)) {
		outcome_failed(t->outcome, &err);
		return;
	}
	if (send_update(t, live, &version, &answer, &err)) {
		if (answer.status == 409)
			err_wrap(&err, "fields that others own; say "
				       "--force to take them");
		if (!wait_postpone(t, &err))
			outcome_failed(t->outcome, &err);
		return;
	}
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *now =
	    json_parse(answer.body.data, answer.body.len, &ignored);
	if (str_eq(live_version(now), version))
		outcome_set(t->outcome, OUTCOME_UNCHANGED, "it is the same");
	else
		outcome_set(t->outcome, OUTCOME_UPDATED, "it differed");
	update_status(t, now);
}

/* Deleting one of these would take with it what is not in the snapshot. */
static bool holds_others(const struct plan_kind *k)
{
	return str_eq(k->kind, "Namespace") ||
	       str_eq(k->kind, "CustomResourceDefinition") ||
	       str_eq(k->kind, "PersistentVolume") ||
	       str_eq(k->kind, "PersistentVolumeClaim");
}

static void recreate(struct apply_task *t, const char *uid)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	cleanup(buf_done) struct buf body = BUF_INIT;
	struct err err = ERR_INIT;

	buf_add_str(&body, "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\","
			   "\"propagationPolicy\":\"Background\","
			   "\"preconditions\":{\"uid\":");
	json_add_quoted(&body, uid, strlen(uid));
	buf_add_str(&body, "}}");
	struct kube_request r = {.method = "DELETE",
	    .path = t->object->path,
	    .body = body.data,
	    .body_len = body.len,
	    .see_through = true};
	if (send_request(t->a, t->n->cluster, &r, &answer, &err) &&
	    answer.status != 404) {
		outcome_failed(t->outcome, &err);
		return;
	}
	t->deleted = t->n->terminating = true;
	if (wait_gone(t, uid, &err)) {
		outcome_failed(t->outcome, &err);
		return;
	}
	t->n->exists = false;
	create_object(t);
}

bool ours_is(const struct apply_task *t, const char *uid)
{
	const struct journal_node *before = t->before;

	if (!before || !before->begun || !uid)
		return false;
	if (!before->ended)
		return !str_eq(uid, before->live_uid);
	/* Made, but for its status. */
	return before->outcome.kind == OUTCOME_PARTIAL &&
	       str_eq(uid, before->uid);
}

static bool is_managed_by_us(const struct json_object *live)
{
	const struct json_object *managed =
	    json_path(live, "metadata", "managedFields", NULL);

	for (size_t i = 0; i < json_len(managed); i++)
		if (str_eq(json_get_str(json_at(managed, i), "manager"),
			KUBE_FIELD_MANAGER))
			return true;
	return false;
}

/* Whether we made it ourselves, and the answer got lost on its way, or died
 * with an earlier run: it was not there before, no other node makes it, and we
 * are among its field managers, as a controller that made it is not. */
static bool is_made_by_us(
    const struct apply_task *t, const char *uid, const struct json_object *live)
{
	if (ours_is(t, uid))
		return t->before->ended || is_managed_by_us(live);
	return !t->n->exists && !t->n->meets &&
	       (t->n->k->asked || !t->n->k->served || t->n->namespace_is_new) &&
	       is_managed_by_us(live);
}

static void drop_pause(struct apply_task *t)
{
	struct err err = ERR_INIT;

	if (!t->paused)
		return;
	if (journal_unpause(t->a->journal, t->a->clusters[t->n->cluster].name,
		t->object->path, &err))
		outcome_note(t->outcome, "%s", err.message);
	t->paused = false;
}

static void follow_policy(struct apply_task *t, struct json_object *live)
{
	const char *uid = json_str(json_path(live, "metadata", "uid", NULL));

	switch (plan_existing_of(t->a->p, t->n)) {
	case PLAN_EXISTING_SKIP:
		outcome_set(t->outcome, OUTCOME_SKIPPED, "it is there already");
		return;
	case PLAN_EXISTING_RECREATE:
		if (holds_others(t->n->k))
			outcome_note(t->outcome,
			    "brought to what the snapshot has, not deleted: "
			    "others are in it");
		else if (t->deleted)
			outcome_note(t->outcome,
			    "brought to what the snapshot has: deleted, and "
			    "made again by another hand at once");
		else if (uid && !t->a->o->dry_run) {
			recreate(t, uid);
			return;
		}
		break;
	case PLAN_EXISTING_UPDATE:
		break;
	}
	update(t, live);
}

/* It is there: look at it, and do as the operator said. */
void existing_apply(struct apply_task *t)
{
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *live =
	    send_get(t->a, t->n->cluster, t->object->path, &err);
	const char *uid = json_str(json_path(live, "metadata", "uid", NULL));

	/* Its owner went, perhaps, or another deleted it: once. */
	if (!live && err.code == ERR_NOT_FOUND && !t->vanished) {
		t->vanished = true;
		t->n->exists = false;
		create_object(t);
		return;
	}
	if (!live) {
		if (err.code == ERR_NOT_FOUND)
			err_wrap(&err, "it went away while it was looked at");
		outcome_failed(t->outcome, &err);
		return;
	}
	if (json_path(live, "metadata", "deletionTimestamp", NULL) && uid &&
	    !t->a->o->dry_run) {
		t->n->terminating = true;
		if (wait_gone(t, uid, &err))
			outcome_failed(t->outcome, &err);
		else
			create_object(t);
		return;
	}
	t->n->terminating = false;
	if (uid)
		write_uid(t, uid);
	if (is_made_by_us(t, uid, live)) {
		write_finish(t, uid);
		return;
	}
	drop_pause(t);
	follow_policy(t, live);
}
