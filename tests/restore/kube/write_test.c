#include "restore/kube/write.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/tasks.h"

#define SPEC ",\"spec\":{\"x\":1}"
#define STATUS ",\"status\":{\"phase\":\"Ready\"}"
#define STATUS_SENT "PATCH " TASK_PATH "/status?fieldManager=backstay\n"

/* A thing with a status that is to be restored. */
static struct plan_node *add_with_status(struct test_task *f)
{
	struct plan_node *n = test_task_add(f, TASK_OBJECT("", SPEC STATUS));

	test_task_kind(f)->has_status = true;
	f->t.plan.o.status = true;
	return n;
}

/* ---- pauses -------------------------------------------------------------- */

/* A controller that was not paused when it was captured. */
static void start_pausable(struct test_task *f)
{
	test_task_add_pausable(f, TASK_PAUSABLE("", "false"));
	test_task_start(f, NULL, 0);
}

static void a_pause_is_in_the_journal_before_it_is_sent(void **state)
{
	struct test_task *f = *state;
	struct err err = ERR_INIT;

	start_pausable(f);
	test_task_keep_journal(f);
	assert_ok(write_pause(&f->task, &err), err);
	assert_json(f->object.object, TASK_PAUSABLE("", "true"));
	assert_true(f->task.paused);
	assert_int_equal(f->t.run.journal->pauses.len, 1);
	const struct journal_pause *p = &f->t.run.journal->pauses.items[0];
	assert_string_equal(p->cluster, "prod");
	assert_string_equal(p->path, TASK_PAUSABLE_PATH);
	assert_string_equal(p->pointer, "/spec/suspend");
	assert_string_equal(p->before, "false");
	assert_string_equal(
	    p->what, "Kustomization.kustomize.toolkit.fluxcd.io ns/a");
	assert_task_sent(f, "");
}

/* An earlier run's entry is that run's: this one does not take it back. */
static void a_pause_that_the_journal_has_is_not_noted_twice(void **state)
{
	struct test_task *f = *state;
	struct err err = ERR_INIT;

	start_pausable(f);
	test_task_keep_journal(f);
	assert_ok(write_pause(&f->task, &err), err);
	f->task.paused = false;
	assert_ok(write_pause(&f->task, &err), err);
	assert_false(f->task.paused);
	assert_int_equal(f->t.run.journal->pauses.len, 1);
}

static void without_a_journal_it_is_paused_all_the_same(void **state)
{
	struct test_task *f = *state;
	struct err err = ERR_INIT;

	start_pausable(f);
	assert_ok(write_pause(&f->task, &err), err);
	assert_json(f->object.object, TASK_PAUSABLE("", "true"));
	assert_false(f->task.paused);
}

static void what_is_left_alone_is_not_released(void **state)
{
	struct test_task *f = *state;
	struct err err = ERR_INIT;

	start_pausable(f);
	test_task_keep_journal(f);
	assert_ok(write_pause(&f->task, &err), err);
	assert_true(test_task_is_paused(f));
	write_no_pause(&f->task);
	assert_false(test_task_is_paused(f));
	assert_false(f->task.paused);
	assert_int_equal(f->outcome.notes.len, 0);
}

/* By our hand is what our manager has written; a pause by anybody else is that
 * one's, and stays. */
static void only_our_own_pause_is_taken_over(void **state)
{
#define BY(MANAGER)                                                            \
	",\"managedFields\":[{\"manager\":\"" MANAGER                          \
	"\",\"operation\":\"Update\",\"fieldsV1\":{\"f:spec\":{"               \
	"\"f:suspend\":{}}}}]"
	static const struct {
		const char *live;
		bool ours;
	} cases[] = {
	    {TASK_PAUSABLE(BY("backstay"), "true"), true},
	    {TASK_PAUSABLE(BY("kubectl-edit"), "true"), false},
	    {TASK_PAUSABLE(BY("backstay"), "false"), false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(json_freep) struct json_object *live =
		    test_json(cases[i].live);
		struct err err = ERR_INIT;
		void *own = NULL;

		test_task_setup(&own);
		struct test_task *f = own;
		start_pausable(f);
		test_task_keep_journal(f);
		assert_ok(
		    write_adopt_pauses(f->t.a, 0, live, &f->object, &err), err);
		assert_int_equal(test_task_is_paused(f), cases[i].ours);
		assert_json(f->object.object, cases[i].ours
						  ? TASK_PAUSABLE("", "true")
						  : TASK_PAUSABLE("", "false"));
		test_task_teardown(&own);
	}
}

/* ---- the status ---------------------------------------------------------- */

static void a_status_alone_is_sent_to_its_subresource(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("200 OK", TASK_OBJECT("", SPEC STATUS))};
	struct test_task *f = *state;
	struct json_object *now = NULL;

	add_with_status(f);
	test_task_start(f, replies, 1);
	assert_int_equal(write_status(&f->task, &now), 0);
	assert_json(now, TASK_OBJECT("", SPEC STATUS));
	assert_task_sent(f, STATUS_SENT);
	assert_task_body(f, 0, "{\"status\":{\"phase\":\"Ready\"}}");
	assert_contains(script_server_request(f->t.kube.server, 0),
	    "Content-Type: application/merge-patch+json\r\n");
	json_free(now);
}

static void where_there_is_none_to_restore_nothing_is_sent(void **state)
{
	struct test_task *f = *state;
	struct json_object *now;

	test_task_add(f, TASK_OBJECT("", SPEC STATUS));
	test_task_kind(f)->has_status = true;
	test_task_start(f, NULL, 0);
	assert_int_equal(write_status(&f->task, &now), 0);
	assert_null(now);
	assert_task_sent(f, "");
}

static void a_dry_run_sends_no_status(void **state)
{
	struct test_task *f = *state;
	struct json_object *now;

	f->t.run_options.dry_run = true;
	add_with_status(f);
	test_task_start(f, NULL, 0);
	assert_int_equal(write_status(&f->task, &now), 0);
	assert_null(now);
	assert_task_sent(f, "");
}

static void a_status_that_is_refused_is_what_is_missing(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("403 Forbidden", "{\"message\":\"no status for you\"}")};
	struct test_task *f = *state;
	struct json_object *now;

	add_with_status(f);
	test_task_start(f, replies, 1);
	assert_int_equal(write_status(&f->task, &now), -1);
	assert_null(now);
	assert_int_equal(f->outcome.kind, OUTCOME_PARTIAL);
	assert_contains(
	    f->outcome.detail, "its status could not be restored: ");
	assert_contains(f->outcome.detail, "no status for you");
	/* So that nothing is released that relies on it. */
	assert_int_equal(f->t.run.lost_status[0], 1);
}

/* ---- what was made ------------------------------------------------------- */

static void write_made(struct test_task *f, const char *text)
{
	cleanup(json_freep) struct json_object *made = test_json(text);

	write_created(&f->task, made, true);
}

static void what_was_made_gets_its_status(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("200 OK", TASK_OBJECT("", SPEC STATUS))};
	struct test_task *f = *state;

	add_with_status(f);
	test_task_start(f, replies, 1);
	write_made(f, TASK_OBJECT(",\"uid\":\"new\"", SPEC));
	assert_task_outcome(f, OUTCOME_CREATED, NULL);
	assert_task_sent(f, STATUS_SENT);
	/* Its release asks whether it is still the same object. */
	assert_string_equal(f->task.n->live_uid, "new");
}

static void the_uid_of_an_owner_is_remembered(void **state)
{
	struct test_task *f = *state;

	test_task_add(f, TASK_OBJECT("", SPEC))->wanted_uid = true;
	test_task_start(f, NULL, 0);
	f->task.n->terminating = true;
	write_made(f, TASK_OBJECT(",\"uid\":\"new\"", SPEC));
	assert_string_equal(f->task.n->live_uid, "new");
	assert_false(f->task.n->terminating);
	write_uid(&f->task, NULL);
	assert_null(f->task.n->live_uid);
}

static void what_was_dropped_is_named_up_to_a_limit(void **state)
{
#define MANY                                                                   \
	",\"spec\":{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,"          \
	"\"g\":1,\"h\":1,\"i\":1,\"j\":1}"
	struct test_task *f = *state;

	test_task_add(f, TASK_OBJECT("", MANY));
	test_task_start(f, NULL, 0);
	write_made(f, TASK_OBJECT(",\"uid\":\"new\"", ",\"spec\":{}"));
	assert_task_outcome(f, OUTCOME_PARTIAL,
	    "the server does not know, or does not take, and dropped spec.a, "
	    "spec.b, spec.c, spec.d, spec.e, spec.f, spec.g, spec.h and 2 "
	    "more");
}

/* An answer that is no object, as a proxy may give, says of no field that it
 * was dropped. */
static void an_answer_without_an_object_tells_nothing(void **state)
{
	struct test_task *f = *state;

	test_task_add(f, TASK_OBJECT("", SPEC));
	test_task_start(f, NULL, 0);
	write_created(&f->task, NULL, true);
	assert_task_outcome(f, OUTCOME_CREATED, NULL);
	write_made(f, "{\"kind\":\"Status\"}");
	assert_task_outcome(f, OUTCOME_CREATED, NULL);
}

/* What another write has changed since is no answer to ours. */
static void what_a_lost_run_has_made_lacks_nothing(void **state)
{
	cleanup(json_freep) struct json_object *live =
	    test_json(TASK_OBJECT("", ",\"spec\":{}"));
	struct test_task *f = *state;

	test_task_add(f, TASK_OBJECT("", SPEC));
	test_task_start(f, NULL, 0);
	write_created(&f->task, live, false);
	assert_task_outcome(f, OUTCOME_CREATED, NULL);
}

/* What a lost run has made may be at work: its status is its controller's. */
static void a_status_that_is_at_work_is_left(void **state)
{
#define STATUS_BY                                                              \
	",\"managedFields\":[{\"manager\":\"c\",\"operation\":\"Update\","     \
	"\"subresource\":\"status\",\"fieldsV1\":{\"f:status\":{}}}]"
	static const struct script_reply replies[] = {
	    TASK_REPLY("200 OK", TASK_OBJECT("", SPEC STATUS))};
	cleanup(json_freep) struct json_object *live =
	    test_json(TASK_OBJECT(STATUS_BY, SPEC));
	struct test_task *f = *state;

	f->t.run_options.adopts = true;
	add_with_status(f);
	test_task_start(f, replies, 1);
	write_created(&f->task, live, false);
	assert_task_outcome(f, OUTCOME_CREATED, NULL);
	assert_task_sent(f, "");
	/* As the answer to our own request it has none but ours. */
	write_created(&f->task, live, true);
	assert_task_sent(f, STATUS_SENT);
}

/* Paused by a run that was killed before the status, it was not at work: what
 * its controller says of the pause is no reason to lose what it owns. */
static void a_status_that_a_lost_run_did_not_come_to_is_sent(void **state)
{
#define OWNED ",\"status\":{\"inventory\":{\"entries\":[{\"id\":\"x\"}]}}"
#define PAUSED_BY(MANAGER)                                                     \
	",\"managedFields\":[{\"manager\":\"" MANAGER                          \
	"\",\"operation\":\"Update\",\"fieldsV1\":{\"f:spec\":{"               \
	"\"f:suspend\":{}}}},{\"manager\":\"c\",\"operation\":\"Update\","     \
	"\"subresource\":\"status\",\"fieldsV1\":{\"f:status\":{}}}]"
	static const struct script_reply replies[] = {
	    TASK_REPLY("200 OK", TASK_OBJECT("", SPEC OWNED))};
	cleanup(json_freep) struct json_object *by_us =
	    test_json(TASK_PAUSABLE(PAUSED_BY("backstay"), "true"));
	cleanup(json_freep) struct json_object *by_hand =
	    test_json(TASK_PAUSABLE(PAUSED_BY("kubectl-edit"), "true"));
	cleanup(json_freep) struct json_object *status =
	    test_json("{\"inventory\":{\"entries\":[{\"id\":\"x\"}]}}");
	struct test_task *f = *state;

	f->t.run_options.adopts = true;
	test_task_add_pausable(f, TASK_PAUSABLE("", "false"));
	test_task_start(f, replies, 1);
	f->object.status = json_share(status);
	write_created(&f->task, by_hand, false);
	assert_task_sent(f, "");
	write_created(&f->task, by_us, false);
	assert_task_outcome(f, OUTCOME_CREATED, NULL);
	assert_task_sent(
	    f, "PATCH " TASK_PAUSABLE_PATH "/status?fieldManager=backstay\n");
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(                                       \
	    name, test_task_setup, test_task_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(a_pause_is_in_the_journal_before_it_is_sent),
	    TEST(a_pause_that_the_journal_has_is_not_noted_twice),
	    TEST(without_a_journal_it_is_paused_all_the_same),
	    TEST(what_is_left_alone_is_not_released),
	    cmocka_unit_test(only_our_own_pause_is_taken_over),
	    TEST(a_status_alone_is_sent_to_its_subresource),
	    TEST(where_there_is_none_to_restore_nothing_is_sent),
	    TEST(a_dry_run_sends_no_status),
	    TEST(a_status_that_is_refused_is_what_is_missing),
	    TEST(what_was_made_gets_its_status),
	    TEST(the_uid_of_an_owner_is_remembered),
	    TEST(what_was_dropped_is_named_up_to_a_limit),
	    TEST(an_answer_without_an_object_tells_nothing),
	    TEST(what_a_lost_run_has_made_lacks_nothing),
	    TEST(a_status_that_is_at_work_is_left),
	    TEST(a_status_that_a_lost_run_did_not_come_to_is_sent),
	};

	return cmocka_run_group_tests_name("kube/write", tests, NULL, NULL);
}
