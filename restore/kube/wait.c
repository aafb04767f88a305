#include "restore/run/run.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

enum { POLL_MS = 100, POLL_MAX_MS = 1000 };

/* False when the time is over. */
bool wait_more(struct apply_task *t, struct wait *w)
{
	if (run_must_stop(t->a) || run_ticks_ms(t->a) >= w->until_ms)
		return false;
	run_sleep_ms(t->a, w->pause_ms);
	w->pause_ms =
	    w->pause_ms * 2 < POLL_MAX_MS ? w->pause_ms * 2 : POLL_MAX_MS;
	return true;
}

struct wait wait_start(struct apply_task *t, int64_t limit_ms)
{
	return (struct wait){
	    .until_ms = run_ticks_ms(t->a) + limit_ms, .pause_ms = POLL_MS};
}

/* Until the object with that UID is gone. */
int wait_gone(struct apply_task *t, const char *uid, struct err *err)
{
	struct wait w = wait_start(t, run_gate_timeout_ms(t->a));

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
			    run_gate_timeout_ms(t->a) / 1000);
	}
}

/* The pods that answer may come at a later level: nobody waits here. */
bool wait_postpone(struct apply_task *t, const struct err *failure)
{
	atomic_bool *away = &t->a->clusters[t->n->cluster].webhook_away;

	/* While one is away, no failure of the server is tried for long. */
	if (t->a->o->dry_run ||
	    (!strstr(failure->message, "failed calling webhook") &&
		!(atomic_load(away) && failure->code == ERR_NETWORK)))
		return false;
	atomic_store(away, true);
	if (t->a->last_try)
		return false;
	outcome_set(t->outcome, OUTCOME_PENDING, "%s", failure->message);
	t->a->postponed[t->node] = POSTPONED_BEGUN;
	return true;
}
