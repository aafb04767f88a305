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

	report_add(r, "Secret", "Secret a/b")->outcome = (struct outcome){
	    .kind = kind, .detail = detail ? str_dup(detail) : NULL};
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

/* A copy beside others is not whole, and its record says so. */
static void a_dry_run_beside_writes_is_counted_as_one(void **state)
{
	cleanup(report_freep) struct report *good =
	    report_of(OUTCOME_CREATED, NULL);
	struct result r = {.place = RESULT_PREFIX, .report = good};

	(void)state;
	report_add(good, "Service", "Service a/b")->outcome.kind =
	    OUTCOME_ACCEPTED;
	cleanup(json_freep) struct json_object *j = result_record(&r);
	assert_string_equal(json_get_str(j, "place"), "prefix");
	assert_int_equal(json_get_int(j, "objects_created", -1), 1);
	assert_int_equal(json_get_int(j, "objects_dry_run", -1), 1);
	assert_false(json_truth(json_get(j, "whole"), true));
	assert_true(result_is_recorded(&r));
	assert_true(result_passed(&r));
	strvec_add(&r.left, "2 namespaces");
	r.namespaces_left = 2;
	expect(&r, "it left something: 2 namespaces");
	cleanup(json_freep) struct json_object *after = result_record(&r);
	assert_int_equal(json_get_int(after, "namespaces_left", -1), 2);
	r.partly = true;
	assert_false(result_is_recorded(&r));
	result_done(&r);
}

/* What a record of a drill would say is said of nothing less. */
static void only_all_of_it_read_back_is_whole(void **state)
{
	struct result r = {.place = RESULT_CONTROL_PLANE};

	(void)state;
	assert_true(result_is_whole(&r));
	r.place = RESULT_NOWHERE; /* there are no clusters */
	assert_true(result_is_whole(&r));
	r.without_clusters = true;
	assert_false(result_is_whole(&r));
	r.without_clusters = false;
	r.place = RESULT_SERVER;
	assert_false(result_is_whole(&r));
	r.place = RESULT_CONTROL_PLANE;
	r.partly = true;
	assert_false(result_is_whole(&r));
}

static void what_a_dry_run_did_not_send_is_counted(void **state)
{
	cleanup(report_freep) struct report *report =
	    report_of(OUTCOME_UNCHECKED, "its namespace does not exist yet");
	cleanup(result_done) struct result r = {
	    .report = report, .place = RESULT_SERVER};
	static const struct {
		enum outcome_kind kind;
		const char *detail;
	} more[] = {{OUTCOME_CREATED, NULL}, {OUTCOME_SKIPPED, "it is there"},
	    {OUTCOME_UNCHECKED, "its namespace does not exist yet"},
	    {OUTCOME_FAILED, "refused"}};

	(void)state;
	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++)
		report_add(report, "Secret", "Secret a/c")->outcome =
		    (struct outcome){.kind = more[i].kind,
			.detail = str_dup(more[i].detail)};
	result_note_unsent(&r);
	assert_int_equal(r.skipped.len, 2);
	assert_string_equal(
	    r.skipped.items[0], "2 objects: its namespace does not exist yet");
	assert_string_equal(r.skipped.items[1], "1 object: it is there");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_passes_only_without_any_fault),
	    cmocka_unit_test(its_numbers_are_in_the_record),
	    cmocka_unit_test(a_dry_run_beside_writes_is_counted_as_one),
	    cmocka_unit_test(only_all_of_it_read_back_is_whole),
	    cmocka_unit_test(what_a_dry_run_did_not_send_is_counted),
	};

	return cmocka_run_group_tests_name("result", tests, NULL, NULL);
}
