#include "restore/apply/apply.h"

#include "restore/run/run.h"
#include "storage/base/cleanup.h"

#include <string.h>

enum { IN_FLIGHT = 16, GATE_TIMEOUT_MS = 5 * 60 * 1000 };

bool run_must_stop(struct apply *a)
{
	return cancel_requested(a->o->cancel) || atomic_load(&a->failed);
}

int run_gate_timeout_ms(const struct apply *a)
{
	return a->o->gate_timeout_ms ? a->o->gate_timeout_ms : GATE_TIMEOUT_MS;
}

const struct clock *run_clock(const struct apply *a)
{
	return a->o->clock ? a->o->clock : clock_system();
}

int64_t run_ticks_ms(const struct apply *a)
{
	return clock_ticks_ms(run_clock(a));
}

void run_sleep_ms(const struct apply *a, int64_t duration_ms)
{
	clock_sleep_ms(run_clock(a), duration_ms);
}

void run_fail(struct apply *a, const struct err *err)
{
	pthread_mutex_lock(&a->lock);
	if (!atomic_load(&a->failed))
		a->failure = *err;
	atomic_store(&a->failed, true);
	pthread_mutex_unlock(&a->lock);
}

size_t run_in_flight(const struct apply *a)
{
	return a->o->in_flight ? a->o->in_flight : IN_FLIGHT;
}

static void open_clusters(
    struct apply *a, const struct plan_cluster *clusters, size_t count)
{
	a->clusters = mem_zalloc((count + 1) * sizeof(*a->clusters));
	a->cluster_count = count;
	for (size_t i = 0; i < count; i++) {
		struct apply_cluster *c = &a->clusters[i];

		c->client = clusters[i].client;
		c->name = clusters[i].name;
		throttle_init(&c->throttle, run_in_flight(a));
		pthread_mutex_init(&c->lock, NULL);
	}
	pthread_mutex_init(&a->lock, NULL);
	a->report = mem_new(struct report);
}

static void apply_done(struct apply *a)
{
	for (size_t i = 0; i < a->cluster_count; i++) {
		throttle_done(&a->clusters[i].throttle);
		pthread_mutex_destroy(&a->clusters[i].lock);
	}
	free(a->clusters);
	for (size_t i = 0; a->outcomes && i < a->p->nodes.len; i++)
		outcome_done(&a->outcomes[i]);
	free(a->outcomes);
	free(a->gates);
	free(a->compares);
	free(a->postponed);
	journal_close(a->journal);
	report_free(a->report);
	pthread_mutex_destroy(&a->lock);
}

/* What an earlier run ended well is not done again. */
static void resume_outcomes(struct apply *a)
{
	for (size_t i = 0; i < a->journal->node_count; i++) {
		struct journal_node *before = &a->journal->nodes[i];
		struct plan_node *n = &a->p->nodes.items[i];
		enum outcome_kind kind = before->outcome.kind;

		if (!before->ended || outcome_is_missing(kind))
			continue;
		a->outcomes[i] = before->outcome;
		before->outcome = (struct outcome)OUTCOME_INIT;
		if (before->uid && !n->live_uid)
			n->live_uid = str_dup(before->uid);
		atomic_fetch_add(&a->done, 1);
	}
}

static int open_journal(struct apply *a, struct err *err)
{
	struct journal_options o = {
	    .dir = a->o->journal_dir,
	    .snapshot = a->p->options->snapshot,
	    .digest = a->p->digest,
	    .nodes = a->p->nodes.len,
	    .resume = a->o->resume,
	    .clock = run_clock(a),
	};

	if (a->o->dry_run)
		return 0;
	if (!o.dir)
		return err_set(
		    err, ERR_USAGE, "a restore needs a place for its journal");
	a->journal = journal_open(&o, err);
	if (!a->journal)
		return -1;
	if (o.resume)
		resume_outcomes(a);
	return 0;
}

static void run(struct apply *a)
{
	struct err err = ERR_INIT;

	for (uint32_t level = 0;
	     level < a->p->graph.levels && !run_must_stop(a); level++)
		level_run(a, level);
	level_run_postponed(a);
	if (!a->o->dry_run)
		relink_late(a);
	summary_nodes(a);
	if (!run_must_stop(a))
		prune_objects(a);
	if (a->journal && !a->p->options->hold && !run_must_stop(a))
		quiesce_release(a);
	if (a->journal && !run_must_stop(a) && !report_is_missing(a->report) &&
	    journal_done(a->journal, &err))
		run_fail(a, &err);
}

struct report *apply_run(
    struct plan *p, const struct apply_options *o, struct err *err)
{
	cleanup(apply_done) struct apply a = {.p = p, .o = o};
	size_t count = p->nodes.len;

	open_clusters(&a, p->options->clusters, p->options->cluster_count);
	a.outcomes = mem_zalloc((count + 1) * sizeof(*a.outcomes));
	a.gates = mem_zalloc(count + 1);
	a.compares = mem_zalloc(count + 1);
	a.postponed = mem_zalloc(count + 1);
	VEC_EACH (&p->nodes, n)
		a.total += n->kind != PLAN_BARRIER;
	if (open_journal(&a, err))
		return NULL;
	struct report *r = a.report;
	r->snapshot = str_dup(p->options->snapshot);
	r->dry_run = o->dry_run;
	VEC_EACH (&p->warnings, w)
		strvec_add(&r->warnings, *w);
	run(&a);
	r->stopped = run_must_stop(&a);
	if (atomic_load(&a.failed))
		strvec_add(&r->warnings, a.failure.message);
	if (a.journal)
		summary_paused(&a);
	if (!o->dry_run)
		summary_next(&a);
	return steal(a.report);
}

struct report *apply_release(const char *snapshot,
    const struct plan_cluster *clusters, size_t cluster_count,
    const struct apply_options *o, struct err *err)
{
	cleanup(apply_done) struct apply a = {.o = o};
	struct journal_options j = {
	    .dir = o->journal_dir,
	    .snapshot = snapshot,
	    .clock = run_clock(&a),
	};

	open_clusters(&a, clusters, cluster_count);
	a.journal = journal_open(&j, err);
	if (!a.journal)
		return NULL;
	a.report->snapshot = str_dup(snapshot);
	quiesce_release(&a);
	a.report->stopped = run_must_stop(&a);
	summary_paused(&a);
	if (!a.report->items.len)
		a.report->next =
		    str_dup("nothing was left paused; there is nothing to "
			    "release");
	return steal(a.report);
}
