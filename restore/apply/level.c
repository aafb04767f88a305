#include "restore/apply/level.h"

#include "restore/apply/gate.h"
#include "restore/apply/layer_start.h"
#include "restore/plan/names.h"
#include "storage/base/backoff.h"
#include "storage/base/cleanup.h"
#include "storage/base/pool.h"

#include <stdlib.h>

enum { POLL_MS = 100, POLL_MAX_MS = 1000 };

/* Whether something that this node needs first was postponed and is not applied
 * yet. */
static bool is_early(const struct run *r, uint32_t node)
{
	VEC_EACH (&r->p->graph.nodes.items[node].edges, e)
		if (!e->broken && e->strength >= EDGE_OWNER &&
		    r->postponed[e->needs] &&
		    r->outcomes[e->needs].kind == OUTCOME_PENDING)
			return true;
	return false;
}

/* Whether something that this node needs is missing or not ready; the outcome
 * then names it. A node whose owner is being deleted is held as well, since the
 * garbage collector would delete it together with its owner. */
static bool is_held(const struct run *r, uint32_t node, struct outcome *outcome)
{
	const struct plan *p = r->p;

	VEC_EACH (&p->graph.nodes.items[node].edges, e) {
		const struct plan_node *needed = &p->nodes.items[e->needs];
		enum outcome_kind kind = r->outcomes[e->needs].kind;
		bool missing =
		    outcome_is_missing(kind) && kind != OUTCOME_PARTIAL;
		bool lost = !missing &&
			    p->nodes.items[node].kind == PLAN_KUBE &&
			    r->lost_status[e->needs];
		bool unready = e->ready && r->gates[e->needs] == GATE_FAILED;
		bool terminating =
		    e->strength == EDGE_OWNER && needed->terminating;
		cleanup(buf_done) struct buf what = BUF_INIT;

		if (e->broken || needed->kind == PLAN_BARRIER ||
		    (!terminating && (e->strength < EDGE_HOLDS ||
					 (!missing && !lost && !unready))))
			continue;
		p->nodes.items[node].terminating |= terminating;
		names_describe(p, needed, &what);
		outcome_set(outcome, OUTCOME_HELD, "%s %s (%s)", buf_str(&what),
		    terminating ? "is still going"
		    : missing	? "was not restored"
		    : lost	? "was not restored with its status"
				: "is not ready",
		    graph_reason(&p->graph, e));
		return true;
	}
	return false;
}

/* Asks the driver whether the target still has what an earlier run restored,
 * and if so keeps the outcome of that run. What somebody has changed since then
 * still exists, and is left as it is. */
static bool is_still_restored(
    struct level_engine *e, const struct apply_driver *driver, uint32_t node)
{
	const struct journal *j = e->run->journal;
	struct journal_node *before =
	    j && j->node_count > node ? &j->nodes[node] : NULL;
	struct outcome now = OUTCOME_INIT;
	struct err err = ERR_INIT;

	if (!before || !before->ended || !driver->check ||
	    outcome_is_missing(before->outcome.kind))
		return false;
	bool chosen = before->outcome.kind != OUTCOME_SKIPPED &&
		      before->outcome.kind != OUTCOME_DIFFERS;
	if (chosen && driver->check(driver->ctx, node, &now, &err) < 0)
		outcome_failed(&now, &err);
	bool gone = chosen && (now.kind == OUTCOME_CREATED ||
				  now.kind == OUTCOME_PENDING);
	if (!gone) {
		e->run->outcomes[node] = before->outcome;
		before->outcome = (struct outcome)OUTCOME_INIT;
		if (now.kind == OUTCOME_FAILED)
			outcome_note(&e->run->outcomes[node],
			    "checked again: %s",
			    now.detail ? now.detail : "it cannot be read");
	}
	outcome_done(&now);
	return !gone;
}

static void drive(struct level_engine *e, uint32_t node)
{
	enum plan_node_kind kind = e->run->p->nodes.items[node].kind;
	const struct apply_driver *driver = e->drivers[kind];
	struct outcome *outcome = &e->run->outcomes[node];
	struct err err = ERR_INIT;

	if (!driver) {
		outcome_set(outcome, OUTCOME_FAILED, "no target is known");
		return;
	}
	if (atomic_load(&e->pointless[kind])) {
		outcome_set(outcome, OUTCOME_HELD,
		    "the target refused others of its kind");
		return;
	}
	if (is_still_restored(e, driver, node))
		return;
	switch (driver->apply(driver->ctx, node, outcome, &err)) {
	case APPLY_ENDED:
		break;
	case APPLY_LATER:
		e->run->postponed[node] = POSTPONED_BEGUN;
		break;
	case APPLY_POINTLESS:
		atomic_store(&e->pointless[kind], true);
		if (err.code == ERR_CANCELLED)
			outcome_set(outcome, OUTCOME_PENDING, "stopped");
		else if (outcome->kind == OUTCOME_PENDING)
			outcome_failed(outcome, &err);
		break;
	}
}

static void end_node(struct run *r, uint32_t node)
{
	const struct plan_node *n = &r->p->nodes.items[node];
	struct err err = ERR_INIT;

	if (r->journal && r->outcomes[node].kind != OUTCOME_PENDING &&
	    journal_end(
		r->journal, node, n->live_uid, &r->outcomes[node], &err))
		run_fail(r, &err);
	size_t done = atomic_fetch_add(&r->done, 1) + 1;
	if (r->o->progress)
		r->o->progress(r->o->progress_ctx, done, r->total);
}

static void run_node(struct level_engine *e, uint32_t node)
{
	struct run *r = e->run;
	const struct plan_node *n = &r->p->nodes.items[node];
	struct outcome *outcome = &r->outcomes[node];

	if (n->kind == PLAN_BARRIER || outcome->kind != OUTCOME_PENDING ||
	    run_must_stop(r))
		return;
	if (!r->last_try && n->action == PLAN_APPLY && is_early(r, node)) {
		if (!r->postponed[node])
			r->postponed[node] = POSTPONED_UNBEGUN;
		return;
	}
	if (n->action == PLAN_EXCLUDE)
		outcome_set(outcome, OUTCOME_SKIPPED, "%s", n->reason);
	else if (n->action == PLAN_CANNOT)
		outcome_set(outcome, OUTCOME_FAILED, "%s", n->reason);
	else if (run_is_dry(r, node) || !is_held(r, node, outcome))
		drive(e, node);
	if (outcome->kind == OUTCOME_PENDING && r->postponed[node] &&
	    !run_must_stop(r))
		return;
	/* A wait that was cut short is not a failure: it goes on later. */
	if (outcome->kind == OUTCOME_FAILED && cancel_requested(r->o->cancel)) {
		outcome_done(outcome);
		outcome_set(outcome, OUTCOME_PENDING, "stopped");
	}
	end_node(r, node);
}

/* ---- levels -------------------------------------------------------------- */

VEC_DEFINE(node_vec, uint32_t);

struct batch {
	struct level_engine *e;
	struct node_vec nodes;
};

static void run_one(void *ctx, size_t i)
{
	struct batch *b = ctx;

	run_node(b->e, b->nodes.items[i]);
}

/* Adds what must be ready before this node and was not waited for yet. */
static bool add_gates(const struct run *r, uint32_t node, struct batch *gates)
{
	bool waits = false;

	VEC_EACH (&r->p->graph.nodes.items[node].edges, e) {
		bool queued = false;

		if (!e->ready || e->broken || run_is_dry(r, e->needs) ||
		    r->gates[e->needs] != GATE_UNKNOWN ||
		    (r->postponed[e->needs] &&
			r->outcomes[e->needs].kind == OUTCOME_PENDING))
			continue;
		waits = true;
		VEC_EACH (&gates->nodes, other)
			queued |= *other == e->needs;
		if (!queued)
			*vec_add(&gates->nodes) = e->needs;
	}
	return waits;
}

/* Whether the layer of a node has started; where it never will, the node ends
 * here. What is not written needs no layer. */
static bool is_due(struct level_engine *e, uint32_t node)
{
	struct run *r = e->run;
	const struct plan_node *n = &r->p->nodes.items[node];

	if (!e->layers || n->action != PLAN_APPLY || n->kind == PLAN_BARRIER ||
	    r->outcomes[node].kind != OUTCOME_PENDING || run_must_stop(r))
		return true;
	switch (layer_start(e, n->layer)) {
	case LEVEL_LAYER_UNKNOWN:
	case LEVEL_LAYER_OPEN:
		return true;
	case LEVEL_LAYER_LATER:
		r->postponed[node] = POSTPONED_UNBEGUN;
		return false;
	case LEVEL_LAYER_HELD:
		outcome_set(&r->outcomes[node], OUTCOME_HELD, "%s",
		    e->layers[n->layer].reason);
		end_node(r, node);
		return false;
	case LEVEL_LAYER_WAITS:
	case LEVEL_LAYERS_END:
		r->postponed[node] = POSTPONED_NOT;
		return false;
	}
	return true;
}

/* Lets the driver find the nodes that are equal in the target already, so that
 * they need no request of their own. */
static void run_same(
    struct level_engine *e, enum plan_node_kind kind, uint32_t level)
{
	const struct apply_driver *driver = e->drivers[kind];
	const struct graph *g = &e->run->p->graph;
	struct node_vec nodes = VEC_INIT;

	if (!driver || !driver->same)
		return;
	for (uint32_t i = g->level_start[level]; i < g->level_start[level + 1];
	     i++) {
		const struct plan_node *n =
		    &e->run->p->nodes.items[g->order[i]];

		if (n->kind == kind && n->action == PLAN_APPLY &&
		    e->run->outcomes[g->order[i]].kind == OUTCOME_PENDING &&
		    is_due(e, g->order[i]))
			*vec_add(&nodes) = g->order[i];
	}
	driver->same(driver->ctx, nodes.items, nodes.len);
	VEC_EACH (&nodes, node)
		if (e->run->outcomes[*node].kind != OUTCOME_PENDING)
			end_node(e->run, *node);
	vec_done(&nodes);
}

/* As many as the driver of the first node allows. */
static size_t workers_for(const struct level_engine *e, const struct batch *b)
{
	enum plan_node_kind kind =
	    b->nodes.len ? e->run->p->nodes.items[b->nodes.items[0]].kind
			 : PLAN_BARRIER;
	const struct apply_driver *driver =
	    kind == PLAN_BARRIER ? NULL : e->drivers[kind];

	return driver && driver->at_once ? driver->at_once
					 : run_in_flight(e->run);
}

/* Nodes that wait for nothing run first; the others run once what they wait for
 * is ready. */
void level_run(struct level_engine *e, uint32_t level)
{
	struct run *r = e->run;
	const struct graph *g = &r->p->graph;
	struct batch first = {.e = e};
	struct batch gates = {.e = e};
	struct batch rest = {.e = e};

	layer_start_again(e);
	for (int kind = 0; kind < PLAN_BARRIER && !r->again; kind++)
		run_same(e, (enum plan_node_kind)kind, level);
	for (uint32_t i = g->level_start[level]; i < g->level_start[level + 1];
	     i++) {
		uint32_t node = g->order[i];

		if (!is_due(e, node))
			continue;
		bool runs = r->outcomes[node].kind == OUTCOME_PENDING &&
			    !plan_is_left_alone(r->p, &r->p->nodes.items[node]);

		if (!run_is_dry(r, node) && runs && add_gates(r, node, &gates))
			*vec_add(&rest.nodes) = node;
		else
			*vec_add(&first.nodes) = node;
	}
	pool_each(workers_for(e, &first), first.nodes.len, run_one, &first);
	if (!run_must_stop(r))
		gate_wait(e, gates.nodes.items, gates.nodes.len);
	pool_each(run_in_flight(r), rest.nodes.len, run_one, &rest);
	vec_done(&first.nodes);
	vec_done(&gates.nodes);
	vec_done(&rest.nodes);
}

static size_t count_postponed(const struct run *r)
{
	size_t count = 0;

	for (size_t i = 0; i < r->nodes; i++)
		count +=
		    r->postponed[i] && r->outcomes[i].kind == OUTCOME_PENDING;
	return count;
}

void level_run_postponed(struct level_engine *e)
{
	struct run *r = e->run;
	struct backoff wait = backoff_start(
	    run_clock(r), POLL_MS, POLL_MAX_MS, run_gate_timeout_ms(r));
	size_t left = count_postponed(r);

	r->again = true;
	while (left && !r->last_try && !run_must_stop(r)) {
		size_t before = left;

		r->last_try = backoff_is_over(&wait);
		for (uint32_t level = 0;
		     level < r->p->graph.levels && !run_must_stop(r); level++)
			level_run(e, level);
		left = count_postponed(r);
		if (left < before) {
			r->advance++;
			backoff_reset(&wait);
		} else {
			backoff_wait(&wait);
		}
	}
}
