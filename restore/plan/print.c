#include "restore/plan/print.h"

#include "restore/plan/names.h"
#include "restore/plan/plan.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdlib.h>
#include <string.h>

static const char *const existing_words[] = {
    [PLAN_EXISTING_SKIP] = "keep",
    [PLAN_EXISTING_UPDATE] = "update",
    [PLAN_EXISTING_RECREATE] = "recreate",
};

static const char *verb(const struct plan *p, const struct plan_node *n)
{
	if (n->action == PLAN_EXCLUDE)
		return "leave";
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
	    verb(p, n));
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
		count += n->kind != PLAN_BARRIER && str_eq(verb(p, n), word);
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

void print_table(const struct plan *p,
    const struct print_destinations *destinations, struct buf *out)
{
	static const char *const words[] = {"push", "write", "create", "keep",
	    "update", "recreate", "leave", "CANNOT"};
	const char *separator = "";

	buf_add_str(out, "LEVEL  ACTION    WHAT\n");
	for (size_t i = 0; i < p->graph.nodes.len; i++)
		if (p->nodes.items[p->graph.order[i]].kind != PLAN_BARRIER)
			print_line(p, p->graph.order[i], out);
	VEC_EACH (&p->prune, d) {
		autofree char *what = str_printf("%s%s%s %s/%s", d->k->kind,
		    *d->k->group ? "." : "", d->k->group, d->namespace,
		    d->name);
		buf_add_str(out, "    -  DELETE    ");
		str_add_printable(out, what, strlen(what));
		buf_add_char(out, '\n');
	}
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

static void print_needs(const struct plan *p, uint32_t node, struct buf *out)
{
	const char *separator = "";

	buf_add_str(out, ",\"needs\":[");
	VEC_EACH (&p->graph.nodes.items[node].edges, e) {
		const struct plan_node *needed = &p->nodes.items[e->needs];

		if (needed->kind == PLAN_BARRIER)
			continue;
		buf_printf(out, "%s{\"key\":", separator);
		json_add_quoted(out, needed->key, strlen(needed->key));
		json_add_str(out, "reason", e->reason);
		buf_printf(out, ",\"ready\":%s,\"holds\":%s,\"broken\":%s}",
		    e->ready ? "true" : "false",
		    e->strength >= EDGE_HOLDS ? "true" : "false",
		    e->broken ? "true" : "false");
		separator = ",";
	}
	buf_add_char(out, ']');
}

static void print_node(const struct plan *p, uint32_t node, struct buf *out)
{
	const struct plan_node *n = &p->nodes.items[node];

	buf_printf(out, "{\"level\":%u", p->graph.nodes.items[node].level + 1);
	json_add_str(out, "action", verb(p, n));
	json_add_str(out, "key", n->key);
	json_add_str(out, "path", n->path);
	if (n->k) {
		json_add_str(out, "apiVersion", n->k->api_version);
		json_add_str(out, "kind", n->k->kind);
		json_add_str(out, "namespace", n->namespace);
	}
	json_add_str(out, "name", n->name);
	json_add_str(out, "reason", n->reason);
	print_needs(p, node, out);
	buf_add_char(out, '}');
}

void print_json(const struct plan *p,
    const struct print_destinations *destinations, struct buf *out)
{
	const char *separator = "\n";

	buf_add_str(out, "{\"snapshot\":");
	json_add_quoted(
	    out, p->options->snapshot, strlen(p->options->snapshot));
	buf_add_str(out, ",\"nodes\":[");
	for (size_t i = 0; i < p->graph.nodes.len; i++) {
		if (p->nodes.items[p->graph.order[i]].kind == PLAN_BARRIER)
			continue;
		buf_add_str(out, separator);
		print_node(p, p->graph.order[i], out);
		separator = ",\n";
	}
	buf_add_str(out, "],\"targets\":[");
	separator = "\n";
	VEC_EACH (destinations, d) {
		buf_printf(out, "%s{\"what\":", separator);
		json_add_quoted(out, d->what, strlen(d->what));
		json_add_str(out, "to", d->to);
		buf_add_char(out, '}');
		separator = ",\n";
	}
	buf_add_str(out, "],\"prune\":[");
	separator = "\n";
	VEC_EACH (&p->prune, d) {
		buf_printf(out, "%s{\"apiVersion\":\"%s\"", separator,
		    d->k->api_version);
		json_add_str(out, "kind", d->k->kind);
		json_add_str(out, "namespace", d->namespace);
		json_add_str(out, "name", d->name);
		buf_add_char(out, '}');
		separator = ",\n";
	}
	buf_add_str(out, "],\"warnings\":[");
	separator = "";
	VEC_EACH (&p->warnings, w) {
		buf_add_str(out, separator);
		json_add_quoted(out, *w, strlen(*w));
		separator = ",";
	}
	buf_add_str(out, "]}\n");
}
