/* What a target says that it has, and what a plan makes of that. */
#include "restore/plan/live.h"

#include "storage/base/cleanup.h"
#include "tests/support/kube_script.h"
#include "tests/support/plans.h"

#include <stdlib.h>
#include <string.h>

#define LIST(ITEMS)                                                            \
	KUBE_REPLY("200 OK",                                                   \
	    "{\"kind\":\"List\",\"metadata\":"                                 \
	    "{\"resourceVersion\":\"5\"},\"items\":[" ITEMS "]}")
#define NS(NAME, MORE)                                                         \
	"{\"metadata\":{\"name\":\"" NAME "\",\"uid\":\"u\"" MORE "}}"
#define ITEM(NAMESPACE, NAME, MORE)                                            \
	"{\"metadata\":{\"namespace\":\"" NAMESPACE "\",\"name\":\"" NAME      \
	"\",\"uid\":\"u-" NAME "\"" MORE "}}"
#define ENDS ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\""
#define REFUSED                                                                \
	KUBE_REPLY("403 Forbidden",                                            \
	    "{\"kind\":\"Status\",\"reason\":\"Forbidden\","                   \
	    "\"message\":\"not by you\",\"code\":403}")

static int set_up(void **state)
{
	struct test_plan *t = mem_new(struct test_plan);

	test_plan_init(t);
	t->clusters[0].same_cluster = true;
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	test_plan_done(*state);
	free(*state);
	return 0;
}

static uint32_t add_map(struct test_plan *t, const char *ns, const char *name)
{
	uint32_t node = test_plan_add_object(t, 0, "v1", "ConfigMap", ns, name);

	VEC_EACH (&t->p->kinds, k)
		(*k)->served = true;
	return node;
}

static uint32_t add_namespace(struct test_plan *t, const char *name)
{
	return test_plan_add_object(t, 0, "v1", "Namespace", NULL, name);
}

/* Asks a target that gives these answers; the places that were asked for, a
 * line each. */
static char *check(struct test_plan *t, const struct script_reply *replies,
    size_t count, int *failed, struct err *err)
{
	struct test_kube kube;
	struct buf asked = BUF_INIT;

	test_kube_start(&kube, replies, count);
	t->clusters[0].client = kube.client;
	t->o.clock = &kube.clock.clock;
	*failed = live_check(t->p, err);
	for (size_t i = 0; i < script_server_count(kube.server); i++) {
		const char *at = script_server_request(kube.server, i);
		buf_add(&asked, at, strcspn(at, "?\r"));
		buf_add_char(&asked, '\n');
	}
	t->clusters[0].client = NULL;
	t->o.clock = NULL;
	test_kube_stop(&kube);
	return buf_steal(&asked);
}

/* That it succeeds, and asks for these places. */
static void assert_asked(struct test_plan *t,
    const struct script_reply *replies, size_t count, const char *places)
{
	struct err err = ERR_INIT;
	int failed;
	autofree char *asked = check(t, replies, count, &failed, &err);

	assert_ok(failed, err);
	assert_string_equal(asked, places);
}

static void what_is_there_is_known_with_its_uid(void **state)
{
	struct test_plan *t = *state;
	const struct script_reply replies[] = {
	    {.bytes = LIST(NS("ns", "")), .close = 1},
	    {.bytes = LIST(ITEM("ns", "a", "") "," ITEM("ns", "ends", ENDS)),
		.close = 1}};
	uint32_t a = add_map(t, "ns", "a"), b = add_map(t, "ns", "b");
	uint32_t ends = add_map(t, "ns", "ends");
	uint32_t ns = add_namespace(t, "ns");

	assert_asked(t, replies, 2,
	    "GET /api/v1/namespaces\n"
	    "GET /api/v1/namespaces/ns/ConfigMap\n");
	assert_true(test_plan_node(t, a)->exists);
	assert_string_equal(test_plan_node(t, a)->live_uid, "u-a");
	assert_true(test_plan_node(t, ns)->exists);
	assert_false(test_plan_node(t, b)->exists);
	/* It is gone by the time at which it is created. */
	assert_false(test_plan_node(t, ends)->exists);
	assert_true(test_plan_node(t, a)->k->asked);
	assert_warned(t, NULL);
}

/* Nor what is in one that is being deleted. */
static void nothing_is_asked_of_a_namespace_that_is_not_there(void **state)
{
	struct test_plan *t = *state;
	const struct script_reply replies[] = {
	    {.bytes = LIST(NS("going", ENDS)), .close = 1}};
	uint32_t made = add_map(t, "made", "a");
	uint32_t nowhere = add_map(t, "nowhere", "a");
	uint32_t going = add_map(t, "going", "a");
	uint32_t left = add_map(t, "left", "a");

	add_namespace(t, "made");
	test_plan_node(t, left)->action = PLAN_EXCLUDE;
	assert_asked(t, replies, 1, "GET /api/v1/namespaces\n");
	assert_true(test_plan_node(t, made)->namespace_is_new);
	assert_int_equal(test_plan_node(t, made)->action, PLAN_APPLY);
	assert_int_equal(test_plan_node(t, nowhere)->action, PLAN_CANNOT);
	assert_string_equal(test_plan_node(t, nowhere)->reason,
	    "the namespace 'nowhere' is neither in the snapshot nor in the "
	    "target");
	assert_int_equal(test_plan_node(t, going)->action, PLAN_CANNOT);
	assert_int_equal(test_plan_node(t, left)->action, PLAN_EXCLUDE);
	assert_null(test_plan_node(t, left)->reason);
}

static void a_kind_in_many_namespaces_is_listed_once(void **state)
{
	struct test_plan *t = *state;
	static const char *const names[] = {"a", "b", "c", "d", "e"};
	const struct script_reply replies[] = {
	    {.bytes = LIST(NS("a", "") "," NS("b", "") "," NS("c", "") "," NS(
		 "d", "") "," NS("e", "")),
		.close = 1},
	    {.bytes = LIST(ITEM("a", "x", "") "," ITEM("other", "x", "")),
		.close = 1}};
	uint32_t nodes[5];

	for (size_t i = 0; i < 5; i++)
		nodes[i] = add_map(t, names[i], "x");
	assert_asked(
	    t, replies, 2, "GET /api/v1/namespaces\nGET /api/v1/ConfigMap\n");
	assert_true(test_plan_node(t, nodes[0])->exists);
	assert_false(test_plan_node(t, nodes[1])->exists);
}

static void a_kind_that_is_not_served_is_not_asked_for(void **state)
{
	struct test_plan *t = *state;
	const struct script_reply replies[] = {
	    {.bytes = LIST(NS("ns", "")), .close = 1}};

	add_map(t, "ns", "a");
	t->p->kinds.items[0]->served = false;
	assert_asked(t, replies, 1, "GET /api/v1/namespaces\n");
}

static void a_list_that_is_refused_is_a_warning(void **state)
{
	struct test_plan *t = *state;
	const struct script_reply replies[] = {
	    {.bytes = LIST(NS("ns", "")), .close = 1},
	    {.bytes = REFUSED, .close = 1}};
	uint32_t a = add_map(t, "ns", "a");

	assert_asked(t, replies, 2,
	    "GET /api/v1/namespaces\n"
	    "GET /api/v1/namespaces/ns/ConfigMap\n");
	assert_false(test_plan_node(t, a)->exists);
	assert_false(test_plan_node(t, a)->k->asked);
	assert_int_equal(t->p->warnings.len, 1);
	assert_contains(
	    t->p->warnings.items[0], "what is there already is not known: ");
	assert_contains(t->p->warnings.items[0], "ConfigMap");
}

static void a_namespace_that_may_not_be_read_is_taken_for_one_that_is_there(
    void **state)
{
	struct test_plan *t = *state;
	const struct script_reply replies[] = {
	    {.bytes = REFUSED, .to = "/namespaces?", .close = 1},
	    {.bytes = REFUSED, .to = "/namespaces/ns ", .close = 1},
	    {.bytes = LIST(ITEM("ns", "a", "")),
		.to = "/namespaces/ns/ConfigMap",
		.close = 1}};
	uint32_t a = add_map(t, "ns", "a");

	assert_asked(t, replies, 3,
	    "GET /api/v1/namespaces\n"
	    "GET /api/v1/namespaces/ns HTTP/1.1\n"
	    "GET /api/v1/namespaces/ns/ConfigMap\n");
	assert_true(test_plan_node(t, a)->exists);
	assert_int_equal(test_plan_node(t, a)->action, PLAN_APPLY);
	assert_int_equal(t->p->warnings.len, 1);
	assert_contains(t->p->warnings.items[0],
	    "prod: whether these namespaces are there is not known");
	assert_contains(t->p->warnings.items[0], "'ns'");
}

static void a_target_that_does_not_answer_ends_the_plan(void **state)
{
	struct test_plan *t = *state;
	const struct script_reply replies[] = {{.close = 2}};
	struct err err = ERR_INIT;
	int failed;

	add_map(t, "ns", "a");
	free(check(t, replies, 1, &failed, &err));
	assert_int_equal(failed, -1);
	assert_int_equal(err.code, ERR_NETWORK);
	assert_contains(err.message,
	    "target of cluster 'prod': the namespaces of the target: ");
}

/* A plan offline, or of repositories alone. */
static void a_target_that_is_not_wanted_is_not_asked(void **state)
{
	struct test_plan *t = *state;
	struct err err = ERR_INIT;

	add_map(t, "ns", "a");
	assert_ok(live_check(t->p, &err), err);
	t->o.without_kubernetes = true;
	struct err none = ERR_INIT;
	int failed;
	autofree char *asked = check(t, NULL, 0, &failed, &none);
	assert_ok(failed, none);
	assert_string_equal(asked, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_there_is_known_with_its_uid),
	    TEST(nothing_is_asked_of_a_namespace_that_is_not_there),
	    TEST(a_kind_in_many_namespaces_is_listed_once),
	    TEST(a_kind_that_is_not_served_is_not_asked_for),
	    TEST(a_list_that_is_refused_is_a_warning),
	    TEST(
		a_namespace_that_may_not_be_read_is_taken_for_one_that_is_there),
	    TEST(a_target_that_does_not_answer_ends_the_plan),
	    TEST(a_target_that_is_not_wanted_is_not_asked),
	};

	return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
