#include "restore/plan/print_dot.h"

#include "restore/plan/layering.h"
#include "restore/plan/names.h"
#include "restore/plan/print.h"
#include "storage/base/cleanup.h"

#include <stdlib.h>
#include <string.h>

/* In a quoted string a backslash begins an escape of labels, and an entity
 * stands for a character: both are taken from the text. */
static void add_quoted(struct buf *out, const char *text)
{
	cleanup(buf_done) struct buf printable = BUF_INIT;

	str_add_printable(&printable, text, strlen(text));
	buf_add_char(out, '"');
	for (const char *c = buf_str(&printable); *c; c++) {
		if (*c == '&') {
			buf_add_str(out, "&amp;");
			continue;
		}
		if (*c == '"' || *c == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, *c);
	}
	buf_add_char(out, '"');
}

static const char *style_of(const struct plan_node *n)
{
	switch (n->action) {
	case PLAN_EXCLUDE:
		return "style=dashed, color=gray, fontcolor=gray";
	case PLAN_CANNOT:
		return "style=bold, color=red, fontcolor=red";
	case PLAN_APPLY:
		break;
	}
	return n->kind == PLAN_GIT     ? "shape=folder"
	       : n->kind == PLAN_STATE ? "shape=cylinder"
				       : "shape=box";
}

static void add_node(const struct plan *p, uint32_t node, struct buf *out)
{
	const struct plan_node *n = &p->nodes.items[node];
	cleanup(buf_done) struct buf what = BUF_INIT, tip = BUF_INIT;

	names_describe(p, n, &what);
	buf_printf(&tip, "level %u, %s%s%s",
	    p->graph.nodes.items[node].level + 1, print_verb(p, n),
	    n->reason ? ": " : "", n->reason ? n->reason : "");
	buf_printf(out, "\t\tn%u [label=", node);
	add_quoted(out, buf_str(&what));
	buf_add_str(out, ", tooltip=");
	add_quoted(out, buf_str(&tip));
	buf_printf(out, ", %s];\n", style_of(n));
}

static void add_layer(const struct plan *p, size_t layer, struct pieces *to)
{
	bool alone = layering_count(p) == 1;
	struct buf *out = &to->text;

	buf_printf(
	    out, "\tsubgraph %s%zu {\n", alone ? "layer" : "cluster", layer);
	if (!alone) {
		buf_add_str(out, "\t\tlabel=");
		add_quoted(out, layers_name(p->options->layers, layer));
		buf_add_str(out, ";\n");
	}
	for (size_t i = 0; i < p->graph.nodes.len; i++) {
		uint32_t node = p->graph.order[i];
		const struct plan_node *n = &p->nodes.items[node];

		if (n->kind == PLAN_BARRIER || n->layer != layer)
			continue;
		add_node(p, node, out);
		pieces_pass(to);
	}
	buf_add_str(out, "\t}\n");
}

/* A barrier only joins the edges of many nodes: it is drawn as a point. */
static void add_barriers(const struct plan *p, struct buf *out)
{
	for (uint32_t i = 0; i < p->nodes.len; i++)
		if (p->nodes.items[i].kind == PLAN_BARRIER)
			buf_printf(out, "\tn%u [shape=point];\n", i);
}

static void add_edges(const struct plan *p, uint32_t node, struct pieces *to)
{
	struct buf *out = &to->text;

	VEC_EACH (&p->graph.nodes.items[node].edges, e) {
		const char *reason = graph_reason(&p->graph, e);

		buf_printf(out, "\tn%u -> n%u [", e->needs, node);
		if (reason) {
			buf_add_str(out, "tooltip=");
			add_quoted(out, reason);
			buf_add_str(out, ", ");
		}
		buf_printf(out, "style=%s%s];\n",
		    e->broken		       ? "dotted, color=red"
		    : e->strength < EDGE_HOLDS ? "dashed"
					       : "solid",
		    e->broken ? ", constraint=false" : "");
		pieces_pass(to);
	}
}

void print_dot(const struct plan *p, struct pieces *to)
{
	struct buf *out = &to->text;

	buf_add_str(out, "digraph plan {\n\tlabel=");
	add_quoted(out, p->options->snapshot);
	buf_add_str(
	    out, ";\n\trankdir=LR;\n\tnode [fontname=\"sans-serif\"];\n");
	for (size_t i = 0; i < layering_count(p); i++)
		add_layer(p, i, to);
	add_barriers(p, out);
	for (uint32_t i = 0; i < p->graph.nodes.len; i++)
		add_edges(p, i, to);
	buf_add_str(out, "}\n");
}
