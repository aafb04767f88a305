#include "storage/archive/layers.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <stdint.h>
#include <string.h>

static struct layer *add(
    struct layers *l, const char *name, const char *depends_on)
{
	struct layer *layer = vec_add(&l->items);

	layer->name = str_dup(name);
	if (depends_on)
		strvec_add(&layer->depends_on, depends_on);
	strvec_add(&layer->select.kinds, "*");
	return layer;
}

static void refused(const struct layers *l, const char *text)
{
	struct err err = ERR_INIT;

	assert_int_equal(layers_check(l, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_contains(err.message, text);
}

static void what_cannot_be_is_refused(void **state)
{
	(void)state;
	cleanup(layers_done) struct layers l = LAYERS_INIT;
	struct err err = ERR_INIT;

	add(&l, "a", NULL);
	add(&l, "b", "a");
	add(&l, "c", "b");
	assert_ok(layers_check(&l, &err), err);
	strvec_add(&l.items.items[0].depends_on, "c");
	refused(&l, "'a' and 'b' depend on each other");
	strcpy(l.items.items[0].depends_on.items[0], "a");
	refused(&l, "'a' depends on itself");
	strcpy(l.items.items[0].depends_on.items[0], "x");
	refused(&l, "'a' depends on 'x', and there is no layer of that name");
	strvec_done(&l.items.items[0].depends_on);
	strcpy(l.items.items[1].name, "a");
	refused(&l, "two are called 'a'");
	strcpy(l.items.items[1].name, "/");
	refused(&l, "not a name for a layer");
	strcpy(l.items.items[1].name, "b");
	strvec_done(&l.items.items[1].select.kinds);
	refused(&l, "'b' selects nothing");
}

static void names_of_labels_have_a_length(void **state)
{
	(void)state;
	cleanup(layers_done) struct layers l = LAYERS_INIT;
	char name[65] = "";
	struct err err = ERR_INIT;

	memset(name, 'a', 64);
	struct layer *layer = add(&l, name, NULL);
	refused(&l, "up to 63");
	layer->name[63] = '\0';
	assert_ok(layers_check(&l, &err), err);
	layer->name[62] = '-';
	refused(&l, "not a name for a layer");
}

static void what_is_written_reads_the_same(void **state)
{
	(void)state;
	cleanup(layers_done) struct layers l = LAYERS_INIT;
	cleanup(layers_done) struct layers again = LAYERS_INIT;
	struct err err = ERR_INIT;

	assert_null(layers_write(&l));
	add(&l, "a", NULL)->manual = true;
	strvec_add(&add(&l, "b", "a")->select.states, "bucket/*");
	l.unassigned_first = true;
	cleanup(json_freep) struct json_object *j = layers_write(&l);
	assert_ok(layers_read(j, &again, &err), err);
	cleanup(json_freep) struct json_object *k = layers_write(&again);
	assert_true(json_equal(j, k));
	assert_true(again.unassigned_first);
	assert_true(again.items.items[0].manual);
	assert_string_equal(again.items.items[1].depends_on.items[0], "a");
	assert_string_equal(
	    again.items.items[1].select.states.items[0], "bucket/*");
}

static void an_object_fits_in_all_that_is_given(void **state)
{
	(void)state;
	cleanup(layers_done) struct layers l = LAYERS_INIT;
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *labels =
	    json_parse("{\"tier\":\"web\"}", 14, &err);
	struct layer *layer = add(&l, "a", NULL);
	struct layer_object o = {.cluster = "prod",
	    .ns = "shop",
	    .group = "apps",
	    .kind = "Deployment",
	    .labels = labels};

	assert_true(layer_has_object(layer, &o));
	strvec_add(&layer->select.namespaces, "other");
	assert_false(layer_has_object(layer, &o));
	strvec_add(&layer->select.namespaces, "sh*");
	assert_true(layer_has_object(layer, &o));
	strvec_add(&layer->select.labels, "tier=w?b");
	assert_true(layer_has_object(layer, &o));
	strvec_add(&layer->select.clusters, "test");
	assert_false(layer_has_object(layer, &o));
	strvec_done(&layer->select.clusters);
	strcpy(layer->select.labels.items[0], "tier=xx");
	assert_false(layer_has_object(layer, &o));
	/* What selects only other things has no objects. */
	struct layer *none = vec_add(&l.items);
	none->name = str_dup("b");
	strvec_add(&none->select.states, "*");
	assert_false(layer_has_object(none, &o));
	assert_true(
	    str_glob_any(layer_patterns(none, LAYER_STATES), "bucket/key"));
	assert_false(
	    str_glob_any(layer_patterns(none, LAYER_REPOSITORIES), "team/web"));
}

static void a_core_kind_has_two_names(void **state)
{
	(void)state;
	cleanup(layers_done) struct layers l = LAYERS_INIT;
	struct layer *layer = vec_add(&l.items);
	const struct layer_object o = {
	    .cluster = "prod", .group = "", .kind = "Secret"};

	layer->name = str_dup("a");
	strvec_add(&layer->select.kinds, "Secret.core");
	assert_true(layer_has_object(layer, &o));
	strcpy(layer->select.kinds.items[0], "Secret");
	assert_true(layer_has_object(layer, &o));
	strcpy(layer->select.kinds.items[0], "Secrets");
	assert_false(layer_has_object(layer, &o));
}

static void the_unassigned_layer_is_last_or_first(void **state)
{
	(void)state;
	cleanup(layers_done) struct layers l = LAYERS_INIT;

	add(&l, "a", NULL);
	add(&l, "b", "a");
	assert_true(layers_waits_for(&l, 1, 0));
	assert_false(layers_waits_for(&l, 0, 1));
	assert_true(layers_waits_for(&l, 2, 1));
	assert_false(layers_waits_for(&l, 0, 2));
	l.unassigned_first = true;
	assert_false(layers_waits_for(&l, 2, 1));
	assert_true(layers_waits_for(&l, 0, 2));
	assert_int_equal(layers_find(&l, "unassigned"), 2);
	assert_string_equal(layers_name(&l, 2), "unassigned");
	assert_true(layers_find(&l, "x") == SIZE_MAX);
}

static void layers_come_after_what_they_wait_for(void **state)
{
	(void)state;
	cleanup(layers_done) struct layers l = LAYERS_INIT;
	bool done[4] = {false};
	cleanup(buf_done) struct buf order = BUF_INIT;

	add(&l, "c", "b");
	add(&l, "b", "a");
	add(&l, "a", NULL);
	for (size_t i; (i = layers_next(&l, done)) != SIZE_MAX; done[i] = true)
		buf_printf(&order, "%s ", layers_name(&l, i));
	assert_string_equal(buf_str(&order), "a b c unassigned ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_cannot_be_is_refused),
	    cmocka_unit_test(names_of_labels_have_a_length),
	    cmocka_unit_test(what_is_written_reads_the_same),
	    cmocka_unit_test(an_object_fits_in_all_that_is_given),
	    cmocka_unit_test(a_core_kind_has_two_names),
	    cmocka_unit_test(the_unassigned_layer_is_last_or_first),
	    cmocka_unit_test(layers_come_after_what_they_wait_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
