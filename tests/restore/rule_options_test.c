#include "restore/rule_options.h"

#include "config/settings.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/configs.h"
#include "tests/support/test.h"

#include <string.h>

/* The set in force by what `restore` says; the settings live as long. */
static struct settings *make(
    const char *restore, struct ruleset *set, int *failed, struct err *err)
{
	autofree char *text =
	    str_printf("%srestore: {%s}\n", CONFIG_HEAD, restore);
	struct settings *s = settings_parse(text, strlen(text), "c.yaml", err);

	if (!s)
		fail_msg("%s", err->message);
	*failed = rule_options_init(set, &s->restore, err);
	return s;
}

static void what_is_said_of_a_kind_goes_before_the_tables(void **state)
{
	cleanup(ruleset_done) struct ruleset set = RULESET_INIT;
	struct err err = ERR_INIT;
	int failed;
	struct settings *s =
	    make("exclude_kinds: [Secret.core], rules: [{kind: "
		 "ResourceQuota.core, last: 0}, {kind: Widget.example.org, "
		 "last: 2, status: true, ready: Done}]",
		&set, &failed, &err);
	cleanup(json_freep) struct json_object *object = test_json("{}");
	size_t at = 0;

	(void)state;
	assert_ok(failed, err);
	assert_true(ruleset_excludes(&set, "", "Secret"));
	assert_false(ruleset_excludes(&set, "", "ConfigMap"));
	/* 0 is a choice, and not that nothing was said. */
	assert_int_equal(ruleset_tier(&set, "", "ResourceQuota"), 0);
	assert_int_equal(ruleset_tier(&set, "", "LimitRange"), 1);
	assert_int_equal(ruleset_tier(&set, "example.org", "Widget"), 2);
	assert_true(ruleset_status(&set, "example.org", "Widget", object));
	const struct rule_ready *r =
	    ruleset_ready(&set, "example.org", "Widget", &at);
	assert_non_null(r);
	assert_string_equal(r->condition, "Done");
	settings_free(s);
}

static void nothing_said_leaves_the_tables(void **state)
{
	cleanup(ruleset_done) struct ruleset set = RULESET_INIT;
	struct err err = ERR_INIT;
	int failed;
	struct settings *s =
	    make("rules: [{kind: ResourceQuota.core, ready: none}]", &set,
		&failed, &err);

	(void)state;
	assert_ok(failed, err);
	assert_int_equal(ruleset_tier(&set, "", "ResourceQuota"), 1);
	settings_free(s);
}

static void a_system_may_be_left_out(void **state)
{
	cleanup(ruleset_done) struct ruleset set = RULESET_INIT;
	cleanup(ruleset_done) struct ruleset refused = RULESET_INIT;
	struct err err = ERR_INIT;
	int failed;
	struct settings *s =
	    make("without_rules: [external-secrets]", &set, &failed, &err);
	size_t at = 0;

	(void)state;
	assert_ok(failed, err);
	assert_null(
	    ruleset_ready(&set, "external-secrets.io", "SecretStore", &at));
	settings_free(s);
	s = make("without_rules: [fluxx]", &refused, &failed, &err);
	assert_int_equal(failed, -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_contains(err.message, "fluxx");
	settings_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_said_of_a_kind_goes_before_the_tables),
	    cmocka_unit_test(nothing_said_leaves_the_tables),
	    cmocka_unit_test(a_system_may_be_left_out),
	};

	return cmocka_run_group_tests_name("rule_options", tests, NULL, NULL);
}
