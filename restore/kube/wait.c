#include "restore/kube/wait.h"

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

int wait_gone(struct task *t, const char *uid, struct err *err)
{
	struct backoff w = wait_start(t, run_gate_timeout_ms(t->a->run));

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
		if (!wait_more(t, &w))
			return err_set(err, ERR_EXISTS,
			    "it is still being deleted after %d s; finalizers "
			    "may hold it",
			    run_gate_timeout_ms(t->a->run) / 1000);
	}
}

/* The pods that answer may come at a later level: nobody waits here. While one
 * is away, no failure of the server is tried for long. */
bool wait_postpones(struct task *t, const struct err *failure)
{
	const struct run *r = t->a->run;

	if (r->o->dry_run ||
	    (!strstr(failure->message, "failed calling webhook") &&
		!(target_webhook_is_away(t->a, t->n->cluster) &&
		    failure->code == ERR_NETWORK)))
		return false;
	target_note_webhook(t->a, t->n->cluster);
	if (r->last_try)
		return false;
	outcome_set(t->outcome, OUTCOME_PENDING, "%s", failure->message);
	return true;
}
