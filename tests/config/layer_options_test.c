#include "config/layer_options.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/configs.h"
#include "tests/support/test.h"

#include <string.h>

static void make(const char *config, struct layers *out)
{
	autofree char *text = str_printf("%s%s", CONFIG_HEAD, config);
	struct err err = ERR_INIT;
	struct settings *s = settings_parse(text, strlen(text), "c.yaml", &err);

	if (!s)
		fail_msg("%s", err.message);
	layer_options(s, out);
	settings_free(s); /* they are copies */
}

static void layers_are_as_they_were_configured(void **state)
{
	cleanup(layers_done) struct layers l = LAYERS_INIT;

	(void)state;
	make("unassigned_layer: first\n"
	     "layers:\n"
	     "- {name: base, select: {repositories: [a], states: [b/*], "
	     "namespaces: [c], kinds: [D], labels: [e=f], clusters: [g]}}\n"
	     "- {name: apps, sync: manual, depends_on: [base], select: "
	     "{namespaces: [h, i]}}\n",
	    &l);
	assert_true(l.unassigned_first);
	assert_int_equal(l.items.len, 2);
	const struct layer *base = &l.items.items[0];
	assert_string_equal(base->name, "base");
	assert_false(base->manual);
	assert_int_equal(base->depends_on.len, 0);
	assert_string_equal(base->select.repositories.items[0], "a");
	assert_string_equal(base->select.states.items[0], "b/*");
	assert_string_equal(base->select.namespaces.items[0], "c");
	assert_string_equal(base->select.kinds.items[0], "D");
	assert_string_equal(base->select.labels.items[0], "e=f");
	assert_string_equal(base->select.clusters.items[0], "g");
	const struct layer *apps = &l.items.items[1];
	assert_true(apps->manual);
	assert_string_equal(apps->depends_on.items[0], "base");
	assert_int_equal(apps->select.namespaces.len, 2);
	assert_int_equal(apps->select.repositories.len, 0);
}

static void without_layers_there_are_none(void **state)
{
	cleanup(layers_done) struct layers l = LAYERS_INIT;

	(void)state;
	make("", &l);
	assert_int_equal(l.items.len, 0);
	assert_false(l.unassigned_first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(layers_are_as_they_were_configured),
	    cmocka_unit_test(without_layers_there_are_none),
	};

	return cmocka_run_group_tests_name(
	    "config/layer_options", tests, NULL, NULL);
}
