#include "restore/kube/existing.h"

#include "tests/support/tasks.h"

#include <string.h>

#define SPEC ",\"spec\":{\"x\":1}"
#define OTHER ",\"spec\":{\"x\":2}"
#define LIVE(META, REST)                                                       \
	TASK_REPLY("200 OK",                                                   \
	    TASK_OBJECT(                                                       \
		",\"uid\":\"u\",\"resourceVersion\":\"5\"" META, REST))
#define CHANGED                                                                \
	TASK_REPLY("200 OK",                                                   \
	    TASK_OBJECT(",\"uid\":\"u\",\"resourceVersion\":\"6\"", SPEC))
#define GONE TASK_REPLY("404 Not Found", "{}")
#define GET "GET " TASK_PATH "\n"
#define APPLY "PATCH " TASK_PATH "?fieldManager=backstay"

/* It existed when the restore was planned. */
static void start(struct test_task *f, enum plan_existing policy,
    const struct script_reply *replies, size_t count)
{
	f->t.plan.o.existing = policy;
	test_task_add(f, TASK_OBJECT("", SPEC))->exists = true;
	test_task_start(f, replies, count);
}

/* ---- whether it is there ------------------------------------------------- */

static void what_is_gone_by_now_is_made_once(void **state)
{
	static const struct script_reply replies[] = {GONE, GONE};
	struct test_task *f = *state;

	start(f, PLAN_EXISTING_UPDATE, replies, 2);
	assert_int_equal(existing_apply(&f->task), TASK_CREATE);
	assert_false(f->task.n->exists);
	assert_task_outcome(f, OUTCOME_PENDING, NULL);
	/* Something deletes it again and again. */
	assert_int_equal(existing_apply(&f->task), TASK_ENDED);
	assert_int_equal(f->outcome.kind, OUTCOME_FAILED);
	assert_contains(
	    f->outcome.detail, "it was deleted while it was being compared");
	assert_task_sent(f, GET GET);
}

static void what_cannot_be_read_is_not_touched(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("403 Forbidden", "{\"message\":\"not for you\"}")};
	struct test_task *f = *state;

	start(f, PLAN_EXISTING_UPDATE, replies, 1);
	assert_int_equal(existing_apply(&f->task), TASK_ENDED);
	assert_int_equal(f->outcome.kind, OUTCOME_FAILED);
	assert_contains(f->outcome.detail, "not for you");
	assert_task_sent(f, GET);
}

#define DELETED ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\""

static void what_is_being_deleted_is_waited_for_and_made(void **state)
{
	static const struct script_reply replies[] = {
	    LIVE(DELETED, SPEC), LIVE(DELETED, SPEC), GONE};
	struct test_task *f = *state;

	start(f, PLAN_EXISTING_SKIP, replies, 3);
	assert_int_equal(existing_apply(&f->task), TASK_CREATE);
	assert_null(f->task.n->live_uid);
	assert_task_sent(f, GET GET GET);
}

static void a_dry_run_does_not_wait_for_it(void **state)
{
	static const struct script_reply replies[] = {LIVE(DELETED, SPEC)};
	struct test_task *f = *state;

	f->t.run_options.dry_run = true;
	start(f, PLAN_EXISTING_UPDATE, replies, 1);
	assert_int_equal(existing_apply(&f->task), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_UNCHANGED, "it is the same");
	assert_task_sent(f, GET);
}

/* ---- --existing=update --------------------------------------------------- */

static void what_is_the_same_is_not_written(void **state)
{
	static const struct script_reply replies[] = {LIVE("", SPEC)};
	struct test_task *f = *state;

	start(f, PLAN_EXISTING_UPDATE, replies, 1);
	assert_int_equal(existing_apply(&f->task), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_UNCHANGED, "it is the same");
	assert_string_equal(f->task.n->live_uid, "u");
	assert_task_sent(f, GET);
}

static void what_differs_is_applied(void **state)
{
	static const struct script_reply replies[] = {LIVE("", OTHER), CHANGED};
	struct test_task *f = *state;

	start(f, PLAN_EXISTING_UPDATE, replies, 2);
	assert_int_equal(existing_apply(&f->task), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_UPDATED, "it differed");
	assert_task_sent(f, GET APPLY "\n");
	assert_task_body(f, 1, TASK_OBJECT("", SPEC));
	assert_contains(script_server_request(f->t.kube.server, 1),
	    "Content-Type: application/apply-patch+yaml\r\n");
}

/* As where the server writes a value in another way. */
static void an_apply_that_changes_nothing_is_none(void **state)
{
	static const struct script_reply replies[] = {
	    LIVE("", OTHER), LIVE("", OTHER)};
	struct test_task *f = *state;

	start(f, PLAN_EXISTING_UPDATE, replies, 2);
	assert_int_equal(existing_apply(&f->task), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_UNCHANGED, "it is the same");
}

/* There the resourceVersion stays as it is: the content is compared. */
static void a_dry_run_says_what_would_change(void **state)
{
	static const struct {
		struct script_reply replies[2];
		enum outcome_kind kind;
	} cases[] = {
	    {{LIVE("", OTHER), LIVE(",\"generation\":2", SPEC)},
		OUTCOME_UPDATED},
	    {{LIVE("", OTHER), LIVE(",\"generation\":2", OTHER)},
		OUTCOME_UNCHANGED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		void *own = NULL;

		test_task_setup(&own);
		struct test_task *f = own;
		f->t.run_options.dry_run = true;
		start(f, PLAN_EXISTING_UPDATE, cases[i].replies, 2);
		assert_int_equal(existing_apply(&f->task), TASK_ENDED);
		assert_int_equal(f->outcome.kind, cases[i].kind);
		assert_task_sent(f, GET APPLY "&dryRun=All\n");
		test_task_teardown(&own);
	}
}

#define CONFLICT                                                               \
	TASK_REPLY("409 Conflict",                                             \
	    "{\"kind\":\"Status\",\"reason\":\"Conflict\",\"message\":"        \
	    "\"conflict with "                                                 \
	    "\\\"kubectl\\\"\",\"details\":{\"causes\":[{\"message\":"         \
	    "\"conflict with \\\"kubectl\\\"\"}]}}")

static void fields_of_others_are_theirs(void **state)
{
	static const struct script_reply replies[] = {
	    LIVE("", OTHER), CONFLICT};
	struct test_task *f = *state;

	start(f, PLAN_EXISTING_UPDATE, replies, 2);
	assert_int_equal(existing_apply(&f->task), TASK_ENDED);
	assert_int_equal(f->outcome.kind, OUTCOME_FAILED);
	assert_contains(f->outcome.detail,
	    "fields that others own; say --take-fields to take them");
	assert_contains(f->outcome.detail, "conflict with \"kubectl\"");
	assert_task_sent(f, GET APPLY "\n");
}

static void they_are_taken_where_the_operator_says_so(void **state)
{
	static const struct script_reply replies[] = {LIVE("", OTHER), CHANGED};
	struct test_task *f = *state;

	f->t.plan.o.take_fields = true;
	start(f, PLAN_EXISTING_UPDATE, replies, 2);
	assert_int_equal(existing_apply(&f->task), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_UPDATED, "it differed");
	assert_task_sent(f, GET APPLY "&force=true\n");
}

static void any_other_refusal_does_not_speak_of_fields(void **state)
{
	static const struct script_reply replies[] = {LIVE("", OTHER),
	    TASK_REPLY("403 Forbidden", "{\"message\":\"not for you\"}")};
	struct test_task *f = *state;

	start(f, PLAN_EXISTING_UPDATE, replies, 2);
	assert_int_equal(existing_apply(&f->task), TASK_ENDED);
	assert_int_equal(f->outcome.kind, OUTCOME_FAILED);
	assert_null(strstr(f->outcome.detail, "--take-fields"));
}

static void a_webhook_that_is_away_makes_it_later(void **state)
{
	static const struct script_reply replies[] = {LIVE("", OTHER),
	    TASK_REPLY("500 Internal",
		"{\"message\":\"conversion webhook for a/v1 failed: EOF\"}")};
	struct test_task *f = *state;

	start(f, PLAN_EXISTING_UPDATE, replies, 2);
	assert_int_equal(existing_apply(&f->task), TASK_LATER);
	assert_int_equal(f->outcome.kind, OUTCOME_PENDING);
}

/* ---- its status ---------------------------------------------------------- */

#define STATUS(PHASE) ",\"status\":{\"phase\":\"" PHASE "\"}"
#define STATUS_SENT "PATCH " TASK_PATH "/status?fieldManager=backstay\n"

static void the_status_of_what_exists_is_its_controllers(void **state)
{
	static const struct {
		bool asked;
		struct script_reply replies[2];
		const char *sent;
		enum outcome_kind outcome;
	} cases[] = {
	    {false, {LIVE("", SPEC STATUS("Odd"))}, GET, OUTCOME_UNCHANGED},
	    /* Unless the operator asked for that of the snapshot. */
	    {true, {LIVE("", SPEC STATUS("Ready"))}, GET, OUTCOME_UNCHANGED},
	    {true,
		{LIVE("", SPEC STATUS("Odd")), LIVE("", SPEC STATUS("Ready"))},
		GET STATUS_SENT, OUTCOME_UPDATED},
	    {true,
		{LIVE("", SPEC STATUS("Odd")),
		    TASK_REPLY("403 Forbidden", "{}")},
		GET STATUS_SENT, OUTCOME_PARTIAL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		void *own = NULL;

		test_task_setup(&own);
		struct test_task *f = own;
		f->t.plan.o.existing = PLAN_EXISTING_UPDATE;
		f->t.plan.o.status = cases[i].asked;
		test_task_add(f, TASK_OBJECT("", SPEC STATUS("Ready")))
		    ->exists = true;
		test_task_kind(f)->has_status = true;
		test_task_start(f, cases[i].replies, 2);
		assert_int_equal(existing_apply(&f->task), TASK_ENDED);
		assert_int_equal(f->outcome.kind, cases[i].outcome);
		assert_task_sent(f, cases[i].sent);
		test_task_teardown(&own);
	}
}

/* ---- --existing=skip ----------------------------------------------------- */

static void what_is_left_alone_is_only_compared(void **state)
{
	static const struct {
		struct script_reply reply;
		enum outcome_kind kind;
		const char *detail;
	} cases[] = {
	    {LIVE("", SPEC), OUTCOME_SKIPPED, "it is there already"},
	    {LIVE("", OTHER), OUTCOME_DIFFERS,
		"it is there already, and differs from the snapshot"},
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(*cases); i++) {
		enum task_next (*step)(struct task *) =
		    i % 2 ? existing_keep : existing_apply;
		void *own = NULL;

		test_task_setup(&own);
		struct test_task *f = own;
		start(f, PLAN_EXISTING_SKIP, &cases[i / 2].reply, 1);
		assert_int_equal(step(&f->task), TASK_ENDED);
		assert_task_outcome(f, cases[i / 2].kind, cases[i / 2].detail);
		assert_task_sent(f, GET);
		test_task_teardown(&own);
	}
}

static void what_is_to_be_left_and_is_gone_is_made(void **state)
{
	static const struct script_reply replies[] = {GONE};
	struct test_task *f = *state;

	start(f, PLAN_EXISTING_SKIP, replies, 1);
	assert_int_equal(existing_keep(&f->task), TASK_CREATE);
	assert_false(f->task.n->exists);
}

static void what_cannot_be_compared_is_left_alone(void **state)
{
	static const struct script_reply replies[] = {
	    TASK_REPLY("403 Forbidden", "{\"message\":\"not for you\"}")};
	struct test_task *f = *state;

	start(f, PLAN_EXISTING_SKIP, replies, 1);
	assert_int_equal(existing_keep(&f->task), TASK_ENDED);
	assert_int_equal(f->outcome.kind, OUTCOME_SKIPPED);
	assert_contains(f->outcome.detail,
	    "it is there already; whether it differs is not known: ");
	assert_contains(f->outcome.detail, "not for you");
	assert_true(f->task.n->exists);
}

/* The controller of accounts was faster: bare, and nobody's. */
static void a_new_account_is_updated_whatever_the_policy(void **state)
{
#define ACCOUNT(META, REST)                                                    \
	"{\"apiVersion\":\"v1\",\"kind\":\"ServiceAccount\",\"metadata\":{"    \
	"\"name\":\"default\",\"namespace\":\"ns\"" META "}" REST "}"
#define ACCOUNT_PATH "/api/v1/namespaces/ns/ServiceAccount/default"
#define SECRETS ",\"imagePullSecrets\":[{\"name\":\"pull\"}]"
	static const struct script_reply replies[] = {
	    TASK_REPLY("200 OK",
		ACCOUNT(",\"uid\":\"u\",\"resourceVersion\":\"5\"", "")),
	    TASK_REPLY("200 OK",
		ACCOUNT(",\"uid\":\"u\",\"resourceVersion\":\"6\"", SECRETS))};

	(void)state;
	for (int existed = 0; existed < 2; existed++) {
		void *own = NULL;

		test_task_setup(&own);
		struct test_task *f = own;
		f->t.plan.o.existing = PLAN_EXISTING_SKIP;
		test_task_add_as(f, "v1", "ServiceAccount", "ns", "default",
		    ACCOUNT("", SECRETS))
		    ->exists = existed;
		test_task_start(f, replies, 2);
		assert_int_equal(existing_apply(&f->task), TASK_ENDED);
		assert_int_equal(f->outcome.kind,
		    existed ? OUTCOME_DIFFERS : OUTCOME_UPDATED);
		assert_task_sent(f, existed ? "GET " ACCOUNT_PATH "\n"
					    : "GET " ACCOUNT_PATH
					      "\nPATCH " ACCOUNT_PATH
					      "?fieldManager=backstay\n");
		test_task_teardown(&own);
	}
}

/* ---- --existing=recreate ------------------------------------------------- */

static void what_is_recreated_is_deleted_by_its_uid(void **state)
{
	static const struct script_reply replies[] = {
	    LIVE("", SPEC), TASK_REPLY("200 OK", "{}"), LIVE("", SPEC), GONE};
	struct test_task *f = *state;

	start(f, PLAN_EXISTING_RECREATE, replies, 4);
	assert_int_equal(existing_apply(&f->task), TASK_CREATE);
	assert_task_sent(f, GET "DELETE " TASK_PATH "\n" GET GET);
	assert_task_body(f, 1,
	    "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\","
	    "\"propagationPolicy\":\"Background\",\"preconditions\":{"
	    "\"uid\":\"u\"}}");
	assert_true(f->task.deleted);
	assert_false(f->task.n->exists);
	assert_null(f->task.n->live_uid);
}

static void what_may_not_be_deleted_stays(void **state)
{
	static const struct script_reply replies[] = {LIVE("", OTHER),
	    TASK_REPLY("403 Forbidden", "{\"message\":\"not for you\"}")};
	struct test_task *f = *state;

	start(f, PLAN_EXISTING_RECREATE, replies, 2);
	assert_int_equal(existing_apply(&f->task), TASK_ENDED);
	assert_int_equal(f->outcome.kind, OUTCOME_FAILED);
	assert_contains(f->outcome.detail, "not for you");
	assert_false(f->task.deleted);
	assert_true(f->task.n->exists);
}

static void what_comes_back_at_once_is_updated(void **state)
{
	static const struct script_reply replies[] = {LIVE("", OTHER), CHANGED};
	struct test_task *f = *state;

	start(f, PLAN_EXISTING_RECREATE, replies, 2);
	f->task.deleted = true;
	assert_int_equal(existing_apply(&f->task), TASK_ENDED);
	assert_task_outcome(f, OUTCOME_UPDATED, "it differed");
	assert_int_equal(f->outcome.notes.len, 1);
	assert_contains(
	    f->outcome.notes.items[0], "updated instead of recreated");
	assert_task_sent(f, GET APPLY "\n");
}

static void a_dry_run_deletes_nothing(void **state)
{
	static const struct script_reply replies[] = {LIVE("", SPEC)};
	struct test_task *f = *state;

	f->t.run_options.dry_run = true;
	start(f, PLAN_EXISTING_RECREATE, replies, 1);
	assert_int_equal(existing_apply(&f->task), TASK_ENDED);
	assert_task_sent(f, GET);
}

static void what_holds_others_is_not_recreated(void **state)
{
#define SPACE(META)                                                            \
	"{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{"         \
	"\"name\":\"a\"" META "}}"
	static const struct script_reply replies[] = {TASK_REPLY(
	    "200 OK", SPACE(",\"uid\":\"u\",\"resourceVersion\":\"5\""))};
	struct test_task *f = *state;

	f->t.plan.o.existing = PLAN_EXISTING_RECREATE;
	test_task_add_as(f, "v1", "Namespace", NULL, "a", SPACE(""))->exists =
	    true;
	test_task_start(f, replies, 1);
	assert_int_equal(existing_apply(&f->task), TASK_ENDED);
	assert_int_equal(f->outcome.kind, OUTCOME_UNCHANGED);
	assert_int_equal(f->outcome.notes.len, 1);
	assert_string_equal(f->outcome.notes.items[0],
	    "updated instead of recreated: deleting it would delete what is "
	    "in it");
	assert_task_sent(f, "GET /api/v1/Namespace/a\n");
}

/* ---- pauses -------------------------------------------------------------- */

/* What somebody has paused by hand is not for us to release. */
static void a_pause_by_hand_stays_and_is_not_ours(void **state)
{
#define PAUSED(SUSPEND)                                                        \
	TASK_REPLY("200 OK",                                                   \
	    TASK_PAUSABLE(                                                     \
		",\"uid\":\"u\",\"resourceVersion\":\"5\"", SUSPEND))
	static const struct {
		struct script_reply replies[2];
		bool noted;
	} cases[] = {
	    {{PAUSED("true"), PAUSED("false")}, false},
	    {{PAUSED("null"), PAUSED("true")}, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		void *own = NULL;

		test_task_setup(&own);
		struct test_task *f = own;
		f->t.plan.o.existing = PLAN_EXISTING_UPDATE;
		test_task_add_pausable(f, TASK_PAUSABLE("", "false"))->exists =
		    true;
		test_task_start(f, cases[i].replies, 2);
		test_task_keep_journal(f);
		assert_int_equal(existing_apply(&f->task), TASK_ENDED);
		assert_int_equal(test_task_is_paused(f), cases[i].noted);
		assert_task_body(f, 1,
		    cases[i].noted ? TASK_PAUSABLE("", "true")
				   : TASK_PAUSABLE("", "false"));
		test_task_teardown(&own);
	}
}

/* Its pause is in the journal before it is written: a refusal takes it back. */
static void a_refused_update_leaves_no_pause_behind(void **state)
{
	static const struct script_reply replies[] = {
	    PAUSED("null"), TASK_REPLY("403 Forbidden", "{}")};
	struct test_task *f = *state;

	f->t.plan.o.existing = PLAN_EXISTING_UPDATE;
	test_task_add_pausable(f, TASK_PAUSABLE("", "false"))->exists = true;
	test_task_start(f, replies, 2);
	test_task_keep_journal(f);
	assert_int_equal(existing_apply(&f->task), TASK_ENDED);
	assert_int_equal(f->outcome.kind, OUTCOME_FAILED);
	assert_false(test_task_is_paused(f));
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(                                       \
	    name, test_task_setup, test_task_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(what_is_gone_by_now_is_made_once),
	    TEST(what_cannot_be_read_is_not_touched),
	    TEST(what_is_being_deleted_is_waited_for_and_made),
	    TEST(a_dry_run_does_not_wait_for_it),
	    TEST(what_is_the_same_is_not_written),
	    TEST(what_differs_is_applied),
	    TEST(an_apply_that_changes_nothing_is_none),
	    cmocka_unit_test(a_dry_run_says_what_would_change),
	    TEST(fields_of_others_are_theirs),
	    TEST(they_are_taken_where_the_operator_says_so),
	    TEST(any_other_refusal_does_not_speak_of_fields),
	    TEST(a_webhook_that_is_away_makes_it_later),
	    cmocka_unit_test(the_status_of_what_exists_is_its_controllers),
	    cmocka_unit_test(what_is_left_alone_is_only_compared),
	    TEST(what_is_to_be_left_and_is_gone_is_made),
	    TEST(what_cannot_be_compared_is_left_alone),
	    cmocka_unit_test(a_new_account_is_updated_whatever_the_policy),
	    TEST(what_is_recreated_is_deleted_by_its_uid),
	    TEST(what_may_not_be_deleted_stays),
	    TEST(what_comes_back_at_once_is_updated),
	    TEST(a_dry_run_deletes_nothing),
	    TEST(what_holds_others_is_not_recreated),
	    cmocka_unit_test(a_pause_by_hand_stays_and_is_not_ours),
	    TEST(a_refused_update_leaves_no_pause_behind),
	};

	return cmocka_run_group_tests_name("kube/existing", tests, NULL, NULL);
}
