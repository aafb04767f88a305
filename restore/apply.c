#include "restore/apply.h"

#include "restore/apply_parts.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/pool.h"

#include <string.h>

enum { IN_FLIGHT = 16, REPOSITORIES = 4, GATE_TIMEOUT_MS = 5 * 60 * 1000 };

bool apply_must_stop(struct apply *a)
{
	return cancel_requested(a->o->cancel) || atomic_load(&a->failed);
}

int apply_gate_timeout_ms(const struct apply *a)
{
	return a->o->gate_timeout_ms ? a->o->gate_timeout_ms : GATE_TIMEOUT_MS;
}

static const struct clock *clock_of(const struct apply *a)
{
	return a->o->clock ? a->o->clock : clock_system();
}

int64_t apply_ticks_ms(const struct apply *a)
{
	return clock_ticks_ms(clock_of(a));
}

void apply_sleep_ms(const struct apply *a, int64_t duration_ms)
{
	clock_sleep_ms(clock_of(a), duration_ms);
}

static void fail(struct apply *a, const struct err *err)
{
	pthread_mutex_lock(&a->lock);
	if (!atomic_load(&a->failed))
		a->failure = *err;
	atomic_store(&a->failed, true);
	pthread_mutex_unlock(&a->lock);
}

size_t apply_in_flight(const struct apply *a)
{
	return a->o->in_flight ? a->o->in_flight : IN_FLIGHT;
}

/* ---- one node ------------------------------------------------------------ */

/* Whether something that must be there, or ready, is not; says what. */
static bool is_held(struct apply *a, uint32_t node, struct outcome *outcome)
{
	const struct plan *p = a->p;

	VEC_EACH (&p->graph.nodes.items[node].edges, e) {
		const struct plan_node *needed = &p->nodes.items[e->needs];
		enum outcome_kind kind = a->outcomes[e->needs].kind;
		bool missing =
		    outcome_is_missing(kind) && kind != OUTCOME_PARTIAL;
		bool unready = e->ready && a->gates[e->needs] == GATE_FAILED;
		cleanup(buf_done) struct buf what = BUF_INIT;

		if (e->broken || e->strength < EDGE_HOLDS ||
		    needed->kind == PLAN_BARRIER || (!missing && !unready))
			continue;
		plan_describe(p, needed, &what);
		outcome_set(outcome, OUTCOME_HELD, "%s %s (%s)", buf_str(&what),
		    missing ? "is missing" : "is not ready", e->reason);
		return true;
	}
	return false;
}

static void drive(
    struct apply *a, const struct plan_node *n, struct outcome *outcome)
{
	bool git = n->kind == PLAN_GIT;
	const struct apply_driver *driver = git ? a->o->git : a->o->state;
	atomic_bool *pointless = git ? &a->no_git : &a->no_state;
	struct err err = ERR_INIT;

	if (!driver) {
		outcome_set(outcome, OUTCOME_FAILED, "no target is known");
		return;
	}
	if (atomic_load(pointless)) {
		outcome_set(outcome, OUTCOME_HELD,
		    "the target refused others of its kind");
		return;
	}
	if (driver->apply(driver->ctx, n, a->o->dry_run, outcome, &err)) {
		atomic_store(pointless, true);
		if (err.code == ERR_CANCELLED)
			outcome_set(outcome, OUTCOME_PENDING, "stopped");
		else if (outcome->kind == OUTCOME_PENDING)
			outcome_failed(outcome, &err);
	}
}

static void end_node(struct apply *a, uint32_t node)
{
	struct plan_node *n = &a->p->nodes.items[node];
	struct err err = ERR_INIT;

	if (a->journal && a->outcomes[node].kind != OUTCOME_PENDING &&
	    journal_end(
		a->journal, node, n->live_uid, &a->outcomes[node], &err))
		fail(a, &err);
	size_t done = atomic_fetch_add(&a->done, 1) + 1;
	if (a->o->progress)
		a->o->progress(a->o->progress_ctx, done, a->total);
}

static void run_node(struct apply *a, uint32_t node)
{
	const struct plan_node *n = &a->p->nodes.items[node];
	struct outcome *outcome = &a->outcomes[node];

	if (n->kind == PLAN_BARRIER || outcome->kind != OUTCOME_PENDING ||
	    apply_must_stop(a))
		return;
	if (n->action == PLAN_LEAVE)
		outcome_set(outcome, OUTCOME_SKIPPED, "%s", n->reason);
	else if (n->action == PLAN_CANNOT)
		outcome_set(outcome, OUTCOME_FAILED, "%s", n->reason);
	else if (!a->o->dry_run && is_held(a, node, outcome))
		;
	else if (n->kind == PLAN_KUBE)
		apply_kube(a, node, outcome);
	else
		drive(a, n, outcome);
	/* A wait that was cut short is no failure: it goes on later. */
	if (outcome->kind == OUTCOME_FAILED && cancel_requested(a->o->cancel)) {
		outcome_done(outcome);
		outcome_set(outcome, OUTCOME_PENDING, "stopped");
	}
	end_node(a, node);
}

/* ---- levels -------------------------------------------------------------- */

VEC_DEFINE(node_vec, uint32_t);

struct batch {
	struct apply *a;
	struct node_vec nodes;
};

static void run_one(void *ctx, size_t i)
{
	struct batch *b = ctx;

	run_node(b->a, b->nodes.items[i]);
}

static void wait_one(void *ctx, size_t i)
{
	struct batch *b = ctx;
	uint32_t node = b->nodes.items[i];

	b->a->gates[node] = (uint8_t)gate_wait(b->a, node);
}

/* What must be ready before this node, and was not looked at yet. */
static bool add_gates(struct apply *a, uint32_t node, struct batch *gates)
{
	bool waits = false;

	VEC_EACH (&a->p->graph.nodes.items[node].edges, e) {
		bool queued = false;

		if (!e->ready || e->broken ||
		    a->gates[e->needs] != GATE_UNKNOWN)
			continue;
		waits = true;
		VEC_EACH (&gates->nodes, other)
			queued |= *other == e->needs;
		if (!queued)
			*vec_add(&gates->nodes) = e->needs;
	}
	return waits;
}

/* What is there and equal needs no request of its own. */
static void run_same(struct apply *a, uint32_t level)
{
	const struct graph *g = &a->p->graph;
	const uint32_t *nodes = g->order + g->level_start[level];
	size_t count = g->level_start[level + 1] - g->level_start[level];

	apply_same(a, nodes, count);
	for (size_t i = 0; i < count; i++)
		if (a->compares[nodes[i]] &&
		    a->outcomes[nodes[i]].kind != OUTCOME_PENDING)
			end_node(a, nodes[i]);
}

static bool is_left_alone(const struct apply *a, const struct plan_node *n)
{
	return n->action != PLAN_APPLY ||
	       (n->exists && a->p->options->existing == PLAN_EXISTING_SKIP);
}

/* What waits for nothing goes first, the rest when its gates have opened. */
static void run_level(struct apply *a, uint32_t level)
{
	const struct graph *g = &a->p->graph;
	struct batch first = {.a = a};
	struct batch gates = {.a = a};
	struct batch rest = {.a = a};

	run_same(a, level);
	for (uint32_t i = g->level_start[level]; i < g->level_start[level + 1];
	     i++) {
		uint32_t node = g->order[i];
		bool runs = a->outcomes[node].kind == OUTCOME_PENDING &&
			    !is_left_alone(a, &a->p->nodes.items[node]);

		if (!a->o->dry_run && runs && add_gates(a, node, &gates))
			*vec_add(&rest.nodes) = node;
		else
			*vec_add(&first.nodes) = node;
	}
	size_t workers =
	    level == 0 && first.nodes.len &&
		    a->p->nodes.items[first.nodes.items[0]].kind == PLAN_GIT
		? REPOSITORIES
		: apply_in_flight(a);
	pool_each(workers, first.nodes.len, run_one, &first);
	if (!apply_must_stop(a))
		pool_each(
		    apply_in_flight(a), gates.nodes.len, wait_one, &gates);
	pool_each(apply_in_flight(a), rest.nodes.len, run_one, &rest);
	vec_done(&first.nodes);
	vec_done(&gates.nodes);
	vec_done(&rest.nodes);
}

/* ---- after the levels ---------------------------------------------------- */

static void prune_one(struct apply *a, const struct plan_prune *d, bool hold)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	cleanup(buf_done) struct buf body = BUF_INIT;
	struct err err = ERR_INIT;
	struct report_item *item = vec_add(&a->report->items);

	item->group = str_dup("prune");
	item->what = str_printf("%s%s%s %s/%s", d->k->kind,
	    *d->k->group ? "." : "", d->k->group, d->namespace, d->name);
	item->level = a->p->graph.levels;
	if (hold) {
		outcome_set(&item->outcome, OUTCOME_HELD,
		    "nothing is deleted while something is missing");
		return;
	}
	autofree char *path = kube_path(
	    d->k->api_version, d->k->resource, d->namespace, d->name, NULL);
	buf_add_str(&body, "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\","
			   "\"propagationPolicy\":\"Background\","
			   "\"preconditions\":{\"uid\":");
	json_add_quoted(
	    &body, d->uid ? d->uid : "", d->uid ? strlen(d->uid) : 0);
	buf_add_str(&body, "}}");
	struct kube_request r = {.method = "DELETE",
	    .path = path,
	    .query = a->o->dry_run ? "dryRun=All" : NULL,
	    .body = body.data,
	    .body_len = body.len,
	    .see_through = true};
	if (apply_send(a, d->cluster, &r, &answer, &err) &&
	    answer.status != 404)
		outcome_failed(&item->outcome, &err);
	else
		outcome_set(&item->outcome, OUTCOME_UPDATED,
		    "deleted: it is not in the snapshot");
}

static void prune(struct apply *a)
{
	bool hold = report_is_missing(a->report);

	VEC_EACH (&a->p->prune, d)
		if (!apply_must_stop(a))
			prune_one(a, d, hold && !a->o->dry_run);
}

static void fill_report(struct apply *a)
{
	const struct graph *g = &a->p->graph;

	for (size_t i = 0; i < g->nodes.len; i++) {
		uint32_t node = g->order[i];
		const struct plan_node *n = &a->p->nodes.items[node];
		struct buf what = BUF_INIT;

		if (n->kind == PLAN_BARRIER)
			continue;
		struct report_item *item = vec_add(&a->report->items);
		plan_describe(a->p, n, &what);
		item->what = buf_steal(&what);
		if (n->kind == PLAN_KUBE)
			item->group =
			    *n->k->group
				? str_printf("%s.%s", n->k->kind, n->k->group)
				: str_dup(n->k->kind);
		else
			item->group =
			    str_dup(n->kind == PLAN_GIT ? "git" : "terraform");
		item->level = g->nodes.items[node].level;
		item->outcome = a->outcomes[node];
		a->outcomes[node] = (struct outcome)OUTCOME_INIT;
	}
}

static void tell_paused(struct apply *a)
{
	VEC_EACH (&a->journal->pauses, p)
		if (!p->released)
			strvec_add(&a->report->held_paused, p->what);
}

static void say_next(struct apply *a)
{
	struct report *r = a->report;

	if (r->stopped)
		r->next = str_printf("stopped before the end; go on with "
				     "'backstay-restore apply %s --resume'",
		    r->snapshot);
	else if (report_is_missing(r))
		r->next = str_printf("something is missing; put right what the "
				     "outcomes name, then 'backstay-restore "
				     "apply %s --resume' tries only that",
		    r->snapshot);
	else if (r->held_paused.len)
		r->next = str_printf("%zu objects are left paused; when all is "
				     "well, 'backstay-restore release %s'",
		    r->held_paused.len, r->snapshot);
}

/* ---- beginning and end --------------------------------------------------- */

static void open_clusters(
    struct apply *a, const struct plan_cluster *clusters, size_t count)
{
	a->clusters = mem_zalloc((count + 1) * sizeof(*a->clusters));
	a->cluster_count = count;
	for (size_t i = 0; i < count; i++) {
		struct apply_cluster *c = &a->clusters[i];

		c->client = clusters[i].client;
		c->name = clusters[i].name;
		throttle_init(&c->throttle, apply_in_flight(a));
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
	journal_close(a->journal);
	report_free(a->report);
	pthread_mutex_destroy(&a->lock);
}

/* What an earlier run ended well is not done again. */
static void take_over(struct apply *a)
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
	    .clock = clock_of(a),
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
		take_over(a);
	return 0;
}

static void run(struct apply *a)
{
	struct err err = ERR_INIT;

	for (uint32_t level = 0;
	     level < a->p->graph.levels && !apply_must_stop(a); level++)
		run_level(a, level);
	if (!a->o->dry_run)
		apply_relink_late(a);
	fill_report(a);
	if (!apply_must_stop(a))
		prune(a);
	if (a->journal && !a->p->options->hold && !apply_must_stop(a))
		quiesce_release(a);
	if (a->journal && !apply_must_stop(a) &&
	    !report_is_missing(a->report) && journal_done(a->journal, &err))
		fail(a, &err);
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
	r->stopped = apply_must_stop(&a);
	if (atomic_load(&a.failed))
		strvec_add(&r->warnings, a.failure.message);
	if (a.journal)
		tell_paused(&a);
	if (!o->dry_run)
		say_next(&a);
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
	    .clock = clock_of(&a),
	};

	open_clusters(&a, clusters, cluster_count);
	a.journal = journal_open(&j, err);
	if (!a.journal)
		return NULL;
	a.report->snapshot = str_dup(snapshot);
	quiesce_release(&a);
	a.report->stopped = apply_must_stop(&a);
	tell_paused(&a);
	return steal(a.report);
}
