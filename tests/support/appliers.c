#include "tests/support/appliers.h"

#include "storage/archive/layout.h"
#include "storage/base/cleanup.h"

void test_applier_init(struct test_applier *t)
{
	*t = (struct test_applier){.a = NULL};
	test_plan_init(&t->plan);
	test_tree_init(&t->tree);
}

void test_applier_done(struct test_applier *t)
{
	if (t->a) {
		run_done(&t->run);
		applier_free(t->a);
		test_kube_stop(&t->kube);
	}
	test_plan_done(&t->plan);
	test_tree_done(&t->tree);
	strvec_done(&t->paths);
}

uint32_t test_applier_add(struct test_applier *t, const char *api_version,
    const char *kind, const char *ns, const char *name, const char *text)
{
	uint32_t node =
	    test_plan_add_object(&t->plan, 0, api_version, kind, ns, name);
	cleanup(buf_done) struct buf path = BUF_INIT;

	layout_object_path("prod", kind, ns, name, &path);
	test_tree_add(&t->tree, buf_str(&path), NULL, text);
	strvec_add(&t->paths, buf_str(&path));
	test_plan_node(&t->plan, node)->path = t->paths.items[t->paths.len - 1];
	return node;
}

void test_applier_start(
    struct test_applier *t, const struct script_reply *replies, size_t count)
{
	struct plan_options *o = &t->plan.o;

	o->tree = test_tree_get(&t->tree);
	test_kube_start(&t->kube, replies, count);
	t->plan.clusters[0].client = t->kube.client;
	t->run_options.clock = &t->kube.clock.clock;
	t->a = applier_new(&(struct applier_options){
	    .clusters = o->clusters, .cluster_count = o->cluster_count});
	run_init(&t->run, t->plan.p, t->plan.p->nodes.len, &t->run_options);
	t->a->run = &t->run;
}

const struct outcome *test_applier_outcome(
    const struct test_applier *t, uint32_t node)
{
	return &t->run.outcomes[node];
}
