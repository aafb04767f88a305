#include "restore/run/run.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

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
		    &t->a->clusters[t->cluster].throttle, run_ticks_ms(t->a));
	return 0;
}

int send_request(struct apply *a, uint16_t cluster, struct kube_request *r,
    struct kube_answer *answer, struct err *err)
{
	struct throttle *throttle = &a->clusters[cluster].throttle;
	struct attempts attempts = {.a = a, .cluster = cluster};

	r->on_attempt = count_attempt;
	/* cppcheck-suppress autoVariables ; cleared before the return */
	r->ctx = &attempts;
	throttle_enter(throttle);
	int rc = kube_client_send(a->clusters[cluster].client, r, answer, err);
	throttle_leave(throttle, attempts.count == 1);
	r->on_attempt = NULL;
	r->ctx = NULL;
	return rc;
}

struct json_object *send_get(
    struct apply *a, uint16_t cluster, const char *path, struct err *err)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	struct kube_request r = {.path = path};

	if (send_request(a, cluster, &r, &answer, err))
		return NULL;
	return json_parse(answer.body.data, answer.body.len, err);
}

static const char *query(const struct apply_task *t, bool force)
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
static void keep_warnings(
    struct apply_task *t, const struct kube_answer *answer)
{
	VEC_EACH (&answer->warnings, w)
		if (t->a->o->dry_run || strstr(*w, "unknown field"))
			outcome_note(t->outcome, "%s", *w);
}

int send_object(struct apply_task *t, const char *method, const char *path,
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
	    .see_through = true,
	    /* It comes back in any case; the server has enough to do. */
	    .max_attempts =
		atomic_load(&t->a->clusters[t->n->cluster].webhook_away) ? 2
									 : 0,
	};
	int rc = send_request(t->a, t->n->cluster, &r, answer, err);
	if (!rc)
		keep_warnings(t, answer);
	return rc;
}
