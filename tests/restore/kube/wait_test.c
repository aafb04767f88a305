#include "restore/kube/wait.h"

#include "storage/base/cancel.h"
#include "storage/base/cleanup.h"
#include "tests/support/tasks.h"

#include <stdio.h>
#include <string.h>

#define GONE TASK_REPLY("404 Not Found", "{}")
#define LIVE(META, REST)                                                       \
	TASK_REPLY("200 OK", TASK_OBJECT(",\"uid\":\"u\"" META, REST))

/* ---- until it is gone ---------------------------------------------------- */

/* Whose deletion never ends: the server says the same again and again. */
static void start_held(
    struct test_task *f, const struct script_reply *held, int timeout_ms)
{
	enum { REPLIES = 40 };
	static struct script_reply replies[REPLIES];

	for (size_t i = 0; i < REPLIES; i++)
		replies[i] = *held;
	f->t.run_options.gate_timeout_ms = timeout_ms;
	test_task_add(f, TASK_OBJECT("", ""));
	test_task_start(f, replies, REPLIES);
}

static void what_is_not_there_is_gone(void **state)
{
	static const struct script_reply replies[] = {GONE};
	struct test_task *f = *state;
	struct err err = ERR_INIT;

	test_task_add(f, TASK_OBJECT("", ""));
	test_task_start(f, replies, 1);
	assert_ok(wait_gone(&f->task, "u", &err), err);
	assert_task_sent(f, "GET " TASK_PATH "\n");
}

static void another_of_its_name_is_not_waited_for(void **state)
{
	static const struct script_reply replies[] = {LIVE("", "")};
	struct test_task *f = *state;
	struct err err = ERR_INIT;

	test_task_add(f, TASK_OBJECT("", ""));
	test_task_start(f, replies, 1);
	assert_ok(wait_gone(&f->task, "of another", &err), err);
	assert_task_sent(f, "GET " TASK_PATH "\n");
}

static void a_server_that_fails_does_not_say_that_it_is_gone(void **state)
{
	static const struct script_reply replies[] = {
	    LIVE("", ""), TASK_REPLY("500 Internal", "{}"), GONE};
	struct test_task *f = *state;
	struct err err = ERR_INIT;

	test_task_add(f, TASK_OBJECT("", ""));
	test_task_start(f, replies, 3);
	assert_ok(wait_gone(&f->task, "u", &err), err);
	assert_task_sent(
	    f, "GET " TASK_PATH "\nGET " TASK_PATH "\nGET " TASK_PATH "\n");
}

static void what_holds_it_is_named_when_the_time_is_over(void **state)
{
#define CONDITION(TYPE, STATUS, MESSAGE)                                       \
	"{\"type\":\"" TYPE "\",\"status\":\"" STATUS                          \
	"\",\"message\":\"" MESSAGE "\"}"
	static const struct {
		struct script_reply held;
		const char *message;
	} cases[] = {
	    {LIVE("", ""), "finalizers may hold it"},
	    {TASK_REPLY("500 Internal", "{}"), "finalizers may hold it"},
	    {LIVE(",\"finalizers\":[\"a.io/x\",\"b.io/\\u001b\"]", ""),
		"its finalizers are a.io/x, b.io/\\x1b"},
	    /* A namespace, in the words of its server: what is true. */
	    {LIVE(",\"finalizers\":[\"f\"]",
		 ",\"status\":{\"conditions\":[" CONDITION(
		     "NamespaceDeletionDiscoveryFailure", "False",
		     "no") "," CONDITION("NamespaceContentRemaining", "True",
		     "2 pods") "," CONDITION("Ready", "True",
		     "of others") "," CONDITION("NamespaceFinalizersRemaining",
		     "True", "x\\n") ",{\"type\":\"NamespaceOdd\",\"status\":"
				     "\"True\"}]}"),
		"NamespaceContentRemaining: 2 pods; "
		"NamespaceFinalizersRemaining: x\\x0a"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		void *own = NULL;
		struct err err;

		test_task_setup(&own);
		struct test_task *f = own;
		start_held(f, &cases[i].held, 2000);
		assert_fails(wait_gone(&f->task, "u", &err), err, ERR_EXISTS);
		autofree char *expected =
		    str_printf("it is still being deleted after 2 s: %s",
			cases[i].message);
		assert_string_equal(err.message, expected);
		test_task_teardown(&own);
	}
}

static void a_run_that_is_to_stop_does_not_wait(void **state)
{
	static const struct script_reply held = LIVE("", "");
	struct test_task *f = *state;
	struct cancel cancel = {.requested = false};
	struct err err;

	f->t.run_options.cancel = &cancel;
	start_held(f, &held, 2000);
	cancel_request(&cancel);
	assert_fails(wait_gone(&f->task, "u", &err), err, ERR_EXISTS);
	assert_task_sent(f, "GET " TASK_PATH "\n");
}

static char announced[1000];

static void announce(const char *text)
{
	snprintf(announced + strlen(announced),
	    sizeof(announced) - strlen(announced), "%s\n", text);
}

static void a_long_wait_is_announced(void **state)
{
	static const struct script_reply held =
	    LIVE(",\"finalizers\":[\"f\"]", "");
	struct test_task *f = *state;
	struct err err;

	*announced = '\0';
	f->t.run_options.announce = announce;
	start_held(f, &held, 4000);
	assert_fails(wait_gone(&f->task, "u", &err), err, ERR_EXISTS);
	assert_string_equal(announced, "");
	/* The time of the clock goes on: every five seconds, not each time. */
	f->t.run_options.gate_timeout_ms = 11000;
	assert_fails(wait_gone(&f->task, "u", &err), err, ERR_EXISTS);
#define LINE                                                                   \
	TASK_PATH                                                              \
	" is being deleted, and waited for: its finalizers are f\n"
	assert_string_equal(announced, LINE LINE);
}

/* ---- what is tried again later ------------------------------------------- */

#define CALLING                                                                \
	"Internal error occurred: failed calling webhook \"hook.io\": "        \
	"connection refused"
#define CONVERSION "conversion webhook for a.io/v1, Kind=B failed: Post: EOF"
#define VALIDATING                                                             \
	"/apis/admissionregistration.k8s.io/v1/"                               \
	"validatingwebhookconfigurations"
#define MUTATING                                                               \
	"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"

static bool postpones(struct test_task *f, enum err_code code, const char *text)
{
	struct err failure = ERR_INIT;

	outcome_done(&f->outcome);
	f->outcome = (struct outcome)OUTCOME_INIT;
	err_set(&failure, code, "%s", text);
	bool later = wait_postpones(&f->task, &failure);
	assert_task_outcome(f, OUTCOME_PENDING, later ? text : NULL);
	return later;
}

static void what_the_cluster_makes_by_itself_comes_later(void **state)
{
	struct test_task *f = *state;

	test_task_add(f, TASK_OBJECT("", ""));
	test_task_start(f, NULL, 0);
	assert_true(postpones(f, ERR_DENIED,
	    "pods \"a\" is forbidden: error looking up service account "
	    "ns/default: serviceaccount \"default\" not found"));
	assert_true(postpones(f, ERR_DENIED,
	    "No API token found for service account \"default\""));
	assert_true(
	    postpones(f, ERR_DENIED, "status unknown for quota: q, resources"));
	/* No webhook is away by that. */
	assert_false(target_webhook_is_away(f->t.a, 0));
}

static void any_other_failure_is_final(void **state)
{
	struct test_task *f = *state;

	test_task_add(f, TASK_OBJECT("", ""));
	test_task_start(f, NULL, 0);
	assert_false(postpones(f, ERR_DENIED, "things \"a\" is forbidden"));
	assert_false(postpones(f, ERR_NETWORK, "connection refused"));
	assert_false(
	    postpones(f, ERR_DENIED, "serviceaccount \"builder\" not found"));
	assert_false(
	    postpones(f, ERR_FORMAT, "conversion webhook for a.io/v1 is set"));
	assert_task_sent(f, "");
}

static void a_webhook_that_is_away_is_come_back_to(void **state)
{
	struct test_task *f = *state;

	test_task_add(f, TASK_OBJECT("", ""));
	test_task_start(f, NULL, 0);
	/* Its service may be restored later; nobody is asked. */
	assert_true(postpones(f, ERR_NETWORK, CONVERSION));
	assert_true(target_webhook_is_away(f->t.a, 0));
	/* While it is, the server's failures are put down to it. */
	assert_true(postpones(f, ERR_NETWORK, "504 from the server"));
	assert_true(postpones(f, ERR_NETWORK, CALLING));
	assert_task_sent(f, "");
	/* But not what it says with reason. */
	assert_false(postpones(f, ERR_DENIED, "things \"a\" is forbidden"));
	/* Once the run has advanced, they are failures again. */
	f->t.run.advance++;
	assert_false(postpones(f, ERR_NETWORK, "504 from the server"));
}

/* A webhook that a server reads from a file has no pods in the snapshot. */
static void a_webhook_of_no_object_is_not_waited_for(void **state)
{
#define HOOKS(NAME) "{\"items\":[{\"webhooks\":[{\"name\":\"" NAME "\"}]}]}"
	static const struct {
		struct script_reply replies[2];
		bool later;
	} cases[] = {
	    {{TASK_REPLY("200 OK", HOOKS("other.io")),
		 TASK_REPLY("200 OK", "{\"items\":[]}")},
		false},
	    {{TASK_REPLY("200 OK", HOOKS("other.io")),
		 TASK_REPLY("200 OK", HOOKS("hook.io"))},
		true},
	    /* Who may not list them does not know. */
	    {{TASK_REPLY("200 OK", HOOKS("other.io")),
		 TASK_REPLY("403 Forbidden", "{}")},
		true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		void *own = NULL;

		test_task_setup(&own);
		struct test_task *f = own;
		test_task_add(f, TASK_OBJECT("", ""));
		test_task_start(f, cases[i].replies, 2);
		assert_int_equal(
		    postpones(f, ERR_NETWORK, CALLING), cases[i].later);
		assert_int_equal(
		    target_webhook_is_away(f->t.a, 0), cases[i].later);
		assert_task_sent(f, "GET " VALIDATING "\nGET " MUTATING "\n");
		test_task_teardown(&own);
	}
}

static void a_dry_run_does_not_come_back(void **state)
{
	struct test_task *f = *state;

	f->t.run_options.dry_run = true;
	test_task_add(f, TASK_OBJECT("", ""));
	test_task_start(f, NULL, 0);
	assert_false(postpones(f, ERR_NETWORK, CONVERSION));
	assert_false(target_webhook_is_away(f->t.a, 0));
}

static void after_the_last_try_nothing_comes_later(void **state)
{
	struct test_task *f = *state;

	test_task_add(f, TASK_OBJECT("", ""));
	test_task_start(f, NULL, 0);
	f->t.run.last_try = true;
	assert_false(postpones(f, ERR_NETWORK, CONVERSION));
	assert_false(postpones(f, ERR_DENIED, "status unknown for quota: q"));
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(                                       \
	    name, test_task_setup, test_task_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(what_is_not_there_is_gone),
	    TEST(another_of_its_name_is_not_waited_for),
	    TEST(a_server_that_fails_does_not_say_that_it_is_gone),
	    cmocka_unit_test(what_holds_it_is_named_when_the_time_is_over),
	    TEST(a_run_that_is_to_stop_does_not_wait),
	    TEST(a_long_wait_is_announced),
	    TEST(what_the_cluster_makes_by_itself_comes_later),
	    TEST(any_other_failure_is_final),
	    TEST(a_webhook_that_is_away_is_come_back_to),
	    cmocka_unit_test(a_webhook_of_no_object_is_not_waited_for),
	    TEST(a_dry_run_does_not_come_back),
	    TEST(after_the_last_try_nothing_comes_later),
	};

	return cmocka_run_group_tests_name("kube/wait", tests, NULL, NULL);
}
