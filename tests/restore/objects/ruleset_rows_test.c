/* Each rule in the words of the configuration. */
#include "restore/objects/ruleset_rows.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

/* A set that is made by hand, with the rules of no system. */
static void assert_rows(struct ruleset *s, const char *expected)
{
	cleanup(strvec_done) struct strvec without = VEC_INIT;
	cleanup(ruleset_rows_done) struct ruleset_rows rows = VEC_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;

	for (const struct rule_key *r = rules_keys; r->system; r++)
		strvec_add(&without, r->system);
	s->without = &without;
	ruleset_rows_list(s, &rows);
	VEC_EACH (&rows, r)
		buf_printf(&text, "%s: %s: %s: %s\n", r->source, r->kind,
		    r->word, r->value);
	assert_string_equal(buf_str(&text), expected);
	ruleset_done(s);
}

static void a_pause_is_a_pointer_and_a_value(void **state)
{
	struct ruleset s = RULESET_INIT;
	static const struct rule_pause pauses[] = {
	    {.system = "s", .kind = "A", .pointer = "/spec/off"},
	    {.system = "s", .kind = "B"},
	    {.system = "s",
		.kind = "C",
		.pointer = "/metadata/annotations",
		.annotation = "x.org/a~b",
		.value = "\"yes\""},
	    {.system = "s",
		.kind = "D",
		.pointer = "/spec/n",
		.value = "0",
		.where = "/spec/x"},
	    {.system = "s", .kind = "E", .pointer = "/spec/t", .value = "\"\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pauses) / sizeof(*pauses); i++)
		*vec_add(&s.pauses) = pauses[i];
	assert_rows(&s, "s: A: pause: /spec/off\n"
			"s: B: pause: none\n"
			"s: C: pause: /metadata/annotations/x.org~1a~0b=yes\n"
			"s: D: pause: /spec/n=0 (of those with /spec/x)\n"
			"s: E: pause: /spec/t=\n");
}

static void a_controller_is_held_by_its_replicas(void **state)
{
	struct ruleset s = RULESET_INIT;

	(void)state;
	*vec_add(&s.pauses) = (struct rule_pause){.system = "s",
	    .kind = "Deployment.apps",
	    .image = "*c*",
	    .acts_on = "X"};
	*vec_add(&s.pauses) = (struct rule_pause){.system = "s",
	    .kind = "Deployment.apps",
	    .image = "*c*",
	    .label = "a=b",
	    .acts_on = "Y"};
	assert_rows(
	    &s, "s: X: by_replicas: *c*\ns: Y: by_replicas: *c* with a=b\n");
}

static void all_others_have_their_words(void **state)
{
	struct ruleset s = RULESET_INIT;

	(void)state;
	strvec_add(&s.excluded, "Secret.core");
	*vec_add(&s.statuses) = (struct rule_status){"s", "A", NULL, false};
	*vec_add(&s.statuses) = (struct rule_status){"s", "B", "/x", false};
	*vec_add(&s.statuses) = (struct rule_status){"s", "C", NULL, true};
	*vec_add(&s.finished) = (struct rule_finished){
	    .system = "s", .kind = "A", .condition = "Done", .unless = "/u"};
	*vec_add(&s.finished) = (struct rule_finished){
	    .system = "s", .kind = "B", .pointer = "/p", .words = "a|b"};
	*vec_add(&s.finished) =
	    (struct rule_finished){.system = "s", .kind = "C", .pointer = "/p"};
	*vec_add(&s.finished) =
	    (struct rule_finished){.system = "s", .kind = "D", .never = true};
	*vec_add(&s.derived) = (struct rule_derived){
	    .system = "s", .kind = "A", .label = "l", .reason = "why"};
	*vec_add(&s.derived) = (struct rule_derived){
	    .system = "s", .kind = "B", .owner = "O", .reason = "why"};
	*vec_add(&s.derived) =
	    (struct rule_derived){.system = "s", .kind = "C", .reason = "why"};
	*vec_add(&s.derived) =
	    (struct rule_derived){.system = "s", .kind = "D"};
	*vec_add(&s.lasts) = (struct rule_last){"s", "A", 2};
	*vec_add(&s.readies) = (struct rule_ready){"s", "A", "Ready", false};
	*vec_add(&s.readies) = (struct rule_ready){"s", "B", NULL, false};
	assert_rows(&s, "restore.exclude_kinds: Secret.core: exclude: true\n"
			"s: A: status: true\n"
			"s: B: status: true (of those with /x)\n"
			"s: C: status: false\n"
			"s: A: finished: Done (not of those with /u)\n"
			"s: B: finished: /p=a|b\n"
			"s: C: finished: /p\n"
			"s: D: finished: never\n"
			"s: A: derived: true (of those labelled l): why\n"
			"s: B: derived: true (of those owned by O): why\n"
			"s: C: derived: true: why\n"
			"s: D: derived: false\n"
			"s: A: last: 2\n"
			"s: A: ready: Ready\n"
			"s: B: ready: none\n");
}

static void keys_are_described(void **state)
{
	struct ruleset s = RULESET_INIT;
	cleanup(ruleset_rows_done) struct ruleset_rows rows = VEC_INIT;
	size_t found = 0;

	(void)state;
	ruleset_rows_list(&s, &rows);
	VEC_EACH (&rows, r)
		found +=
		    str_eq(r->value,
			"labelled "
			"sealedsecrets.bitnami.com/sealed-secrets-key, "
			"before what runs *sealed-secrets-controller*") ||
		    str_eq(r->value, "named istio-ca-secret, before what runs "
				     "*pilot*");
	assert_int_equal(found, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_pause_is_a_pointer_and_a_value),
	    cmocka_unit_test(a_controller_is_held_by_its_replicas),
	    cmocka_unit_test(all_others_have_their_words),
	    cmocka_unit_test(keys_are_described),
	};

	return cmocka_run_group_tests_name(
	    "objects/ruleset_rows", tests, NULL, NULL);
}
