#include "restore/run/report.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

static struct report_item *add(struct report *r, const char *group,
    const char *what, uint32_t level, enum outcome_kind kind)
{
	struct report_item *i = report_add(r, group, what);

	i->level = level;
	i->outcome.kind = kind;
	return i;
}

static struct report *sample(void)
{
	struct report *r = mem_new(struct report);

	r->snapshot = str_dup("20260102T030405Z-0a0b");
	add(r, "Secret", "Secret a/\"b\"", 0, OUTCOME_CREATED);
	struct report_item *i =
	    add(r, "Deployment", "Deployment a/c", 1, OUTCOME_FAILED);
	outcome_set(&i->outcome, OUTCOME_FAILED, "refused");
	outcome_note(&i->outcome, "a note");
	add(r, "Secret", "Secret a/d", 1, OUTCOME_CREATED);
	*vec_add(&r->gates) = (struct report_gate){.what = str_dup("gate"),
	    .passed = true,
	    .detail = str_dup("in 1 s")};
	strvec_add(&r->warnings, "mind this");
	r->next = str_dup("go on");
	return r;
}

static void prints_json_an_item_a_line(void **state)
{
	cleanup(report_freep) struct report *r = sample();
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	report_print_json(r, "apply", &out);
	assert_string_equal(buf_str(&out),
	    "{\"command\":\"apply\",\"snapshot\":\"20260102T030405Z-0a0b\","
	    "\"complete\":false,\"stopped\":false,\"dry_run\":false,"
	    "\"items\":[\n"
	    "{\"level\":1,\"kind\":\"Secret\",\"what\":\"Secret a/\\\"b\\\"\","
	    "\"outcome\":\"created\",\"notes\":[]},\n"
	    "{\"level\":2,\"kind\":\"Deployment\",\"what\":\"Deployment a/c\","
	    "\"outcome\":\"failed\",\"detail\":\"refused\","
	    "\"notes\":[\"a note\"]},\n"
	    "{\"level\":2,\"kind\":\"Secret\",\"what\":\"Secret a/d\","
	    "\"outcome\":\"created\",\"notes\":[]}],\"gates\":[\n"
	    "{\"passed\":true,\"what\":\"gate\",\"detail\":\"in 1 s\"}],"
	    "\"summary\":{\"Secret\":{\"created\":2},"
	    "\"Deployment\":{\"failed\":1}},\"warnings\":[\"mind this\"],"
	    "\"left_paused\":[],\"next\":\"go on\"}\n");
}

static void the_table_tells_what_is_not_plain(void **state)
{
	cleanup(report_freep) struct report *r = sample();
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	report_print_table(r, false, &out);
	assert_string_equal(buf_str(&out),
	    "LEVEL  OUTCOME    WHAT\n"
	    "    2  failed     Deployment a/c: refused\n"
	    "                    a note\n"
	    "warning: mind this\n"
	    "KIND         created    failed\n"
	    "Secret             2         0\n"
	    "Deployment         0         1\n"
	    "go on\n");
}

static void a_failure_is_missing(void **state)
{
	cleanup(report_freep) struct report *r = sample();

	(void)state;
	assert_true(report_is_missing(r));
	r->items.items[1].outcome.kind = OUTCOME_UPDATED;
	assert_false(report_is_missing(r));
	r->stopped = true;
	assert_true(report_is_missing(r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(prints_json_an_item_a_line),
	    cmocka_unit_test(the_table_tells_what_is_not_plain),
	    cmocka_unit_test(a_failure_is_missing),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
