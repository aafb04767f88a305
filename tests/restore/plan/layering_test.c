#include "restore/plan/layering.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/plans.h"
#include "tests/support/test.h"

#include <stdlib.h>

struct fixture {
	struct test_plan plan;
	struct layers layers;
	struct strvec only;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_plan_init(&f->plan);
	f->layers = (struct layers)LAYERS_INIT;
	f->plan.o.layers = &f->layers;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	test_plan_done(&f->plan);
	layers_done(&f->layers);
	strvec_done(&f->only);
	free(f);
	return 0;
}

/* A layer of that namespace, after another, or NULL. */
static struct layer *add_layer(
    struct fixture *f, const char *name, const char *after)
{
	struct layer *l = vec_add(&f->layers.items);

	l->name = str_dup(name);
	if (after)
		strvec_add(&l->depends_on, after);
	strvec_add(&l->select.namespaces, name);
	return l;
}

/* "base", then "apps"; 2 is what neither selects. */
static void add_two(struct fixture *f)
{
	add_layer(f, "base", NULL);
	add_layer(f, "apps", "base");
}

static uint16_t layer_of(struct fixture *f, const char *object)
{
	cleanup(json_freep) struct json_object *o = test_json(object);

	return layering_of_object(f->plan.p, 0, o, true);
}

/* Selected by its layer, too, which has the name of a namespace. */
static uint32_t add_node(struct fixture *f, const char *name, uint16_t layer)
{
	uint32_t node =
	    test_plan_add_object(&f->plan, 0, "v1", "ConfigMap", "ns", name);
	autofree char *object =
	    str_printf("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
		       "\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\"}}",
		name, layers_name(&f->layers, layer));

	assert_int_equal(layer_of(f, object), layer);
	test_plan_node(&f->plan, node)->layer = layer;
	return node;
}

static void need(struct fixture *f, uint32_t node, uint32_t needs,
    enum edge_strength strength)
{
	graph_need(&f->plan.p->graph, node, needs, strength, false, "/spec/x");
}

/* ---- which layer --------------------------------------------------------- */

static void without_layers_there_is_one(void **state)
{
	struct fixture *f = *state;
	struct plan *p = f->plan.p;

	f->plan.o.layers = NULL;
	assert_int_equal(layering_count(p), 1);
	assert_string_equal(layering_name(p, 0), LAYERS_UNASSIGNED);
	assert_int_equal(layering_of_repository(p, "team/web"), 0);
	assert_int_equal(layering_of_state(p, "b/k"), 0);
	assert_int_equal(layer_of(f, "{\"kind\":\"Secret\"}"), 0);
	assert_true(layering_includes(p, 0));
	/* None of them is the same as no list. */
	f->plan.o.layers = &f->layers;
	assert_int_equal(layering_count(p), 1);
}

static void what_no_layer_selects_is_in_one_of_its_own(void **state)
{
	struct fixture *f = *state;
	struct plan *p = f->plan.p;

	add_two(f);
	strvec_add(&f->layers.items.items[1].select.repositories, "platform/*");
	strvec_add(&f->layers.items.items[1].select.states, "b/apps/*");
	assert_int_equal(layering_count(p), 3);
	assert_string_equal(layering_name(p, 1), "apps");
	assert_string_equal(layering_name(p, 2), LAYERS_UNASSIGNED);
	assert_int_equal(layering_of_repository(p, "platform/web"), 1);
	assert_int_equal(layering_of_repository(p, "team/web"), 2);
	assert_int_equal(layering_of_state(p, "b/apps/k"), 1);
	assert_int_equal(layering_of_state(p, "b/k"), 2);
	assert_int_equal(
	    layer_of(f,
		"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":"
		"{\"name\":\"s\",\"namespace\":\"apps\"}}"),
	    1);
	/* A namespace is in itself, and nothing else of its name is. */
	assert_int_equal(
	    layer_of(f, "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\","
			"\"metadata\":{\"name\":\"apps\"}}"),
	    1);
	assert_int_equal(
	    layer_of(f, "{\"apiVersion\":\"example.org/v1\",\"kind\":"
			"\"Namespace\",\"metadata\":{\"name\":\"apps\"}}"),
	    2);
	assert_warned(&f->plan, NULL);
}

/* The first counts, and the first of the others is named, once. */
static void what_several_select_is_in_the_first(void **state)
{
	struct fixture *f = *state;

	add_two(f);
	add_layer(f, "more", NULL);
	for (size_t i = 0; i < 3; i++)
		strvec_add(
		    &f->layers.items.items[i].select.repositories, "team/*");
	for (uint16_t i = 0; i < 3; i++)
		(void)add_node(f, "x", i);
	assert_int_equal(layering_of_repository(f->plan.p, "team/web"), 0);
	layering_settle(f->plan.p);
	assert_warned(&f->plan,
	    "layers: repository team/web is selected by 'base' and by 'apps'; "
	    "it is restored with 'base'");
}

static void only_takes_layers_by_name(void **state)
{
	struct fixture *f = *state;
	struct plan *p = f->plan.p;

	add_two(f);
	f->plan.o.only_layers = &f->only;
	assert_true(layering_includes(p, 0)); /* an empty list: all */
	strvec_add(&f->only, "apps");
	assert_false(layering_includes(p, 0));
	assert_true(layering_includes(p, 1));
	assert_false(layering_includes(p, 2));
	strvec_add(&f->only, LAYERS_UNASSIGNED);
	assert_true(layering_includes(p, 2));
}

/* ---- whom later layers wait for ------------------------------------------ */

static void a_later_layer_waits_for_what_runs(void **state)
{
	struct fixture *f = *state;
	struct test_plan *t = &f->plan;
	uint32_t web =
	    test_plan_add_object(t, 0, "apps/v1", "Deployment", "ns", "web");
	uint32_t service =
	    test_plan_add_object(t, 0, "v1", "Service", "ns", "web");
	uint32_t other = test_plan_add_object(
	    t, 0, "serving.knative.dev/v1", "Service", "ns", "web");
	uint32_t git = test_plan_add_git(t, "team/web");

	assert_true(layering_awaits(test_plan_node(t, web)));
	assert_false(layering_awaits(test_plan_node(t, service)));
	assert_true(layering_awaits(test_plan_node(t, other)));
	assert_false(layering_awaits(test_plan_node(t, git)));
	test_plan_node(t, web)->held = PLAN_HELD_PAUSED;
	assert_false(layering_awaits(test_plan_node(t, web)));
	test_plan_node(t, web)->held = PLAN_HELD_NOT;
	test_plan_node(t, web)->action = PLAN_EXCLUDE;
	assert_false(layering_awaits(test_plan_node(t, web)));
}

/* ---- edges against the layers -------------------------------------------- */

static void what_is_required_is_taken_into_the_earlier_layer(void **state)
{
	struct fixture *f = *state;

	add_two(f);
	uint32_t base = add_node(f, "a", 0), apps = add_node(f, "b", 1);
	need(f, base, apps, EDGE_OWNER);
	layering_settle(f->plan.p);
	assert_int_equal(test_plan_node(&f->plan, apps)->layer, 0);
	assert_false(test_plan_edge(&f->plan, base, apps)->broken);
	assert_warned(&f->plan,
	    "layers: ConfigMap ns/a (layer base) needs ConfigMap ns/b (layer "
	    "apps) (/spec/x), which is therefore restored with layer base");
}

static void what_is_only_named_is_not_waited_for(void **state)
{
	struct fixture *f = *state;

	add_two(f);
	uint32_t base = add_node(f, "a", 0), apps = add_node(f, "b", 1);
	need(f, base, apps, EDGE_REFERENCE);
	layering_settle(f->plan.p);
	assert_int_equal(test_plan_node(&f->plan, apps)->layer, 1);
	assert_true(test_plan_edge(&f->plan, base, apps)->broken);
	assert_warned(&f->plan,
	    "layers: ConfigMap ns/a (layer base) names ConfigMap ns/b (layer "
	    "apps) (/spec/x), which comes later: it does not wait for it");
}

/* Also where it is found after what takes it along. */
static void what_was_taken_along_takes_along_what_it_needs(void **state)
{
	struct fixture *f = *state;

	add_two(f);
	uint32_t last = add_node(f, "z", 1), middle = add_node(f, "m", 1);
	uint32_t first = add_node(f, "a", 0);
	uint32_t named = add_node(f, "n", 1);
	need(f, middle, last, EDGE_REQUIRED);
	need(f, middle, named, EDGE_ORDER);
	need(f, first, middle, EDGE_HOLDS);
	layering_settle(f->plan.p);
	assert_int_equal(test_plan_node(&f->plan, middle)->layer, 0);
	assert_int_equal(test_plan_node(&f->plan, last)->layer, 0);
	assert_int_equal(test_plan_node(&f->plan, named)->layer, 1);
	assert_true(test_plan_edge(&f->plan, middle, named)->broken);
	assert_int_equal(f->plan.p->warnings.len, 3);
}

/* Whoever names it comes first here, and waits for it nevertheless. */
static void what_was_taken_along_is_waited_for(void **state)
{
	struct fixture *f = *state;

	add_two(f);
	uint32_t names = add_node(f, "a", 0), needs = add_node(f, "b", 0);
	uint32_t apps = add_node(f, "c", 1);
	need(f, names, apps, EDGE_REFERENCE);
	need(f, needs, apps, EDGE_REQUIRED);
	layering_settle(f->plan.p);
	assert_int_equal(test_plan_node(&f->plan, apps)->layer, 0);
	assert_false(test_plan_edge(&f->plan, names, apps)->broken);
	assert_warned(&f->plan,
	    "layers: ConfigMap ns/b (layer base) needs ConfigMap ns/c (layer "
	    "apps) (/spec/x), which is therefore restored with layer base");
}

/* Layers that do not wait for each other have no order to run against. */
static void an_edge_along_the_layers_or_beside_them_stays(void **state)
{
	struct fixture *f = *state;

	add_two(f);
	add_layer(f, "beside", NULL);
	uint32_t base = add_node(f, "a", 0), apps = add_node(f, "b", 1);
	uint32_t beside = add_node(f, "c", 2);
	need(f, apps, base, EDGE_REFERENCE);
	need(f, base, beside, EDGE_REFERENCE);
	need(f, beside, apps, EDGE_REQUIRED);
	layering_settle(f->plan.p);
	assert_int_equal(test_plan_node(&f->plan, base)->layer, 0);
	assert_int_equal(test_plan_node(&f->plan, apps)->layer, 1);
	assert_int_equal(test_plan_node(&f->plan, beside)->layer, 2);
	assert_false(test_plan_edge(&f->plan, base, beside)->broken);
	assert_warned(&f->plan, NULL);
}

static void a_layer_that_selects_nothing_is_named(void **state)
{
	struct fixture *f = *state;

	add_two(f);
	add_node(f, "a", 0);
	layering_settle(f->plan.p);
	assert_warned(
	    &f->plan, "layers: 'apps' selects nothing of the snapshot");
}

/* A part of the snapshot says nothing of the rest. */
static void of_a_part_of_the_snapshot_nothing_is_concluded(void **state)
{
	struct fixture *f = *state;

	add_two(f);
	f->plan.o.without_git = true;
	add_node(f, "a", 0);
	layering_settle(f->plan.p);
	assert_warned(&f->plan, NULL);
}

static void one_that_was_not_chosen_is_not(void **state)
{
	struct fixture *f = *state;

	add_two(f);
	f->plan.o.only_layers = &f->only;
	strvec_add(&f->only, "base");
	add_node(f, "a", 0);
	layering_settle(f->plan.p);
	assert_warned(&f->plan, NULL);
}

/* ---- the order ----------------------------------------------------------- */

static void a_layer_begins_where_those_before_it_end(void **state)
{
	struct fixture *f = *state;
	struct graph *g = &f->plan.p->graph;
	uint32_t begin[3], end[3];

	add_two(f);
	for (size_t i = 0; i < 3; i++) {
		begin[i] = graph_add_barrier(g, "begin");
		end[i] = graph_add_barrier(g, "end");
	}
	layering_order(f->plan.p, begin, end);
	const struct graph_edge *e = test_plan_edge(&f->plan, begin[1], end[0]);
	assert_non_null(e);
	assert_int_equal(e->strength, EDGE_REQUIRED);
	assert_null(test_plan_edge(&f->plan, begin[0], end[1]));
	/* An empty layer ends after it began, too. */
	for (size_t i = 0; i < 3; i++)
		assert_non_null(test_plan_edge(&f->plan, end[i], begin[i]));
}

static void the_unassigned_layer_may_be_the_first(void **state)
{
	struct fixture *f = *state;
	struct graph *g = &f->plan.p->graph;
	uint32_t begin[3], end[3];

	add_two(f);
	f->layers.unassigned_first = true;
	for (size_t i = 0; i < 3; i++) {
		begin[i] = graph_add_barrier(g, "begin");
		end[i] = graph_add_barrier(g, "end");
	}
	layering_order(f->plan.p, begin, end);
	assert_non_null(test_plan_edge(&f->plan, begin[0], end[2]));
	assert_null(test_plan_edge(&f->plan, begin[2], end[0]));
	assert_null(test_plan_edge(&f->plan, begin[2], end[1]));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(without_layers_there_is_one),
	    TEST(what_no_layer_selects_is_in_one_of_its_own),
	    TEST(what_several_select_is_in_the_first),
	    TEST(only_takes_layers_by_name),
	    TEST(a_later_layer_waits_for_what_runs),
	    TEST(what_is_required_is_taken_into_the_earlier_layer),
	    TEST(what_is_only_named_is_not_waited_for),
	    TEST(what_was_taken_along_takes_along_what_it_needs),
	    TEST(what_was_taken_along_is_waited_for),
	    TEST(an_edge_along_the_layers_or_beside_them_stays),
	    TEST(a_layer_that_selects_nothing_is_named),
	    TEST(of_a_part_of_the_snapshot_nothing_is_concluded),
	    TEST(one_that_was_not_chosen_is_not),
	    TEST(a_layer_begins_where_those_before_it_end),
	    TEST(the_unassigned_layer_may_be_the_first),
	};

	return cmocka_run_group_tests_name("plan/layering", tests, NULL, NULL);
}
