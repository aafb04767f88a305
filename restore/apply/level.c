#include "restore/run/run.h"
#include "storage/base/cleanup.h"
#include "storage/base/pool.h"

enum { REPOSITORIES = 4, POLL_MS = 100, POLL_MAX_MS = 1000 };

/* Whether something comes later that must come before. */
static bool is_early(struct apply *a, uint32_t node)
{
	VEC_EACH (&a->p->graph.nodes.items[node].edges, e)
		if (!e->broken && e->strength >= EDGE_OWNER &&
		    a->postponed[e->needs] &&
		    a->outcomes[e->needs].kind == OUTCOME_PENDING)
			return true;
	return false;
}

/* Whether something that must be there, or ready, is not; says what. What is
 * held for an owner that is going will itself go with it, by the hand of the
 * garbage collector. */
static bool is_held(struct apply *a, uint32_t node, struct outcome *outcome)
{
	const struct plan *p = a->p;

	VEC_EACH (&p->graph.nodes.items[node].edges, e) {
		const struct plan_node *needed = &p->nodes.items[e->needs];
		enum outcome_kind kind = a->outcomes[e->needs].kind;
		bool missing =
		    outcome_is_missing(kind) && kind != OUTCOME_PARTIAL;
		bool unready = e->ready && a->gates[e->needs] == GATE_FAILED;
		bool terminating =
		    e->strength == EDGE_OWNER && needed->terminating;
		cleanup(buf_done) struct buf what = BUF_INIT;

		if (e->broken || needed->kind == PLAN_BARRIER ||
		    (!terminating &&
			(e->strength < EDGE_HOLDS || (!missing && !unready))))
			continue;
		p->nodes.items[node].terminating |= terminating;
		plan_describe(p, needed, &what);
		outcome_set(outcome, OUTCOME_HELD, "%s %s (%s)", buf_str(&what),
		    terminating ? "is still going"
		    : missing	? "was not restored"
				: "is not ready",
		    e->reason);
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
		run_fail(a, &err);
	size_t done = atomic_fetch_add(&a->done, 1) + 1;
	if (a->o->progress)
		a->o->progress(a->o->progress_ctx, done, a->total);
}

static void run_node(struct apply *a, uint32_t node)
{
	const struct plan_node *n = &a->p->nodes.items[node];
	struct outcome *outcome = &a->outcomes[node];

	if (n->kind == PLAN_BARRIER || outcome->kind != OUTCOME_PENDING ||
	    run_must_stop(a))
		return;
	if (!a->last_try && n->action == PLAN_APPLY && is_early(a, node)) {
		if (!a->postponed[node])
			a->postponed[node] = POSTPONED_UNBEGUN;
		return;
	}
	if (n->action == PLAN_EXCLUDE)
		outcome_set(outcome, OUTCOME_SKIPPED, "%s", n->reason);
	else if (n->action == PLAN_CANNOT)
		outcome_set(outcome, OUTCOME_FAILED, "%s", n->reason);
	else if (!a->o->dry_run && is_held(a, node, outcome))
		;
	else if (n->kind == PLAN_KUBE)
		create_or_update(a, node, outcome);
	else
		drive(a, n, outcome);
	if (outcome->kind == OUTCOME_PENDING && a->postponed[node] &&
	    !run_must_stop(a))
		return;
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

	b->a->gates[node] = (uint8_t)ready_wait(b->a, node);
}

/* What must be ready before this node, and was not looked at yet. */
static bool add_gates(struct apply *a, uint32_t node, struct batch *gates)
{
	bool waits = false;

	VEC_EACH (&a->p->graph.nodes.items[node].edges, e) {
		bool queued = false;

		if (!e->ready || e->broken ||
		    a->gates[e->needs] != GATE_UNKNOWN ||
		    (a->postponed[e->needs] &&
			a->outcomes[e->needs].kind == OUTCOME_PENDING))
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

	same_outcomes(a, nodes, count);
	for (size_t i = 0; i < count; i++)
		if (a->compares[nodes[i]] &&
		    a->outcomes[nodes[i]].kind != OUTCOME_PENDING)
			end_node(a, nodes[i]);
}

static bool is_left_alone(const struct apply *a, const struct plan_node *n)
{
	return n->action != PLAN_APPLY ||
	       (n->exists && plan_existing_of(a->p, n) == PLAN_EXISTING_SKIP);
}

/* What waits for nothing goes first, the rest when its gates have opened. */
void level_run(struct apply *a, uint32_t level)
{
	const struct graph *g = &a->p->graph;
	struct batch first = {.a = a};
	struct batch gates = {.a = a};
	struct batch rest = {.a = a};

	if (!a->again)
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
		: run_in_flight(a);
	pool_each(workers, first.nodes.len, run_one, &first);
	if (!run_must_stop(a))
		pool_each(run_in_flight(a), gates.nodes.len, wait_one, &gates);
	pool_each(run_in_flight(a), rest.nodes.len, run_one, &rest);
	vec_done(&first.nodes);
	vec_done(&gates.nodes);
	vec_done(&rest.nodes);
}

static size_t count_postponed(const struct apply *a)
{
	size_t count = 0;

	for (size_t i = 0; i < a->p->nodes.len; i++)
		count +=
		    a->postponed[i] && a->outcomes[i].kind == OUTCOME_PENDING;
	return count;
}

void level_run_postponed(struct apply *a)
{
	int64_t until_ms = run_ticks_ms(a) + run_gate_timeout_ms(a);
	int64_t pause_ms = POLL_MS;
	size_t left = count_postponed(a);

	a->again = true;
	while (left && !a->last_try && !run_must_stop(a)) {
		size_t before = left;

		a->last_try = run_ticks_ms(a) >= until_ms;
		for (uint32_t level = 0;
		     level < a->p->graph.levels && !run_must_stop(a); level++)
			level_run(a, level);
		left = count_postponed(a);
		if (left < before) {
			for (size_t i = 0; i < a->cluster_count; i++)
				atomic_store(
				    &a->clusters[i].webhook_away, false);
			pause_ms = POLL_MS;
		} else {
			run_sleep_ms(a, pause_ms);
			pause_ms = pause_ms * 2 < POLL_MAX_MS ? pause_ms * 2
							      : POLL_MAX_MS;
		}
	}
}
