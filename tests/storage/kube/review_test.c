/* What a review asks, and what is made of the answer. */
#include "storage/kube/review.h"

#include "storage/base/cleanup.h"
#include "tests/support/kube_script.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER(body, length)                                                   \
	"HTTP/1.1 201 Created\r\nContent-Length: " length "\r\n\r\n" body

struct fixture {
	struct script_reply reply;
	struct test_kube kube;
};

static void setup(struct fixture *f, const char *answer)
{
	f->reply = (struct script_reply){.bytes = answer};
	test_kube_start(&f->kube, &f->reply, 1);
}

static void asks_about_one_namespace(void **state)
{
	struct fixture f;
	struct err err = ERR_INIT;
	bool allowed = false;

	(void)state;
	setup(&f, ANSWER("{\"status\":{\"allowed\":true}}", "27"));
	assert_ok(kube_review(f.kube.client, "create", "apps", "deployments",
		      "web", &allowed, &err),
	    err);
	assert_true(allowed);
	const char *request = script_server_request(f.kube.server, 0);
	assert_contains(request,
	    "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews ");
	assert_contains(request,
	    "\"resourceAttributes\":{\"verb\":\"create\",\"group\":\"apps\","
	    "\"resource\":\"deployments\",\"namespace\":\"web\"}");
	test_kube_stop(&f.kube);
}

/* In all namespaces: an empty namespace would mean just that one. */
static void asks_about_all_namespaces(void **state)
{
	struct fixture f;
	struct err err = ERR_INIT;
	bool allowed = true;

	(void)state;
	setup(&f, ANSWER("{\"status\":{\"allowed\":false}}", "28"));
	assert_ok(kube_review(
		      f.kube.client, "list", "", "pods", NULL, &allowed, &err),
	    err);
	assert_false(allowed);
	assert_null(
	    strstr(script_server_request(f.kube.server, 0), "namespace"));
	test_kube_stop(&f.kube);
}

static void an_answer_that_does_not_say_is_refused(void **state)
{
	static const struct {
		const char *answer;
		enum err_code code;
		const char *message;
	} cases[] = {
	    {ANSWER("{\"status\":{}}", "13"), ERR_FORMAT,
		"has no status.allowed"},
	    {ANSWER("{}", "2"), ERR_FORMAT, "has no status.allowed"},
	    {ANSWER("<html>", "6"), ERR_FORMAT, "selfsubjectaccessreviews: "},
	    {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", ERR_DENIED,
		"403"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;
		struct err err = ERR_INIT;
		bool allowed = true;
		setup(&f, cases[i].answer);
		assert_int_equal(kube_review(f.kube.client, "get", "", "pods",
				     NULL, &allowed, &err),
		    -1);
		assert_int_equal(err.code, cases[i].code);
		assert_contains(err.message, cases[i].message);
		test_kube_stop(&f.kube);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(asks_about_one_namespace),
	    cmocka_unit_test(asks_about_all_namespaces),
	    cmocka_unit_test(an_answer_that_does_not_say_is_refused),
	};

	return cmocka_run_group_tests_name("kube/review", tests, NULL, NULL);
}
