#include "restore/plan/layering.h"

#include "restore/objects/object.h"
#include "restore/plan/names.h"
#include "storage/archive/layer_census.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

static bool has_layers(const struct plan *p)
{
	return p->options->layers && p->options->layers->items.len;
}

size_t layering_count(const struct plan *p)
{
	return has_layers(p) ? p->options->layers->items.len + 1 : 1;
}

const char *layering_name(const struct plan *p, size_t layer)
{
	return has_layers(p) ? layers_name(p->options->layers, layer)
			     : LAYERS_UNASSIGNED;
}

/* ---- while nodes are read ------------------------------------------------ */

static struct layer_census *census_of(struct plan *p)
{
	if (!p->census)
		p->census = layer_census_new(p->options->layers);
	return p->census;
}

uint16_t layering_of_repository(struct plan *p, const char *name)
{
	if (!has_layers(p))
		return 0;
	return (uint16_t)layer_census_repository(census_of(p), name);
}

uint16_t layering_of_state(struct plan *p, const char *bucket_key)
{
	if (!has_layers(p))
		return 0;
	return (uint16_t)layer_census_state(census_of(p), bucket_key);
}

/* Without being counted. */
static size_t find_layer(const struct layers *l, const struct layer_object *o)
{
	size_t i = 0;

	while (i < l->items.len && !layer_has_object(&l->items.items[i], o))
		i++;
	return i;
}

uint16_t layering_of_object(struct plan *p, uint16_t cluster,
    const struct json_object *object, bool counted)
{
	if (!has_layers(p))
		return 0;
	cleanup(object_identity_done) struct object_identity id =
	    object_identity(object);
	const char *name = object_name(object);
	const char *ns =
	    json_str(json_path(object, "metadata", "namespace", NULL));
	const struct layer_object o = {
	    .cluster = p->options->clusters[cluster].name,
	    .ns = !*id.group && str_eq(id.kind, "Namespace") ? name : ns,
	    .group = id.group,
	    .kind = id.kind,
	    .labels = json_path(object, "metadata", "labels", NULL),
	};
	if (!counted)
		return (uint16_t)find_layer(p->options->layers, &o);
	autofree char *what = str_printf("%s %s%s%s", id.kind, ns ? ns : "",
	    ns ? "/" : "", name ? name : "");

	return (uint16_t)layer_census_object(census_of(p), &o, what);
}

bool layering_includes(struct plan *p, uint16_t layer)
{
	const struct strvec *only = p->options->only_layers;

	return !has_layers(p) || !only || !only->len ||
	       strvec_has(only, layers_name(p->options->layers, layer));
}

/* ---- once all references are edges --------------------------------------- */

static void add_described(
    const struct plan *p, const struct plan_node *n, struct buf *out)
{
	names_describe(p, n, out);
	buf_printf(
	    out, " (layer %s)", layers_name(p->options->layers, n->layer));
}

/* "layers: A (layer x) needs B (layer y) (reason)" */
static void describe_edge(const struct plan *p, uint32_t node,
    const struct graph_edge *e, const char *verb, struct buf *out)
{
	buf_add_str(out, "layers: ");
	add_described(p, &p->nodes.items[node], out);
	buf_add_str(out, verb);
	add_described(p, &p->nodes.items[e->needs], out);
	buf_printf(out, " (%s)", graph_reason(&p->graph, e));
}

static void take_along(struct plan *p, uint32_t node, struct graph_edge *e)
{
	uint16_t layer = p->nodes.items[node].layer;
	cleanup(buf_done) struct buf text = BUF_INIT;

	describe_edge(p, node, e, " needs ", &text);
	buf_printf(&text, ", which is therefore restored with layer %s",
	    layers_name(p->options->layers, layer));
	p->nodes.items[e->needs].layer = layer;
	*vec_add(&p->warnings) = buf_steal(&text);
}

static void wait_no_more(struct plan *p, uint32_t node, struct graph_edge *e)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	describe_edge(p, node, e, " names ", &text);
	buf_add_str(&text, ", which comes later: it does not wait for it");
	e->broken = true;
	*vec_add(&p->warnings) = buf_steal(&text);
}

/* Calls fix for each edge that goes against the layers: with `needed` those
 * without which a node cannot be restored, else the others. Whether there was
 * one. */
static bool fix_edges(struct plan *p, const bool *waits, size_t count,
    bool needed,
    void (*fix)(struct plan *p, uint32_t node, struct graph_edge *e))
{
	bool any = false;

	for (uint32_t i = 0; i < p->nodes.len; i++)
		VEC_EACH (&p->graph.nodes.items[i].edges, e) {
			size_t mine = p->nodes.items[i].layer;
			size_t other = p->nodes.items[e->needs].layer;

			if (e->broken ||
			    needed != (e->strength >= EDGE_OWNER) ||
			    !waits[other * count + mine])
				continue;
			fix(p, i, e);
			any = true;
		}
	return any;
}

/* What is taken into an earlier layer may itself need something of a later one,
 * and may be what others only name: those wait for it after all. */
static void pull_forward(struct plan *p, const bool *waits, size_t count)
{
	while (fix_edges(p, waits, count, true, take_along))
		;
	fix_edges(p, waits, count, false, wait_no_more);
}

/* Of a part of the snapshot nothing can be concluded from what it has not. */
static bool reads_all(const struct plan_options *o)
{
	return !o->without_git && !o->without_terraform &&
	       !o->without_kubernetes && !(o->only_git && o->only_git->len) &&
	       !(o->only_terraform && o->only_terraform->len) &&
	       !(o->only_kubernetes && o->only_kubernetes->len);
}

static void warn_of_selectors(struct plan *p)
{
	cleanup(strvec_done) struct strvec lines = VEC_INIT;

	for (size_t i = 0; i < p->options->layers->items.len; i++)
		if (reads_all(p->options) && layering_includes(p, (uint16_t)i))
			layer_census_unused(
			    census_of(p), i, "the snapshot", &lines);
	layer_census_twice(census_of(p), &lines);
	VEC_EACH (&lines, line)
		*vec_add(&p->warnings) = str_printf("layers: %s", *line);
}

void layering_settle(struct plan *p)
{
	size_t count = layering_count(p);

	if (!has_layers(p))
		return;
	autofree bool *waits = mem_zalloc(count * count * sizeof(*waits));
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			waits[i * count + j] =
			    i != j &&
			    layers_waits_for(p->options->layers, i, j);
	warn_of_selectors(p);
	pull_forward(p, waits, count);
}

bool layering_awaits(const struct plan_node *n)
{
	return n->kind == PLAN_KUBE && n->action == PLAN_APPLY &&
	       n->held == PLAN_HELD_NOT &&
	       !(*n->k->group == '\0' && str_eq(n->k->kind, "Service"));
}

struct linking {
	struct plan *p;
	uint32_t begin; /* of the layer that waits */
	const uint32_t *end;
};

/* Never the edge that a cycle is broken at. */
static void link_layer(void *ctx, size_t needs)
{
	struct linking *l = ctx;

	graph_need(&l->p->graph, l->begin, l->end[needs], EDGE_REQUIRED, false,
	    "layer");
}

void layering_order(struct plan *p, const uint32_t *begin, const uint32_t *end)
{
	size_t count = layering_count(p);

	for (size_t i = 0; has_layers(p) && i < count; i++) {
		struct linking l = {.p = p, .begin = begin[i], .end = end};

		/* Who waits for this one waits for those before it, also where
		 * it has no nodes. */
		graph_need(
		    &p->graph, end[i], begin[i], EDGE_REQUIRED, false, "layer");
		layers_needs(p->options->layers, i, link_layer, &l);
	}
}
