#include "restore/plan/edges.h"

#include "restore/objects/references.h"
#include "restore/plan/layering.h"
#include "restore/plan/names.h"
#include "storage/base/cleanup.h"
#include "storage/base/index.h"

/* Those nodes that provide them all are what runs the pods. */
static void need_pods_of(
    struct pending *w, const struct pending_reference *of, uint32_t service)
{
	struct plan *p = w->p;
	size_t first = 0;

	while (first < w->selectors.len &&
	       w->selectors.items[first].node != service)
		first++;
	if (first == w->selectors.len)
		return;
	size_t end = pending_selector_end(w, first);
	const char *name = pending_text(w, w->selectors.items[first].key);
	for (uint32_t it = index_first(p->names, name); it != INDEX_END;
	     it = index_next(p->names, it)) {
		uint32_t node = index_value(p->names, it);

		if (pending_selects(w, first + 1, end, node))
			graph_need(&p->graph, of->node, node, of->strength,
			    true, "pods of the service");
	}
}

/* A pod that runs before the policy that closes it is open meanwhile, and where
 * the policy cannot be restored, for ever. What selects its sources acts on
 * those that it finds. */
static void order_selected(struct pending *w, size_t first, size_t end)
{
	struct plan *p = w->p;
	const struct pending_reference *by = &w->selectors.items[first];
	bool policy = by->reason == references_policy;
	const char *name = pending_text(w, by->key);

	for (uint32_t it = index_first(p->names, name); it != INDEX_END;
	     it = index_next(p->names, it)) {
		uint32_t node = index_value(p->names, it);

		if (node == by->node || !pending_selects(w, first, end, node) ||
		    p->nodes.items[node].action == PLAN_EXCLUDE)
			continue;
		graph_need(&p->graph, policy ? node : by->node,
		    policy ? by->node : node, by->strength, false, by->reason);
	}
}

static void await_selected(struct pending *w)
{
	for (size_t i = 0, end; i < w->selectors.len; i = end) {
		const char *reason = w->selectors.items[i].reason;

		end = pending_selector_end(w, i);
		if (reason == references_policy || reason == references_source)
			order_selected(w, i, end);
	}
}

static bool resolve(
    struct pending *w, const struct pending_reference *pending, uint32_t key)
{
	struct plan *p = w->p;
	bool found = false;

	for (uint32_t it = index_first(p->names, pending_text(w, key));
	     it != INDEX_END; it = index_next(p->names, it)) {
		uint32_t node = index_value(p->names, it);

		found = true;
		if (p->nodes.items[node].action == PLAN_EXCLUDE)
			continue;
		graph_need(&p->graph, pending->node, node, pending->strength,
		    pending->ready, pending->reason);
		if (pending->strength == EDGE_OWNER)
			p->nodes.items[node].wanted_uid = true;
		if (str_eq(pending->reason, "/spec/volumeName"))
			p->nodes.items[pending->node].volume_restored = true;
		if (pending->backend)
			need_pods_of(w, pending, node);
	}
	return found;
}

static uint32_t add_barrier(struct plan *p, const char *key)
{
	struct plan_node *n = vec_add(&p->nodes);

	n->kind = PLAN_BARRIER;
	n->name = *vec_add(&p->texts) = str_dup(key);
	return graph_add_barrier(&p->graph, n->name);
}

static void member(struct plan *p, uint32_t barrier, uint32_t node)
{
	graph_need(&p->graph, barrier, node, EDGE_MEMBER, false, "order");
}

static void after(struct plan *p, uint32_t node, uint32_t barrier)
{
	graph_need(&p->graph, node, barrier, EDGE_ORDER, false, "order");
}

/* The barriers of one layer. */
struct barriers {
	uint32_t begin, git, state, tiers[RULES_TIERS], end;
};

static uint32_t add_barrier_of(
    struct plan *p, size_t layer, const char *what, int number)
{
	cleanup(buf_done) struct buf key = BUF_INIT;

	buf_add_str(&key, what);
	if (number)
		buf_printf(&key, " %d", number);
	if (layering_count(p) > 1)
		buf_printf(&key, " of layer %s",
		    layers_name(p->options->layers, layer));
	return add_barrier(p, buf_str(&key));
}

static struct barriers add_barriers_of(struct plan *p, size_t layer)
{
	struct barriers b = {.git = add_barrier_of(p, layer, "after git", 0),
	    .state = add_barrier_of(p, layer, "after terraform", 0)};

	member(p, b.state, b.git);
	for (int t = 0; t < RULES_TIERS; t++) {
		b.tiers[t] = add_barrier_of(p, layer, "before tier", t + 1);
		after(p, b.tiers[t], b.state);
	}
	if (layering_count(p) > 1) {
		b.begin = add_barrier_of(p, layer, "begin", 0);
		b.end = add_barrier_of(p, layer, "end", 0);
	}
	return b;
}

/* Within a layer: repositories first, then state, then objects, then what may
 * refuse objects. */
static void order_node(struct plan *p, uint32_t i, const struct barriers *b)
{
	const struct plan_node *n = &p->nodes.items[i];

	if (n->kind == PLAN_GIT) {
		member(p, b->git, i);
	} else if (n->kind == PLAN_STATE) {
		member(p, b->state, i);
		after(p, i, b->git);
	} else {
		after(p, i, b->state);
		for (int t = n->k->tier; t < RULES_TIERS; t++)
			member(p, b->tiers[t], i);
		if (n->k->tier)
			after(p, i, b->tiers[n->k->tier - 1]);
	}
}

static void add_barriers(struct plan *p)
{
	uint32_t nodes = (uint32_t)p->nodes.len;
	size_t count = layering_count(p);
	autofree struct barriers *layers = mem_zalloc(count * sizeof(*layers));
	autofree uint32_t *begin = mem_zalloc(count * sizeof(*begin));
	autofree uint32_t *end = mem_zalloc(count * sizeof(*end));

	for (size_t l = 0; l < count; l++) {
		layers[l] = add_barriers_of(p, l);
		begin[l] = layers[l].begin;
		end[l] = layers[l].end;
	}
	for (uint32_t i = 0; i < nodes; i++) {
		size_t l = p->nodes.items[i].layer;

		order_node(p, i, &layers[l]);
		if (count == 1)
			continue;
		p->nodes.items[i].awaited = layering_awaits(&p->nodes.items[i]);
		after(p, i, begin[l]);
		graph_need(&p->graph, end[l], i, EDGE_HOLDS, false, "layer");
	}
	layering_order(p, begin, end);
}

static bool is_claim(const struct plan *p, uint32_t node)
{
	const struct plan_node *n = &p->nodes.items[node];

	return n->kind == PLAN_KUBE && *n->k->group == '\0' &&
	       str_eq(n->k->kind, "PersistentVolumeClaim");
}

static bool is_namespace(const struct plan *p, uint32_t node)
{
	const struct plan_node *n = &p->nodes.items[node];

	return n->kind == PLAN_KUBE && *n->k->group == '\0' &&
	       str_eq(n->k->kind, "Namespace");
}

/* The API requires these edges, so a cycle cannot be broken there: a namespace
 * that waits for something inside it could never be created. */
static int check_broken(const struct plan *p, struct err *err)
{
	const struct plan_options *o = p->options;

	VEC_EACH (&p->graph.broken, b) {
		bool users = false;
		bool touches =
		    is_namespace(p, b->node) || is_namespace(p, b->needs);

		for (size_t i = 0; i < o->edge_count; i++)
			users |= b->reason == o->edges[i].pointer;
		if (b->strength < EDGE_REQUIRED && !(users && touches))
			continue;
		cleanup(buf_done) struct buf text = BUF_INIT;
		names_describe(p, &p->nodes.items[b->node], &text);
		buf_add_str(&text, " and ");
		names_describe(p, &p->nodes.items[b->needs], &text);
		return err_set(err, ERR_USAGE,
		    "%s need each other, which cannot be restored in any "
		    "order (%s)%s",
		    buf_str(&text), b->reason,
		    o->edge_count ? "; take the edge out of restore.edges"
				  : "");
	}
	return 0;
}

/* Cycles broken between the same two kinds for the same reason: one line. */
struct cycles {
	const struct graph_broken *first;
	size_t others;
	struct buf named;
};
VEC_DEFINE(cycles_vec, struct cycles);
enum { LINE_CYCLES = 8 }; /* others named in a line; more are counted */

static void cycles_vec_done(struct cycles_vec *v)
{
	VEC_EACH (v, c)
		buf_done(&c->named);
	vec_done(v);
}

static bool are_alike(const struct plan *p, const struct graph_broken *a,
    const struct graph_broken *b)
{
	const struct plan_node *nodes = p->nodes.items;

	return nodes[a->node].k && nodes[a->needs].k &&
	       nodes[a->node].k == nodes[b->node].k &&
	       nodes[a->needs].k == nodes[b->needs].k &&
	       str_eq(a->reason, b->reason);
}

static void add_cycle(
    const struct plan *p, struct cycles_vec *v, const struct graph_broken *b)
{
	VEC_EACH (v, c) {
		if (!are_alike(p, c->first, b))
			continue;
		if (c->others++ < LINE_CYCLES) {
			buf_add_str(&c->named, c->others > 1 ? ", " : "");
			names_describe(p, &p->nodes.items[b->node], &c->named);
		}
		return;
	}
	*vec_add(v) = (struct cycles){.first = b, .named = BUF_INIT};
}

static void report_cycles(struct plan *p, struct cycles *c)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	buf_add_str(&text, "a cycle was broken: ");
	names_describe(p, &p->nodes.items[c->first->node], &text);
	buf_add_str(&text, " does not wait for ");
	names_describe(p, &p->nodes.items[c->first->needs], &text);
	buf_printf(&text, " (%s)", c->first->reason);
	if (c->others)
		buf_printf(&text, "; so it is with %zu more: %s", c->others,
		    buf_str(&c->named));
	if (c->others > LINE_CYCLES)
		buf_printf(&text, ", and %zu others", c->others - LINE_CYCLES);
	*vec_add(&p->warnings) = buf_steal(&text);
}

static void report_broken(struct plan *p)
{
	cleanup(cycles_vec_done) struct cycles_vec lines = VEC_INIT;

	/* A claim is there before its StatefulSet, and gets its owner
	 * afterwards. */
	VEC_EACH (&p->graph.broken, b)
		if (b->strength != EDGE_MEMBER &&
		    (b->strength != EDGE_OWNER || !is_claim(p, b->node)))
			add_cycle(p, &lines, b);
	VEC_EACH (&lines, c)
		report_cycles(p, c);
}

int edges_resolve(struct pending *w, struct err *err)
{
	struct plan *p = w->p;

	VEC_EACH (&w->references, pending)
		if (!resolve(w, pending, pending->key) && pending->alternative)
			resolve(w, pending, pending->alternative);
	await_selected(w);
	/* Ordering takes room of its own. */
	pending_done(w);
	layering_settle(p);
	add_barriers(p);
	graph_order(&p->graph);
	if (check_broken(p, err))
		return -1;
	report_broken(p);
	return 0;
}
