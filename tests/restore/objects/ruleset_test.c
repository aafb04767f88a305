#include "restore/objects/ruleset.h"

#include "restore/objects/finished.h"
#include "restore/objects/pause.h"
#include "restore/objects/ruleset_rows.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

static struct json_object *parse(const char *text)
{
	struct err err = ERR_INIT;
	struct json_object *j = json_parse(text, strlen(text), &err);

	if (!j)
		fail_msg("%s: %s", err.message, text);
	return j;
}

static bool restores_all(void *ctx, const char *kind)
{
	(void)ctx;
	(void)kind;
	return true;
}

static void make(
    struct ruleset *s, const struct ruleset_rule *rules, size_t count)
{
	const struct ruleset_options o = {.rules = rules, .count = count};
	struct err err = ERR_INIT;

	if (ruleset_init(s, &o, &err))
		fail_msg("%s", err.message);
}

/* What it says of a pause is what is written. */
static void a_pause_is_said_as_a_pointer_and_a_value(void **state)
{
	static const struct {
		const char *said;
		const char *object;
		const char *paused;
	} cases[] = {
	    {"/spec/stopped", "{}", "{\"spec\":{\"stopped\":true}}"},
	    {"/spec/mode=Off", "{}", "{\"spec\":{\"mode\":\"Off\"}}"},
	    {"/spec/workers=0", "{\"spec\":{\"workers\":3}}",
		"{\"spec\":{\"workers\":0}}"},
	    {"/metadata/annotations/example.com~1paused", "{}",
		"{\"metadata\":{\"annotations\":{\"example.com/paused\":"
		"\"true\"}}}"},
	    {"/metadata/annotations/example.com~1workers=0", "{}",
		"{\"metadata\":{\"annotations\":{\"example.com/workers\":"
		"\"0\"}}}"},
	    {"none", "{}", "{}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		/* In place of what is built in: spec.suspend. */
		const struct ruleset_rule rule = {
		    .kind = "Kustomization.kustomize.toolkit.fluxcd.io",
		    .pause = cases[i].said,
		    .last = RULESET_LAST_UNSET};
		cleanup(ruleset_done) struct ruleset s = RULESET_INIT;
		const struct rule_pause *found[PAUSE_MAX];
		cleanup(json_freep) struct json_object *object =
		    parse(cases[i].object);

		make(&s, &rule, 1);
		const struct pause_question q = {
		    .group = "kustomize.toolkit.fluxcd.io",
		    .kind = "Kustomization",
		    .rules = &s,
		    .restores = restores_all};
		size_t count = pause_find(object, &q, found);
		assert_int_equal(count, !str_eq(cases[i].said, "none"));
		if (count)
			pause_set(object, found[0]);
		assert_json(object, cases[i].paused);
	}
}

static void a_controller_can_be_held_by_its_image(void **state)
{
	static const struct ruleset_rule rule = {.kind = "*.example.com",
	    .by_replicas = "*example-operator*",
	    .last = RULESET_LAST_UNSET};
	cleanup(ruleset_done) struct ruleset s = RULESET_INIT;
	const struct rule_pause *found[PAUSE_MAX];
	cleanup(json_freep) struct json_object *object =
	    parse("{\"spec\":{\"replicas\":2,\"template\":{\"spec\":{"
		  "\"containers\":[{\"image\":\"r/example-operator:1\"}]}}}}");

	(void)state;
	make(&s, &rule, 1);
	const struct pause_question q = {.group = "apps",
	    .kind = "Deployment",
	    .rules = &s,
	    .restores = restores_all};
	assert_int_equal(pause_find(object, &q, found), 1);
	assert_string_equal(found[0]->acts_on, "*.example.com");
}

static void the_rules_of_the_configuration_come_first(void **state)
{
	static const struct ruleset_rule rules[] = {
	    {.kind = "Report.example.com",
		.status = RULESET_YES,
		.finished = "/status/step=filed|lost",
		.derived = RULESET_YES,
		.last = 2,
		.ready = "Filed"},
	    {.kind = "Kustomization.kustomize.toolkit.fluxcd.io",
		.status = RULESET_NO,
		.last = RULESET_LAST_UNSET},
	    {.kind = "ClusterPolicy.kyverno.io", .last = 0},
	    {.kind = "Deployment.apps",
		.ready = "none",
		.last = RULESET_LAST_UNSET},
	    {.kind = "Backup.example.com",
		.finished = "never",
		.last = RULESET_LAST_UNSET},
	};
	cleanup(ruleset_done) struct ruleset s = RULESET_INIT;
	cleanup(json_freep) struct json_object *report =
	    parse("{\"apiVersion\":\"example.com/v1\",\"kind\":\"Report\","
		  "\"status\":{\"step\":\"lost\"}}");
	cleanup(json_freep) struct json_object *backup =
	    parse("{\"apiVersion\":\"example.com/v1\",\"kind\":\"Backup\","
		  "\"status\":{\"phase\":\"Completed\"}}");
	size_t at = 0;

	(void)state;
	make(&s, rules, sizeof(rules) / sizeof(*rules));
	assert_true(ruleset_status(&s, "example.com", "Report", report));
	assert_false(ruleset_status(
	    &s, "kustomize.toolkit.fluxcd.io", "Kustomization", report));
	assert_true(ruleset_status(
	    &s, "helm.toolkit.fluxcd.io", "HelmRelease", report));
	assert_int_equal(ruleset_tier(&s, "example.com", "Report"), 2);
	assert_int_equal(ruleset_tier(&s, "kyverno.io", "ClusterPolicy"), 0);
	assert_int_equal(ruleset_tier(&s, "kyverno.io", "Policy"), 1);
	assert_int_equal(finished_state(report, &s), FINISHED_ENDED);
	assert_int_equal(finished_state(backup, &s), FINISHED_NO_RUN);
	const struct rule_ready *ready =
	    ruleset_ready(&s, "example.com", "Report", &at);
	assert_string_equal(ready->condition, "Filed");
	assert_null(ruleset_ready(&s, "example.com", "Report", &at));
	at = 0;
	assert_null(ruleset_ready(&s, "apps", "Deployment", &at));
}

static void what_is_no_rule_is_refused(void **state)
{
	static const struct {
		struct ruleset_rule rule;
		const char *why;
	} cases[] = {
	    {{.kind = ".example.com", .pause = "none"}, "kind: '.example.com'"},
	    {{.kind = "A b", .pause = "none"}, "kind: 'A b' is not a kind"},
	    {{.kind = "A", .pause = "spec.suspend"}, "pause: 'spec.suspend'"},
	    {{.kind = "A", .pause = ""}, "pause: ''"},
	    {{.kind = "A", .pause = "/"}, "pause: '/'"},
	    {{.kind = "A", .pause = "/spec/*/suspend"}, "pause: '/spec/*"},
	    {{.kind = "A", .finished = "/status//x"}, "finished: '/status//x'"},
	    {{.kind = "A", .finished = "no condition"}, "'no condition' is no"},
	    {{.kind = "A", .ready = ""}, "ready: '' is not a condition"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(ruleset_done) struct ruleset s = RULESET_INIT;
		const struct ruleset_options o = {
		    .rules = &cases[i].rule, .count = 1};
		struct err err = ERR_INIT;

		assert_int_equal(ruleset_init(&s, &o, &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		if (!strstr(err.message, cases[i].why) ||
		    !str_starts(err.message, "restore.rules[0]: "))
			fail_msg("%s", err.message);
	}
}

static void kinds_and_systems_are_taken_out(void **state)
{
	cleanup(ruleset_done) struct ruleset s = RULESET_INIT;
	cleanup(ruleset_done) struct ruleset refused = RULESET_INIT;
	cleanup(strvec_done) struct strvec kinds = VEC_INIT;
	cleanup(strvec_done) struct strvec without = VEC_INIT;
	struct ruleset_options o = {
	    .exclude_kinds = &kinds, .without = &without};
	cleanup(ruleset_rows_done) struct ruleset_rows rows = VEC_INIT;
	struct err err = ERR_INIT;

	(void)state;
	strvec_add(&kinds, "*.velero.io");
	strvec_add(&without, "flux");
	assert_int_equal(ruleset_init(&s, &o, &err), 0);
	assert_true(ruleset_excludes(&s, "velero.io", "Backup"));
	assert_false(ruleset_excludes(&s, "k8up.io", "Backup"));
	ruleset_rows_list(&s, &rows);
	assert_string_equal(rows.items[0].source, "restore.exclude_kinds");
	VEC_EACH (&rows, r)
		assert_string_not_equal(r->source, "flux");
	strvec_add(&without, "fluxx");
	assert_int_equal(ruleset_init(&refused, &o, &err), -1);
	assert_non_null(strstr(err.message, "no rule 'fluxx'"));
}

/* What is printed can be said: each built-in rule that has no condition of its
 * own gives the same rule again. */
static void rows_are_in_the_words_of_the_configuration(void **state)
{
	cleanup(ruleset_done) struct ruleset s = RULESET_INIT;
	cleanup(ruleset_rows_done) struct ruleset_rows rows = VEC_INIT;
	size_t said = 0;

	(void)state;
	make(&s, NULL, 0);
	ruleset_rows_list(&s, &rows);
	VEC_EACH (&rows, r) {
		struct ruleset_rule rule = {
		    .kind = r->kind, .last = RULESET_LAST_UNSET};
		cleanup(ruleset_done) struct ruleset again = RULESET_INIT;
		cleanup(ruleset_rows_done) struct ruleset_rows printed =
		    VEC_INIT;

		if (strchr(r->value, ' '))
			continue;
		if (str_eq(r->word, "pause"))
			rule.pause = r->value;
		else if (str_eq(r->word, "finished"))
			rule.finished = r->value;
		else if (str_eq(r->word, "ready"))
			rule.ready = r->value;
		else
			continue;
		make(&again, &rule, 1);
		ruleset_rows_list(&again, &printed);
		size_t found = 0;
		VEC_EACH (&printed, p)
			found += ruleset_is_configured(p->source) &&
				 str_eq(p->value, r->value) &&
				 str_eq(p->word, r->word);
		if (found != 1)
			fail_msg("%s of %s: '%s' is not what comes back",
			    r->word, r->kind, r->value);
		said++;
	}
	assert_true(said > 50);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_pause_is_said_as_a_pointer_and_a_value),
	    cmocka_unit_test(a_controller_can_be_held_by_its_image),
	    cmocka_unit_test(the_rules_of_the_configuration_come_first),
	    cmocka_unit_test(what_is_no_rule_is_refused),
	    cmocka_unit_test(kinds_and_systems_are_taken_out),
	    cmocka_unit_test(rows_are_in_the_words_of_the_configuration),
	};

	return cmocka_run_group_tests_name("ruleset", tests, NULL, NULL);
}
