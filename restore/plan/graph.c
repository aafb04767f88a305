#include "restore/plan/graph.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <string.h>

enum { UNSEEN = UINT32_MAX };

VEC_DEFINE(index_vec, uint32_t);

void graph_done(struct graph *g)
{
	VEC_EACH (&g->nodes, n)
		vec_done(&n->edges);
	vec_done(&g->nodes);
	vec_done(&g->reasons);
	vec_done(&g->broken);
	free(g->order);
	free(g->level_start);
	*g = (struct graph)GRAPH_INIT;
}

uint32_t graph_add(struct graph *g, const char *key, int16_t rank)
{
	struct graph_node *n = vec_add(&g->nodes);

	n->key = key;
	n->rank = rank;
	return (uint32_t)(g->nodes.len - 1);
}

uint32_t graph_add_barrier(struct graph *g, const char *key)
{
	uint32_t node = graph_add(g, key, 0);

	g->nodes.items[node].barrier = true;
	return node;
}

/* What comes one after the other mostly has the same. Those beyond what can be
 * told apart are called as the last that can. */
static uint16_t keep_reason(struct graph *g, const char *reason)
{
	size_t i = g->reasons.len;

	while (i > 0 && g->reasons.items[i - 1] != reason &&
	       !str_eq(g->reasons.items[i - 1], reason))
		i--;
	if (!i) {
		if (g->reasons.len <= UINT16_MAX)
			*vec_add(&g->reasons) = reason;
		i = g->reasons.len;
	}
	return (uint16_t)(i - 1);
}

const char *graph_reason(const struct graph *g, const struct graph_edge *e)
{
	return g->reasons.items[e->reason];
}

void graph_need(struct graph *g, uint32_t node, uint32_t needs,
    enum edge_strength strength, bool ready, const char *reason)
{
	struct graph_edges *edges = &g->nodes.items[node].edges;

	if (node == needs)
		return;
	/* Most nodes have two, and there are many nodes. */
	if (!edges->cap)
		vec_reserve(edges, 2);
	*vec_add(edges) = (struct graph_edge){
	    .needs = needs,
	    .strength = strength,
	    .ready = ready,
	    .reason = keep_reason(g, reason),
	};
}

static int by_target(const void *va, const void *vb)
{
	const struct graph_edge *a = va;
	const struct graph_edge *b = vb;

	if (a->needs != b->needs)
		return a->needs < b->needs ? -1 : 1;
	if (a->strength != b->strength)
		return a->strength > b->strength ? -1 : 1;
	return (int)a->reason - (int)b->reason;
}

static void merge_edges(struct graph_edges *edges)
{
	size_t kept = 0;

	vec_sort(edges, by_target);
	for (size_t i = 0; i < edges->len; i++) {
		struct graph_edge e = edges->items[i];

		if (kept && edges->items[kept - 1].needs == e.needs)
			edges->items[kept - 1].ready |= e.ready;
		else
			edges->items[kept++] = e;
	}
	edges->len = kept;
}

/*
 * Strongly connected components by Tarjan's algorithm, with a stack of its
 * own: a chain of owners from outside may be as long as the snapshot.
 */
struct frame {
	uint32_t node;
	size_t next_edge;
};

struct components {
	struct graph *g;
	const uint32_t *within; /* 0: not to be looked at, else its set */
	uint32_t set;
	uint32_t *seen; /* order of discovery, UNSEEN before */
	uint32_t *low;
	bool *on_stack;
	uint32_t counter;
	struct index_vec stack;
	VEC_DEFINE(, struct frame) frames;
	struct index_vec found; /* nodes of components of two or more */
	struct index_vec ends;	/* where in found each of them ends */
};

static void enter(struct components *c, uint32_t node)
{
	c->seen[node] = c->low[node] = c->counter++;
	c->on_stack[node] = true;
	*vec_add(&c->stack) = node;
	*vec_add(&c->frames) = (struct frame){.node = node};
}

static void leave(struct components *c, uint32_t node)
{
	c->frames.len--;
	if (c->frames.len) {
		uint32_t above = c->frames.items[c->frames.len - 1].node;

		if (c->low[node] < c->low[above])
			c->low[above] = c->low[node];
	}
	if (c->low[node] != c->seen[node])
		return;
	size_t first = c->stack.len;
	do {
		first--;
		c->on_stack[c->stack.items[first]] = false;
	} while (c->stack.items[first] != node);
	if (c->stack.len - first > 1) {
		for (size_t i = first; i < c->stack.len; i++)
			*vec_add(&c->found) = c->stack.items[i];
		*vec_add(&c->ends) = (uint32_t)c->found.len;
	}
	c->stack.len = first;
}

static void search_from(struct components *c, uint32_t root)
{
	enter(c, root);
	while (c->frames.len) {
		struct frame *f = &c->frames.items[c->frames.len - 1];
		const struct graph_edges *edges =
		    &c->g->nodes.items[f->node].edges;

		if (f->next_edge == edges->len) {
			leave(c, f->node);
			continue;
		}
		const struct graph_edge *e = &edges->items[f->next_edge++];
		if (e->broken || c->within[e->needs] != c->set)
			continue;
		if (c->seen[e->needs] == UNSEEN)
			enter(c, e->needs);
		else if (c->on_stack[e->needs] &&
			 c->seen[e->needs] < c->low[f->node])
			c->low[f->node] = c->seen[e->needs];
	}
}

static bool weaker(const struct graph *g, uint32_t a_node,
    const struct graph_edge *a, uint32_t b_node, const struct graph_edge *b)
{
	if (a->strength != b->strength)
		return a->strength < b->strength;
	if (a->ready != b->ready)
		return !a->ready;
	int by_node =
	    strcmp(g->nodes.items[a_node].key, g->nodes.items[b_node].key);
	if (by_node)
		return by_node > 0;
	return strcmp(g->nodes.items[a->needs].key,
		   g->nodes.items[b->needs].key) > 0;
}

/* Takes the weakest edge out of the component whose nodes are given. */
static void break_weakest(struct graph *g, const uint32_t *nodes, size_t count,
    const uint32_t *within, uint32_t set)
{
	struct graph_edge *weakest = NULL;
	uint32_t weakest_node = 0;

	for (size_t i = 0; i < count; i++)
		VEC_EACH (&g->nodes.items[nodes[i]].edges, e) {
			if (e->broken || within[e->needs] != set)
				continue;
			if (!weakest ||
			    weaker(g, nodes[i], e, weakest_node, weakest)) {
				weakest = e;
				weakest_node = nodes[i];
			}
		}
	if (!weakest)
		return;
	weakest->broken = true;
	*vec_add(&g->broken) = (struct graph_broken){
	    .node = weakest_node,
	    .needs = weakest->needs,
	    .reason = graph_reason(g, weakest),
	    .strength = weakest->strength,
	};
}

static void break_cycles(struct graph *g)
{
	size_t count = g->nodes.len;
	autofree uint32_t *within = mem_resize(NULL, count, sizeof(*within));
	autofree uint32_t *seen = mem_resize(NULL, count, sizeof(*seen));
	autofree uint32_t *low = mem_resize(NULL, count, sizeof(*low));
	autofree bool *on_stack = mem_zalloc(count * sizeof(*on_stack));
	struct components c = {
	    .g = g,
	    .within = within,
	    .seen = seen,
	    .low = low,
	    .on_stack = on_stack,
	};
	/* Node lists still to be searched, one behind the other. */
	struct index_vec todo = VEC_INIT;
	struct index_vec ends = VEC_INIT;
	uint32_t sets = 0;

	for (uint32_t i = 0; i < count; i++) {
		within[i] = 0;
		*vec_add(&todo) = i;
	}
	*vec_add(&ends) = (uint32_t)count;
	while (ends.len) {
		size_t end = ends.items[--ends.len];
		size_t start = ends.len ? ends.items[ends.len - 1] : 0;

		c.set = ++sets;
		c.counter = 0;
		c.found.len = c.ends.len = 0;
		for (size_t i = start; i < end; i++) {
			within[todo.items[i]] = c.set;
			seen[todo.items[i]] = UNSEEN;
		}
		for (size_t i = start; i < end; i++)
			if (seen[todo.items[i]] == UNSEEN)
				search_from(&c, todo.items[i]);
		todo.len = start;
		for (size_t k = 0, first = 0; k < c.ends.len; k++) {
			size_t last = c.ends.items[k];

			sets++;
			for (size_t i = first; i < last; i++)
				within[c.found.items[i]] = sets;
			break_weakest(g, c.found.items + first, last - first,
			    within, sets);
			for (size_t i = first; i < last; i++)
				*vec_add(&todo) = c.found.items[i];
			*vec_add(&ends) = (uint32_t)todo.len;
			first = last;
		}
	}
	vec_done(&c.stack);
	vec_done(&c.frames);
	vec_done(&c.found);
	vec_done(&c.ends);
	vec_done(&todo);
	vec_done(&ends);
}

/* Levels, by walking down what each node needs; there are no cycles left. */
static void set_levels(struct graph *g)
{
	size_t count = g->nodes.len;
	autofree bool *done = mem_zalloc(count ? count : 1);
	VEC_DEFINE(, struct frame) frames = VEC_INIT;

	for (uint32_t root = 0; root < count; root++) {
		if (done[root])
			continue;
		*vec_add(&frames) = (struct frame){.node = root};
		while (frames.len) {
			struct frame *f = &frames.items[frames.len - 1];
			struct graph_node *n = &g->nodes.items[f->node];

			if (f->next_edge == n->edges.len) {
				done[f->node] = true;
				frames.len--;
				continue;
			}
			const struct graph_edge *e =
			    &n->edges.items[f->next_edge];
			if (!e->broken && !done[e->needs]) {
				*vec_add(&frames) =
				    (struct frame){.node = e->needs};
				continue;
			}
			f->next_edge++;
			if (e->broken)
				continue;
			uint32_t least = g->nodes.items[e->needs].level +
					 (n->barrier ? 0 : 1);
			if (n->level < least)
				n->level = least;
		}
	}
	vec_done(&frames);
}

static int by_position(const void *va, const void *vb, void *ctx)
{
	const struct graph *g = ctx;
	const struct graph_node *a = &g->nodes.items[*(const uint32_t *)va];
	const struct graph_node *b = &g->nodes.items[*(const uint32_t *)vb];

	if (a->level != b->level)
		return a->level < b->level ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return strcmp(a->key, b->key);
}

void graph_order(struct graph *g)
{
	uint32_t count = (uint32_t)g->nodes.len;

	VEC_EACH (&g->nodes, n) {
		n->level = 0;
		merge_edges(&n->edges);
	}
	if (count)
		break_cycles(g);
	set_levels(g);

	g->order = mem_resize(g->order, count + 1, sizeof(*g->order));
	for (uint32_t i = 0; i < count; i++)
		g->order[i] = i;
	qsort_r(g->order, count, sizeof(*g->order), by_position, g);
	g->levels = count ? g->nodes.items[g->order[count - 1]].level + 1 : 0;
	g->level_start =
	    mem_resize(g->level_start, g->levels + 1, sizeof(*g->level_start));
	for (uint32_t level = 0, i = 0; level <= g->levels; level++) {
		while (i < count && g->nodes.items[g->order[i]].level < level)
			i++;
		g->level_start[level] = i;
	}
}
