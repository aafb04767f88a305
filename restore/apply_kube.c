#include "restore/apply_parts.h"
#include "restore/sanitize.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

enum { SETTLE_MS = 10 * 1000, POLL_MS = 100, POLL_MAX_MS = 1000 };

/* One object on its way. */
struct task {
	struct apply *a;
	uint32_t node;
	struct plan_node *n;
	struct apply_object *object;
	struct outcome *outcome;
	bool paused; /* the journal has it */
	/* Its journal says that it was begun, and with which UID live. */
	const struct journal_node *before;
};

/* ---- requests ------------------------------------------------------------ */

struct attempts {
	struct apply *a;
	uint16_t cluster;
	int count;
};

static int count_attempt(void *ctx, struct err *err)
{
	struct attempts *t = ctx;

	(void)err;
	if (t->count++)
		throttle_ease(
		    &t->a->clusters[t->cluster].throttle, apply_ticks_ms(t->a));
	return 0;
}

int apply_send(struct apply *a, uint16_t cluster, struct kube_request *r,
    struct kube_answer *answer, struct err *err)
{
	struct throttle *throttle = &a->clusters[cluster].throttle;
	struct attempts attempts = {.a = a, .cluster = cluster};

	r->on_attempt = count_attempt;
	/* cppcheck-suppress autoVariables ; cleared before the return */
	r->ctx = &attempts;
	throttle_enter(throttle);
	int rc = kube_send(a->clusters[cluster].client, r, answer, err);
	throttle_leave(throttle, attempts.count == 1);
	r->on_attempt = NULL;
	r->ctx = NULL;
	return rc;
}

struct json_object *apply_get(
    struct apply *a, uint16_t cluster, const char *path, struct err *err)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	struct kube_request r = {.path = path};

	if (apply_send(a, cluster, &r, &answer, err))
		return NULL;
	return json_parse(answer.body.data, answer.body.len, err);
}

static const char *query(const struct task *t, bool force)
{
	if (t->a->o->dry_run)
		return force ? "fieldManager=" KUBE_FIELD_MANAGER
			       "&dryRun=All&force=true"
			     : "fieldManager=" KUBE_FIELD_MANAGER "&dryRun=All";
	return force ? "fieldManager=" KUBE_FIELD_MANAGER "&force=true"
		     : "fieldManager=" KUBE_FIELD_MANAGER;
}

/* The server takes fields that it does not know and drops them: it says so in
 * a warning, which must not be lost. */
static void keep_warnings(struct task *t, const struct kube_answer *answer)
{
	VEC_EACH (&answer->warnings, w)
		if (t->a->o->dry_run || strstr(*w, "unknown field"))
			outcome_note(t->outcome, "%s", *w);
}

static int write_object(struct task *t, const char *method, const char *path,
    const char *content_type, bool force, const struct json_object *body,
    struct kube_answer *answer, struct err *err)
{
	cleanup(buf_wipe) struct buf text = BUF_INIT;

	json_write(&text, body, JSON_COMPACT);
	struct kube_request r = {
	    .method = method,
	    .path = path,
	    .query = query(t, force),
	    .content_type = content_type,
	    .body = text.data,
	    .body_len = text.len,
	};
	int rc = apply_send(t->a, t->n->cluster, &r, answer, err);
	if (!rc)
		keep_warnings(t, answer);
	return rc;
}

static char *uid_in(const struct kube_answer *answer)
{
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *object =
	    json_parse(answer->body.data, answer->body.len, &ignored);

	return str_dup(json_str(json_path(object, "metadata", "uid", NULL)));
}

static void learn_uid(struct task *t, const char *uid)
{
	free(t->n->live_uid);
	t->n->live_uid = str_dup(uid);
}

/* ---- waiting ------------------------------------------------------------- */

struct wait {
	int64_t until_ms;
	int64_t pause_ms;
};

/* False when the time is over. */
static bool wait_more(struct task *t, struct wait *w)
{
	if (apply_must_stop(t->a) || apply_ticks_ms(t->a) >= w->until_ms)
		return false;
	apply_sleep_ms(t->a, w->pause_ms);
	w->pause_ms =
	    w->pause_ms * 2 < POLL_MAX_MS ? w->pause_ms * 2 : POLL_MAX_MS;
	return true;
}

static struct wait wait_for(struct task *t, int64_t limit_ms)
{
	return (struct wait){
	    .until_ms = apply_ticks_ms(t->a) + limit_ms, .pause_ms = POLL_MS};
}

/* Until the object with that UID is gone. */
static int wait_gone(struct task *t, const char *uid, struct err *err)
{
	struct wait w = wait_for(t, apply_gate_timeout_ms(t->a));

	for (;;) {
		struct err cause = ERR_INIT;
		cleanup(json_freep) struct json_object *live =
		    apply_get(t->a, t->n->cluster, t->object->path, &cause);

		if (!live && cause.code == ERR_NOT_FOUND)
			return 0;
		if (live &&
		    !str_eq(json_str(json_path(live, "metadata", "uid", NULL)),
			uid))
			return 0;
		if (!wait_more(t, &w))
			return err_set(err, ERR_EXISTS,
			    "it is still being deleted after %d s; finalizers "
			    "may hold it",
			    apply_gate_timeout_ms(t->a) / 1000);
	}
}

/* A webhook that does not answer: the first object that meets it sets the time
 * that all wait for it. */
static bool wait_for_webhook(
    struct task *t, const struct err *failure, struct wait *w)
{
	struct apply_cluster *c = &t->a->clusters[t->n->cluster];
	long long none = 0;

	if (!strstr(failure->message, "failed calling webhook") ||
	    t->a->o->dry_run)
		return false;
	atomic_compare_exchange_strong(&c->webhook_until_ms, &none,
	    apply_ticks_ms(t->a) + apply_gate_timeout_ms(t->a));
	w->until_ms = atomic_load(&c->webhook_until_ms);
	return wait_more(t, w);
}

/* ---- creating ------------------------------------------------------------ */

static int record_pause(struct task *t, struct err *err)
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

static int restore_status(struct task *t)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	struct err err = ERR_INIT;

	if (!t->object->status || t->a->o->dry_run)
		return 0;
	autofree char *path = str_printf("%s/status", t->object->path);
	cleanup(json_freep) struct json_object *patch = json_new_object();
	json_set(patch, "status", json_share(t->object->status));
	if (write_object(t, "PATCH", path, "application/merge-patch+json",
		false, patch, &answer, &err) == 0)
		return 0;
	outcome_set(t->outcome, OUTCOME_PARTIAL,
	    "its status could not be restored: %s", err.message);
	return -1;
}

/* What follows once it is there by our hand. */
static void finish_created(struct task *t, const char *uid)
{
	if (uid)
		learn_uid(t, uid);
	outcome_set(t->outcome, OUTCOME_CREATED, "%s", "");
	free(t->outcome->detail);
	t->outcome->detail = NULL;
	restore_status(t);
}

static bool port_is_taken(
    const struct kube_answer *answer, const struct json_object *object)
{
	return answer->status == 422 &&
	       str_eq(json_get_str(object, "kind"), "Service") &&
	       answer->message &&
	       strstr(answer->message, "port is already allocated");
}

/* POST; waits for what comes by itself. 0, or -1 as kube_send. */
static int post(struct task *t, struct kube_answer *answer, struct err *err)
{
	struct wait known = wait_for(t, SETTLE_MS);
	struct wait webhook = known;

	for (;;) {
		struct err failure = ERR_INIT;

		if (write_object(t, "POST", t->object->collection, NULL, false,
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
		if (wait_for_webhook(t, &failure, &webhook))
			continue;
		*err = failure;
		return -1;
	}
}

static void meet(struct task *t);

static void create(struct task *t)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	struct err err = ERR_INIT;

	if (t->object->pause)
		quiesce_pause(t->object->object, t->object->pause);
	if (record_pause(t, &err)) {
		outcome_failed(t->outcome, &err);
		return;
	}
	if (post(t, &answer, &err) == 0) {
		autofree char *uid = t->n->wanted_uid || t->n->k->rank <= 1
					 ? uid_in(&answer)
					 : NULL;
		finish_created(t, uid);
		return;
	}
	if (answer.status == 409 && str_eq(answer.reason, "AlreadyExists"))
		meet(t);
	else
		outcome_failed(t->outcome, &err);
}

/* ---- what is there already ----------------------------------------------- */

/* Whether `live` has all that is wanted, with the same values. */
static bool covers(
    const struct json_object *live, const struct json_object *wanted)
{
	if (json_kind(live) != json_kind(wanted))
		return json_len(wanted) == 0 && json_kind(live) == JSON_NULL &&
		       json_kind(wanted) >= JSON_ARRAY;
	if (json_kind(wanted) == JSON_ARRAY) {
		if (json_len(live) != json_len(wanted))
			return false;
		for (size_t i = 0; i < json_len(wanted); i++)
			if (!covers(json_at(live, i), json_at(wanted, i)))
				return false;
		return true;
	}
	if (json_kind(wanted) != JSON_OBJECT)
		return json_equal(live, wanted);
	for (struct json_iter it = json_iter(wanted); json_next(&it);)
		if (!covers(json_get(live, it.key), it.value))
			return false;
	return true;
}

static const char *live_version(const struct json_object *object)
{
	return json_str(json_path(object, "metadata", "resourceVersion", NULL));
}

/* Server-side apply. Pauses only what it changes. */
static void update(struct task *t, const struct json_object *live)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	struct err err = ERR_INIT;
	struct wait webhook = wait_for(t, SETTLE_MS);

	if (covers(live, t->object->object)) {
		outcome_set(t->outcome, OUTCOME_UNCHANGED, "it is the same");
		return;
	}
	if (t->object->pause)
		quiesce_pause(t->object->object, t->object->pause);
	if (record_pause(t, &err)) {
		outcome_failed(t->outcome, &err);
		return;
	}
	for (;;) {
		struct err failure = ERR_INIT;

		if (write_object(t, "PATCH", t->object->path,
			"application/apply-patch+yaml",
			t->a->p->options->force_conflicts, t->object->object,
			&answer, &failure) == 0)
			break;
		if (wait_for_webhook(t, &failure, &webhook))
			continue;
		if (answer.status == 409)
			err_wrap(&failure, "fields that others own; say "
					   "--force to take them");
		outcome_failed(t->outcome, &failure);
		return;
	}
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *now =
	    json_parse(answer.body.data, answer.body.len, &ignored);
	if (str_eq(live_version(now), live_version(live)))
		outcome_set(t->outcome, OUTCOME_UNCHANGED, "it is the same");
	else
		outcome_set(t->outcome, OUTCOME_UPDATED, "it differed");
}

/* Deleting one of these would take with it what is not in the snapshot. */
static bool holds_others(const struct plan_kind *k)
{
	return str_eq(k->kind, "Namespace") ||
	       str_eq(k->kind, "CustomResourceDefinition") ||
	       str_eq(k->kind, "PersistentVolume") ||
	       str_eq(k->kind, "PersistentVolumeClaim");
}

static void recreate(struct task *t, const char *uid)
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
	    .body_len = body.len};
	if (apply_send(t->a, t->n->cluster, &r, &answer, &err) &&
	    answer.status != 404) {
		outcome_failed(t->outcome, &err);
		return;
	}
	if (wait_gone(t, uid, &err))
		outcome_failed(t->outcome, &err);
	else
		create(t);
}

/* Whether it is there because an earlier run of this restore made it and died
 * before it could say so. */
static bool is_ours(const struct task *t, const char *uid)
{
	return t->before && t->before->begun && !t->before->ended && uid &&
	       !str_eq(uid, t->before->live_uid);
}

static void drop_pause(struct task *t)
{
	struct err err = ERR_INIT;

	if (!t->paused)
		return;
	if (journal_unpause(t->a->journal, t->a->clusters[t->n->cluster].name,
		t->object->path, &err))
		outcome_note(t->outcome, "%s", err.message);
	t->paused = false;
}

static void follow_policy(struct task *t, struct json_object *live)
{
	const char *uid = json_str(json_path(live, "metadata", "uid", NULL));

	switch (t->a->p->options->existing) {
	case PLAN_EXISTING_SKIP:
		outcome_set(t->outcome, OUTCOME_SKIPPED, "it is there already");
		return;
	case PLAN_EXISTING_RECREATE:
		if (holds_others(t->n->k))
			outcome_note(t->outcome,
			    "not deleted, for others are in it: updated");
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
static void meet(struct task *t)
{
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *live =
	    apply_get(t->a, t->n->cluster, t->object->path, &err);
	const char *uid = json_str(json_path(live, "metadata", "uid", NULL));

	if (!live) {
		if (err.code == ERR_NOT_FOUND)
			err_wrap(&err, "it went away while it was looked at");
		outcome_failed(t->outcome, &err);
		return;
	}
	if (json_path(live, "metadata", "deletionTimestamp", NULL) && uid &&
	    !t->a->o->dry_run) {
		if (wait_gone(t, uid, &err))
			outcome_failed(t->outcome, &err);
		else
			create(t);
		return;
	}
	if (uid)
		learn_uid(t, uid);
	if (is_ours(t, uid)) {
		finish_created(t, uid);
		return;
	}
	drop_pause(t);
	follow_policy(t, live);
}

/* ---- one object ---------------------------------------------------------- */

static bool is_unchecked(const struct task *t)
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

void apply_kube(struct apply *a, uint32_t node, struct outcome *outcome)
{
	cleanup(apply_object_done) struct apply_object object = {
	    .object = NULL};
	struct task t = {
	    .a = a,
	    .node = node,
	    .n = &a->p->nodes.items[node],
	    .object = &object,
	    .outcome = outcome,
	    .before = a->journal && a->journal->node_count > node
			  ? &a->journal->nodes[node]
			  : NULL,
	};
	struct err err = ERR_INIT;

	/* The cheapest way for what stays as it is: no request, no reading. */
	if (t.n->exists && a->p->options->existing == PLAN_EXISTING_SKIP &&
	    !is_ours(&t, t.n->live_uid)) {
		outcome_set(outcome, OUTCOME_SKIPPED, "it is there already");
		return;
	}
	if (is_unchecked(&t))
		return;
	if (apply_prepare(a, node, &object, outcome, &err) ||
	    (a->journal && journal_begin(a->journal, node,
			       t.before && t.before->begun ? t.before->live_uid
							   : t.n->live_uid,
			       &err))) {
		outcome_failed(outcome, &err);
		return;
	}
	if (t.n->exists)
		meet(&t);
	else
		create(&t);
}
