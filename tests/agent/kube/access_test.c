/* Whether an account may read what a capture would read, list by list. */
#include "agent/kube/access.h"

#include "storage/base/cleanup.h"
#include "tests/support/kube_runs.h"

#include <stdlib.h>

static int set_up(void **state)
{
	struct test_kube_run *t = mem_new(struct test_kube_run);

	test_kube_run_init(t);
	test_kube_serve(&t->r.api, "", "Secret", "secrets", "v1", NULL);
	test_kube_serve(&t->r.api, "", "Node", "nodes", "v1", NULL)
	    ->namespaced = false;
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	struct test_kube_run *t = *state;

	test_kube_run_done(t);
	free(t);
	return 0;
}

#define REPLY(PATH, STATUS)                                                    \
	{                                                                      \
		.to = "GET " PATH "?limit=1 ",                                 \
		.bytes = KUBE_REPLY(STATUS, "{\"message\":\"so\"}"),           \
		.close = 1                                                     \
	}
#define ALL "/api/v1/secrets"
#define OF(NS) "/api/v1/namespaces/" NS "/secrets"
#define YES "200 OK"
#define NO "403 Forbidden"

/* The list of one resource, in these namespaces. */
static struct kube_job *review(struct test_kube_run *t, const char *key,
    const char *const *namespaces, const struct script_reply *replies,
    size_t count)
{
	test_kube_run_serve(t, replies, count);
	for (; *namespaces; namespaces++)
		strvec_add(&t->r.run.namespaces, *namespaces);
	struct kube_job *j = test_kube_run_job(t, key);
	kube_access_review(&t->r);
	assert_int_equal(script_server_count(t->kube.server), count);
	return j;
}

/* The namespaces that are refused, "*" for all of them, a space after each. */
static void assert_refused(const struct kube_job *j, const char *expected)
{
	cleanup(buf_done) struct buf line = BUF_INIT;

	VEC_EACH (&j->forbidden, f)
		buf_printf(&line, "%s ", f->ns ? f->ns : "*");
	assert_string_equal(buf_str(&line), expected);
}

static const char *const two[] = {"a", "b", NULL};
static const char *const one[] = {"a", NULL};
static const char *const none[] = {NULL};

static void who_may_list_all_is_asked_once(void **state)
{
	static const struct script_reply replies[] = {REPLY(ALL, YES)};
	struct kube_job *j = review(*state, "secrets", two, replies, 1);

	assert_refused(j, "");
	assert_int_equal(j->report.missing.len, 0);
}

/* A Role in each namespace may allow what no ClusterRole does. */
static void who_may_not_list_all_may_list_some(void **state)
{
	static const struct script_reply replies[] = {
	    REPLY(ALL, NO), REPLY(OF("a"), YES), REPLY(OF("b"), NO)};
	struct kube_job *j = review(*state, "secrets", two, replies, 3);

	assert_refused(j, "b ");
	assert_int_equal(j->report.missing.len, 1);
	assert_contains(j->report.missing.items[0].what, "secrets");
	assert_contains(j->report.missing.items[0].what, "b");
	assert_non_null(j->report.missing.items[0].refused);
}

static void of_one_namespace_only_that_is_asked(void **state)
{
	static const struct script_reply replies[] = {REPLY(OF("a"), NO)};

	assert_refused(review(*state, "secrets", one, replies, 1), "a ");
}

static void without_a_namespace_nothing_is_asked(void **state)
{
	assert_refused(review(*state, "secrets", none, NULL, 0), "");
}

static void what_no_namespace_holds_is_asked_for_as_a_whole(void **state)
{
	static const struct script_reply replies[] = {
	    REPLY("/api/v1/nodes", NO)};
	struct kube_job *j = review(*state, "nodes", two, replies, 1);

	assert_refused(j, "* ");
	assert_int_equal(j->report.missing.len, 1);
}

static void what_is_tolerated_is_not_missing(void **state)
{
	static const struct script_reply replies[] = {
	    REPLY("/api/v1/nodes", NO)};
	struct test_kube_run *t = *state;
	struct strvec tolerated = VEC_INIT;

	strvec_add(&tolerated, "nodes");
	t->cluster.tolerate_forbidden = &tolerated;
	struct kube_job *j = review(t, "nodes", two, replies, 1);
	assert_refused(j, "* ");
	assert_int_equal(j->report.missing.len, 0);
	assert_int_equal(j->tolerated.missing.len, 1);
	strvec_done(&tolerated);
}

/* It would occur for each namespace, and is none of the account's. */
static void another_error_is_told_once(void **state)
{
	static const struct script_reply broken[] = {
	    REPLY(ALL, "500 Internal Server Error")};
	static const struct script_reply unknown[] = {
	    REPLY(ALL, "401 Unauthorized")};
	static const struct script_reply *const replies[] = {broken, unknown};

	for (size_t i = 0; i < 2; i++) {
		void *run;

		set_up(&run);
		struct kube_job *j = review(run, "secrets", two, replies[i], 1);
		assert_refused(j, "");
		assert_int_equal(j->report.missing.len, 1);
		assert_null(j->report.missing.items[0].refused);
		tear_down(&run);
	}
	(void)state;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(who_may_list_all_is_asked_once),
	    TEST(who_may_not_list_all_may_list_some),
	    TEST(of_one_namespace_only_that_is_asked),
	    TEST(without_a_namespace_nothing_is_asked),
	    TEST(what_no_namespace_holds_is_asked_for_as_a_whole),
	    TEST(what_is_tolerated_is_not_missing),
	    cmocka_unit_test(another_error_is_told_once),
	};

	return cmocka_run_group_tests_name("kube/access", tests, NULL, NULL);
}
