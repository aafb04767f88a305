/* What was restored paused is let go, where that is still ours to do. */
#include "restore/kube/quiesce.h"

#include "storage/base/cleanup.h"
#include "tests/support/tasks.h"

#include <stdlib.h>

/* One controller, and a journal that says what is paused. */
static void start(
    struct test_task *f, const struct script_reply *replies, size_t count)
{
	test_task_add_pausable(f, TASK_PAUSABLE("", "true"));
	test_task_start(f, replies, count);
	test_task_keep_journal(f);
}

static void pause_as(struct test_task *f, const char *cluster, const char *path,
    const char *before, const char *what, uint32_t level)
{
	const struct journal_pause p = {.cluster = str_dup(cluster),
	    .path = str_dup(path),
	    .pointer = str_dup("/spec/suspend"),
	    .before = before ? str_dup(before) : NULL,
	    .what = str_dup(what),
	    .level = level};
	struct err err = ERR_INIT;

	assert_ok(journal_pause(f->t.run.journal, 0, &p, &err), err);
	free(p.cluster);
	free(p.path);
	free(p.pointer);
	free(p.before);
	free(p.what);
}

static void pause_it(struct test_task *f, const char *before)
{
	pause_as(f, "prod", TASK_PAUSABLE_PATH, before, "the one", 1);
}

/* The one item of the report, and whether the journal still has the pause. */
static void assert_item(struct test_task *f, enum outcome_kind kind,
    const char *detail, bool paused)
{
	const struct report *r = f->t.run.report;

	assert_int_equal(r->items.len, 1);
	const struct outcome *o = &r->items.items[0].outcome;
	assert_string_equal(outcome_name(o->kind), outcome_name(kind));
	assert_contains(o->detail ? o->detail : "", detail);
	assert_string_equal(r->items.items[0].what, "the one");
	assert_int_equal(r->items.items[0].level, 1);
	assert_int_equal(test_task_is_paused(f), paused);
}

#define GET "GET " TASK_PAUSABLE_PATH "\n"
#define PATCH "PATCH " TASK_PAUSABLE_PATH "?fieldManager=backstay\n"

static void a_pause_is_taken_away(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("200 OK", TASK_PAUSABLE("", "true")),
	    TASK_REPLY("200 OK", TASK_PAUSABLE("", "null"))};
	struct test_task *f = *state;

	start(f, replies, 2);
	pause_it(f, NULL);
	assert_true(test_task_is_paused(f));
	quiesce_release(f->t.a);
	assert_item(f, OUTCOME_UPDATED, "released", false);
	assert_task_sent(f, GET PATCH);
	assert_task_body(f, 1, "{\"spec\":{\"suspend\":null}}");
	/* Once. */
	quiesce_release(f->t.a);
	assert_int_equal(f->t.run.report->items.len, 1);
}

static void the_value_before_comes_back(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("200 OK", TASK_PAUSABLE("", "true")),
	    TASK_REPLY("200 OK", TASK_PAUSABLE("", "false"))};
	struct test_task *f = *state;

	start(f, replies, 2);
	pause_it(f, "false");
	quiesce_release(f->t.a);
	assert_item(f, OUTCOME_UPDATED, "released", false);
	assert_task_body(f, 1, "{\"spec\":{\"suspend\":false}}");
}

/* What somebody else decided since is not ours. */
static void a_pause_that_was_changed_is_left_alone(void **state)
{
	static const struct script_reply changed[] = {
	    TASK_REPLY("200 OK", TASK_PAUSABLE("", "false"))};
	static const struct script_reply gone[] = {
	    TASK_REPLY("404 Not Found", "{}")};
	static const struct script_reply *const replies[] = {changed, gone};

	for (size_t i = 0; i < 2; i++) {
		void *one;

		test_task_setup(&one);
		struct test_task *f = one;
		start(f, replies[i], 1);
		pause_it(f, NULL);
		quiesce_release(f->t.a);
		assert_item(f, OUTCOME_SKIPPED,
		    "it is not paused by this restore any more", false);
		assert_task_sent(f, GET);
		test_task_teardown(&one);
	}
	(void)state;
}

/* Its controller would run its finalizers, and delete what it stands for. */
static void what_is_being_deleted_stays_paused(void **state)
{
	static const struct script_reply replies[] = {TASK_REPLY("200 OK",
	    TASK_PAUSABLE(
		",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"", "true"))};
	struct test_task *f = *state;

	start(f, replies, 1);
	pause_it(f, NULL);
	quiesce_release(f->t.a);
	assert_item(f, OUTCOME_FAILED, "it is being deleted", true);
	assert_task_sent(f, GET);
}

static void what_the_server_refuses_stays_paused(void **state)
{
	static const struct script_reply unread[] = {
	    TASK_REPLY("403 Forbidden", "{\"message\":\"no\"}")};
	static const struct script_reply unwritten[] = {
	    TASK_REPLY("200 OK", TASK_PAUSABLE("", "true")),
	    TASK_REPLY("403 Forbidden", "{\"message\":\"no\"}")};

	for (size_t i = 0; i < 2; i++) {
		void *one;

		test_task_setup(&one);
		struct test_task *f = one;
		start(f, i ? unwritten : unread, i + 1);
		pause_it(f, NULL);
		quiesce_release(f->t.a);
		assert_item(f, OUTCOME_FAILED, "403", true);
		assert_task_sent(f, i ? GET PATCH : GET);
		test_task_teardown(&one);
	}
	(void)state;
}

/* It went between the two requests: there is nothing to hold any more. */
static void what_is_gone_by_then_is_released(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("200 OK", TASK_PAUSABLE("", "true")),
	    TASK_REPLY("404 Not Found", "{}")};
	struct test_task *f = *state;

	start(f, replies, 2);
	pause_it(f, "false");
	quiesce_release(f->t.a);
	assert_item(f, OUTCOME_UPDATED, "released", false);
	assert_task_sent(f, GET PATCH);
}

/* ---- what must stay paused ----------------------------------------------- */

static void what_is_not_whole_stays_paused(void **state)
{
	struct test_task *f = *state;

	start(f, NULL, 0);
	pause_it(f, NULL);
	f->t.run.blocked[0] = 1;
	quiesce_release(f->t.a);
	assert_item(f, OUTCOME_HELD,
	    "it was not restored whole; it stays paused", true);
	assert_task_sent(f, "");
}

static void what_lacks_something_names_it(void **state)
{
	static const char *const endings[] = {
	    "it stays paused: Thing.example.org ns/a was not restored",
	    "it stays paused: Thing.example.org ns/a was not restored with "
	    "its status"};

	for (size_t i = 0; i < 2; i++) {
		void *one;

		test_task_setup(&one);
		struct test_task *f = one;
		test_task_add_pausable(f, TASK_PAUSABLE("", "true"));
		test_task_add_as(f, "example.org/v1", "Thing", "ns", "a",
		    TASK_OBJECT("", ""));
		test_task_start(f, NULL, 0);
		test_task_keep_journal(f);
		pause_it(f, NULL);
		f->t.run.blocked[0] = 2;
		f->t.run.lost_status[1] = i == 1;
		quiesce_release(f->t.a);
		assert_item(f, OUTCOME_HELD, endings[i], true);
		assert_string_equal(
		    f->t.run.report->items.items[0].outcome.detail, endings[i]);
		test_task_teardown(&one);
	}
	(void)state;
}

static void a_cluster_without_a_target_is_named(void **state)
{
	struct test_task *f = *state;

	start(f, NULL, 0);
	pause_as(f, "edge", TASK_PAUSABLE_PATH, NULL, "the one", 1);
	quiesce_release(f->t.a);
	const struct outcome *o = &f->t.run.report->items.items[0].outcome;
	assert_int_equal(o->kind, OUTCOME_FAILED);
	assert_contains(o->detail, "no target is known for the cluster 'edge'");
}

static void a_stopped_run_lets_nothing_go(void **state)
{
	struct test_task *f = *state;
	struct cancel stop = {0};

	f->t.run_options.cancel = &stop;
	start(f, NULL, 0);
	pause_it(f, NULL);
	cancel_request(&stop);
	quiesce_release(f->t.a);
	assert_item(f, OUTCOME_PENDING, "stopped", true);
	assert_task_sent(f, "");
}

/* ---- order --------------------------------------------------------------- */

/* So that children come last. */
static void lower_levels_are_let_go_first(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("404 Not Found", "{}"),
	    TASK_REPLY("404 Not Found", "{}"),
	    TASK_REPLY("404 Not Found", "{}")};
	struct test_task *f = *state;

	start(f, replies, 3);
	pause_as(f, "prod", TASK_PAUSABLE_PATH "-last", NULL, "last", 9);
	pause_as(f, "prod", TASK_PAUSABLE_PATH "-first", NULL, "first", 1);
	pause_as(f, "prod", TASK_PAUSABLE_PATH "-mid", NULL, "mid", 4);
	quiesce_release(f->t.a);
	assert_task_sent(f, "GET " TASK_PAUSABLE_PATH "-first\n"
			    "GET " TASK_PAUSABLE_PATH "-mid\n"
			    "GET " TASK_PAUSABLE_PATH "-last\n");
	assert_int_equal(f->t.run.report->items.len, 3);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(                                       \
	    name, test_task_setup, test_task_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_pause_is_taken_away),
	    TEST(the_value_before_comes_back),
	    cmocka_unit_test(a_pause_that_was_changed_is_left_alone),
	    TEST(what_is_being_deleted_stays_paused),
	    cmocka_unit_test(what_the_server_refuses_stays_paused),
	    TEST(what_is_gone_by_then_is_released),
	    TEST(what_is_not_whole_stays_paused),
	    cmocka_unit_test(what_lacks_something_names_it),
	    TEST(a_cluster_without_a_target_is_named),
	    TEST(a_stopped_run_lets_nothing_go),
	    TEST(lower_levels_are_let_go_first),
	};

	return cmocka_run_group_tests_name("kube/quiesce", tests, NULL, NULL);
}
