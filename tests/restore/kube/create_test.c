#include "restore/kube/create.h"

#include "tests/support/tasks.h"

#define STATUS(REASON, MESSAGE)                                                \
	"{\"kind\":\"Status\",\"reason\":\"" REASON                            \
	"\",\"message\":\"" MESSAGE "\"}"
#define SPEC ",\"spec\":{\"x\":1,\"y\":2}"
#define MADE(REST)                                                             \
	TASK_REPLY("201 Created", TASK_OBJECT(",\"uid\":\"new\"", REST))
/* As it was captured: one manager set all of its fields. */
#define MANAGED(OPERATION)                                                     \
	",\"managedFields\":[{\"manager\":\"helm\",\"operation\":\"" OPERATION \
	"\",\"apiVersion\":\"example.org/v1\",\"fieldsType\":\"FieldsV1\","    \
	"\"fieldsV1\":{\"f:spec\":{\"f:x\":{},\"f:y\":{}}}}]"

/* ---- how it is made ------------------------------------------------------ */

static void what_is_missing_is_posted_to_its_collection(void **state)
{
	static const struct script_reply replies[] = {MADE(SPEC)};
	struct test_task *f = *state;

	test_task_add(f, TASK_OBJECT(",\"uid\":\"old\"", SPEC));
	test_task_start(f, replies, 1);
	assert_int_equal(create_object(&f->task), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_CREATED, NULL);
	assert_task_sent(f, "POST " TASK_COLLECTION "?fieldManager=backstay\n");
	assert_task_body(f, 0, TASK_OBJECT("", SPEC));
}

static void who_made_it_then_makes_it_again(void **state)
{
	static const struct script_reply replies[] = {MADE(SPEC)};
	struct test_task *f = *state;

	test_task_add(f, TASK_OBJECT(MANAGED("Update"), SPEC));
	test_task_start(f, replies, 1);
	assert_int_equal(create_object(&f->task), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_CREATED, NULL);
	assert_task_sent(f, "POST " TASK_COLLECTION "?fieldManager=helm\n");
}

static void what_one_manager_applied_is_applied_as_that(void **state)
{
	static const struct script_reply replies[] = {MADE(SPEC)};
	struct test_task *f = *state;

	test_task_add(f, TASK_OBJECT(MANAGED("Apply"), SPEC));
	test_task_start(f, replies, 1);
	assert_int_equal(create_object(&f->task), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_CREATED, NULL);
	assert_task_sent(f, "PATCH " TASK_PATH "?fieldManager=helm\n");
	/* An apply to a revision that none has: it must be missing. */
	assert_task_body(f, 0, TASK_OBJECT(",\"resourceVersion\":\"1\"", SPEC));
}

static void an_apply_that_is_refused_is_followed_by_a_post(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("415 Unsupported Media Type", "{}"), MADE(SPEC)};
	struct test_task *f = *state;

	test_task_add(f, TASK_OBJECT(MANAGED("Apply"), SPEC));
	test_task_start(f, replies, 2);
	assert_int_equal(create_object(&f->task), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_CREATED, NULL);
	assert_task_sent(f, "PATCH " TASK_PATH "?fieldManager=helm\n"
			    "POST " TASK_COLLECTION "?fieldManager=backstay\n");
	assert_task_body(f, 1, TASK_OBJECT("", SPEC));
}

static void a_dry_run_only_asks_the_server(void **state)
{
	static const struct script_reply replies[] = {MADE(SPEC)};
	struct test_task *f = *state;

	f->t.run_options.dry_run = true;
	test_task_add(f, TASK_OBJECT(MANAGED("Apply"), SPEC));
	test_task_start(f, replies, 1);
	assert_int_equal(create_object(&f->task), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_CREATED, NULL);
	assert_task_sent(
	    f, "POST " TASK_COLLECTION "?fieldManager=backstay&dryRun=All\n");
}

/* Beside others that are written. */
static void a_copy_that_would_act_is_only_asked_about(void **state)
{
	static const struct script_reply replies[] = {MADE(SPEC)};
	struct test_task *f = *state;

	test_task_add(f, TASK_OBJECT(MANAGED("Apply"), SPEC))->copy =
	    PLAN_COPY_DRY;
	test_task_start(f, replies, 1);
	f->task.a->run->dry[f->task.node] = 1;
	assert_int_equal(create_object(&f->task), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_ACCEPTED, NULL);
	assert_task_sent(
	    f, "POST " TASK_COLLECTION "?fieldManager=backstay&dryRun=All\n");
}

static void what_the_server_drops_is_named(void **state)
{
	static const struct script_reply replies[] = {
	    MADE(",\"spec\":{\"x\":1}")};
	struct test_task *f = *state;

	test_task_add(f, TASK_OBJECT("", SPEC));
	test_task_start(f, replies, 1);
	assert_int_equal(create_object(&f->task), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_PARTIAL,
	    "the server does not know, or does not take, and dropped spec.y");
}

/* ---- what a server refuses ----------------------------------------------- */

static void what_is_there_already_is_updated(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("409 Conflict", STATUS("AlreadyExists", "it exists"))};
	struct test_task *f = *state;

	test_task_add(f, TASK_OBJECT("", SPEC));
	test_task_start(f, replies, 1);
	assert_int_equal(create_object(&f->task), TASK_UPDATE);
	assert_task_outcome(f, OUTCOME_PENDING, NULL);
}

static void any_other_refusal_is_in_the_servers_words(void **state)
{
	static const struct script_reply cases[] = {
	    TASK_REPLY("409 Conflict", STATUS("Conflict", "no, I said")),
	    TASK_REPLY("403 Forbidden", STATUS("Forbidden", "no, I said")),
	    TASK_REPLY("422 Unprocessable", STATUS("Invalid", "no, I said")),
	    TASK_REPLY("404 Not Found", STATUS("NotFound", "no, I said"))};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		void *own = NULL;

		test_task_setup(&own);
		struct test_task *f = own;
		test_task_add(f, TASK_OBJECT("", SPEC));
		test_task_start(f, &cases[i], 1);
		assert_int_equal(create_object(&f->task), TASK_ENDED);
		assert_int_equal(f->outcome.kind, OUTCOME_FAILED);
		assert_contains(f->outcome.detail, "no, I said");
		assert_task_sent(
		    f, "POST " TASK_COLLECTION "?fieldManager=backstay\n");
		test_task_teardown(&own);
	}
}

static void what_its_namespace_still_lacks_comes_later(void **state)
{
	static const struct script_reply replies[] = {TASK_REPLY(
	    "403 Forbidden",
	    STATUS("Forbidden", "serviceaccount \\\"default\\\" not found"))};
	struct test_task *f = *state;

	test_task_add(f, TASK_OBJECT("", SPEC));
	test_task_start(f, replies, 1);
	assert_int_equal(create_object(&f->task), TASK_LATER);
	assert_int_equal(f->outcome.kind, OUTCOME_PENDING);
	assert_contains(
	    f->outcome.detail, "serviceaccount \"default\" not found");
}

/* One of several servers of an API may not know it yet. */
static void a_kind_that_the_snapshot_defines_is_tried_again(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("404 Not Found", "{}"),
	    TASK_REPLY("404 Not Found", "{}"), MADE(SPEC)};
#define POST "POST " TASK_COLLECTION "?fieldManager=backstay\n"
	struct test_task *f = *state;

	test_task_add(f, TASK_OBJECT("", SPEC));
	test_task_kind(f)->defined = true;
	test_task_start(f, replies, 3);
	assert_int_equal(create_object(&f->task), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_CREATED, NULL);
	assert_task_sent(f, POST POST POST);
}

/* But a refusal is one, and a dry run has nothing defined. */
static void only_what_is_not_known_yet_is_tried_again(void **state)
{
	static const struct {
		struct script_reply reply;
		bool dry_run;
	} cases[] = {
	    {TASK_REPLY("403 Forbidden", "{}"), false},
	    {TASK_REPLY("404 Not Found", "{}"), true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		void *own = NULL;

		test_task_setup(&own);
		struct test_task *f = own;
		f->t.run_options.dry_run = cases[i].dry_run;
		test_task_add(f, TASK_OBJECT("", SPEC));
		test_task_kind(f)->defined = true;
		test_task_start(f, &cases[i].reply, 1);
		assert_int_equal(create_object(&f->task), TASK_ENDED);
		assert_int_equal(f->outcome.kind, OUTCOME_FAILED);
		assert_int_equal(script_server_count(f->t.kube.server), 1);
		test_task_teardown(&own);
	}
}

static void a_kind_that_never_comes_is_given_up(void **state)
{
	enum { REPLIES = 40 };
	static struct script_reply replies[REPLIES];
	struct test_task *f = *state;

	for (size_t i = 0; i < REPLIES; i++)
		replies[i] =
		    (struct script_reply)TASK_REPLY("404 Not Found", "{}");
	test_task_add(f, TASK_OBJECT("", SPEC));
	test_task_kind(f)->defined = true;
	test_task_start(f, replies, REPLIES);
	int64_t before_ms = f->t.kube.clock.now_ms;
	assert_int_equal(create_object(&f->task), TASK_ENDED);
	assert_int_equal(f->outcome.kind, OUTCOME_FAILED);
	/* Ten seconds, and the last pause. */
	assert_in_range(f->t.kube.clock.now_ms - before_ms, 10000, 11000);
}

static void what_this_cluster_cannot_give_is_given_up(void **state)
{
#define SERVICE(SPEC)                                                          \
	"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{"           \
	"\"name\":\"a\",\"namespace\":\"ns\"},\"spec\":" SPEC "}"
#define PORTS(NODE) "{\"ports\":[{\"port\":80" NODE "}],\"type\":\"NodePort\"}"
	static const struct script_reply replies[] = {
	    TASK_REPLY("422 Unprocessable",
		STATUS("Invalid", "provided port is already allocated")),
	    TASK_REPLY("201 Created", SERVICE(PORTS(",\"nodePort\":30001")))};
	struct test_task *f = *state;

	test_task_add_as(f, "v1", "Service", "ns", "a",
	    SERVICE(PORTS(",\"nodePort\":30000")));
	test_task_start(f, replies, 2);
	assert_int_equal(create_object(&f->task), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_CREATED, NULL);
	assert_int_equal(f->outcome.notes.len, 1);
	assert_string_equal(f->outcome.notes.items[0],
	    "a node port of it is in use here: it got others");
	assert_task_body(f, 1, SERVICE(PORTS("")));
}

/* ---- what is made paused ------------------------------------------------- */

static void a_controller_is_made_paused_and_as_ours(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("201 Created", TASK_PAUSABLE("", "true"))};
	struct test_task *f = *state;

	test_task_add_pausable(f, TASK_PAUSABLE(MANAGED("Update"), "false"));
	test_task_start(f, replies, 1);
	test_task_keep_journal(f);
	assert_int_equal(create_object(&f->task), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_CREATED, NULL);
	assert_task_sent(
	    f, "POST " TASK_PAUSABLE_COLLECTION "?fieldManager=backstay\n");
	assert_task_body(f, 0, TASK_PAUSABLE("", "true"));
	assert_true(test_task_is_paused(f));
}

/* What a server refused is not there: a release would not find it. Where it
 * may have carried out what it did not answer, the pause stays in the journal.
 */
static void the_pause_of_what_was_not_made_is_forgotten(void **state)
{
	static const struct {
		struct script_reply replies[2];
		bool paused;
	} cases[] = {
	    {{TASK_REPLY("403 Forbidden", "{}")}, false},
	    {{TASK_REPLY("500 Internal", "{}"),
		 TASK_REPLY("404 Not Found", "{}")},
		false},
	    {{TASK_REPLY("500 Internal", "{}"),
		 TASK_REPLY("200 OK", TASK_PAUSABLE("", "true"))},
		true},
	    {{TASK_REPLY("500 Internal", "{}"),
		 TASK_REPLY("403 Forbidden", "{}")},
		true},
	    /* It broke off. */
	    {{{.bytes = NULL, .close = 1}}, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		void *own = NULL;

		test_task_setup(&own);
		struct test_task *f = own;
		test_task_add_pausable(f, TASK_PAUSABLE("", "false"));
		test_task_start(f, cases[i].replies, 2);
		test_task_keep_journal(f);
		assert_int_equal(create_object(&f->task), TASK_ENDED);
		assert_int_equal(f->outcome.kind, OUTCOME_FAILED);
		assert_int_equal(test_task_is_paused(f), cases[i].paused);
		test_task_teardown(&own);
	}
}

/* ---- in a namespace that does not exist yet ------------------------------ */

#define ELSEWHERE                                                              \
	"POST /apis/example.org/v1/namespaces/default/Thing?"                  \
	"fieldManager=backstay&dryRun=All\n"

static void try_elsewhere(struct test_task *f, const struct script_reply *reply)
{
	f->t.run_options.dry_run = true;
	test_task_add(f, TASK_OBJECT("", SPEC));
	test_task_start(f, reply, 1);
	create_try_elsewhere(&f->task, "its namespace does not exist yet");
	assert_task_sent(f, ELSEWHERE);
}

static void it_is_checked_in_another_as_far_as_that_goes(void **state)
{
	static const struct script_reply reply = MADE(SPEC);

	try_elsewhere(*state, &reply);
	assert_task_outcome(
	    *state, OUTCOME_UNCHECKED, "its namespace does not exist yet");
}

static void what_would_be_dropped_there_is_named(void **state)
{
	static const struct script_reply reply = MADE(",\"spec\":{\"x\":1}");
	struct test_task *f = *state;

	try_elsewhere(f, &reply);
	assert_int_equal(f->outcome.kind, OUTCOME_PARTIAL);
	assert_contains(f->outcome.detail, "dropped spec.y");
}

static void only_what_is_wrong_anywhere_counts_there(void **state)
{
	static const struct {
		struct script_reply reply;
		bool fails;
	} cases[] = {
	    {TASK_REPLY("422 Unprocessable", STATUS("Invalid", "spec.x: odd")),
		true},
	    {TASK_REPLY("400 Bad Request",
		 STATUS("BadRequest",
		     "Thing in version v1 cannot be handled as a Thing")),
		true},
	    /* A quota or a policy of that namespace. */
	    {TASK_REPLY("422 Unprocessable", STATUS("", "spec.x: odd")), false},
	    {TASK_REPLY("400 Bad Request", STATUS("BadRequest", "odd")), false},
	    {TASK_REPLY("403 Forbidden", STATUS("Forbidden", "exceeded quota")),
		false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		void *own = NULL;

		test_task_setup(&own);
		struct test_task *f = own;
		try_elsewhere(f, &cases[i].reply);
		assert_int_equal(f->outcome.kind,
		    cases[i].fails ? OUTCOME_FAILED : OUTCOME_UNCHECKED);
		assert_contains(f->outcome.detail,
		    cases[i].fails ? "tried in the namespace 'default', since "
				     "its namespace does not exist yet"
				   : "its namespace does not exist yet");
		test_task_teardown(&own);
	}
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(                                       \
	    name, test_task_setup, test_task_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(what_is_missing_is_posted_to_its_collection),
	    TEST(who_made_it_then_makes_it_again),
	    TEST(what_one_manager_applied_is_applied_as_that),
	    TEST(an_apply_that_is_refused_is_followed_by_a_post),
	    TEST(a_dry_run_only_asks_the_server),
	    TEST(a_copy_that_would_act_is_only_asked_about),
	    TEST(what_the_server_drops_is_named),
	    TEST(what_is_there_already_is_updated),
	    cmocka_unit_test(any_other_refusal_is_in_the_servers_words),
	    TEST(what_its_namespace_still_lacks_comes_later),
	    TEST(a_kind_that_the_snapshot_defines_is_tried_again),
	    cmocka_unit_test(only_what_is_not_known_yet_is_tried_again),
	    TEST(a_kind_that_never_comes_is_given_up),
	    TEST(what_this_cluster_cannot_give_is_given_up),
	    TEST(a_controller_is_made_paused_and_as_ours),
	    cmocka_unit_test(the_pause_of_what_was_not_made_is_forgotten),
	    TEST(it_is_checked_in_another_as_far_as_that_goes),
	    TEST(what_would_be_dropped_there_is_named),
	    cmocka_unit_test(only_what_is_wrong_anywhere_counts_there),
	};

	return cmocka_run_group_tests_name("kube/create", tests, NULL, NULL);
}
