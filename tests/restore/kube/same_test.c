#include "restore/kube/same.h"

#include "restore/kube/prepare.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/appliers.h"

#include <stdlib.h>

/* ---- whether an object is as it is wanted -------------------------------- */

#define OURS(FIELDS)                                                           \
	"\"metadata\":{\"managedFields\":[{\"manager\":\"backstay\","          \
	"\"operation\":\"Apply\",\"fieldsV1\":{" FIELDS "}}]}"

static void more_than_is_wanted_is_the_same_unless_it_is_ours(void **state)
{
	static const struct {
		const char *live, *wanted,
		    *status; /* that is wanted, or NULL */
		bool asked, same;
	} cases[] = {
	    {"{\"data\":{\"a\":\"1\"}}", "{\"data\":{\"a\":\"1\"}}", NULL,
		false, true},
	    {"{\"data\":{\"a\":\"1\",\"b\":\"2\"}}", "{\"data\":{\"a\":\"1\"}}",
		NULL, false, true},
	    {"{\"data\":{\"a\":\"2\"}}", "{\"data\":{\"a\":\"1\"}}", NULL,
		false, false},
	    {"{}", "{\"data\":{\"a\":\"1\"}}", NULL, false, false},
	    /* We wrote it, and it is no longer wanted. */
	    {"{" OURS("\"f:data\":{\"f:b\":{}}") ",\"data\":{\"a\":\"1\","
						 "\"b\":\"2\"}}",
		"{\"data\":{\"a\":\"1\"}}", NULL, false, false},
	    /* A status counts where the operator asked for it, and it was
	     * captured. */
	    {"{\"status\":{\"x\":2}}", "{}", "{\"x\":1}", false, true},
	    {"{\"status\":{\"x\":2}}", "{}", "{\"x\":1}", true, false},
	    {"{\"status\":{\"x\":1,\"y\":2}}", "{}", "{\"x\":1}", true, true},
	    {"{}", "{}", "{\"x\":1}", true, false},
	    {"{\"status\":{\"x\":2}}", "{}", NULL, true, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(test_applier_done) struct test_applier t;
		cleanup(json_freep) struct json_object *live =
		    test_json(cases[i].live);
		cleanup(prepared_done) struct prepared wanted = {
		    .object = test_json(cases[i].wanted)};

		if (cases[i].status)
			wanted.status = test_json(cases[i].status);
		test_applier_init(&t);
		t.plan.o.status = cases[i].asked;
		test_applier_start(&t, NULL, 0);
		if (same_as_wanted(t.a, live, &wanted) != cases[i].same)
			fail_msg("%s, %s", cases[i].live, cases[i].wanted);
	}
}

static void what_is_left_alone_says_whether_it_differs(void **state)
{
	cleanup(outcome_done) struct outcome same = OUTCOME_INIT;
	cleanup(outcome_done) struct outcome other = OUTCOME_INIT;

	(void)state;
	same_left_alone(&same, true);
	assert_int_equal(same.kind, OUTCOME_SKIPPED);
	assert_string_equal(same.detail, "it is there already");
	same_left_alone(&other, false);
	assert_int_equal(other.kind, OUTCOME_DIFFERS);
	assert_string_equal(
	    other.detail, "it is there already, and differs from the snapshot");
}

/* ---- many at once -------------------------------------------------------- */

enum { MANY = 32, FEW = MANY - 1 };

/* As many ConfigMaps m0, m1, ... as the list is made for. */
struct fixture {
	struct test_applier t;
	uint32_t nodes[MANY];
	struct buf items;
	char *text;
	struct script_reply reply;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_applier_init(&f->t);
	f->t.plan.o.existing = PLAN_EXISTING_UPDATE;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	test_applier_done(&f->t);
	buf_done(&f->items);
	free(f->text);
	free(f);
	return 0;
}

/* In the snapshot each has the value 1; in the target that of `live`, with more
 * metadata. */
static void add_map(
    struct fixture *f, size_t i, const char *live, const char *meta)
{
	autofree char *name = str_printf("m%zu", i);
	autofree char *text =
	    str_printf("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
		       "\"metadata\":{\"name\":\"%s\",\"namespace\":\"ns\"},"
		       "\"data\":{\"a\":\"1\"}}",
		name);

	f->nodes[i] =
	    test_applier_add(&f->t, "v1", "ConfigMap", "ns", name, text);
	test_plan_node(&f->t.plan, f->nodes[i])->exists = true;
	buf_printf(&f->items,
	    "%s{\"metadata\":{\"name\":\"%s\",\"namespace\":\"ns\",\"uid\":"
	    "\"u-%zu\"%s},\"data\":{\"a\":\"%s\"}}",
	    i ? "," : "", name, i, meta, live);
}

static void add_equal(struct fixture *f, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		add_map(f, i, "1", "");
}

/* Compares the first of them; returns how many requests that took. */
static size_t compare(struct fixture *f, size_t count)
{
	f->text = str_printf(
	    KUBE_REPLY("200 OK", "{\"kind\":\"List\",\"metadata\":"
				 "{\"resourceVersion\":\"5\"},\"items\":[%s]}"),
	    buf_str(&f->items));
	f->reply = (struct script_reply){.bytes = f->text, .close = 1};
	test_applier_start(&f->t, &f->reply, 1);
	same_unchanged(f->t.a, f->nodes, count);
	return script_server_count(f->t.kube.server);
}

static enum outcome_kind kind(const struct fixture *f, size_t i)
{
	return test_applier_outcome(&f->t, f->nodes[i])->kind;
}

static const char *live_uid(const struct fixture *f, size_t i)
{
	return test_plan_node(&f->t.plan, f->nodes[i])->live_uid;
}

static void few_are_not_worth_a_list(void **state)
{
	struct fixture *f = *state;

	add_equal(f, 0, FEW);
	assert_int_equal(compare(f, FEW), 0);
	assert_int_equal(kind(f, 0), OUTCOME_PENDING);
}

static void many_are_compared_with_one_list(void **state)
{
	struct fixture *f = *state;

	add_map(f, 0, "2", "");
	add_map(f, 1, "1", ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"");
	add_equal(f, 2, MANY);
	assert_int_equal(compare(f, MANY), 1);
	assert_contains(script_server_request(f->t.kube.server, 0),
	    "GET /api/v1/namespaces/ns/ConfigMap?");
	/* To be updated, and to be made again, by whoever does that. */
	assert_int_equal(kind(f, 0), OUTCOME_PENDING);
	assert_int_equal(kind(f, 1), OUTCOME_PENDING);
	assert_null(live_uid(f, 0));
	for (size_t i = 2; i < MANY; i++) {
		autofree char *uid = str_printf("u-%zu", i);

		assert_int_equal(kind(f, i), OUTCOME_UNCHANGED);
		assert_string_equal(live_uid(f, i), uid);
	}
}

static void what_is_left_alone_is_settled_by_it_as_well(void **state)
{
	struct fixture *f = *state;

	f->t.plan.o.existing = PLAN_EXISTING_SKIP;
	add_map(f, 0, "2", "");
	add_equal(f, 1, MANY);
	assert_int_equal(compare(f, MANY), 1);
	assert_int_equal(kind(f, 0), OUTCOME_DIFFERS);
	assert_string_equal(live_uid(f, 0), "u-0");
	assert_int_equal(kind(f, 1), OUTCOME_SKIPPED);
}

/* What was not there, is left out, or has its outcome is not compared, and is
 * not counted. */
static void only_what_is_still_to_be_done_counts(void **state)
{
	struct fixture *f = *state;

	add_equal(f, 0, MANY);
	test_plan_node(&f->t.plan, f->nodes[3])->exists = false;
	assert_int_equal(compare(f, MANY), 0);
	assert_int_equal(kind(f, 0), OUTCOME_PENDING);
}

static void what_is_made_anew_is_not_compared(void **state)
{
	struct fixture *f = *state;

	f->t.plan.o.existing = PLAN_EXISTING_RECREATE;
	add_equal(f, 0, MANY);
	assert_int_equal(compare(f, MANY), 0);
}

/* An earlier run may have made it without its status. */
static void what_a_lost_run_made_is_seen_one_by_one(void **state)
{
	struct fixture *f = *state;

	f->t.run_options.adopts = true;
	add_equal(f, 0, MANY);
	assert_int_equal(compare(f, MANY), 0);
}

/* A refused list leaves all of it to the requests for each. */
static void a_list_that_fails_settles_nothing(void **state)
{
	struct fixture *f = *state;
	static const struct script_reply denied = {.close = 1,
	    .bytes = KUBE_REPLY("403 Forbidden", "{\"message\":\"no\"}")};

	add_equal(f, 0, MANY);
	test_applier_start(&f->t, &denied, 1);
	same_unchanged(f->t.a, f->nodes, MANY);
	assert_int_equal(script_server_count(f->t.kube.server), 1);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(kind(f, i), OUTCOME_PENDING);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(more_than_is_wanted_is_the_same_unless_it_is_ours),
	    cmocka_unit_test(what_is_left_alone_says_whether_it_differs),
	    TEST(few_are_not_worth_a_list),
	    TEST(many_are_compared_with_one_list),
	    TEST(what_is_left_alone_is_settled_by_it_as_well),
	    TEST(only_what_is_still_to_be_done_counts),
	    TEST(what_is_made_anew_is_not_compared),
	    TEST(what_a_lost_run_made_is_seen_one_by_one),
	    TEST(a_list_that_fails_settles_nothing),
	};

	return cmocka_run_group_tests_name("kube/same", tests, NULL, NULL);
}
