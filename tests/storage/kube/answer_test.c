#include "storage/kube/answer.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static void read_answer(
    struct kube_answer *a, int status, const char *header, const char *body)
{
	struct http_response r = HTTP_RESPONSE_INIT;

	r.status = status;
	if (header)
		strvec_add(&r.headers, header);
	buf_add_str(&r.body, body);
	kube_answer_read(a, &r);
	assert_int_equal(r.body.len, 0);
	http_response_done(&r);
}

static void a_status_says_why(void **state)
{
	static const char status[] =
	    "{\"kind\":\"Status\",\"reason\":\"AlreadyExists\","
	    "\"message\":\"it is there\"}";
	struct kube_answer a = KUBE_ANSWER_INIT;

	(void)state;
	read_answer(&a, 409, "content-type: application/json", status);
	assert_int_equal(a.status, 409);
	assert_string_equal(a.content_type, "application/json");
	assert_string_equal(a.reason, "AlreadyExists");
	assert_string_equal(a.message, "it is there");
	assert_string_equal(buf_str(&a.body), status);
	kube_answer_done(&a);
	/* An answer that is no failure is an object like any other. */
	read_answer(&a, 299, NULL, status);
	assert_null(a.reason);
	kube_answer_done(&a);
	read_answer(&a, 300, NULL, status);
	assert_string_equal(a.reason, "AlreadyExists");
	kube_answer_done(&a);
}

static void what_is_no_status_says_nothing(void **state)
{
	static const char *const bodies[] = {"", "{", "<html>", "[]",
	    "{\"kind\":\"Pod\",\"reason\":\"x\",\"message\":\"y\"}",
	    "{\"reason\":\"x\",\"message\":\"y\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		struct kube_answer a = KUBE_ANSWER_INIT;
		read_answer(&a, 500, NULL, bodies[i]);
		assert_null(a.reason);
		assert_null(a.message);
		assert_null(a.content_type);
		assert_string_equal(buf_str(&a.body), bodies[i]);
		kube_answer_done(&a);
	}
}

static void warnings_are_read_without_their_quotes(void **state)
{
	static const struct {
		const char *header;
		const char *text;
	} rows[] = {
	    {"warning: 299 - \"is deprecated\"", "is deprecated"},
	    {"warning: 299 - \"say \\\"no\\\" \\\\ to it\" \"date\"",
		"say \"no\" \\ to it"},
	    {"warning: 299 - \"without an end", "without an end"},
	    {"warning: 299 - \"ends so\\", "ends so\\"},
	    {"warning: 299 - bare", NULL},
	    {"warnings: 299 - \"another header\"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct kube_answer a = KUBE_ANSWER_INIT;
		read_answer(&a, 200, rows[i].header, "");
		assert_int_equal(a.warnings.len, rows[i].text != NULL);
		if (rows[i].text)
			assert_string_equal(a.warnings.items[0], rows[i].text);
		kube_answer_done(&a);
	}
}

static void fail_with(int status, const char *body, struct err *err)
{
	struct http_response r = HTTP_RESPONSE_INIT;
	struct kube_answer a = KUBE_ANSWER_INIT;
	const struct kube_request request = {.path = "/api/v1/pods"};

	r.status = status;
	buf_add_str(&r.body, body);
	kube_answer_read(&a, &r);
	*err = (struct err)ERR_INIT;
	assert_int_equal(kube_answer_fail(&a, &request, &r, err), -1);
	kube_answer_done(&a);
	http_response_done(&r);
}

/* The code decides what a caller does next: what is refused for good is not
 * tried again, and what a right is wanting for may be left out. */
static void each_status_has_its_code(void **state)
{
	static const struct {
		int status;
		enum err_code code;
	} rows[] = {{400, ERR_FORMAT}, {401, ERR_DENIED}, {403, ERR_DENIED},
	    {404, ERR_NOT_FOUND}, {405, ERR_FORMAT}, {406, ERR_FORMAT},
	    {409, ERR_EXISTS}, {410, ERR_FORMAT}, {413, ERR_FORMAT},
	    {415, ERR_FORMAT}, {422, ERR_FORMAT}, {429, ERR_NETWORK},
	    {500, ERR_NETWORK}, {503, ERR_NETWORK}, {302, ERR_NETWORK}};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		fail_with(rows[i].status, "", &err);
		assert_int_equal(err.code, rows[i].code);
		assert_contains(err.message, "GET /api/v1/pods: ");
		assert_int_equal(
		    strstr(err.message, "may have expired") != NULL,
		    rows[i].status == 401);
	}
}

#define STATUS(TEXT) "{\"kind\":\"Status\",\"message\":\"" TEXT "\"}"

static void a_message_stands_on_one_line(void **state)
{
	struct err err;

	(void)state;
	fail_with(409,
	    STATUS("Apply failed with 2 conflicts: conflicts with \\\"a\\\":"
		   "\\n- .spec.x\\n- .spec.y\\nconflicts with \\\"b\\\":"
		   "\\r\\n  - .z\\n"),
	    &err);
	assert_string_equal(err.message,
	    "GET /api/v1/pods: 409 Conflict: Apply failed with 2 conflicts: "
	    "conflicts with \"a\": .spec.x, .spec.y; conflicts with \"b\": .z");
	/* Nothing that a terminal would obey. */
	fail_with(422, STATUS("a\\u001b[31mb"), &err);
	assert_null(strchr(err.message, '\x1b'));
	/* Without a Status, the first line of what came. */
	fail_with(503, "no backend\nmore", &err);
	assert_string_equal(err.message,
	    "GET /api/v1/pods: 503 Service Unavailable: no backend");
}

static void only_a_missing_right_can_be_done_without(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, ERR_DENIED, "no");
	kube_answer_denied_for_rights_alone(403, &err);
	assert_int_equal(err.code, ERR_DENIED);
	kube_answer_denied_for_rights_alone(401, &err);
	assert_int_equal(err.code, ERR_NETWORK);
	err_set(&err, ERR_FORMAT, "no");
	kube_answer_denied_for_rights_alone(0, &err);
	assert_int_equal(err.code, ERR_FORMAT);
}

static void an_untrusted_certificate_names_the_setting(void **state)
{
	struct kube_access a = {.cluster = (char[]){"prod"}};
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, ERR_DENIED, "not trusted");
	assert_int_equal(kube_answer_unverified(&a, &err), -1);
	assert_contains(err.message,
	    "not trusted: cluster 'prod' in the kubeconfig has no "
	    "certificate-authority");
	a.ca_file = (char[]){"/ca"};
	err_set(&err, ERR_DENIED, "not trusted");
	kube_answer_unverified(&a, &err);
	assert_contains(
	    err.message, "was not made by the certificate-authority");
	err_set(&err, ERR_DENIED, "its subject name is another");
	kube_answer_unverified(&a, &err);
	assert_contains(err.message, "tls-server-name in the kubeconfig");
	assert_int_equal(err.code, ERR_DENIED);
	/* Any other failure stays as it is. */
	err_set(&err, ERR_NETWORK, "no route");
	assert_int_equal(kube_answer_unverified(&a, &err), -1);
	assert_string_equal(err.message, "no route");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_status_says_why),
	    cmocka_unit_test(what_is_no_status_says_nothing),
	    cmocka_unit_test(warnings_are_read_without_their_quotes),
	    cmocka_unit_test(each_status_has_its_code),
	    cmocka_unit_test(a_message_stands_on_one_line),
	    cmocka_unit_test(only_a_missing_right_can_be_done_without),
	    cmocka_unit_test(an_untrusted_certificate_names_the_setting),
	};

	return cmocka_run_group_tests_name("kube/answer", tests, NULL, NULL);
}
