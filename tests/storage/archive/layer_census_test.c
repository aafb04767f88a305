#include "storage/archive/layer_census.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <stdlib.h>

struct fixture {
	struct layers layers;
	struct layer_census *census;
	struct strvec lines;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->layers = (struct layers)LAYERS_INIT;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	layer_census_free(f->census);
	layers_done(&f->layers);
	strvec_done(&f->lines);
	free(f);
	return 0;
}

static struct layer_select *add(struct fixture *f, const char *name)
{
	struct layer *l = vec_add(&f->layers.items);

	l->name = str_dup(name);
	return &l->select;
}

static size_t count_object(struct fixture *f, const char *ns, const char *kind,
    const char *group, const char *labels)
{
	cleanup(json_freep) struct json_object *j =
	    labels ? test_json(labels) : NULL;
	const struct layer_object o = {.cluster = "main",
	    .ns = ns,
	    .group = group,
	    .kind = kind,
	    .labels = j};
	autofree char *name = str_printf("%s %s/x", kind, ns);

	return layer_census_object(f->census, &o, name);
}

/* What is said of all layers, a line each. */
static void assert_lines(struct fixture *f, const char *expected)
{
	cleanup(buf_done) struct buf all = BUF_INIT;

	for (size_t i = 0; i < f->layers.items.len; i++)
		layer_census_unused(f->census, i, "it", &f->lines);
	layer_census_twice(f->census, &f->lines);
	layer_census_unassigned(f->census, &f->lines);
	VEC_EACH (&f->lines, line)
		buf_printf(&all, "%s\n", *line);
	assert_string_equal(buf_str(&all), expected);
}

static void a_pattern_is_used_where_its_layer_selects_by_it(void **state)
{
	struct fixture *f = *state;
	struct layer_select *s = add(f, "a");

	strvec_add(&s->namespaces, "one");
	strvec_add(&s->namespaces, "two");
	strvec_add(&s->kinds, "Deployment.apps");
	strvec_add(&s->kinds, "*.example.org");
	strvec_add(&s->clusters, "ma*");
	strvec_add(&s->repositories, "web");
	strvec_add(&s->states, "b/*");
	f->census = layer_census_new(&f->layers);
	assert_int_equal(count_object(f, "one", "Deployment", "apps", NULL), 0);
	/* There is such a namespace, but this object is in no layer. */
	assert_int_equal(count_object(f, "two", "Secret", "", NULL), 1);
	assert_int_equal(layer_census_repository(f->census, "web"), 0);
	assert_int_equal(layer_census_count(f->census, 0), 2);
	assert_int_equal(layer_census_count(f->census, 1), 1);
	assert_lines(f,
	    "'b/*' of states in 'a' selects nothing of it\n"
	    "'two' of namespaces in 'a' selects nothing of it\n"
	    "'*.example.org' of kinds in 'a' selects nothing of it\n"
	    "Secret two/x is in no layer, and so in 'unassigned', which is "
	    "restored last\n");
}

static void a_layer_without_anything_is_named_once(void **state)
{
	struct fixture *f = *state;
	struct layer_select *s = add(f, "a");

	strvec_add(&s->namespaces, "one");
	strvec_add(&s->labels, "app=x");
	f->census = layer_census_new(&f->layers);
	assert_int_equal(layer_census_state(f->census, "b/k"), 1);
	f->layers.unassigned_first = true;
	assert_lines(f,
	    "'a' selects nothing of it\n"
	    "state b/k is in no layer, and so in 'unassigned', which is "
	    "restored first\n");
}

/* The first counts, and the first of the others is named; many are counted. */
static void what_two_select_is_named_by_pairs(void **state)
{
	struct fixture *f = *state;

	strvec_add(&add(f, "a")->namespaces, "o*");
	strvec_add(&add(f, "b")->kinds, "Secret");
	strvec_add(&add(f, "c")->kinds, "*");
	f->census = layer_census_new(&f->layers);
	for (int i = 0; i < 7; i++)
		assert_int_equal(count_object(f, "one", "Secret", "", NULL), 0);
	assert_int_equal(count_object(f, "one", "Service", "", NULL), 0);
	assert_lines(f,
	    "Secret one/x, Secret one/x, Secret one/x, Secret one/x, "
	    "Secret one/x and 2 more are selected by 'a' and by 'b'; they are "
	    "restored with 'a'\n"
	    "Service one/x is selected by 'a' and by 'c'; it is restored with "
	    "'a'\n");
}

/* Where nobody knows the labels, nothing is concluded from them. */
static void without_labels_what_they_decide_is_counted_apart(void **state)
{
	struct fixture *f = *state;
	struct layer_select *s = add(f, "a");

	strvec_add(&s->namespaces, "one");
	strvec_add(&s->labels, "app=x");
	strvec_add(&add(f, "b")->namespaces, "o*");
	strvec_add(&add(f, "c")->labels, "app");
	f->census = layer_census_new(&f->layers);
	layer_census_without(f->census, LAYER_LABELS);
	assert_int_equal(count_object(f, "one", "Secret", "", NULL), 1);
	assert_int_equal(layer_census_undecided(f->census), 1);
	/* A later layer takes nothing away from an earlier one. */
	assert_int_equal(count_object(f, "other", "Secret", "", NULL), 1);
	assert_int_equal(layer_census_undecided(f->census), 1);
	assert_int_equal(count_object(f, "two", "Secret", "", NULL), 3);
	assert_int_equal(layer_census_undecided(f->census), 2);
	assert_lines(f, "");
}

static void a_name_alone_is_enough_for_a_pattern(void **state)
{
	struct fixture *f = *state;
	struct layer_select *s = add(f, "a");

	strvec_add(&s->namespaces, "one");
	strvec_add(&s->namespaces, "t*");
	strvec_add(&s->clusters, "main");
	strvec_add(&s->states, "b/k");
	f->census = layer_census_new(&f->layers);
	layer_census_without(f->census, LAYER_STATES);
	layer_census_name(f->census, LAYER_NAMESPACES, "one");
	layer_census_name(f->census, LAYER_CLUSTERS, "other");
	assert_lines(f, "'t*' of namespaces in 'a' selects nothing of it\n"
			"'main' of clusters in 'a' selects nothing of it\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_pattern_is_used_where_its_layer_selects_by_it),
	    TEST(a_layer_without_anything_is_named_once),
	    TEST(what_two_select_is_named_by_pairs),
	    TEST(without_labels_what_they_decide_is_counted_apart),
	    TEST(a_name_alone_is_enough_for_a_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
