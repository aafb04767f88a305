/* What a drill says of itself. */
#include "restore/drill/result.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"
#include "tests/support/test.h"

#include <string.h>

static struct report *report_of(enum outcome_kind kind, const char *detail)
{
	struct report *r = mem_new(struct report);

	*vec_add(&r->items) = (struct report_item){.group = str_dup("Secret"),
	    .what = str_dup("Secret a/b"),
	    .outcome = {
		.kind = kind, .detail = detail ? str_dup(detail) : NULL}};
	return r;
}

static void expect(const struct result *r, const char *finding)
{
	autofree char *text = result_finding(r);

	assert_int_equal(result_passed(r), !finding);
	if (finding)
		assert_string_equal(text, finding);
	else
		assert_null(text);
}

static void it_passes_only_without_any_fault(void **state)
{
	cleanup(report_freep) struct report *good =
	    report_of(OUTCOME_CREATED, NULL);
	cleanup(report_freep) struct report *bad =
	    report_of(OUTCOME_FAILED, "no such kind");
	cleanup(result_done) struct result r = {.report = good};

	(void)state;
	expect(&r, NULL);
	r.changed = 2;
	expect(&r, "what came back differs: 0 added, 0 removed, 2 changed");
	r.report = bad;
	expect(&r, "1 not restored, first: Secret a/b: no such kind");
	r.report = good;
	r.changed = 0;
	strvec_add(&r.not_compared, "kubernetes:p/: secrets: refused");
	expect(&r, "1 not compared, first: kubernetes:p/: secrets: refused");
	good->stopped = true;
	strvec_done(&r.not_compared);
	expect(&r, "it was stopped");
}

static void its_numbers_are_in_the_record(void **state)
{
	cleanup(report_freep) struct report *good =
	    report_of(OUTCOME_CREATED, NULL);
	cleanup(result_done) struct result r = {.report = good,
	    .label = "p-1",
	    .started = 1000,
	    .data_from = 400,
	    .ms = {9000, 10, 20, 30, 8000},
	    .states = 3};
	cleanup(json_freep) struct json_object *j = result_record(&r);
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(json_get_int(j, "recovery_ms", 0), 60);
	assert_int_equal(json_get_int(j, "age_seconds", 0), 600);
	assert_int_equal(json_get_int(j, "states", 0), 3);
	result_print_json(&r, "drill", &out);
	cleanup(json_freep) struct json_object *all = test_json(buf_str(&out));
	assert_true(json_truth(json_get(all, "passed"), false));
	assert_int_equal(
	    json_int(json_path(all, "phases_ms", "compare", NULL), 0), 8000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_passes_only_without_any_fault),
	    cmocka_unit_test(its_numbers_are_in_the_record),
	};

	return cmocka_run_group_tests_name("result", tests, NULL, NULL);
}
