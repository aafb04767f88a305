#include "restore/apply/layer_start.h"

#include "restore/apply/gate.h"
#include "restore/plan/layering.h"
#include "restore/plan/names.h"
#include "storage/base/cleanup.h"

#include <stdint.h>

VEC_DEFINE(node_vec, uint32_t);

static const struct layers *layers_of(const struct level_engine *e)
{
	return e->run->p->options->layers;
}

/* Of what the plan has not asked its target for, such as a state. */
static bool has_target(const struct level_engine *e, uint32_t node)
{
	enum plan_node_kind kind = e->run->p->nodes.items[node].kind;
	const struct apply_driver *driver = e->drivers[kind];
	cleanup(outcome_done) struct outcome now = OUTCOME_INIT;
	struct err ignored = ERR_INIT; /* it counts as something to write */

	return driver && driver->check &&
	       driver->check(driver->ctx, node, &now, &ignored) >= 0 &&
	       (now.kind == OUTCOME_UNCHANGED || now.kind == OUTCOME_SKIPPED);
}

/* What the layer has left to write, as far as it is known. */
static size_t count_work(const struct level_engine *e, size_t layer)
{
	const struct run *r = e->run;
	size_t count = 0;

	for (size_t i = 0; i < r->nodes; i++) {
		const struct plan_node *n = &r->p->nodes.items[i];
		const struct journal_node *before = run_before(r, (uint32_t)i);

		count += n->kind != PLAN_BARRIER && n->layer == layer &&
			 r->outcomes[i].kind == OUTCOME_PENDING &&
			 !(before && before->ended &&
			     !outcome_is_missing(before->outcome.kind)) &&
			 !plan_is_left_alone(r->p, n) &&
			 !has_target(e, (uint32_t)i);
	}
	return count;
}

static bool is_manual(const struct layers *l, size_t layer)
{
	return layer < l->items.len && l->items.items[layer].manual;
}

static bool is_approved(const struct level_engine *e, size_t layer)
{
	return e->approval && e->approval->approved &&
	       strvec_has(
		   e->approval->approved, layers_name(layers_of(e), layer));
}

static int check_approval(
    const struct level_engine *e, const char *name, struct err *err)
{
	const struct layers *l = layers_of(e);
	size_t layer = l && l->items.len ? layers_find(l, name) : SIZE_MAX;

	if (layer == SIZE_MAX)
		return err_set(err, ERR_USAGE,
		    "--approve %s: there is no layer of that name; `plan` "
		    "lists them",
		    name);
	if (!is_manual(l, layer))
		return err_set(err, ERR_USAGE,
		    "--approve %s: this layer needs no approval; it is not "
		    "manual",
		    name);
	for (size_t i = 0; i < l->items.len; i++)
		if (is_manual(l, i) && layers_waits_for(l, layer, i) &&
		    !is_approved(e, i) && count_work(e, i))
			return err_set(err, ERR_USAGE,
			    "--approve %s: it comes after layer '%s', which "
			    "is not approved; approve that one first",
			    name, layers_name(l, i));
	return 0;
}

int layer_start_check(const struct level_engine *e, struct err *err)
{
	if (!e->approval || !e->approval->approved)
		return 0;
	VEC_EACH (e->approval->approved, name)
		if (check_approval(e, *name, err))
			return -1;
	return 0;
}

/* ---- what is before it --------------------------------------------------- */

struct before {
	struct level_engine *e;
	size_t layer;
	enum level_layer state;
};

static void hold(struct before *b, const struct plan_node *n, const char *why)
{
	struct level_layer_state *s = &b->e->layers[b->layer];
	cleanup(buf_done) struct buf what = BUF_INIT;

	names_describe(b->e->run->p, n, &what);
	free(s->reason);
	s->reason = str_printf("layer %s waits for layer %s, of which %s %s",
	    layers_name(layers_of(b->e), b->layer),
	    layers_name(layers_of(b->e), n->layer), buf_str(&what), why);
	b->state = LEVEL_LAYER_HELD;
}

/* All of it is restored, else what is not is named. */
static void check_restored(struct before *b, size_t needs)
{
	const struct run *r = b->e->run;

	for (size_t i = 0; i < r->nodes; i++) {
		const struct plan_node *n = &r->p->nodes.items[i];
		enum outcome_kind kind = r->outcomes[i].kind;

		if (n->kind == PLAN_BARRIER || n->layer != needs)
			continue;
		if (kind == OUTCOME_PENDING) {
			b->state = LEVEL_LAYER_LATER;
		} else if (outcome_is_missing(kind) &&
			   kind != OUTCOME_PARTIAL) {
			hold(b, n, "was not restored");
			return;
		}
	}
}

/* All of it that is restored is ready, else what is not is named. */
static void check_ready(struct before *b, size_t needs)
{
	const struct run *r = b->e->run;
	struct node_vec gates = VEC_INIT;

	for (size_t i = 0; i < r->nodes; i++) {
		const struct plan_node *n = &r->p->nodes.items[i];

		if (n->awaited && n->layer == needs &&
		    r->gates[i] == GATE_UNKNOWN)
			*vec_add(&gates) = (uint32_t)i;
	}
	gate_wait(b->e, gates.items, gates.len);
	vec_done(&gates);
	for (size_t i = 0; i < r->nodes && !run_must_stop(r); i++) {
		const struct plan_node *n = &r->p->nodes.items[i];

		if (n->awaited && n->layer == needs &&
		    r->gates[i] == GATE_FAILED) {
			hold(b, n, "is not ready");
			return;
		}
	}
}

/* A layer that has no nodes itself hands on what holds it. */
static void hold_with(struct before *b, size_t needs)
{
	struct level_layer_state *s = &b->e->layers[b->layer];

	free(s->reason);
	s->reason = str_printf("layer %s waits for layer %s: %s",
	    layers_name(layers_of(b->e), b->layer),
	    layers_name(layers_of(b->e), needs), b->e->layers[needs].reason);
	b->state = LEVEL_LAYER_HELD;
}

static void check_before(void *ctx, size_t needs)
{
	struct before *b = ctx;

	if (b->state != LEVEL_LAYER_OPEN)
		return;
	/* Also where none of its nodes has asked: it may have none. */
	enum level_layer state = layer_start(b->e, needs);
	if (state == LEVEL_LAYER_WAITS || state == LEVEL_LAYER_LATER) {
		b->state = state;
		return;
	}
	check_restored(b, needs);
	if (state == LEVEL_LAYER_HELD && b->state == LEVEL_LAYER_OPEN)
		hold_with(b, needs);
	if (b->state == LEVEL_LAYER_OPEN)
		check_ready(b, needs);
}

/* ---- the layer ----------------------------------------------------------- */

/* For whoever asks how far the restore is. */
static void note(struct level_engine *e, size_t layer, bool starts)
{
	struct err err = ERR_INIT;

	if (e->run->journal &&
	    journal_layer(e->run->journal, layer, starts, &err))
		run_fail(e->run, &err);
}

static bool may_start(struct level_engine *e, size_t layer)
{
	const struct layers *l = layers_of(e);

	if (!is_manual(l, layer) || is_approved(e, layer))
		return true;
	size_t work = count_work(e, layer);
	if (!work)
		return true;
	note(e, layer, false);
	return e->approval && e->approval->ask &&
	       e->approval->ask(e->approval->ctx, layers_name(l, layer), work);
}

enum level_layer layer_start(struct level_engine *e, size_t layer)
{
	struct level_layer_state *s = &e->layers[layer];
	struct before b = {.e = e, .layer = layer, .state = LEVEL_LAYER_OPEN};

	if (s->state != LEVEL_LAYER_UNKNOWN)
		return s->state;
	layers_needs(layers_of(e), layer, check_before, &b);
	if (b.state == LEVEL_LAYER_OPEN && !may_start(e, layer))
		b.state = LEVEL_LAYER_WAITS;
	s->state = b.state;
	if (s->state == LEVEL_LAYER_OPEN)
		note(e, layer, true);
	return s->state;
}

void layer_start_again(struct level_engine *e)
{
	for (size_t i = 0; e->layers && i <= layers_of(e)->items.len; i++)
		if (e->layers[i].state == LEVEL_LAYER_LATER)
			e->layers[i].state = LEVEL_LAYER_UNKNOWN;
}

const char *layer_start_waiting(const struct level_engine *e)
{
	const struct layers *l = layers_of(e);

	for (size_t i = 0; e->layers && i <= l->items.len; i++)
		if (e->layers[i].state == LEVEL_LAYER_WAITS &&
		    is_manual(l, i) && !is_approved(e, i) && count_work(e, i))
			return layers_name(l, i);
	return NULL;
}
