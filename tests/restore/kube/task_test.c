/* One object on its way into a cluster: which step follows which. */
#include "restore/kube/task.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/tasks.h"

#include <fcntl.h>
#include <unistd.h>

#define SPEC ",\"spec\":{\"x\":1}"
#define OTHER ",\"spec\":{\"x\":2}"
#define OBJECT TASK_OBJECT("", SPEC)
#define LIVE(REST)                                                             \
	TASK_REPLY("200 OK",                                                   \
	    TASK_OBJECT(",\"uid\":\"u\",\"resourceVersion\":\"5\"", REST))
#define MADE TASK_REPLY("201 Created", TASK_OBJECT(",\"uid\":\"new\"", SPEC))
#define IS_THERE                                                               \
	TASK_REPLY("409 Conflict",                                             \
	    "{\"kind\":\"Status\",\"reason\":\"AlreadyExists\"}")
#define GONE TASK_REPLY("404 Not Found", "{}")
#define REFUSED TASK_REPLY("403 Forbidden", "{\"message\":\"not for you\"}")
#define AWAY                                                                   \
	TASK_REPLY("500 Internal",                                             \
	    "{\"message\":\"conversion webhook for a/v1 failed: EOF\"}")
#define GET "GET " TASK_PATH "\n"
#define POST "POST " TASK_COLLECTION "?fieldManager=backstay\n"
#define APPLY "PATCH " TASK_PATH "?fieldManager=backstay\n"

/* Once the object is there: the run begins. */
static void begin(
    struct test_task *f, const struct script_reply *replies, size_t count)
{
	test_applier_start(&f->t, replies, count);
}

static enum task_next run(struct test_task *f)
{
	return task_run(f->t.a, 0, &f->outcome);
}

/* How often its journal has that text. */
static size_t journal_has(const struct test_task *f, const char *part)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	size_t count = 0;

	assert_ok(file_read(f->t.run.journal->path, 10000, &text, &err), err);
	for (const char *at = buf_str(&text); (at = strstr(at, part)); at++)
		count++;
	return count;
}

/* ---- the steps ----------------------------------------------------------- */

static void what_seems_to_be_missing_is_made(void **state)
{
	static const struct script_reply replies[] = {MADE};
	struct test_task *f = *state;

	test_task_add(f, OBJECT);
	begin(f, replies, 1);
	assert_int_equal(run(f), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_CREATED, NULL);
	assert_task_sent(f, POST);
}

static void what_turns_out_to_exist_is_compared(void **state)
{
	static const struct script_reply replies[] = {IS_THERE, LIVE(OTHER)};
	struct test_task *f = *state;

	test_task_add(f, OBJECT);
	begin(f, replies, 2);
	assert_int_equal(run(f), TASK_ENDED);
	assert_int_equal(f->outcome.kind, OUTCOME_DIFFERS);
	assert_task_sent(f, POST GET);
}

static void what_turns_out_to_be_gone_is_made(void **state)
{
	static const struct script_reply replies[] = {GONE, MADE};
	struct test_task *f = *state;

	f->t.plan.o.existing = PLAN_EXISTING_UPDATE;
	test_task_add(f, OBJECT)->exists = true;
	begin(f, replies, 2);
	assert_int_equal(run(f), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_CREATED, NULL);
	assert_task_sent(f, GET POST);
}

/* Something makes and deletes it again and again: that has an end. */
static void what_comes_and_goes_is_given_up(void **state)
{
	static const struct script_reply replies[] = {
	    IS_THERE, GONE, IS_THERE, GONE};
	struct test_task *f = *state;

	test_task_add(f, OBJECT);
	begin(f, replies, 4);
	assert_int_equal(run(f), TASK_ENDED);
	assert_int_equal(f->outcome.kind, OUTCOME_FAILED);
	assert_task_sent(f, POST GET POST GET);
}

/* ---- what is left alone -------------------------------------------------- */

/* What is only looked at was not begun: the next run need not ask whether it
 * was made by this one. */
static void what_is_left_alone_is_not_begun(void **state)
{
	static const struct script_reply replies[] = {LIVE(SPEC)};
	struct test_task *f = *state;

	test_task_add(f, OBJECT)->exists = true;
	begin(f, replies, 1);
	test_task_keep_journal(f);
	assert_int_equal(run(f), TASK_ENDED);
	assert_int_equal(f->outcome.kind, OUTCOME_SKIPPED);
	assert_task_sent(f, GET);
	assert_int_equal(journal_has(f, "\"begin\""), 0);
}

/* An earlier run was killed, and its journal is not here. */
static void what_an_earlier_run_made_is_not_left_alone(void **state)
{
	static const struct script_reply replies[] = {TASK_REPLY("200 OK",
	    TASK_OBJECT(",\"uid\":\"u\",\"managedFields\":[{\"manager\":"
			"\"backstay\",\"operation\":\"Update\"}]",
		SPEC))};
	struct test_task *f = *state;

	f->t.run_options.adopts = true;
	test_task_add(f, OBJECT)->exists = true;
	begin(f, replies, 1);
	assert_int_equal(run(f), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_CREATED, NULL);
	assert_task_sent(f, GET);
}

/* ---- a dry run ----------------------------------------------------------- */

static void a_kind_that_is_not_served_is_not_asked_about(void **state)
{
	struct test_task *f = *state;

	f->t.run_options.dry_run = true;
	test_task_add(f, OBJECT);
	test_task_kind(f)->served = false;
	begin(f, NULL, 0);
	assert_int_equal(run(f), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_UNCHECKED, "its kind is not served yet");
	assert_task_sent(f, "");
}

#define ELSEWHERE                                                              \
	"POST /apis/example.org/v1/namespaces/default/Thing?fieldManager="     \
	"backstay&dryRun=All\n"

static void an_object_of_a_new_namespace_is_tried_in_another(void **state)
{
	static const struct script_reply replies[] = {MADE};
	struct test_task *f = *state;

	f->t.run_options.dry_run = true;
	test_task_add(f, OBJECT)->namespace_is_new = true;
	test_task_kind(f)->served = true;
	begin(f, replies, 1);
	assert_int_equal(run(f), TASK_ENDED);
	assert_task_outcome(
	    f, OUTCOME_UNCHECKED, "its namespace does not exist yet");
	assert_task_sent(f, ELSEWHERE);
}

/* The quota of a drill's namespace would refuse it. */
static void a_pod_of_a_copy_is_tried_in_another(void **state)
{
	static const struct script_reply replies[] = {MADE};
	struct test_task *f = *state;

	f->t.run_options.dry_run = true;
	test_task_add_as(f, "v1", "Pod", "ns", "a", OBJECT)->copy =
	    PLAN_COPY_DRY;
	test_task_kind(f)->served = true;
	begin(f, replies, 1);
	assert_int_equal(run(f), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_UNCHECKED,
	    "the namespaces of a drill have room for no Pod");
	assert_contains(script_server_request(f->t.kube.server, 0),
	    "POST /api/v1/namespaces/default/");
}

/* ---- before anything is sent --------------------------------------------- */

static void what_cannot_be_read_is_not_begun(void **state)
{
	struct test_task *f = *state;

	test_task_add(f, "[]");
	begin(f, NULL, 0);
	test_task_keep_journal(f);
	assert_int_equal(run(f), TASK_ENDED);
	assert_int_equal(f->outcome.kind, OUTCOME_FAILED);
	assert_non_null(f->outcome.detail);
	assert_task_sent(f, "");
	assert_int_equal(journal_has(f, "\"begin\""), 0);
}

/* A run that is killed after the request finds out with it what it has made. */
static void a_journal_that_cannot_be_written_ends_it(void **state)
{
	struct test_task *f = *state;

	test_task_add(f, OBJECT);
	begin(f, NULL, 0);
	test_task_keep_journal(f);
	close(f->t.run.journal->fd);
	f->t.run.journal->fd = open("/dev/full", O_WRONLY);
	assert_int_equal(run(f), TASK_ENDED);
	assert_int_equal(f->outcome.kind, OUTCOME_FAILED);
	assert_contains(f->outcome.detail, "journal");
	assert_task_sent(f, "");
}

static void the_uid_that_was_there_is_recorded(void **state)
{
	static const struct script_reply replies[] = {REFUSED};
	struct test_task *f = *state;
	struct plan_node *n;

	f->t.plan.o.existing = PLAN_EXISTING_UPDATE;
	n = test_task_add(f, OBJECT);
	n->exists = true;
	n->live_uid = "u-was";
	begin(f, replies, 1);
	test_task_keep_journal(f);
	assert_int_equal(run(f), TASK_ENDED);
	assert_int_equal(f->outcome.kind, OUTCOME_FAILED);
	assert_int_equal(journal_has(f, "{\"n\":0,\"begin\":\"u-was\""), 1);
}

/* ---- once more ----------------------------------------------------------- */

/* It is begun once, and what had to be left out of it is said once. */
static void what_was_postponed_is_not_begun_again(void **state)
{
	static const struct script_reply replies[] = {AWAY, MADE};
	struct test_task *f = *state;

	test_task_add(
	    f, TASK_OBJECT(",\"ownerReferences\":[{\"apiVersion\":\"b/v1\","
			   "\"kind\":\"B\",\"name\":\"b\",\"uid\":\"x\"}]",
		   SPEC));
	begin(f, replies, 2);
	test_task_keep_journal(f);
	assert_int_equal(run(f), TASK_LATER);
	assert_int_equal(f->outcome.kind, OUTCOME_PENDING);
	assert_int_equal(f->outcome.notes.len, 1);
	f->t.run.postponed[0] = POSTPONED_BEGUN;
	f->t.run.advance++;
	assert_int_equal(run(f), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_CREATED, NULL);
	assert_int_equal(f->outcome.notes.len, 1);
	assert_task_sent(f, POST POST);
	assert_int_equal(journal_has(f, "\"begin\""), 1);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(                                       \
	    name, test_task_setup, test_task_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_seems_to_be_missing_is_made),
	    TEST(what_turns_out_to_exist_is_compared),
	    TEST(what_turns_out_to_be_gone_is_made),
	    TEST(what_comes_and_goes_is_given_up),
	    TEST(what_is_left_alone_is_not_begun),
	    TEST(what_an_earlier_run_made_is_not_left_alone),
	    TEST(a_kind_that_is_not_served_is_not_asked_about),
	    TEST(an_object_of_a_new_namespace_is_tried_in_another),
	    TEST(a_pod_of_a_copy_is_tried_in_another),
	    TEST(what_cannot_be_read_is_not_begun),
	    TEST(a_journal_that_cannot_be_written_ends_it),
	    TEST(the_uid_that_was_there_is_recorded),
	    TEST(what_was_postponed_is_not_begun_again),
	};

	return cmocka_run_group_tests_name("kube/task", tests, NULL, NULL);
}
