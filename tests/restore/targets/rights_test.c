/* What is asked of an account, and how what it may not is named. */
#include "restore/targets/rights.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/kube_script.h"

#include <string.h>

#define YES KUBE_REPLY("201 Created", "{\"status\":{\"allowed\":true}}")
#define NO KUBE_REPLY("201 Created", "{\"status\":{\"allowed\":false}}")

enum { MAX_ANSWERS = 16 };

static const char cluster[] =
    "{\"namespaces\":[\"a\",\"b\"],\"resources\":["
    "{\"resource\":\"secrets\",\"namespaced\":true,\"objects\":2},"
    "{\"resource\":\"nodes\",\"namespaced\":false,\"objects\":0},"
    "{\"resource\":\"gateways.networking.example\",\"namespaced\":false,"
    "\"objects\":1}]}";

/* What is missing, of an account that gets these answers. */
struct asked {
	struct test_kube kube;
	char *missing;
	int failed;
	struct err err;
};

static void ask(struct asked *a, const char *const *answers, size_t count)
{
	struct script_reply replies[MAX_ANSWERS];
	cleanup(json_freep) struct json_object *c =
	    json_parse(cluster, strlen(cluster), &a->err);

	assert_true(count <= MAX_ANSWERS);
	for (size_t i = 0; i < count; i++)
		replies[i] =
		    (struct script_reply){.bytes = answers[i], .close = 1};
	a->err = (struct err)ERR_INIT;
	test_kube_start(&a->kube, replies, count);
	a->failed = rights_missing(a->kube.client, c, &a->missing, &a->err);
}

static void asked_done(struct asked *a)
{
	free(a->missing);
	test_kube_stop(&a->kube);
}

static const char *request(const struct asked *a, size_t i)
{
	return script_server_request(a->kube.server, i);
}

static void who_may_do_all_is_asked_no_more(void **state)
{
	cleanup(asked_done) struct asked a = {.missing = NULL};
	const char *const answers[] = {YES, YES, YES};

	(void)state;
	ask(&a, answers, 3);
	assert_ok(a.failed, a.err);
	assert_null(a.missing);
	assert_contains(request(&a, 0),
	    "\"verb\":\"list\",\"group\":\"*\",\"resource\":\"*\"}");
	assert_contains(request(&a, 1), "\"verb\":\"create\"");
	assert_contains(request(&a, 2), "\"verb\":\"patch\"");
}

/* A right in each namespace serves as well as one in all of them, and a kind
 * without objects is not asked for. */
static void each_namespace_is_asked(void **state)
{
	cleanup(asked_done) struct asked a = {.missing = NULL};
	const char *const answers[] = {YES, NO, /* create all */
	    NO, YES, NO, /* create secrets: everywhere, in a, in b */
	    YES,	 /* create gateways */
	    YES};

	(void)state;
	ask(&a, answers, 7);
	assert_ok(a.failed, a.err);
	assert_string_equal(a.missing, "create secrets in 'b'");
	assert_contains(request(&a, 3), "\"namespace\":\"a\"");
	assert_contains(request(&a, 5),
	    "\"group\":\"networking.example\",\"resource\":\"gateways\"}");
}

static void the_first_are_named_and_the_rest_counted(void **state)
{
	cleanup(asked_done) struct asked a = {.missing = NULL};
	const char *answers[15];

	(void)state;
	for (size_t i = 0; i < 15; i++)
		answers[i] = NO;
	ask(&a, answers, 15);
	assert_ok(a.failed, a.err);
	assert_string_equal(a.missing,
	    "list secrets in 'a', list secrets in 'b', "
	    "list gateways.networking.example, create secrets in 'a', "
	    "create secrets in 'b' and 4 more");
}

static void a_review_that_fails_is_no_right(void **state)
{
	cleanup(asked_done) struct asked a = {.missing = NULL};
	const char *const answers[] = {
	    YES, NO, NO, NO, KUBE_REPLY("500 Internal Server Error", "{}")};

	(void)state;
	ask(&a, answers, 5);
	assert_int_equal(a.failed, -1);
	assert_null(a.missing);
	assert_contains(a.err.message, "500");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_may_do_all_is_asked_no_more),
	    cmocka_unit_test(each_namespace_is_asked),
	    cmocka_unit_test(the_first_are_named_and_the_rest_counted),
	    cmocka_unit_test(a_review_that_fails_is_no_right),
	};

	return cmocka_run_group_tests_name("targets/rights", tests, NULL, NULL);
}
