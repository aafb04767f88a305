#include "restore/plan/print.h"

#include "restore/plan/held.h"
#include "restore/plan/layering.h"
#include "restore/plan/names.h"
#include "restore/plan/plan.h"
#include "storage/base/cleanup.h"
#include "storage/base/json_text.h"

#include <stdlib.h>
#include <string.h>

static const char *const existing_words[] = {
    [PLAN_EXISTING_SKIP] = "keep",
    [PLAN_EXISTING_UPDATE] = "update",
    [PLAN_EXISTING_RECREATE] = "recreate",
};

const char *print_verb(const struct plan *p, const struct plan_node *n)
{
	if (n->action == PLAN_EXCLUDE)
		return "exclude";
	if (n->action == PLAN_CANNOT)
		return "CANNOT";
	if (n->kind == PLAN_GIT)
		return "push";
	if (n->kind == PLAN_STATE)
		return "write";
	return n->exists ? existing_words[plan_existing_of(p, n)] : "create";
}

static void print_line(const struct plan *p, uint32_t node, struct buf *out)
{
	const struct plan_node *n = &p->nodes.items[node];
	cleanup(buf_done) struct buf what = BUF_INIT;

	names_describe(p, n, &what);
	buf_printf(out, "%5u  %-8s  ", p->graph.nodes.items[node].level + 1,
	    print_verb(p, n));
	str_add_printable(out, buf_str(&what), what.len);
	if (n->reason) {
		buf_add_str(out, ": ");
		str_add_printable(out, n->reason, strlen(n->reason));
	}
	buf_add_char(out, '\n');
}

static size_t count_verb(const struct plan *p, const char *word)
{
	size_t count = 0;

	VEC_EACH (&p->nodes, n)
		count +=
		    n->kind != PLAN_BARRIER && str_eq(print_verb(p, n), word);
	return count;
}

void print_destinations_done(struct print_destinations *v)
{
	VEC_EACH (v, d) {
		free(d->what);
		free(d->to);
	}
	vec_done(v);
}

static void print_of_layer(
    const struct plan *p, size_t layer, struct pieces *to)
{
	for (size_t i = 0; i < p->graph.nodes.len; i++) {
		uint32_t node = p->graph.order[i];
		const struct plan_node *n = &p->nodes.items[node];

		if (n->kind == PLAN_BARRIER || n->layer != layer)
			continue;
		print_line(p, node, &to->text);
		pieces_pass(to);
	}
}

static size_t count_nodes(const struct plan *p, size_t layer)
{
	size_t count = 0;

	VEC_EACH (&p->nodes, n)
		count += n->kind != PLAN_BARRIER && n->layer == layer;
	return count;
}

static void print_layer(const struct plan *p, size_t layer, struct pieces *to)
{
	const struct layers *l = p->options->layers;
	struct buf *out = &to->text;
	const char *separator = ", after ";

	buf_printf(out, "layer %s", layers_name(l, layer));
	if (layer < l->items.len) {
		const struct layer *this = &l->items.items[layer];

		if (this->manual)
			buf_add_str(out, ", manual");
		VEC_EACH (&this->depends_on, name) {
			buf_printf(out, "%s%s", separator, *name);
			separator = ", ";
		}
	}
	buf_printf(out, ": %zu\n", count_nodes(p, layer));
	print_of_layer(p, layer, to);
}

/* A layer after all that it waits for; else as they are configured. */
static void print_lines(const struct plan *p, struct pieces *to)
{
	const struct layers *l = p->options->layers;
	size_t count = layering_count(p);
	autofree bool *done = mem_zalloc(count * sizeof(*done));

	if (count == 1) {
		print_of_layer(p, 0, to);
		return;
	}
	for (size_t i; (i = layers_next(l, done)) < count; done[i] = true)
		if (count_nodes(p, i))
			print_layer(p, i, to);
}

void print_table(const struct plan *p,
    const struct print_destinations *destinations, struct pieces *to)
{
	static const char *const words[] = {"push", "write", "create", "keep",
	    "update", "recreate", "exclude", "CANNOT"};
	const char *separator = "";
	struct buf *out = &to->text;

	buf_add_str(out, "LEVEL  ACTION    WHAT\n");
	print_lines(p, to);
	VEC_EACH (&p->prune, d) {
		autofree char *what = str_printf("%s%s%s %s/%s", d->k->kind,
		    *d->k->group ? "." : "", d->k->group, d->namespace,
		    d->name);
		buf_add_str(out, "    -  DELETE    ");
		str_add_printable(out, what, strlen(what));
		buf_add_char(out, '\n');
	}
	cleanup(strvec_done) struct strvec held = VEC_INIT;
	held_lines(p, &held);
	VEC_EACH (&held, line)
		buf_printf(out, "%s\n", *line);
	VEC_EACH (&p->warnings, w) {
		buf_add_str(out, "warning: ");
		str_add_printable(out, *w, strlen(*w));
		buf_add_char(out, '\n');
	}
	VEC_EACH (destinations, d) {
		buf_printf(out, "to: %s: ", d->what);
		str_add_printable(out, d->to, strlen(d->to));
		buf_add_char(out, '\n');
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t count = count_verb(p, words[i]);

		if (!count)
			continue;
		buf_printf(out, "%s%zu %s", separator, count, words[i]);
		separator = ", ";
	}
	if (p->prune.len)
		buf_printf(out, "%s%zu DELETE", separator, p->prune.len);
	buf_add_char(out, '\n');
}

static void key_of(
    const struct plan *p, const struct plan_node *n, struct buf *key)
{
	buf_clear(key);
	names_add_key(p, n, key);
}

static void print_needs(const struct plan *p, uint32_t node, struct buf *out)
{
	cleanup(buf_done) struct buf key = BUF_INIT;

	json_text_array(out, "needs");
	VEC_EACH (&p->graph.nodes.items[node].edges, e) {
		const struct plan_node *needed = &p->nodes.items[e->needs];

		if (needed->kind == PLAN_BARRIER)
			continue;
		json_text_object(out, NULL);
		key_of(p, needed, &key);
		json_text_str(out, "key", buf_str(&key));
		json_text_str_if(out, "reason", graph_reason(&p->graph, e));
		json_text_bool(out, "ready", e->ready);
		json_text_bool(out, "holds", e->strength >= EDGE_HOLDS);
		json_text_bool(out, "broken", e->broken);
		json_text_object_end(out);
	}
	json_text_array_end(out);
}

static void print_node(const struct plan *p, uint32_t node, struct buf *out)
{
	const struct plan_node *n = &p->nodes.items[node];
	cleanup(buf_done) struct buf key = BUF_INIT;

	json_text_object(out, NULL);
	if (layering_count(p) > 1)
		json_text_str(
		    out, "layer", layers_name(p->options->layers, n->layer));
	json_text_int(out, "level", p->graph.nodes.items[node].level + 1);
	json_text_str(out, "action", print_verb(p, n));
	key_of(p, n, &key);
	json_text_str(out, "key", buf_str(&key));
	json_text_str_if(out, "path", n->path);
	if (n->k) {
		json_text_str(out, "apiVersion", n->k->api_version);
		json_text_str(out, "kind", n->k->kind);
		json_text_str_if(out, "namespace", n->namespace);
	}
	json_text_str_if(out, "name", n->name);
	json_text_str_if(out, "reason", n->reason);
	json_text_str_if(out, "held", held_word(n));
	print_needs(p, node, out);
	json_text_object_end(out);
}

static void print_layers_json(const struct plan *p, struct buf *out)
{
	const struct layers *l = p->options->layers;
	size_t count = layering_count(p);

	if (count == 1)
		return;
	json_text_array(out, "layers");
	for (size_t i = 0; i < count; i++) {
		bool named = i < l->items.len;

		json_text_line(out);
		json_text_object(out, NULL);
		json_text_str(out, "name", layers_name(l, i));
		json_text_str(out, "sync",
		    named && l->items.items[i].manual ? "manual" : "automated");
		if (named)
			json_text_strs(
			    out, "depends_on", &l->items.items[i].depends_on);
		json_text_int(out, "nodes", (int64_t)count_nodes(p, i));
		json_text_object_end(out);
	}
	json_text_array_end(out);
}

void print_json(const struct plan *p, const char *command,
    const struct print_destinations *destinations, struct pieces *to)
{
	struct buf *out = &to->text;

	json_text_object(out, NULL);
	json_text_str(out, "command", command);
	json_text_str(out, "snapshot", p->options->snapshot);
	json_text_array(out, "nodes");
	for (size_t i = 0; i < p->graph.nodes.len; i++) {
		if (p->nodes.items[p->graph.order[i]].kind == PLAN_BARRIER)
			continue;
		json_text_line(out);
		print_node(p, p->graph.order[i], out);
		pieces_pass(to);
	}
	json_text_array_end(out);
	print_layers_json(p, out);
	json_text_array(out, "targets");
	VEC_EACH (destinations, d) {
		json_text_line(out);
		json_text_object(out, NULL);
		json_text_str(out, "what", d->what);
		json_text_str_if(out, "to", d->to);
		json_text_object_end(out);
	}
	json_text_array_end(out);
	json_text_array(out, "prune");
	VEC_EACH (&p->prune, d) {
		json_text_line(out);
		json_text_object(out, NULL);
		json_text_str(out, "apiVersion", d->k->api_version);
		json_text_str(out, "kind", d->k->kind);
		json_text_str_if(out, "namespace", d->namespace);
		json_text_str(out, "name", d->name);
		json_text_object_end(out);
	}
	json_text_array_end(out);
	json_text_strs(out, "warnings", &p->warnings);
	json_text_object_end(out);
	buf_add_char(out, '\n');
}
