/* What is deleted because the snapshot does not have it, and when nothing is.
 */
#include "restore/kube/prune.h"

#include "storage/base/cleanup.h"
#include "tests/support/tasks.h"

#include <stdlib.h>

/* The plan deletes the things "x" and "y". */
static void start(
    struct test_task *f, const struct script_reply *replies, size_t count)
{
	static const char *const names[] = {"x", "y"};

	test_task_add(f, TASK_OBJECT("", ""));
	test_task_start(f, replies, count);
	for (size_t i = 0; i < 2; i++)
		*vec_add(&f->t.plan.p->prune) =
		    (struct plan_prune){.k = test_task_kind(f),
			.namespace = str_dup("ns"),
			.name = str_dup(names[i]),
			.uid = i ? NULL : str_dup("u-x")};
}

/* Items of the report, "Thing.example.org ns/x deleted", a line each. */
static void assert_items(const struct test_task *f, const char *expected)
{
	cleanup(buf_done) struct buf lines = BUF_INIT;

	VEC_EACH (&f->t.run.report->items, i)
		buf_printf(
		    &lines, "%s %s\n", i->what, outcome_name(i->outcome.kind));
	assert_string_equal(buf_str(&lines), expected);
}

#define X "Thing.example.org ns/x "
#define Y "Thing.example.org ns/y "
#define DELETE(NAME) "DELETE " TASK_COLLECTION "/" NAME

static void each_is_deleted_by_its_uid(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("200 OK", "{}"), TASK_REPLY("404 Not Found", "{}")};
	struct test_task *f = *state;

	start(f, replies, 2);
	prune_objects(f->t.a);
	assert_items(f, X "deleted\n" Y "deleted\n");
	assert_task_sent(f, DELETE("x") "\n" DELETE("y") "\n");
	assert_contains(script_server_request(f->t.kube.server, 0),
	    "\"preconditions\":{\"uid\":\"u-x\"}");
	/* One that is not known fits no object. */
	assert_contains(script_server_request(f->t.kube.server, 1),
	    "\"preconditions\":{\"uid\":\"\"}");
	assert_string_equal(f->t.run.report->items.items[0].outcome.detail,
	    "it is not in the snapshot");
}

static void one_that_cannot_be_deleted_does_not_keep_the_others(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("403 Forbidden", "{}"), TASK_REPLY("200 OK", "{}")};
	struct test_task *f = *state;

	start(f, replies, 2);
	prune_objects(f->t.a);
	assert_items(f, X "failed\n" Y "deleted\n");
}

/* What took its place may be what is missing. */
static void while_something_is_missing_nothing_is_deleted(void **state)
{
	struct test_task *f = *state;

	start(f, NULL, 0);
	report_add(f->t.run.report, "Thing", "a")->outcome.kind =
	    OUTCOME_FAILED;
	prune_objects(f->t.a);
	assert_items(f, "a failed\n" X "held\n" Y "held\n");
	assert_string_equal(f->t.run.report->items.items[1].outcome.detail,
	    "nothing is deleted while something is missing");
	assert_task_sent(f, "");
}

/* Who only asks is told all the same. */
static void a_dry_run_says_what_would_be(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("200 OK", "{}"), TASK_REPLY("200 OK", "{}")};
	struct test_task *f = *state;

	f->t.run_options.dry_run = true;
	start(f, replies, 2);
	report_add(f->t.run.report, "Thing", "a")->outcome.kind =
	    OUTCOME_FAILED;
	prune_objects(f->t.a);
	assert_items(f, "a failed\n" X "deleted\n" Y "deleted\n");
	assert_task_sent(
	    f, DELETE("x") "?dryRun=All\n" DELETE("y") "?dryRun=All\n");
}

static void a_stopped_run_deletes_nothing(void **state)
{
	struct test_task *f = *state;
	struct cancel stop = {0};

	f->t.run_options.cancel = &stop;
	start(f, NULL, 0);
	cancel_request(&stop);
	prune_objects(f->t.a);
	assert_items(f, "");
	assert_task_sent(f, "");
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(                                       \
	    name, test_task_setup, test_task_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_is_deleted_by_its_uid),
	    TEST(one_that_cannot_be_deleted_does_not_keep_the_others),
	    TEST(while_something_is_missing_nothing_is_deleted),
	    TEST(a_dry_run_says_what_would_be),
	    TEST(a_stopped_run_deletes_nothing),
	};

	return cmocka_run_group_tests_name("kube/prune", tests, NULL, NULL);
}
