#include "restore/kube/write.h"

#include "restore/kube/quiesce.h"
#include "restore/kube/send.h"
#include "restore/objects/rules.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdlib.h>

int write_pause(struct task *t, struct err *err)
{
	struct buf what = BUF_INIT;

	if (!t->object->pause)
		return 0;
	quiesce_pause(t->object->object, t->object->pause);
	if (!t->a->run->journal || t->paused)
		return 0;
	plan_describe(t->a->run->p, t->n, &what);
	autofree char *text = buf_steal(&what);
	autofree char *pointer = str_dup(t->object->pause->pointer);
	autofree char *annotation = str_dup(t->object->pause->annotation);
	autofree char *cluster = str_dup(t->a->targets[t->n->cluster].name);
	struct journal_pause pause = {
	    .cluster = cluster,
	    .path = t->object->path,
	    .pointer = pointer,
	    .annotation = annotation,
	    .what = text,
	    .level = t->a->run->p->graph.nodes.items[t->node].level,
	};
	t->paused = true;
	return journal_pause(t->a->run->journal, t->node, &pause, err);
}

int write_status(struct task *t)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	struct err err = ERR_INIT;

	if (!t->object->status || t->a->run->o->dry_run)
		return 0;
	autofree char *path = str_printf("%s/status", t->object->path);
	cleanup(json_freep) struct json_object *patch = json_new_object();
	json_set(patch, "status", json_share(t->object->status));
	if (send_object(t, "PATCH", path, "application/merge-patch+json", false,
		patch, &answer, &err) == 0)
		return 0;
	outcome_set(t->outcome, OUTCOME_PARTIAL,
	    "its status could not be restored: %s", err.message);
	return -1;
}

void write_uid(struct task *t, const char *uid)
{
	free(t->n->live_uid);
	t->n->live_uid = str_dup(uid);
}

void write_created(struct task *t, const char *uid)
{
	t->n->terminating = false;
	if (uid)
		write_uid(t, uid);
	outcome_set(t->outcome, OUTCOME_CREATED, "%s", "");
	write_status(t);
}
