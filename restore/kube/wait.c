#include "restore/kube/wait.h"

#include "restore/kube/policy.h"
#include "restore/kube/send.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

enum { POLL_MS = 100, POLL_MAX_MS = 1000 };

struct backoff wait_start(const struct task *t, int64_t limit_ms)
{
	return backoff_start(
	    run_clock(t->a->run), POLL_MS, POLL_MAX_MS, limit_ms);
}

bool wait_more(const struct task *t, struct backoff *b)
{
	return !run_must_stop(t->a->run) && backoff_wait(b);
}

/* Why a namespace is not deleted yet, in the server's words: the conditions
 * that are true. For any other object, its finalizers. */
static void describe_hold(const struct json_object *live, struct buf *out)
{
	const struct json_object *conditions =
	    json_path(live, "status", "conditions", NULL);
	const struct json_object *finalizers =
	    json_path(live, "metadata", "finalizers", NULL);

	for (size_t i = 0; i < json_len(conditions); i++) {
		const struct json_object *c = json_at(conditions, i);
		const char *type = json_get_str(c, "type");
		const char *text = json_get_str(c, "message");
		if (!type || !str_starts(type, "Namespace") || !text ||
		    !str_eq(json_get_str(c, "status"), "True"))
			continue;
		buf_printf(out, "%s%s: ", out->len ? "; " : "", type);
		str_add_printable(out, text, strlen(text));
	}
	if (out->len)
		return;
	for (size_t i = 0; i < json_len(finalizers); i++) {
		const char *name = json_str(json_at(finalizers, i));
		buf_printf(out, "%s", i ? ", " : "its finalizers are ");
		if (name)
			str_add_printable(out, name, strlen(name));
	}
	if (!out->len)
		buf_add_str(out, "finalizers may hold it");
}

/* Every few seconds, so that nobody believes that it hangs. */
static void report_waiting(
    const struct task *t, const struct buf *hold, int64_t *reported_ms)
{
	enum { EVERY_MS = 5000 };
	const struct run_options *o = t->a->run->o;
	int64_t now_ms = run_ticks_ms(t->a->run);

	if (!*reported_ms)
		*reported_ms = now_ms;
	if (!o->announce || now_ms - *reported_ms < EVERY_MS)
		return;
	*reported_ms = now_ms;
	autofree char *text =
	    str_printf("%s is being deleted, and waited for: %s",
		t->object->path, buf_str(hold));
	o->announce(text);
}

int wait_gone(struct task *t, const char *uid, struct err *err)
{
	struct backoff w = wait_start(t, run_gate_timeout_ms(t->a->run));
	cleanup(buf_done) struct buf hold = BUF_INIT;
	int64_t reported_ms = 0;

	for (;;) {
		struct err cause = ERR_INIT;
		cleanup(json_freep) struct json_object *live =
		    send_get(t->a, t->n->cluster, t->object->path, &cause);

		if (!live && cause.code == ERR_NOT_FOUND)
			return 0;
		if (live &&
		    !str_eq(json_str(json_path(live, "metadata", "uid", NULL)),
			uid))
			return 0;
		buf_clear(&hold);
		describe_hold(live, &hold);
		report_waiting(t, &hold, &reported_ms);
		if (!wait_more(t, &w))
			return err_set(err, ERR_EXISTS,
			    "it is still being deleted after %d s: %s",
			    run_gate_timeout_ms(t->a->run) / 1000,
			    buf_str(&hold));
	}
}

/* "conversion webhook for example.com/v2, Kind=Gear failed: Post ...": the
 * service behind a conversion webhook may be restored at a later level, like
 * that of an admission webhook. */
static bool is_conversion(const struct err *failure)
{
	const char *hook = strstr(failure->message, "conversion webhook for ");

	return hook && strstr(hook, " failed");
}

/* Controllers of the cluster make it a moment after what it belongs to: the
 * account of a namespace (and, before Kubernetes 1.24, the token of that
 * account), the first count of a quota. kubernetes
 * plugin/pkg/admission/serviceaccount/admission.go,
 * staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go
 */
static bool is_being_made(const struct err *failure)
{
	static const char *const texts[] = {
	    "serviceaccount \"default\" not found",
	    "No API token found for service account",
	    "status unknown for quota",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (strstr(failure->message, texts[i]))
			return true;
	return false;
}

static bool is_webhook(const struct err *failure)
{
	return strstr(failure->message, "failed calling webhook") ||
	       is_conversion(failure);
}

/* The pods that would answer may be restored at a later level, so nobody waits
 * here. While a webhook is down, failures of the server are not retried for
 * long. */
bool wait_postpones(struct task *t, const struct err *failure)
{
	const struct run *r = t->a->run;

	if (run_is_dry(r, t->node))
		return false;
	/* No pods of a later level answer for a webhook that no object of the
	 * cluster describes. */
	if (is_webhook(failure) &&
	    !target_webhook_is_away(t->a, t->n->cluster) &&
	    policy_is_outside(t, failure->message))
		return false;
	if (is_webhook(failure) ||
	    (target_webhook_is_away(t->a, t->n->cluster) &&
		failure->code == ERR_NETWORK))
		target_note_webhook(t->a, t->n->cluster);
	else if (!is_being_made(failure))
		return false;
	if (r->last_try)
		return false;
	outcome_set(t->outcome, OUTCOME_PENDING, "%s", failure->message);
	return true;
}
