#include "restore/kube/write.h"

#include "restore/kube/ours.h"
#include "restore/kube/owned.h"
#include "restore/kube/send.h"
#include "restore/objects/dropped.h"
#include "restore/objects/field_owners.h"
#include "restore/plan/names.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdlib.h>

/* 1 where the journal says so now, 0 where it did before: by an earlier run, or
 * before the object was postponed. */
static int note_pause(struct applier *a, uint32_t node,
    const struct prepared *o, size_t i, struct err *err)
{
	struct run *run = a->run;
	const struct plan_node *n = &run->p->nodes.items[node];
	const struct rule_pause *rule = o->pauses[i].rule;
	struct buf what = BUF_INIT;

	names_describe(run->p, n, &what);
	autofree char *text = buf_steal(&what);
	autofree char *pointer = str_dup(rule->pointer);
	autofree char *annotation = str_dup(rule->annotation);
	autofree char *paused = str_dup(rule->value);
	autofree char *cluster = str_dup(a->targets[n->cluster].name);
	struct journal_pause pause = {
	    .cluster = cluster,
	    .path = o->path,
	    .pointer = pointer,
	    .annotation = annotation,
	    .paused = paused,
	    .before = o->pauses[i].before,
	    .map = o->pauses[i].map,
	    .what = text,
	    .level = run->p->graph.nodes.items[node].level,
	};
	if (journal_is_paused(run->journal, cluster, o->path, pointer))
		return 0;
	return journal_pause(run->journal, node, &pause, err) ? -1 : 1;
}

bool write_keeps_pauses(const struct applier *a, uint32_t node)
{
	return a->run->journal && !run_is_dry(a->run, node);
}

int write_pause(struct task *t, struct err *err)
{
	for (size_t i = 0; i < t->object->pause_count; i++) {
		if (write_keeps_pauses(t->a, t->node)) {
			int noted =
			    note_pause(t->a, t->node, t->object, i, err);
			if (noted < 0)
				return -1;
			t->paused |= noted;
		}
		pause_set(t->object->object, t->object->pauses[i].rule);
	}
	return 0;
}

int write_adopt_pauses(struct applier *a, uint32_t node,
    const struct json_object *live, struct prepared *wanted, struct err *err)
{
	for (size_t i = 0; i < wanted->pause_count; i++) {
		const struct rule_pause *rule = wanted->pauses[i].rule;

		if (!ours_is_pause(live, rule))
			continue;
		if (write_keeps_pauses(a, node) &&
		    note_pause(a, node, wanted, i, err) < 0)
			return -1;
		pause_set(wanted->object, rule);
	}
	return 0;
}

void write_no_pause(struct task *t)
{
	struct err err = ERR_INIT;

	if (journal_unpause(t->a->run->journal,
		t->a->targets[t->n->cluster].name, t->object->path, &err))
		outcome_note(t->outcome, "%s", err.message);
	t->paused = false;
}

int write_status(struct task *t, struct json_object **now)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	struct err err = ERR_INIT;
	struct err ignored = ERR_INIT;

	*now = NULL;
	if (!t->object->status || run_is_dry(t->a->run, t->node))
		return 0;
	autofree char *path = str_printf("%s/status", t->object->path);
	cleanup(json_freep) struct json_object *patch = json_new_object();
	json_set(patch, "status", json_share(t->object->status));
	const struct send_write w = {.method = "PATCH",
	    .path = path,
	    .content_type = "application/merge-patch+json",
	    .manager = field_owners_of_status(t->object->managers),
	    .body = patch};
	if (send_object(t, &w, &answer, &err) == 0) {
		*now = json_parse(answer.body.data, answer.body.len, &ignored);
		return 0;
	}
	t->a->run->lost_status[t->node] = 1;
	outcome_set(t->outcome, OUTCOME_PARTIAL,
	    "its status could not be restored: %s", err.message);
	return -1;
}

void write_uid(struct task *t, const char *uid)
{
	names_set_live_uid(t->a->run->p, t->n, uid);
}

/* For example a sidecar that became an init container, or a time zone that is
 * missing: the object exists, but differs. */
static void report_dropped(struct task *t, const struct json_object *sent,
    const struct json_object *made)
{
	enum { SHOWN = 8 };
	cleanup(strvec_done) struct strvec paths = VEC_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (!json_get(made, "metadata"))
		return;
	dropped_find(sent, made, &paths);
	for (size_t i = 0; i < paths.len && i < SHOWN; i++)
		buf_printf(&text, "%s%s", i ? ", " : "", paths.items[i]);
	if (paths.len > SHOWN)
		buf_printf(&text, " and %zu more", paths.len - SHOWN);
	if (paths.len)
		outcome_set(t->outcome, OUTCOME_PARTIAL,
		    "the server does not know, or does not take, and dropped "
		    "%s",
		    buf_str(&text));
}

void write_created(struct task *t, const struct json_object *made, bool answer)
{
	const char *uid = json_str(json_path(made, "metadata", "uid", NULL));
	cleanup(json_freep) struct json_object *now = NULL;
	struct err err = ERR_INIT;

	t->n->terminating = false;
	if (uid && t->n->copy != PLAN_COPY_DRY &&
	    (t->n->wanted_uid || t->object->status || t->n->k->rank <= 1))
		write_uid(t, uid);
	outcome_set(t->outcome,
	    t->n->copy == PLAN_COPY_DRY ? OUTCOME_ACCEPTED : OUTCOME_CREATED,
	    "%s", "");
	if (answer)
		report_dropped(t, t->object->object, made);
	/* What a lost run has made may have a controller at work by now. */
	bool has_status = t->a->run->o->adopts && !answer &&
			  field_owners_has_status(made) &&
			  !ours_lacks_status(made, t->object);
	if ((has_status || write_status(t, &now) == 0) &&
	    owned_give_back(t, now ? now : made, &err))
		outcome_set(t->outcome, OUTCOME_PARTIAL, "%s", err.message);
}
