#include "restore/kube/send.h"

#include "restore/kube/task.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"
#include "storage/base/percent.h"

#include <string.h>

struct attempts {
	struct applier *a;
	uint16_t cluster;
	int count;
};

static int count_attempt(void *ctx, struct err *err)
{
	struct attempts *t = ctx;

	(void)err;
	if (t->count++)
		throttle_ease(&t->a->targets[t->cluster].throttle,
		    run_ticks_ms(t->a->run));
	return 0;
}

int send_request(struct applier *a, uint16_t cluster, struct kube_request *r,
    struct kube_answer *answer, struct err *err)
{
	struct throttle *throttle = &a->targets[cluster].throttle;
	struct attempts attempts = {.a = a, .cluster = cluster};

	r->on_attempt = count_attempt;
	/* cppcheck-suppress autoVariables ; cleared before the return */
	r->ctx = &attempts;
	throttle_enter(throttle);
	int rc = kube_client_send(a->targets[cluster].client, r, answer, err);
	throttle_leave(throttle, attempts.count == 1);
	r->on_attempt = NULL;
	r->ctx = NULL;
	return rc;
}

struct json_object *send_get(
    struct applier *a, uint16_t cluster, const char *path, struct err *err)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	struct kube_request r = {.path = path};

	if (send_request(a, cluster, &r, &answer, err))
		return NULL;
	return json_parse(answer.body.data, answer.body.len, err);
}

static char *query(const struct task *t, const struct send_write *w)
{
	const char *manager = w->manager ? w->manager : KUBE_FIELD_MANAGER;
	struct buf out = BUF_INIT;

	buf_add_str(&out, "fieldManager=");
	percent_add(&out, manager, strlen(manager), "");
	if (run_is_dry(t->a->run, t->node))
		buf_add_str(&out, "&dryRun=All");
	if (w->force)
		buf_add_str(&out, "&force=true");
	return buf_steal(&out);
}

/* The server drops fields that it does not know and only sends a warning, which
 * must not be lost. */
static void keep_warnings(struct task *t, const struct kube_answer *answer)
{
	VEC_EACH (&answer->warnings, w)
		if (run_is_dry(t->a->run, t->node) ||
		    strstr(*w, "unknown field"))
			outcome_note(t->outcome, "%s", *w);
}

int send_object(struct task *t, const struct send_write *w,
    struct kube_answer *answer, struct err *err)
{
	cleanup(buf_wipe) struct buf text = BUF_INIT;
	autofree char *asked = query(t, w);

	json_write(&text, w->body, JSON_COMPACT);
	struct kube_request r = {
	    .method = w->method,
	    .path = w->path,
	    .query = asked,
	    .content_type = w->content_type,
	    .body = text.data,
	    .body_len = text.len,
	    .see_through = true,
	    /* The request will be repeated in any case, and the server has
	     * enough to do. */
	    .max_attempts = target_webhook_is_away(t->a, t->n->cluster) ? 2 : 0,
	};
	int rc = send_request(t->a, t->n->cluster, &r, answer, err);
	if (!rc)
		keep_warnings(t, answer);
	return rc;
}

int send_merge(struct applier *a, uint16_t cluster, const char *path,
    const struct json_object *patch, struct kube_answer *answer,
    struct err *err)
{
	cleanup(buf_done) struct buf body = BUF_INIT;

	json_write(&body, patch, JSON_COMPACT);
	struct kube_request r = {.method = "PATCH",
	    .path = path,
	    .query = "fieldManager=" KUBE_FIELD_MANAGER,
	    .content_type = "application/merge-patch+json",
	    .body = body.data,
	    .body_len = body.len,
	    .see_through = true};
	return send_request(a, cluster, &r, answer, err);
}

int send_delete(struct applier *a, uint16_t cluster, const char *path,
    const char *uid, struct err *err)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	cleanup(buf_done) struct buf body = BUF_INIT;

	json_text_object(&body, NULL);
	json_text_str(&body, "kind", "DeleteOptions");
	json_text_str(&body, "apiVersion", "v1");
	json_text_str(&body, "propagationPolicy", "Background");
	json_text_object(&body, "preconditions");
	json_text_str(&body, "uid", uid);
	json_text_object_end(&body);
	json_text_object_end(&body);
	struct kube_request r = {.method = "DELETE",
	    .path = path,
	    .query = a->run->o->dry_run ? "dryRun=All" : NULL,
	    .body = body.data,
	    .body_len = body.len,
	    .see_through = true};
	return send_request(a, cluster, &r, &answer, err) &&
		       answer.status != 404
		   ? -1
		   : 0;
}
