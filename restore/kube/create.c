#include "restore/kube/create.h"

#include "restore/kube/send.h"
#include "restore/kube/wait.h"
#include "restore/kube/write.h"
#include "restore/objects/field_owners.h"
#include "restore/objects/give_way.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/path.h"

#include <stdlib.h>
#include <string.h>

enum { SETTLE_MS = 10 * 1000 }; /* of a kind, in all servers of a cluster */

/* POST; waits if something that it needs is made by the cluster itself. 0, or
 * -1 as kube_client_send. */
static int post(struct task *t, const char *manager, struct kube_answer *answer,
    struct err *err)
{
	struct backoff known = wait_start(t, SETTLE_MS);
	const struct send_write w = {.method = "POST",
	    .path = t->object->collection,
	    .manager = manager,
	    .body = t->object->object};

	for (;;) {
		struct err failure = ERR_INIT;

		if (send_object(t, &w, answer, &failure) == 0)
			return 0;
		const char *given_up = give_way(
		    t->object->object, answer->status, answer->message);
		if (given_up) {
			outcome_note(t->outcome, "%s", given_up);
			continue;
		}
		/* If the API has several servers, one of them may learn of a
		 * kind later. */
		if (answer->status == 404 && t->n->k->defined &&
		    !run_is_dry(t->a->run, t->node) && wait_more(t, &known))
			continue;
		*err = failure;
		return -1;
	}
}

/* By one apply, which makes its fields those of their manager: as what is to be
 * missing, since no object ever has the first revision of a store. False where
 * that did not do; then a POST tells why. */
static bool apply_as(
    struct task *t, const char *manager, struct kube_answer *answer)
{
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *body =
	    json_copy(t->object->object);
	const struct send_write w = {.method = "PATCH",
	    .path = t->object->path,
	    .content_type = "application/apply-patch+yaml",
	    .manager = manager,
	    .body = body};

	json_set_str(json_get(body, "metadata"), "resourceVersion", "1");
	if (send_object(t, &w, answer, &ignored) == 0)
		return true;
	kube_answer_done(answer);
	return false;
}

/* In a dry run no manager follows, and for a paused object it would not be
 * known which fields its own managers set. */
static int make(struct task *t, struct kube_answer *answer, struct err *err)
{
	const struct json_object *managers = t->object->managers;
	bool by_us = run_is_dry(t->a->run, t->node) || t->object->pause_count ||
		     t->n->copy != PLAN_COPY_NOT;
	const char *applier =
	    by_us ? NULL : field_owners_applier(managers, t->object->object);

	if (applier && apply_as(t, applier, answer))
		return 0;
	return post(
	    t, by_us ? NULL : field_owners_creator(managers), answer, err);
}

static void answered(struct task *t, const struct kube_answer *answer)
{
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *made =
	    json_parse(answer->body.data, answer->body.len, &ignored);

	write_created(t, made, true);
}

/* What was refused is not there, paused or not. Whether the server carried out
 * what it did not answer, or broke off, is asked. */
static void forget_pause(struct task *t, const struct kube_answer *answer)
{
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *live = NULL;

	if (!t->object->pause_count || !write_keeps_pauses(t->a, t->node) ||
	    !answer->status)
		return;
	if (answer->status >= 500) {
		live = send_get(t->a, t->n->cluster, t->object->path, &err);
		if (live || err.code != ERR_NOT_FOUND)
			return;
	}
	write_no_pause(t);
}

enum task_next create_object(struct task *t)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	struct err err = ERR_INIT;

	if (write_pause(t, &err)) {
		outcome_failed(t->outcome, &err);
		return TASK_ENDED;
	}
	if (make(t, &answer, &err) == 0) {
		answered(t, &answer);
		return TASK_ENDED;
	}
	if (answer.status == 409 && str_eq(answer.reason, "AlreadyExists"))
		return TASK_UPDATE;
	forget_pause(t, &answer);
	if (wait_postpones(t, &err))
		return TASK_LATER;
	outcome_failed(t->outcome, &err);
	return TASK_ENDED;
}

/* What a quota, a policy or a right of that namespace says is not meant. A
 * version that the server reads in another way than it is written is 400. */
static bool is_invalid(const struct kube_answer *answer)
{
	return (answer->status == 422 && str_eq(answer->reason, "Invalid")) ||
	       (answer->status == 400 && answer->message &&
		   strstr(answer->message, "cannot be handled as a"));
}

void create_try_elsewhere(struct task *t, const char *reason)
{
	static const char elsewhere[] = "default";
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	const struct plan_kind *k = t->n->k;
	struct err err = ERR_INIT;

	json_set_str(
	    json_get(t->object->object, "metadata"), "namespace", elsewhere);
	free(t->object->collection);
	t->object->collection =
	    kube_path(k->api_version, k->resource, elsewhere, NULL, NULL);
	if (post(t, NULL, &answer, &err) == 0) {
		answered(t, &answer);
		if (outcome_is_missing(t->outcome->kind))
			return;
	} else if (is_invalid(&answer)) {
		err_wrap(&err, "tried in the namespace '%s', since %s",
		    elsewhere, reason);
		outcome_failed(t->outcome, &err);
		return;
	}
	outcome_set(t->outcome, OUTCOME_UNCHECKED, "%s", reason);
}
