#include "tests/support/plans.h"

#include "restore/plan/kinds.h"
#include "restore/plan/names.h"
#include "storage/base/index.h"
#include "tests/support/kube_script.h"

void test_plan_init(struct test_plan *t)
{
	const struct ruleset_options built_in = {.count = 0};
	struct err err = ERR_INIT;

	*t = (struct test_plan){.rules = RULESET_INIT};
	assert_ok(ruleset_init(&t->rules, &built_in, &err), err);
	t->clusters[0].name = "prod";
	t->clusters[1].name = "edge";
	t->o = (struct plan_options){.snapshot = "s",
	    .clusters = t->clusters,
	    .cluster_count = 1,
	    .rules = &t->rules};
	t->p = mem_new(struct plan);
	*t->p = (struct plan){.options = &t->o,
	    .graph = GRAPH_INIT,
	    .transform = transform_new(NULL, &err),
	    .names = index_new(),
	    .apis = mem_zalloc(2 * sizeof(*t->p->apis))};
}

void test_plan_done(struct test_plan *t)
{
	plan_free(t->p);
	ruleset_done(&t->rules);
}

/* Takes ownership of the key, which ends in the name. */
static struct plan_node *add(struct test_plan *t, enum plan_node_kind kind,
    char *key, const char *name, int16_t rank)
{
	struct plan_node *n = vec_add(&t->p->nodes);

	*vec_add(&t->p->texts) = key;
	n->kind = kind;
	n->name = key + strlen(key) - strlen(name);
	graph_add(&t->p->graph, key, rank);
	return n;
}

static uint32_t last(const struct test_plan *t)
{
	return (uint32_t)t->p->nodes.len - 1;
}

uint32_t test_plan_add_git(struct test_plan *t, const char *name)
{
	add(t, PLAN_GIT, str_printf("git:%s", name), name, 0);
	return last(t);
}

uint32_t test_plan_add_state(struct test_plan *t, const char *bucket_key)
{
	add(t, PLAN_STATE, str_printf("terraform:%s", bucket_key), bucket_key,
	    0);
	return last(t);
}

uint32_t test_plan_add_object(struct test_plan *t, uint16_t cluster,
    const char *api_version, const char *kind, const char *ns, const char *name)
{
	const struct plan_kind *k =
	    kinds_find(t->p, cluster, api_version, kind, kind, ns != NULL);
	char *key = str_printf("kubernetes:%s:%s/%s:%s/%s",
	    t->clusters[cluster].name, k->group, kind, ns ? ns : "", name);
	struct plan_node *n = add(t, PLAN_KUBE, key, name, k->rank);

	n->k = k;
	n->cluster = cluster;
	n->namespace = names_namespace(t->p, ns);
	names_provide(t->p, last(t), cluster, k->group, kind, ns, name);
	return last(t);
}

struct plan_node *test_plan_node(const struct test_plan *t, uint32_t node)
{
	return &t->p->nodes.items[node];
}

uint32_t test_plan_level(const struct test_plan *t, uint32_t node)
{
	return t->p->graph.nodes.items[node].level;
}

const struct graph_edge *test_plan_edge(
    const struct test_plan *t, uint32_t node, uint32_t needs)
{
	VEC_EACH (&t->p->graph.nodes.items[node].edges, e)
		if (e->needs == needs)
			return e;
	return NULL;
}

struct kube_resource *test_plan_serve(struct test_plan *t, const char *group,
    const char *kind, const char *name, const char *version, const char *other)
{
	return test_kube_serve(
	    &t->p->apis[0], group, kind, name, version, other);
}

void assert_warned(const struct test_plan *t, const char *warning)
{
	const struct strvec *all = &t->p->warnings;

	if (!warning && all->len)
		fail_msg("a warning: %s", all->items[0]);
	if (!warning)
		return;
	assert_int_equal(all->len, 1);
	assert_string_equal(all->items[0], warning);
}
