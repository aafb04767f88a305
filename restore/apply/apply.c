#include "restore/apply/apply.h"

#include "restore/apply/blocked.h"
#include "restore/apply/layer_start.h"
#include "restore/apply/level.h"
#include "restore/apply/summary.h"
#include "restore/plan/layering.h"
#include "restore/plan/names.h"
#include "storage/base/cleanup.h"

#include <stdlib.h>

/* Whether the target still has the object that the earlier run left there: the
 * cluster decides, not the journal. An object that the plan did not ask the
 * target for does not count as existing. */
static bool is_still_there(
    const struct plan_node *n, const struct journal_node *before)
{
	if (n->action != PLAN_APPLY)
		return true;
	return n->exists && (!before->uid || !*before->uid ||
				str_eq(before->uid, n->live_uid));
}

/* Treats the node as not begun. */
static void forget(struct journal_node *before)
{
	free(before->live_uid);
	free(before->uid);
	outcome_done(&before->outcome);
	*before = (struct journal_node){.outcome = OUTCOME_INIT};
}

/* What an earlier run ended well and what is there still is not done again.
 * Where the plan does not know what is there, level.c asks the driver to check
 * the node when its turn comes. */
static void resume_outcomes(const struct level_engine *e)
{
	struct run *r = e->run;

	for (size_t i = 0; i < r->journal->node_count; i++) {
		struct journal_node *before = &r->journal->nodes[i];
		struct plan_node *n = &r->p->nodes.items[i];
		const struct apply_driver *driver =
		    n->kind == PLAN_BARRIER ? NULL : e->drivers[n->kind];

		if (!before->ended ||
		    outcome_is_missing(before->outcome.kind) || !driver ||
		    driver->check)
			continue;
		if (!is_still_there(n, before)) {
			forget(before);
			continue;
		}
		r->outcomes[i] = before->outcome;
		before->outcome = (struct outcome)OUTCOME_INIT;
		if (before->uid && !n->live_uid)
			names_set_live_uid(r->p, n, before->uid);
		atomic_fetch_add(&r->done, 1);
	}
}

/* With them, the journal alone shows how far each layer is. */
static int note_layers(struct run *r, struct err *err)
{
	struct layer_line_vec layers = VEC_INIT;
	int rc = 0;

	for (size_t i = 0; i < layering_count(r->p); i++)
		vec_add(&layers)->name = str_dup(layering_name(r->p, i));
	for (size_t i = 0; i < r->nodes; i++) {
		const struct plan_node *n = &r->p->nodes.items[i];

		if (n->kind != PLAN_BARRIER)
			layer_lines_add_node(
			    &layers.items[n->layer], (uint32_t)i);
	}
	/* A run that goes on finds them there. */
	if (!r->journal->layers.len)
		rc = journal_layers(r->journal, &layers, err);
	layer_lines_done(&layers);
	return rc;
}

static int open_journal(const struct level_engine *e, struct err *err)
{
	struct run *r = e->run;
	struct journal_options o = {
	    .dir = r->o->journal_dir,
	    .snapshot = r->p->options->snapshot,
	    .digest = r->p->digest,
	    .nodes = r->p->nodes.len,
	    .resume = r->o->resume,
	    .clock = run_clock(r),
	};

	if (r->o->dry_run)
		return 0;
	if (!o.dir)
		return err_set(err, ERR_USAGE,
		    "a restore needs a directory for its journal");
	r->journal = journal_open(&o, err);
	if (!r->journal)
		return -1;
	if (o.resume)
		resume_outcomes(e);
	return 0;
}

/* What an earlier run has done needs no approval any more, so the journal is
 * read first where the run goes on with it; a new run would replace it. */
static int open_run(const struct level_engine *e, struct err *err)
{
	bool resume = e->run->o->resume;

	if ((!resume && layer_start_check(e, err)) || open_journal(e, err) ||
	    (resume && layer_start_check(e, err)))
		return -1;
	return e->run->journal ? note_layers(e->run, err) : 0;
}

enum step { FINISH, PRUNE, RELEASE };

/* Runs a step of every driver that has it, unless the run must stop. */
static void each_driver(const struct level_engine *e, enum step step)
{
	for (int kind = 0; kind < PLAN_BARRIER; kind++) {
		const struct apply_driver *d = e->drivers[kind];

		if (!d || run_must_stop(e->run))
			continue;
		void (*const steps[])(void *ctx) = {[FINISH] = d->finish,
		    [PRUNE] = d->prune,
		    [RELEASE] = d->release};
		if (steps[step])
			steps[step](d->ctx);
	}
}

static void begin(const struct level_engine *e)
{
	for (int k = 0; k < PLAN_BARRIER; k++)
		if (e->drivers[k] && e->drivers[k]->begin)
			e->drivers[k]->begin(e->drivers[k]->ctx, e->run);
}

static const char *layer_word(
    enum level_layer state, const struct report_layer *l, bool failed)
{
	switch (state) {
	case LEVEL_LAYER_WAITS:
		return "waiting for approval";
	case LEVEL_LAYER_HELD:
		return "held";
	default:
		return failed			 ? "failed"
		       : l->restored == l->nodes ? "restored"
						 : "pending";
	}
}

static void report_layers(const struct level_engine *e)
{
	const struct run *r = e->run;
	size_t count = e->layers ? layering_count(r->p) : 0;

	for (size_t i = 0; i < count; i++) {
		struct report_layer l = {.nodes = 0};
		bool failed = false;

		for (size_t n = 0; n < r->nodes; n++) {
			const struct plan_node *node = &r->p->nodes.items[n];
			enum outcome_kind kind = r->outcomes[n].kind;

			if (node->kind == PLAN_BARRIER || node->layer != i)
				continue;
			l.nodes++;
			l.restored += !outcome_is_missing(kind);
			failed |=
			    outcome_is_missing(kind) && kind != OUTCOME_PENDING;
		}
		if (!l.nodes)
			continue;
		l.name = str_dup(layers_name(r->p->options->layers, i));
		l.state = layer_word(e->layers[i].state, &l, failed);
		*vec_add(&r->report->layers) = l;
	}
}

static void run_all(struct level_engine *e)
{
	struct run *r = e->run;
	struct err err = ERR_INIT;

	for (uint32_t level = 0;
	     level < r->p->graph.levels && !run_must_stop(r); level++)
		level_run(e, level);
	level_run_postponed(e);
	if (!r->o->dry_run)
		each_driver(e, FINISH);
	const char *waits = layer_start_waiting(e);

	if (waits)
		r->report->waits_for = str_dup(waits);
	report_layers(e);
	blocked_find(r);
	summary_nodes(r);
	summary_differs(r);
	if (!waits)
		each_driver(e, PRUNE);
	/* A controller that is released acts on what is not there yet. */
	if (r->journal && !r->p->options->hold && !waits)
		each_driver(e, RELEASE);
	if (r->journal && !run_must_stop(r) && !report_is_missing(r->report) &&
	    journal_done(r->journal, &err))
		run_fail(r, &err);
}

static struct level_layer_state *new_layers(const struct plan *p)
{
	size_t count = layering_count(p);
	struct level_layer_state *layers;

	if (count == 1)
		return NULL;
	/* The last has no reason and ends them. */
	layers = mem_zalloc((count + 1) * sizeof(*layers));
	layers[count].state = LEVEL_LAYERS_END;
	return layers;
}

static void layers_freep(struct level_layer_state **layers)
{
	for (size_t i = 0; *layers && (*layers)[i].state != LEVEL_LAYERS_END;
	     i++)
		free((*layers)[i].reason);
	free(*layers);
}

struct report *apply_run(
    struct plan *p, const struct apply_options *o, struct err *err)
{
	cleanup(run_done) struct run run;
	struct level_engine e = {
	    .run = &run, .drivers = o->drivers, .approval = o->approval};

	run_init(&run, p, p->nodes.len, &o->run);
	for (size_t i = 0; i < p->nodes.len; i++) {
		run.total += p->nodes.items[i].kind != PLAN_BARRIER;
		run.dry[i] = p->nodes.items[i].copy == PLAN_COPY_DRY;
	}
	cleanup(layers_freep) struct level_layer_state *layers =
	    o->run.dry_run ? NULL : new_layers(p);
	e.layers = layers;
	begin(&e);
	if (open_run(&e, err) || (o->begin && o->begin(o->begin_ctx, err)))
		return NULL;
	struct report *report = run.report;
	report->snapshot = str_dup(p->options->snapshot);
	VEC_EACH (&p->warnings, w)
		strvec_add(&report->warnings, *w);
	if (o->run.progress)
		o->run.progress(
		    o->run.progress_ctx, atomic_load(&run.done), run.total);
	run_all(&e);
	report->stopped = run_must_stop(&run);
	if (atomic_load(&run.failed))
		strvec_add(&report->warnings, run.failure.message);
	if (run.journal)
		summary_paused(&run);
	if (!o->run.dry_run) {
		summary_policies(&run);
		summary_next(&run);
	}
	return steal(run.report);
}

struct report *apply_release(
    const char *snapshot, const struct apply_options *o, struct err *err)
{
	cleanup(run_done) struct run run;
	struct level_engine e = {.run = &run, .drivers = o->drivers};

	run_init(&run, NULL, 0, &o->run);
	struct journal_options j = {
	    .dir = o->run.journal_dir,
	    .snapshot = snapshot,
	    .clock = run_clock(&run),
	};
	run.journal = journal_open(&j, err);
	if (!run.journal)
		return NULL;
	run.report->snapshot = str_dup(snapshot);
	begin(&e);
	each_driver(&e, RELEASE);
	run.report->stopped = run_must_stop(&run);
	summary_paused(&run);
	if (!run.report->items.len)
		run.report->next =
		    str_dup("nothing was left paused; there is nothing to "
			    "release");
	return steal(run.report);
}
