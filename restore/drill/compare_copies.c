#include "restore/drill/compare_copies.h"

#include "restore/drill/compare.h"
#include "restore/meeting.h"
#include "restore/objects/remap.h"
#include "restore/plan/names.h"
#include "restore/plan/plan.h"
#include "restore/rule_options.h"
#include "storage/archive/facts.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/pool.h"
#include "storage/kube/client.h"
#include "storage/kube/path.h"

#include <stdlib.h>
#include <string.h>

VEC_DEFINE(made_vec, const struct plan_node *);

struct comparing {
	struct meeting m;
	const struct plan *p;
	struct transform_maps back; /* of the names of namespaces */
	struct transform_options turned;
	struct made_vec made;
	struct err *failures; /* of the same index: the snapshot's own */
};

/* One object that is there, as the archive would have it. */
struct live {
	const struct comparing *c;
	struct buf text;
};

/* ---- what was made ------------------------------------------------------- */

/* The items of a report are the nodes in the order of the levels
 * (restore/apply/summary.c). */
static void find_made(
    struct comparing *c, const struct report *r, struct pathset *paths)
{
	const struct graph *g = &c->p->graph;
	size_t item = 0;

	for (size_t i = 0; i < g->nodes.len; i++) {
		const struct plan_node *n = &c->p->nodes.items[g->order[i]];

		if (n->kind == PLAN_BARRIER)
			continue;
		bool made =
		    item < r->items.len &&
		    r->items.items[item].outcome.kind == OUTCOME_CREATED;
		item++;
		if (!made || n->copy != PLAN_COPY_BARE)
			continue;
		*vec_add(&c->made) = n;
		pathset_add(paths, n->path);
	}
}

static void turn_back(struct comparing *c)
{
	const struct transform_options *o = c->p->options->transforms;

	for (size_t i = 0; i < o->namespace_count; i++)
		*vec_add(&c->back) = (struct transform_map){
		    .from = o->namespaces[i].to, .to = o->namespaces[i].from};
	c->turned = (struct transform_options){.namespaces = c->back.items,
	    .namespace_count = c->back.len,
	    .edges = o->edges,
	    .edge_count = o->edge_count};
}

/* ---- one of them --------------------------------------------------------- */

static int load(void *ctx, const struct contents_entry *e, struct version *out,
    struct err *err)
{
	struct live *l = ctx;
	const struct version_rules rules = {.exclude = &l->c->m.exclude};

	return version_object(l->text.data, l->text.len, e, &rules, out, err);
}

static void add_facts(
    const struct plan_node *n, const char *ns, struct facts *f)
{
	cleanup(json_freep) struct json_object *facts = json_new_object();
	autofree char *key = str_printf(
	    "%s%s%s", n->k->resource, *n->k->group ? "." : "", n->k->group);

	json_set_str(facts, "kind", n->k->kind);
	json_set_str(facts, "name", n->name);
	json_set_str(facts, "namespace", ns);
	json_set_str(facts, "resource", key);
	facts_from_tree(f, facts);
}

static int meet(struct comparing *c, const struct plan_node *n,
    struct json_object *object, struct err *err)
{
	struct live l = {.c = c, .text = BUF_INIT};
	cleanup(facts_done) struct facts facts = FACTS_INIT;
	const struct meeting_load loads = {.load = load, .ctx = &l};

	remap_apply(&c->turned, object, n->k->group, n->k->kind);
	add_facts(n, json_str(json_path(object, "metadata", "namespace", NULL)),
	    &facts);
	json_write(&l.text, object, JSON_COMPACT);
	struct contents_entry e = {
	    .path = n->path, .bytes = l.text.len, .facts = &facts};
	digest_of(DIGEST_SHA256, l.text.data, l.text.len, e.sha256);
	int failed = meeting_live(&c->m, &e, &loads, err);
	buf_wipe(&l.text);
	return failed;
}

/* What is not there any more stays unmet, and so is missing. */
static void compare_one(void *ctx, size_t i)
{
	struct comparing *c = ctx;
	const struct plan_node *n = c->made.items[i];
	autofree char *path = kube_path(
	    n->k->api_version, n->k->resource, n->namespace, n->name, NULL);
	struct err why = ERR_INIT;
	cleanup(json_freep) struct json_object *object = kube_client_get(
	    c->p->options->clusters[n->cluster].client, path, &why);

	if (object) {
		meet(c, n, object, &c->failures[i]);
	} else if (why.code == ERR_CANCELLED) {
		c->failures[i] = why;
	} else if (why.code != ERR_NOT_FOUND) {
		cleanup(buf_done) struct buf what = BUF_INIT;
		names_describe(c->p, n, &what);
		meeting_not_seen(
		    &c->m, n->path, NULL, NULL, buf_str(&what), &why);
	}
}

/* ---- all ----------------------------------------------------------------- */

static int meet_all(struct comparing *c, size_t at_once, struct err *err)
{
	if (meeting_begin(&c->m, LAYOUT_KUBERNETES, NULL, err))
		return -1;
	c->failures = mem_zalloc((c->made.len + 1) * sizeof(*c->failures));
	pool_each(at_once, c->made.len, compare_one, c);
	for (size_t i = 0; i < c->made.len; i++)
		if (c->failures[i].code) {
			*err = c->failures[i];
			return -1;
		}
	return meeting_end(&c->m, LAYOUT_KUBERNETES, err);
}

static void comparing_done(struct comparing *c)
{
	free(c->failures);
	vec_done(&c->made);
	vec_done(&c->back);
	meeting_done(&c->m);
}

int compare_copies(const struct command *c, const struct plan *p,
    struct result *r, struct err *err)
{
	static const struct strvec all = VEC_INIT;
	cleanup(ruleset_done) struct ruleset rules = {0};
	cleanup(pathset_done) struct pathset paths = PATHSET_INIT;
	cleanup(comparing_done) struct comparing w = {.p = p};

	meeting_init(&w.m);
	find_made(&w, r->report, &paths);
	turn_back(&w);
	w.m.paths = &paths;
	w.m.only = &all;
	w.m.found.json = c->options->common.output != CLI_OUTPUT_TABLE;
	w.m.found.without_commands = true;
	w.m.new_uids = w.m.bare = true;
	w.m.other_servers = &r->other_servers;
	w.m.found.into = &r->differences;
	if (rule_options_init(&rules, &c->settings->restore, err))
		return -1;
	w.m.exclude = (struct exclude_options){.rules = &rules};
	if (browse_open(c, &w.m.browse, err) ||
	    meet_all(&w, (size_t)c->settings->restore.concurrency, err))
		return err_wrap(err, "comparing what came back");
	compare_report(&w.m, w.made.len, r);
	return 0;
}
